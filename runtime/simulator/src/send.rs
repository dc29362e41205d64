//! Sends: what NapCat makes of the `message` parameter, and what becomes of it.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    answer::Outcome,
    cq,
    world::{Chat, World, id},
};

/// Kinds that NapCat drops from a message without a word.
const DROPPED: &[&str] = &["xml", "poke", "miniapp", "onlinefile", "flashtransfer"];
/// Kinds that NapCat can build.
const BUILT: &[&str] = &[
    "text", "face", "image", "record", "video", "at", "rps", "dice", "contact", "music", "reply", "forward",
    "json", "mface", "file", "markdown", "location",
];

/// The actions that send.
pub(super) const SENDS: &[&str] = &[
    "send_msg",
    "send_private_msg",
    "send_group_msg",
    "send_forward_msg",
    "send_private_forward_msg",
    "send_group_forward_msg",
];

/// A send that went out.
pub(super) struct Sent {
    pub(super) answer: Value,
    pub(super) event: Value,
}

/// Runs a send action. `None` is the missing answer to a request without a message.
pub(super) fn send(world: &mut World, action: &str, params: &Value) -> Option<Result<Sent, Outcome>> {
    let forward = action.ends_with("forward_msg");
    let message = if forward { params.get("messages") } else { params.get("message") };
    let segments = message.filter(|message| !message.is_null()).map(|message| segments(message, params))?;
    Some(target(world, action, params).and_then(|chat| deliver(world, chat, &segments)))
}

/// The segments of a `message` parameter: an array, one segment, or a string with CQ codes.
pub(super) fn segments(message: &Value, params: &Value) -> Vec<Value> {
    let as_text = params["auto_escape"] == true || params["auto_escape"] == "true";
    match message {
        Value::Array(segments) => segments.clone(),
        Value::String(text) if as_text => vec![json!({"type": "text", "data": {"text": text}})],
        Value::String(text) => cq::decode(text),
        segment => vec![segment.clone()],
    }
}

fn target(world: &World, action: &str, params: &Value) -> Result<Chat, Outcome> {
    let (group, user) = (id(&params["group_id"]), id(&params["user_id"]));
    let private = action.contains("private") || params["message_type"] == "private";
    let to_group = action.contains("group") || params["message_type"] == "group";
    match (group, user) {
        (Some(group), _) if to_group || !private => {
            if world.groups.contains_key(&group) {
                Ok(Chat::Group(group))
            } else {
                Err(removed_from_group())
            }
        }
        (group, Some(user)) if !to_group => match (world.people.get(&user), group) {
            (Some(person), Some(group)) if !person.friend => Ok(Chat::Temporary { user, group }),
            (Some(_), _) => Ok(Chat::Friend(user)),
            (None, _) => Err(Outcome::failed("无法获取用户信息")),
        },
        _ => Err(Outcome::failed("请指定正确的 group_id 或 user_id")),
    }
}

fn removed_from_group() -> Outcome {
    Outcome::failed(
        "EventChecker Failed: NTEvent serviceAndMethod:NodeIKernelMsgService/sendMsg \
         ListenerName:NodeIKernelMsgListener/onMsgInfoListUpdate EventRet:\n{\n    \"result\": 110,\n    \
         \"errMsg\": \"发送失败，你已被移出该群，请重新加群。\"\n}\n",
    )
}

fn deliver(world: &mut World, chat: Chat, segments: &[Value]) -> Result<Sent, Outcome> {
    let nodes = segments.iter().filter(|segment| segment["type"] == "node").count();
    if nodes > 0 && nodes < segments.len() {
        return Err(Outcome::bad_params(
            "转发消息不能和普通消息混在一起发送,转发需要保证message只有type为node的元素",
        ));
    }
    if nodes > 0 {
        return deliver_forward(world, chat, segments);
    }
    let mut built = Vec::new();
    for segment in segments {
        built.extend(build(world, chat, segment)?);
    }
    if built.is_empty() {
        return Err(Outcome::failed("消息体无法解析, 请检查是否发送了不支持的消息类型"));
    }
    Ok(store(world, chat, &built))
}

/// A sent segment as it is received again, or nothing when NapCat drops it.
fn build(world: &mut World, chat: Chat, segment: &Value) -> Result<Option<Value>, Outcome> {
    let kind = segment["type"].as_str().unwrap_or_default();
    let data = &segment["data"];
    if DROPPED.contains(&kind) {
        return Ok(None);
    }
    if !BUILT.contains(&kind) {
        return Err(Outcome::failed(format!("未知的消息类型：{kind}")));
    }
    Ok(match kind {
        "at" if !matches!(chat, Chat::Group(_)) => None,
        "at" => {
            let qq = text(&data["qq"]);
            if qq != "all" && !qq.parse().is_ok_and(|user| world.people.contains_key(&user)) {
                return Err(Outcome::failed("Get Uid Error"));
            }
            Some(json!({"type": "at", "data": {"qq": qq}}))
        }
        "reply" => {
            let quoted = text(&data["id"]);
            let known = quoted.parse().is_ok_and(|id| world.message(id).is_some());
            known.then(|| json!({"type": "reply", "data": {"id": quoted}}))
        }
        "text" => {
            let text = text(&data["text"]);
            (!text.is_empty()).then(|| json!({"type": "text", "data": {"text": text}}))
        }
        "face" => Some(json!({"type": "face", "data": {"id": text(&data["id"])}})),
        "dice" => Some(json!({"type": "dice", "data": {"result": fastrand::u8(1..=6).to_string()}})),
        "rps" => Some(json!({"type": "rps", "data": {"result": fastrand::u8(1..=3).to_string()}})),
        "image" | "record" | "video" | "file" => Some(media(world, kind, data)?),
        _ => Some(segment.clone()),
    })
}

/// The content of a file given as base64, as something the simulator knows, or as a file on this machine. For anything
/// else, such as an address, its name stands in.
pub(super) fn load(world: &World, source: &str) -> Result<Vec<u8>, Outcome> {
    let encoded = source
        .strip_prefix("base64://")
        .or_else(|| source.strip_prefix("data:")?.split_once(";base64,").map(|(_, data)| data));
    if let Some(encoded) = encoded {
        return STANDARD.decode(encoded).map_err(|_| Outcome::failed("base64解析失败"));
    }
    let path = source.strip_prefix("file://").unwrap_or(source);
    let known = world.stored.get(source).or_else(|| world.stored.get(path)).cloned();
    let read = || std::path::Path::new(path).is_absolute().then(|| std::fs::read(path).ok()).flatten();
    Ok(known.or_else(read).unwrap_or_else(|| source.as_bytes().to_vec()))
}

fn media(world: &mut World, kind: &str, data: &Value) -> Result<Value, Outcome> {
    let source =
        ["url", "file", "path"].into_iter().find_map(|key| data[key].as_str().filter(|s| !s.is_empty()));
    let source = source.ok_or_else(|| Outcome::failed("识别URL失败, uri= "))?;
    let bytes = load(world, source)?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let hash = hasher.finish();
    let extension = match kind {
        "image" => "png",
        "record" => "amr",
        "video" => "mp4",
        _ => "bin",
    };
    let name = match data["name"].as_str() {
        Some(name) if kind == "file" => name.to_owned(),
        _ => format!("{hash:016X}{:016X}.{extension}", !hash),
    };
    let url = format!("https://multimedia.nt.qq.com.cn/download?appid=1407&fileid={hash:x}&rkey=CAQS");
    let size = bytes.len().to_string();
    let file_id = format!("{hash:x}");
    world.keep(&name, (kind == "file").then_some(file_id.as_str()), &bytes);
    let data = match kind {
        "image" => json!({"summary": text(&data["summary"]), "file": name,
            "sub_type": data["sub_type"].as_u64().unwrap_or_default(), "url": url, "file_size": size}),
        "file" => json!({"file": name, "file_id": file_id, "file_size": size, "url": url}),
        _ => json!({"file": name, "url": url, "file_size": size}),
    };
    Ok(json!({"type": kind, "data": data}))
}

fn deliver_forward(world: &mut World, chat: Chat, nodes: &[Value]) -> Result<Sent, Outcome> {
    let mut messages = Vec::new();
    for node in nodes {
        let data = &node["data"];
        if let Some(known) = data["id"].as_i64().or_else(|| data["id"].as_str()?.parse().ok()) {
            let copied = world.message(known).cloned();
            messages.push(copied.ok_or_else(|| Outcome::failed("转发消息失败：消息不存在"))?);
            continue;
        }
        let sender = id(&data["user_id"]).or_else(|| id(&data["uin"])).unwrap_or(world.options.self_id);
        let content = segments(&data["content"], &Value::Null);
        let mut message = world.message_object(chat, sender, &content);
        message["sender"]["nickname"] =
            text(if data["nickname"].is_null() { &data["name"] } else { &data["nickname"] }).into();
        message["message"] = content.into();
        message["message_format"] = "array".into();
        message["post_type"] = "message".into();
        message.shift_remove("message_sent_type");
        messages.push(Value::Object(message));
    }
    let resource = format!("{:016x}", world.issue_message_id() as u64 * 0x9E37_79B9);
    world.forwards.insert(resource.clone(), messages);
    let mut sent = store(world, chat, &[json!({"type": "forward", "data": {"id": resource}})]);
    sent.answer["res_id"] = resource.clone().into();
    sent.answer["forward_id"] = resource.into();
    Ok(sent)
}

fn store(world: &mut World, chat: Chat, segments: &[Value]) -> Sent {
    let event = Value::Object(world.message_object(chat, world.options.self_id, segments));
    world.learn(&event);
    Sent { answer: json!({"message_id": event["message_id"]}), event }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
