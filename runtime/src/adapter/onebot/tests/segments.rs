//! Every segment that NapCat sends, in the contract's form, in array form and as a CQ code.

use super::super::cq;
use super::super::encode::sends;
use super::*;
use crate::adapter::node::Node;
use crate::model::{Chat, Segment};

/// A segment as plugins write it, as it goes out, and the CQ code of that.
struct Row {
    contract: Value,
    array: Value,
    cq: &'static str,
}

fn row(contract: Value, array: Value, cq: &'static str) -> Row {
    Row { contract, array, cq }
}

fn rows() -> Vec<Row> {
    let mut rows = vec![
        row(
            json!({"type": "text", "data": "a[CQ:at,qq=1] & 你好"}),
            json!({"type": "text", "data": {"text": "a[CQ:at,qq=1] & 你好"}}),
            "a&#91;CQ:at,qq=1&#93; &amp; 你好",
        ),
        row(
            json!({"type": "face", "data": {"id": "178"}}),
            json!({"type": "face", "data": {"id": "178"}}),
            "[CQ:face,id=178]",
        ),
        row(
            json!({"type": "face", "data": {"id": "114", "result_id": "1", "chain_count": 2}}),
            json!({"type": "face", "data": {"id": "114", "resultId": "1", "chainCount": 2}}),
            "[CQ:face,id=114,resultId=1,chainCount=2]",
        ),
        row(
            json!({"type": "at", "data": {"type": "user", "data": {"id": "10001", "is_self": false}}}),
            json!({"type": "at", "data": {"qq": "10001"}}),
            "[CQ:at,qq=10001]",
        ),
        row(
            json!({"type": "at", "data": {"type": "everyone"}}),
            json!({"type": "at", "data": {"qq": "all"}}),
            "[CQ:at,qq=all]",
        ),
        row(
            json!({"type": "contact", "data": {"kind": "user", "id": "10001"}}),
            json!({"type": "contact", "data": {"type": "qq", "id": "10001"}}),
            "[CQ:contact,type=qq,id=10001]",
        ),
        row(
            json!({"type": "contact", "data": {"kind": "group", "id": "100100"}}),
            json!({"type": "contact", "data": {"type": "group", "id": "100100"}}),
            "[CQ:contact,type=group,id=100100]",
        ),
        row(
            json!({"type": "forward", "data": {"id": "AbCdEf0123456789", "nodes": []}}),
            json!({"type": "forward", "data": {"id": "AbCdEf0123456789"}}),
            "[CQ:forward,id=AbCdEf0123456789]",
        ),
        row(
            json!({"type": "card", "data": "{\"a\":[1,2]}"}),
            json!({"type": "json", "data": {"data": "{\"a\":[1,2]}"}}),
            "[CQ:json,data={\"a\":&#91;1&#44;2&#93;}]",
        ),
        row(
            json!({"type": "mface", "data": {"emoji_id": "b3f2", "package_id": "231182", "key": "1e2d", "summary": "[开心]"}}),
            json!({"type": "mface", "data": {"emoji_id": "b3f2", "emoji_package_id": 231_182, "key": "1e2d", "summary": "[开心]"}}),
            "[CQ:mface,emoji_id=b3f2,emoji_package_id=231182,key=1e2d,summary=&#91;开心&#93;]",
        ),
        row(json!({"type": "rps", "data": {}}), json!({"type": "rps", "data": {}}), "[CQ:rps]"),
        row(json!({"type": "dice", "data": {}}), json!({"type": "dice", "data": {}}), "[CQ:dice]"),
    ];
    rows.extend(music());
    rows.extend(media());
    rows
}

fn music() -> Vec<Row> {
    let track = |source: &str, cq| {
        let data = json!({"type": "track", "data": {"source": source, "id": "28949129"}});
        row(
            json!({"type": "music", "data": data}),
            json!({"type": "music", "data": {"type": source, "id": "28949129"}}),
            cq,
        )
    };
    vec![
        track("qq", "[CQ:music,type=qq,id=28949129]"),
        track("163", "[CQ:music,type=163,id=28949129]"),
        track("kugou", "[CQ:music,type=kugou,id=28949129]"),
        track("migu", "[CQ:music,type=migu,id=28949129]"),
        track("kuwo", "[CQ:music,type=kuwo,id=28949129]"),
        row(
            json!({"type": "music", "data": {"type": "custom", "data": {
                "url": "https://h/?a=1&b=2", "audio": "https://h/a.mp3", "title": "t, u", "image": "https://h/i.png",
                "singer": "s",
            }}}),
            json!({"type": "music", "data": {
                "type": "custom", "url": "https://h/?a=1&b=2", "audio": "https://h/a.mp3", "title": "t, u",
                "image": "https://h/i.png", "singer": "s",
            }}),
            "[CQ:music,type=custom,url=https://h/?a=1&amp;b=2,audio=https://h/a.mp3,title=t&#44; u,\
             image=https://h/i.png,singer=s]",
        ),
    ]
}

/// Addresses and the names that NapCat itself gave. (Bytes and paths go out, but never come back.)
fn media() -> Vec<Row> {
    let known = |name: &str| json!({"source": {"type": "platform-file", "data": name}, "name": name});
    let url = |url: &str| json!({"source": {"type": "url", "data": url}});
    vec![
        row(
            json!({"type": "image", "data": {"media": url("https://h/a.png"), "summary": "[pic]", "sub_type": "1"}}),
            json!({"type": "image", "data": {"file": "https://h/a.png", "summary": "[pic]", "sub_type": 1}}),
            "[CQ:image,file=https://h/a.png,summary=&#91;pic&#93;,sub_type=1]",
        ),
        row(
            json!({"type": "image", "data": {"media": known("E92B.jpg")}}),
            json!({"type": "image", "data": {"file": "E92B.jpg", "name": "E92B.jpg"}}),
            "[CQ:image,file=E92B.jpg,name=E92B.jpg]",
        ),
        row(
            json!({"type": "voice", "data": {"media": url("http://example.com/1.mp3")}}),
            json!({"type": "record", "data": {"file": "http://example.com/1.mp3"}}),
            "[CQ:record,file=http://example.com/1.mp3]",
        ),
        row(
            json!({"type": "video", "data": {"media": known("e8.mp4")}}),
            json!({"type": "video", "data": {"file": "e8.mp4", "name": "e8.mp4"}}),
            "[CQ:video,file=e8.mp4,name=e8.mp4]",
        ),
        row(
            json!({"type": "file", "data": known("a.zip")}),
            json!({"type": "file", "data": {"file": "a.zip", "name": "a.zip"}}),
            "[CQ:file,file=a.zip,name=a.zip]",
        ),
    ]
}

/// The text of every value: what an array form becomes by way of a CQ code.
fn as_text(array: &Value) -> Value {
    let mut array = array.clone();
    for value in array["data"].as_object_mut().unwrap().values_mut() {
        if value.is_number() {
            *value = json!(value.to_string());
        }
    }
    array
}

fn received(message: &Value) -> Vec<Segment> {
    let frame = json!({
        "post_type": "message", "message_type": "group", "group_id": 1, "user_id": 2, "message": message,
    });
    events("segment", &frame.to_string())[0].message().unwrap().content.clone()
}

#[test]
fn every_sendable_segment_is_the_same_in_the_contract_in_array_form_and_as_a_cq_code() {
    for Row { contract, array, cq: code } in rows() {
        let content: Vec<Segment> = serde_json::from_value(json!([contract])).unwrap();
        let sent = sends(&Chat::Group("1".to_owned()), &content, None).unwrap();
        assert_eq!((sent.len(), &sent[0].params["message"]), (1, &json!([array])), "{contract}");

        let text = json!([array]).to_string();
        let nodes: Vec<Node<'_>> = serde_json::from_str(&text).unwrap();
        assert_eq!(cq::encode(&nodes), code);
        assert_eq!(serde_json::to_value(cq::parse(code)).unwrap(), json!([as_text(&array)]), "{code}");

        assert_eq!(received(&json!([array])), content, "{array}");
        assert_eq!(received(&json!(code)), content, "{code}");
    }
}

#[test]
fn a_quote_goes_both_ways() {
    let array = json!([{"type": "reply", "data": {"id": "-5"}}, {"type": "text", "data": {"text": "x"}}]);
    let content = received(&array);
    assert_eq!(received(&json!("[CQ:reply,id=-5]x")), content);
    let sent = sends(&Chat::Group("1".to_owned()), &content, None).unwrap();
    assert_eq!(sent[0].params["message"], array);
}

/// What a plugin gets, it can send again, if NapCat sends that kind at all.
#[test]
fn received_media_go_out_by_what_napcat_gave() {
    let rows = [
        (
            json!({"type": "image", "data": {"file": "E8.png", "url": "https://h/i", "sub_type": 1, "file_size": "9"}}),
            json!({"type": "image", "data": {"file": "https://h/i", "name": "E8.png", "sub_type": 1}}),
        ),
        (
            json!({"type": "record", "data": {"file": "9f.amr", "path": "/tmp/9f.amr", "url": "", "file_size": "9"}}),
            json!({"type": "record", "data": {"file": "9f.amr", "name": "9f.amr"}}),
        ),
        (
            json!({"type": "video", "data": {"file": "e8.mp4", "url": "/local/fallback.mp4"}}),
            json!({"type": "video", "data": {"file": "e8.mp4", "name": "e8.mp4"}}),
        ),
        (
            json!({"type": "file", "data": {"file": "a.zip", "file_id": "5c80_f7", "file_size": "9"}}),
            json!({"type": "file", "data": {"file": "5c80_f7", "name": "a.zip"}}),
        ),
        (
            json!({"type": "image", "data": {
                "file": "b3-b3f2.gif", "url": "https://h/s", "emoji_id": "b3f2", "emoji_package_id": 5, "key": "k",
            }}),
            json!({"type": "mface", "data": {"emoji_id": "b3f2", "emoji_package_id": 5, "key": "k"}}),
        ),
        (json!({"type": "dice", "data": {"result": "4"}}), json!({"type": "dice", "data": {}})),
    ];
    for (from, to) in rows {
        let sent = sends(&Chat::Private("1".to_owned()), &received(&json!([from])), None).unwrap();
        assert_eq!(sent[0].params["message"], json!([to]), "{from}");
    }
}

#[test]
fn fields_may_stand_where_other_builds_put_them() {
    let same = [
        (
            json!({"type": "image", "data": {"file": "a.png", "sub_type": "1"}}),
            json!({"type": "image", "data": {"file": "a.png", "subType": 1}}),
        ),
        (json!({"type": "dice", "data": {"result": "4"}}), json!({"type": "dice", "data": {"value": 4}})),
        (json!({"type": "at", "data": {"qq": "10001"}}), json!({"type": "at", "data": {"qq": 10001}})),
        (json!({"type": "reply", "data": {"id": "7"}}), json!({"data": {"id": 7}, "type": "reply"})),
        (
            json!({"type": "json", "data": {"data": "{\"a\":1}"}}),
            json!({"type": "json", "data": {"data": {"a": 1}}}),
        ),
        (json!({"type": "text", "data": {"text": "5"}}), json!({"type": "text", "data": {"text": 5}})),
        (
            json!({"type": "face", "data": {"id": "178", "raw": {"faceText": "/斜眼笑"}}}),
            json!({"type": "face", "data": {"id": 178, "raw": "{\"faceText\":\"/斜眼笑\"}"}}),
        ),
    ];
    for (one, other) in same {
        assert_eq!(received(&json!([one])), received(&json!([other])), "{other}");
    }
    // A single object counts as the list of it.
    assert_eq!(
        received(&json!({"type": "text", "data": {"text": "x"}})),
        received(&json!([{"type": "text", "data": {"text": "x"}}]))
    );
}

/// Wrong types in a segment keep its JSON and cost nothing else.
#[test]
fn a_segment_that_makes_no_sense_is_kept_as_it_is() {
    let odd = [
        json!({"type": "text", "data": {"text": ["a"]}}),
        json!({"type": "at", "data": {"qq": null}}),
        json!({"type": "at", "data": {"qq": {}}}),
        json!({"type": "reply", "data": {}}),
        json!({"type": "face", "data": []}),
        json!({"type": "json", "data": {}}),
        json!({"type": "contact", "data": {"type": "planet", "id": "1"}}),
        json!({"type": "location", "data": {"lat": "north", "lon": 1}}),
        json!({"type": "music", "data": {"type": "163"}}),
        json!({"type": "forward", "data": {"id": []}}),
        json!({"type": "share", "data": {"title": "t"}}),
        json!({"type": 5, "data": {"x": 1}}),
        json!({"type": "newer", "data": [1]}),
    ];
    for segment in odd {
        let content = received(&json!([segment, {"type": "text", "data": {"text": "after"}}]));
        let Segment::Other(kept) = &content[0] else { panic!("{segment}: {content:?}") };
        assert_eq!(kept.kind, segment["type"].as_str().unwrap_or_default());
        assert_eq!(serde_json::from_str::<Value>(&kept.data).unwrap(), segment["data"], "{segment}");
        assert_eq!(content[1], Segment::Text("after".to_owned()));
    }
    for scalar in ["5", "null", "[1]"] {
        let content = received(&json!([serde_json::from_str::<Value>(scalar).unwrap()]));
        assert!(matches!(&content[0], Segment::Other(kept) if kept.kind.is_empty() && kept.data == scalar));
    }
}
