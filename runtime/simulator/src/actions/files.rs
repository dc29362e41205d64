//! Files of groups and chats.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Row, send_as, text};
use crate::{
    answer::Outcome,
    send::load,
    world::{Group, World, id, now},
};

pub(super) const ACTIONS: &[Row] = &[
    ("get_image", &[], |world, params| media(world, params, false)),
    ("get_file", &[], |world, params| media(world, params, false)),
    ("get_record", &["out_format"], |world, params| media(world, params, true)),
    ("get_group_file_url", &["group_id", "file_id"], url),
    ("get_private_file_url", &["file_id"], url),
    ("download_file", &[], |world, params| {
        let source = ["url", "base64"].into_iter().find_map(|key| Some((key, params[key].as_str()?)));
        let Some((kind, source)) = source else { return Outcome::failed("url和base64不能同时为空") };
        let source = if kind == "base64" { format!("base64://{source}") } else { source.to_owned() };
        match load(world, &source) {
            Ok(bytes) => {
                let name = params["name"].as_str().unwrap_or("download").to_owned();
                Outcome::Data(json!({"file": world.keep_on_host(&name, bytes)}))
            }
            Err(failed) => failed,
        }
    }),
    ("upload_group_file", &["group_id", "file", "name"], upload),
    ("upload_private_file", &["user_id", "file", "name"], upload),
    ("get_group_root_files", &["group_id"], |world, params| listing(world, params, "/")),
    ("get_group_files_by_folder", &["group_id"], |world, params| {
        let folder = ["folder_id", "folder"].into_iter().find_map(|key| params[key].as_str());
        listing(world, params, folder.unwrap_or("/"))
    }),
    ("get_group_file_system_info", &["group_id"], |world, params| {
        in_group(world, params, |group| {
            let used: u64 = group.files.iter().filter_map(|file| file["size"].as_u64()).sum();
            json!({"file_count": group.files.len(), "limit_count": 10000, "used_space": used,
                "total_space": 10_u64 << 30})
        })
    }),
    ("create_group_file_folder", &["group_id"], |world, params| {
        let name = ["folder_name", "name"].into_iter().find_map(|key| params[key].as_str());
        let name = name.unwrap_or_default().to_owned();
        let (folder_id, creator) = (format!("/{:08x}", world.issue_message_id()), world.options.self_id);
        let folder = json!({"group_id": id(&params["group_id"]), "folder_id": folder_id, "folder": folder_id,
            "folder_name": name, "create_time": now(), "creator": creator,
            "creator_name": world.options.nickname, "total_file_count": 0});
        in_group(world, params, |group| {
            group.folders.push(folder);
            json!({"result": {"retCode": 0, "retMsg": "ok", "clientWording": ""},
                "groupItem": {"folderInfo": {"folderId": folder_id, "folderName": name}}})
        })
    }),
    ("delete_group_folder", &["group_id"], |world, params| {
        let about =
            ["folder_id", "folder"].into_iter().map(|key| text(&params[key])).find(|id| !id.is_empty());
        in_group(world, params, |group| {
            group.folders.retain(|folder| folder["folder_id"].as_str() != about.as_deref());
            json!({"retCode": 0, "retMsg": "ok", "clientWording": ""})
        })
    }),
    ("delete_group_file", &["group_id", "file_id"], |world, params| {
        let about = &params["file_id"];
        in_group(world, params, |group| {
            group.files.retain(|file| file["file_id"] != *about);
            json!({"result": 0, "errMsg": ""})
        })
    }),
    ("move_group_file", &["group_id", "file_id", "target_parent_directory"], |world, params| {
        change(world, params, |file| file["folder"] = params["target_parent_directory"].clone())
    }),
    ("rename_group_file", &["group_id", "file_id", "new_name"], |world, params| {
        change(world, params, |file| file["file_name"] = params["new_name"].clone())
    }),
    ("trans_group_file", &["group_id", "file_id"], |world, params| change(world, params, |_| {})),
    ("clean_stream_temp_file", &[], |world, _| {
        world.uploads.clear();
        Outcome::Void
    }),
];

/// What `file` or `file_id` names among the files the simulator knows.
pub(super) fn find<'a>(world: &'a World, params: &Value) -> Option<(String, &'a Vec<u8>)> {
    let keys = ["file", "file_id"].into_iter().map(|key| text(&params[key]));
    let key = keys.into_iter().find(|key| world.stored.contains_key(key))?;
    let name = world.file_names.get(&key).cloned();
    let name = name.unwrap_or_else(|| key.rsplit('/').next().unwrap_or_default().to_owned());
    Some((name, world.stored.get(&key)?))
}

fn media(world: &mut World, params: &Value, with_bytes: bool) -> Outcome {
    let Some((name, bytes)) = find(world, params) else { return Outcome::failed("file not found") };
    let mut data = json!({"file": format!("/napcat/files/{name}"), "url": link(&name),
        "file_size": bytes.len().to_string(), "file_name": name});
    if with_bytes {
        data["base64"] = STANDARD.encode(bytes).into();
    }
    Outcome::Data(data)
}

fn link(name: &str) -> String {
    format!("https://multimedia.nt.qq.com.cn/download?appid=1407&fileid={name}&rkey=CAQS")
}

fn url(world: &mut World, params: &Value) -> Outcome {
    match find(world, params) {
        Some((name, _)) => Outcome::Data(json!({"url": link(&name)})),
        None => Outcome::failed("real fileUUID not found!"),
    }
}

/// Uploading is sending a message with one file segment.
fn upload(world: &mut World, params: &Value) -> Outcome {
    let (file, name) = (text(&params["file"]), text(&params["name"]));
    let size = match load(world, &file) {
        Ok(bytes) => bytes.len(),
        Err(failed) => return failed,
    };
    let message = json!([{"type": "file", "data": {"file": file, "name": name}}]);
    let target = json!({"group_id": params["group_id"], "user_id": params["user_id"], "message": message});
    let sent = send_as(world, "send_msg", &target);
    let Outcome::Data(answer) = sent else { return sent };
    let stored = answer["message_id"].as_i64().and_then(|id| world.message(id));
    let segments = stored.map(|message| crate::cq::segments_of(&message["message"])).unwrap_or_default();
    let file_id = segments.first().map_or(Value::Null, |segment| segment["data"]["file_id"].clone());
    let (group_id, uploader) = (id(&params["group_id"]), world.options.self_id);
    let folder = ["folder_id", "folder"].into_iter().find_map(|key| params[key].as_str()).unwrap_or("/");
    let entry = json!({"group_id": group_id, "file_id": file_id, "file_name": name, "busid": 102, "size": size,
        "file_size": size, "upload_time": now(), "dead_time": 0, "modify_time": now(), "download_times": 0,
        "uploader": uploader, "uploader_name": world.options.nickname, "folder": folder});
    if let Some(group) = group_id.and_then(|group| world.groups.get_mut(&group)) {
        group.files.push(entry);
    }
    Outcome::Data(json!({"file_id": file_id}))
}

fn listing(world: &mut World, params: &Value, folder: &str) -> Outcome {
    in_group(world, params, |group| {
        let inside = group.files.iter().filter(|file| file["folder"] == folder);
        let files: Vec<_> = inside
            .map(|file| {
                let mut file = file.clone();
                file.as_object_mut().and_then(|fields| fields.shift_remove("folder"));
                file
            })
            .collect();
        let folders = if folder == "/" { group.folders.clone() } else { Vec::new() };
        json!({"files": files, "folders": folders})
    })
}

fn change(world: &mut World, params: &Value, change: impl FnOnce(&mut Value)) -> Outcome {
    let group = id(&params["group_id"]).and_then(|group| world.groups.get_mut(&group));
    let file =
        group.and_then(|group| group.files.iter_mut().find(|file| file["file_id"] == params["file_id"]));
    match file {
        Some(file) => {
            change(file);
            Outcome::Data(json!({"ok": true}))
        }
        None => Outcome::failed("real fileUUID not found!"),
    }
}

fn in_group(world: &mut World, params: &Value, f: impl FnOnce(&mut Group) -> Value) -> Outcome {
    match id(&params["group_id"]).and_then(|group| world.groups.get_mut(&group)) {
        Some(group) => Outcome::Data(f(group)),
        None => Outcome::failed(format!("群{}不存在", params["group_id"])),
    }
}
