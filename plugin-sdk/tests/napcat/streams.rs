//! Files in many packets.

use std::{cell::RefCell, rc::Rc};

use iglu_sdk::{
    napcat::*,
    prelude::{HostError, Value, bots, json},
    serde_json,
    testing::Harness,
    types::PlatformError,
};

use crate::{Caller, run};

pub(crate) const DOWNLOADS: [&str; 4] = [
    "download_file_stream",
    "download_file_record_stream",
    "download_file_image_stream",
    "test_download_stream",
];

/// What a stream brings.
type Packets = Vec<Result<Value, HostError>>;
/// The file, or a word of the error.
type Collected = Result<&'static [u8], &'static str>;

fn packet(text: &str) -> Result<Value, HostError> {
    Ok(serde_json::from_str::<Value>(text).expect("the corpus is JSON")["data"].clone())
}

fn recorded() -> Packets {
    vec![
        packet(include_str!("../../../tests/corpus/onebot/response_stream_file_info.json")),
        packet(include_str!("../../../tests/corpus/onebot/response_stream_chunk.json")),
        packet(include_str!("../../../tests/corpus/onebot/response_stream_complete.json")),
    ]
}

fn refusal() -> HostError {
    HostError::Platform(PlatformError { code: 1200, message: "no".into(), trace: None })
}

fn with_packets(packets: Packets) -> Harness<Caller> {
    let mut bot = Harness::<Caller>::new();
    bot.answer_stream(move |_| Ok(packets.clone()));
    bot
}

#[test]
fn downloads_ask_for_their_action() {
    let mut bot = with_packets(recorded());
    run(&mut bot, async {
        let options = DownloadOptions { chunk_size: Some(9) };
        let record = DownloadRecordOptions { chunk_size: Some(9), out_format: Some("mp3".into()) };
        drop(download_file_stream("1", "f", options.clone()).await.unwrap());
        drop(download_file_record_stream("1", FileRef::FileId("i".into()), record).await.unwrap());
        drop(download_file_image_stream("1", "f", options).await.unwrap());
        drop(test_download_stream("1", true).await.unwrap());
    });
    let params = [
        json!({"file": "f", "chunk_size": 9}),
        json!({"file_id": "i", "chunk_size": 9, "out_format": "mp3"}),
        json!({"file": "f", "chunk_size": 9}),
        json!({"error": true}),
    ];
    let asked = DOWNLOADS.iter().zip(params).map(|(action, params)| {
        ("bots.call_stream".to_owned(), json!({"bot": "1", "action": action, "params": params}))
    });
    assert_eq!(bot.calls(), asked.collect::<Vec<_>>());
}

#[test]
fn a_download_tells_what_comes_then_its_chunks_then_its_end() {
    run(&mut with_packets(recorded()), async {
        let mut file = download_file_stream("1", "f", DownloadOptions::default()).await.unwrap();
        let Some(DownloadPacket::Info(info)) = file.next().await.unwrap() else { panic!("no info") };
        assert_eq!((info.file_name.as_str(), info.file_size, info.chunk_size), ("a.txt", 5, 65536));
        let Some(DownloadPacket::Chunk(chunk)) = file.next().await.unwrap() else { panic!("no chunk") };
        assert_eq!((chunk.index, chunk.bytes.as_slice(), chunk.progress), (0, b"hello".as_slice(), 100));
        let Some(DownloadPacket::Complete(end)) = file.next().await.unwrap() else { panic!("no end") };
        assert_eq!((end.total_chunks, end.total_bytes), (1, 5));
        assert_eq!(end.message, "Download completed");
        assert_eq!(file.next().await.unwrap(), None);
        assert_eq!(file.next().await.unwrap(), None);
    });
}

#[test]
fn images_tell_their_size_and_other_packets_pass_through() {
    let packets = vec![
        Ok(
            json!({"type": "stream", "data_type": "file_info", "file_name": "a", "file_size": "5", "chunk_size": 1,
            "width": 2, "height": "3"}),
        ),
        Ok(json!({"type": "stream", "data_type": "data_chunk", "data": "Index-> 1"})),
    ];
    run(&mut with_packets(packets), async {
        let mut file = download_file_image_stream("1", "f", DownloadOptions::default()).await.unwrap();
        let Some(DownloadPacket::Info(info)) = file.next().await.unwrap() else { panic!("no info") };
        assert_eq!((info.file_size, info.width, info.height), (5, Some(2), Some(3)));
        let Some(DownloadPacket::Other(packet)) = file.next().await.unwrap() else { panic!("not passed") };
        assert_eq!(packet["data"], "Index-> 1");
    });
}

#[test]
fn collecting_gives_the_whole_file_or_an_error() {
    let info = || Ok(json!({"type": "stream", "data_type": "file_info", "file_size": 6}));
    let chunk = |index: i64, data: &str| {
        Ok(json!({"type": "stream", "data_type": "file_chunk", "index": index, "data": data}))
    };
    let end =
        || Ok(json!({"type": "response", "data_type": "file_complete", "total_chunks": 2, "total_bytes": 6}));
    let failed = || Ok(json!({"type": "error", "message": "gone"}));
    // With the limit.
    let cases: [(Packets, usize, Collected); 9] = [
        (vec![info(), chunk(0, "YWJj"), chunk(1, "ZGVm"), end()], 6, Ok(b"abcdef")),
        (vec![info(), chunk(0, "YWJj"), chunk(1, "ZGVm"), end()], 5, Err("limit reached")),
        (vec![chunk(0, "YWJj"), chunk(1, "ZGVm"), end()], 5, Err("limit reached")),
        (vec![info(), chunk(0, "YWJj"), end()], 6, Err("3 of 6 bytes")),
        (vec![info(), chunk(1, "ZGVm"), end()], 6, Err("chunk 1 came where 0")),
        (vec![info(), chunk(0, "YWJj")], 6, Err("before the file was complete")),
        (vec![info(), chunk(0, "&"), end()], 6, Err("chunk 0")),
        (vec![info(), Err(refusal())], 6, Err("the platform refused: no")),
        (vec![info(), failed()], 6, Err("gone")),
    ];
    for (packets, limit, expected) in cases {
        let shown = format!("{packets:?}, {limit}");
        run(&mut with_packets(packets), async move {
            let stream = download_file_stream("1", "f", DownloadOptions::default()).await.unwrap();
            match (stream.collect(limit).await, expected) {
                (Ok(file), Ok(expected)) => assert_eq!(file, expected, "{shown}"),
                (Err(error), Err(word)) => assert!(error.to_string().contains(word), "{error}: {shown}"),
                (result, _) => panic!("{result:?}: {shown}"),
            }
        });
    }
}

#[test]
fn a_stream_fails_once_and_is_over() {
    run(&mut with_packets(vec![Ok(json!(1)), Err(refusal()), Ok(json!(2))]), async {
        let mut numbers = bots::call_stream::<i64>("1", "test_download_stream", &json!({})).await.unwrap();
        assert_eq!(numbers.next().await.unwrap(), Some(1));
        assert!(matches!(numbers.next().await, Err(HostError::Platform(_))));
        assert_eq!(numbers.next().await.unwrap(), None);
    });
    let mut bot = Harness::<Caller>::new();
    run(&mut bot, async {
        assert!(matches!(test_download_stream("1", false).await, Err(HostError::Unsupported(_))));
    });
}

/// A NapCat that takes uploads, and fails at the `fails`th request.
fn uploads(bot: &mut Harness<Caller>, fails: usize) {
    let mut asked = 0;
    bot.answer("bots.call", move |call| {
        let params = &call["params"];
        asked += 1;
        if params["reset"] == true || asked == fails {
            return Err(refusal());
        }
        let answer = if params["is_complete"] == true {
            include_str!("../../../tests/corpus/onebot/response_upload_stream_complete.json")
        } else {
            include_str!("../../../tests/corpus/onebot/response_upload_stream_chunk.json")
        };
        let mut answer = packet(answer)?;
        if answer["type"] == "response" {
            answer["file_size"] = json!(150_000);
        }
        Ok(answer)
    });
}

fn options() -> UploadOptions {
    UploadOptions {
        filename: Some("a.bin".into()),
        chunk_size: Some(1),
        expected_sha256: Some("abc".into()),
        file_retention: Some(0),
    }
}

#[test]
fn an_upload_sends_each_chunk_once_tells_how_far_it_is_and_gives_the_path() {
    let mut bot = Harness::<Caller>::new();
    uploads(&mut bot, 0);
    let told = Rc::new(RefCell::new(Vec::new()));
    let seen = told.clone();
    let file: Vec<u8> = (0..150_000_u32).map(|at| at as u8).collect();
    let bytes = file.clone();
    run(&mut bot, async move {
        let progress =
            |at: Progress| seen.borrow_mut().push((at.chunks, at.total_chunks, at.bytes, at.total_bytes));
        let uploaded = upload_file_stream("1", &bytes, options(), progress).await.unwrap();
        assert_eq!((uploaded.file_path.as_str(), uploaded.file_size), ("napcat-temp/upload.bin", 150_000));
        assert_eq!(uploaded.sha256, "a591a6d40bf420404a011733cfb7b190d62c65bf0bcda32b57b277d9ad9f146e");
    });
    assert_eq!(*told.borrow(), [(1, 3, 65536, 150_000), (2, 3, 131_072, 150_000), (3, 3, 150_000, 150_000)]);
    let calls: Vec<Value> = bot.calls().into_iter().map(|(_, call)| call["params"].clone()).collect();
    assert_eq!(calls.len(), 4);
    let stream = &calls[0]["stream_id"];
    assert!(
        calls
            .iter()
            .all(|params| params["stream_id"] == *stream && stream.as_str().is_some_and(|id| id.len() > 5))
    );
    let mut sent = Vec::new();
    for (index, params) in calls[..3].iter().enumerate() {
        assert_eq!(params["chunk_index"], index);
        assert_eq!((&params["total_chunks"], &params["file_size"]), (&json!(3), &json!(150_000)));
        assert_eq!((&params["filename"], &params["expected_sha256"]), (&json!("a.bin"), &json!("abc")));
        assert_eq!(params["file_retention"], 0);
        sent.extend(base64(params["chunk_data"].as_str().unwrap()));
    }
    assert!(sent == file, "the chunks are not the file");
    assert_eq!(calls[3], json!({"stream_id": stream, "is_complete": true}));
}

/// Decodes by hand: the SDK shall not be judged by itself.
fn base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter_map(|letter| alphabet.iter().position(|known| *known == letter));
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for digit in digits {
        bits = bits << 6 | digit as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

#[test]
fn a_failed_upload_is_forgotten_by_napcat() {
    for fails in [1, 2, 4] {
        let mut bot = Harness::<Caller>::new();
        uploads(&mut bot, fails);
        run(&mut bot, async {
            let failed = upload_file_stream("1", &[7; 150_000], options(), |_| {}).await;
            assert!(matches!(failed, Err(HostError::Platform(_))), "{failed:?}");
        });
        let calls = bot.calls();
        assert_eq!(calls.len(), fails + 1);
        let params = |at: usize| calls[at].1["params"].clone();
        assert_eq!(params(fails), json!({"stream_id": params(0)["stream_id"], "reset": true}));
    }
}

#[test]
fn an_upload_that_came_short_or_is_empty_is_an_error() {
    let mut bot = Harness::<Caller>::new();
    uploads(&mut bot, 0);
    run(&mut bot, async {
        let short = upload_file_stream("1", b"abc", UploadOptions::default(), |_| {}).await;
        assert!(short.unwrap_err().to_string().contains("150000 of 3 bytes"));
        let empty = upload_file_stream("1", b"", UploadOptions::default(), |_| {}).await;
        assert!(matches!(empty, Err(HostError::Invalid(_))));
    });
}

#[test]
fn an_upload_without_the_permission_asks_once() {
    let mut bot = Harness::<Caller>::new();
    bot.deny("call:*");
    run(&mut bot, async {
        let denied = upload_file_stream("1", b"abc", UploadOptions::default(), |_| {}).await;
        assert!(matches!(denied, Err(HostError::Denied(_))));
    });
}
