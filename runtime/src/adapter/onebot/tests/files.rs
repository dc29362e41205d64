//! Files on a real socket, and the bytes of media.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::actions::{Ask, Line, failed, friend, group, medium, ok, s, serve};
use super::server::soon;
use crate::bot::Files;
use crate::model::{Chat, Error, Media, MediaSource, TemporaryChat};

#[tokio::test]
async fn files_are_uploaded_listed_and_addressed() {
    let mut line = Line::open().await;
    let bytes: Ask<_> = |bot| {
        let file = medium(MediaSource::Bytes(b"hi".to_vec()), Some("a.txt"));
        bot.files().unwrap().upload(group(), file, Some(s("d")))
    };
    let (requests, id) = line.exchange(bytes, &[ok(&json!({"file_id": "f"}))]).await;
    let params = json!({"group_id": "757951413", "folder": "d", "name": "a.txt", "upload_file": true,
        "file": "base64://aGk="});
    assert_eq!((requests, id), (vec![json!(["upload_group_file", params])], Ok(Some(s("f")))));
    let url: Ask<_> = |bot| {
        let file = medium(MediaSource::Url(s("https://example.com/x/b.zip?token=1")), None);
        bot.files().unwrap().upload(friend(), file, None)
    };
    let (requests, id) = line.exchange(url, &[ok(&json!({"file_id": null}))]).await;
    let params = json!({"user_id": "5079132", "name": "b.zip", "upload_file": true,
        "file": "https://example.com/x/b.zip?token=1"});
    assert_eq!((requests, id), (vec![json!(["upload_private_file", params])], Ok(None)));
    let folder: Ask<_> = |bot| {
        let file = medium(MediaSource::Path(s("/srv/a")), None);
        bot.files().unwrap().upload(friend(), file, Some(s("d")))
    };
    assert!(matches!(line.exchange(folder, &[]).await.1, Err(Error::Invalid(_))));
    let temporary: Ask<_> = |bot| {
        let chat = Chat::Temporary(TemporaryChat { user: s("5"), group: None });
        bot.files().unwrap().upload(chat, medium(MediaSource::Path(s("/srv/a")), None), None)
    };
    assert!(matches!(line.exchange(temporary, &[]).await.1, Err(Error::Unsupported(_))));

    let url: Ask<_> = |bot| bot.files().unwrap().url(group(), s("f"));
    let (requests, address) = line.exchange(url, &[ok(&json!({"url": "https://x"}))]).await;
    assert_eq!(requests, [json!(["get_group_file_url", {"group_id": "757951413", "file_id": "f"}])]);
    assert_eq!(address, Ok(s("https://x")));
    assert!(matches!(line.exchange(url, &[ok(&json!({}))]).await.1, Err(Error::NotFound(_))));
    let private: Ask<_> = |bot| bot.files().unwrap().url(friend(), s("f"));
    let (requests, _) = line.exchange(private, &[ok(&json!({"url": "https://x"}))]).await;
    assert_eq!(requests, [json!(["get_private_file_url", {"file_id": "f"}])]);

    let listing = json!({
        "files": [{"file_id": "f", "file_name": "a", "size": 5, "upload_time": 1_700_000_000, "dead_time": 0,
            "download_times": 3, "uploader": 5}],
        "folders": [{"folder_id": "d", "folder_name": "b", "create_time": 1_700_000_000, "creator": 5,
            "total_file_count": 2}],
    });
    let root: Ask<_> = |bot| Files::list(bot.files().unwrap(), s("7"), None);
    let (requests, found) = line.exchange(root, &[ok(&listing)]).await;
    assert_eq!(requests, [json!(["get_group_root_files", {"group_id": "7", "file_count": 500}])]);
    let found = found.unwrap();
    let file = &found.files[0];
    assert_eq!((file.id.as_str(), file.size, file.expires, file.downloads), ("f", 5.0, None, Some(3)));
    assert_eq!((found.folders[0].id.as_str(), found.folders[0].files), ("d", Some(2)));
    let inside: Ask<_> = |bot| Files::list(bot.files().unwrap(), s("7"), Some(s("d")));
    let (requests, _) = line.exchange(inside, &[ok(&listing)]).await;
    let params = json!({"group_id": "7", "folder_id": "d", "file_count": 500});
    assert_eq!(requests, [json!(["get_group_files_by_folder", params])]);

    let create: Ask<_> = |bot| bot.files().unwrap().create_folder(s("7"), s("new"));
    let raw = json!({"resultWithGroupItem": {"result": {"retCode": 0},
        "groupItem": {"folderInfo": {"folderId": "/d"}}}});
    let (requests, id) = line.exchange(create, &[ok(&raw)]).await;
    assert_eq!(requests, [json!(["create_group_file_folder", {"group_id": "7", "folder_name": "new"}])]);
    assert_eq!(id, Ok(Some(s("/d"))));
    line.house.close().await;
}

/// An HTTP server that answers every request with these bytes.
async fn media_server(status: &'static str, body: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(body).await.unwrap();
        }
    });
    format!("http://{address}/download?rkey=secret")
}

/// What is asked for, NapCat's answers in turn, the requests that went out, the bytes.
type Case = (Media, Vec<Value>, Value, Option<&'static [u8]>);

#[tokio::test]
async fn bytes_come_by_address_or_through_napcat() {
    let mut line = Line::open().await;
    let good = media_server("200 OK", b"picture").await;
    let expired =
        media_server("400 Bad Request", br#"{"retcode":-5503007,"retmsg":"download url has expired"}"#).await;
    let file = |url: &str, name: &str| medium(MediaSource::Url(url.to_owned()), Some(name));
    let bot = line.house.bot();
    let files = bot.files().unwrap();
    let bytes = soon("the bytes", files.download(file(&good, "a.png"), 7, true)).await;
    assert_eq!(bytes, Ok(b"picture".to_vec()));
    let large = soon("the refusal", files.download(file(&good, "a.png"), 6, true)).await;
    assert!(matches!(large, Err(Error::Exhausted(_))), "{large:?}");

    let named = |name: &str| medium(MediaSource::PlatformFile(s(name)), Some(name));
    let with_id = Media { file_id: Some(s("id")), ..file("", "a.bin") };
    let table: Vec<Case> = vec![
        (
            file(&expired, "a.png"),
            vec![ok(&json!({"file": "napcat-temp/a.png", "url": good, "file_size": "7"}))],
            json!([["get_file", {"file": "a.png"}]]),
            Some(b"picture"),
        ),
        (
            with_id,
            vec![ok(&json!({"file": "x", "base64": "aGk="}))],
            json!([["get_file", {"file_id": "id"}]]),
            Some(b"hi"),
        ),
        (
            named("a.amr"),
            vec![ok(&json!({"file": "/tmp/a.amr", "url": "/tmp/a.amr"})), ok(&json!({"base64": "aGk"}))],
            json!([["get_file", {"file": "a.amr"}], ["get_record", {"file": "a.amr", "out_format": "mp3"}]]),
            Some(b"hi"),
        ),
        (
            named("a.png"),
            vec![failed("file not found"), ok(&json!({"url": good}))],
            json!([["get_file", {"file": "a.png"}], ["get_image", {"file": "a.png"}]]),
            Some(b"picture"),
        ),
        (named("a.zip"), vec![failed("file not found")], json!([["get_file", {"file": "a.zip"}]]), None),
        (
            file(&expired, "a.zip"),
            vec![ok(&json!({"file": "/etc/passwd"}))],
            json!([["get_file", {"file": "a.zip"}]]),
            None,
        ),
    ];
    for (file, answers, wanted, bytes) in table {
        let shown = format!("{file:?}");
        let asked = files.download(file, 7, true);
        let (requests, found) =
            soon("the bytes", async { tokio::join!(serve(&mut line.peer, &answers), asked) }).await;
        assert_eq!(Value::Array(requests), wanted, "{shown}");
        match bytes {
            Some(bytes) => assert_eq!(found.as_deref(), Ok(bytes), "{shown}"),
            None => assert!(matches!(found, Err(Error::NotFound(_))), "{shown}: {found:?}"),
        }
    }
    // An address that a plugin made up, of this machine, is not fetched.
    let answers = [failed("file not found")];
    let invented = files.download(file(&good, "a.zip"), 7, false);
    let (_, found) =
        soon("the refusal", async { tokio::join!(serve(&mut line.peer, &answers), invented) }).await;
    assert!(matches!(found, Err(Error::Denied(_))), "{found:?}");
    line.house.close().await;
}
