//! Files of groups and private chats.

use serde_json::{Map, json};

use super::super::account::Account;
use super::super::decode::seconds;
use super::super::encode;
use super::{media, named, refuse};
use crate::adapter::node::Node;
use crate::bot::{Answer, Files};
use crate::model::{Chat, Error, FileEntry, FolderEntry, Listing, Media, MediaSource};
use crate::web::Reach;

/// NapCat lists 50 unless told otherwise.
const LISTED: u32 = 500;

impl Files for Account {
    fn download(&self, file: Media, limit: usize, genuine: bool) -> Answer<'_, Vec<u8>> {
        let reach = if genuine { Reach::Inside } else { Reach::Outside };
        Box::pin(async move { media::download(self, &file, limit, reach).await })
    }

    fn upload(&self, chat: Chat, file: Media, folder: Option<String>) -> Answer<'_, Option<String>> {
        Box::pin(async move {
            let mut params = Map::new();
            let action = match &chat {
                Chat::Group(group) => {
                    params.insert("group_id".to_owned(), named("group", group)?.into());
                    "upload_group_file"
                }
                Chat::Private(user) => {
                    params.insert("user_id".to_owned(), named("user", user)?.into());
                    "upload_private_file"
                }
                _ => return Err(nowhere()),
            };
            if let Some(folder) = folder.filter(|folder| !folder.is_empty()) {
                if action == "upload_private_file" {
                    return Err(Error::Invalid(
                        "a private chat has no folders; upload without one".to_owned(),
                    ));
                }
                params.insert("folder".to_owned(), folder.into());
            }
            params.insert("name".to_owned(), name(&file).into());
            params.insert("upload_file".to_owned(), true.into());
            let source = encode::source(&file.source, file.name.as_deref(), "file")?;
            params.insert("file".to_owned(), source.into());
            let time = media::upload_time(&file);
            self.done(action, &params.into(), time, |answer| answer.at("file_id").id()).await
        })
    }

    fn url(&self, chat: Chat, file_id: String) -> Answer<'_, String> {
        Box::pin(async move {
            let file = named("file's id", &file_id)?;
            let (action, params) = match &chat {
                Chat::Group(group) => {
                    ("get_group_file_url", json!({"group_id": named("group", group)?, "file_id": file}))
                }
                Chat::Private(_) | Chat::Temporary(_) => ("get_private_file_url", json!({"file_id": file})),
                _ => return Err(nowhere()),
            };
            let url = self.read(action, &params, self.deadline, |answer| answer.at("url").words()).await?;
            url.ok_or_else(|| Error::NotFound(format!("NapCat gives no address of the file {file}")))
        })
    }

    fn list(&self, group: String, folder: Option<String>) -> Answer<'_, Listing> {
        Box::pin(async move {
            let group = named("group", &group)?;
            let (action, params) = match folder.as_deref().filter(|folder| !folder.is_empty()) {
                None => ("get_group_root_files", json!({"group_id": group, "file_count": LISTED})),
                Some(folder) => {
                    let params = json!({"group_id": group, "folder_id": folder, "file_count": LISTED});
                    ("get_group_files_by_folder", params)
                }
            };
            self.read(action, &params, self.deadline, |answer| Listing {
                files: answer.at("files").items().iter().filter_map(file_entry).collect(),
                folders: answer.at("folders").items().iter().filter_map(folder_entry).collect(),
            })
            .await
        })
    }

    fn remove(&self, group: String, file_id: String) -> Answer<'_, ()> {
        match named("group", &group).and_then(|group| Ok((group, named("file's id", &file_id)?))) {
            Ok((group, file)) => self.order("delete_group_file", json!({"group_id": group, "file_id": file})),
            Err(error) => refuse(error),
        }
    }

    fn create_folder(&self, group: String, name: String) -> Answer<'_, Option<String>> {
        Box::pin(async move {
            let params =
                json!({"group_id": named("group", &group)?, "folder_name": named("folder's name", &name)?});
            self.done("create_group_file_folder", &params, self.deadline, folder_id).await
        })
    }

    fn remove_folder(&self, group: String, folder: String) -> Answer<'_, ()> {
        match named("group", &group).and_then(|group| Ok((group, named("folder's id", &folder)?))) {
            Ok((group, folder)) => {
                self.order("delete_group_folder", json!({"group_id": group, "folder_id": folder}))
            }
            Err(error) => refuse(error),
        }
    }
}

/// What the chat shows: the name given, else the last part of path or address.
fn name(file: &Media) -> String {
    let part = |text: &str| {
        let text = text.split(['?', '#']).next().unwrap_or_default();
        text.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
    };
    let given = file.name.clone().filter(|name| !name.trim().is_empty());
    let name = given.unwrap_or_else(|| match &file.source {
        MediaSource::Url(text) | MediaSource::Path(text) | MediaSource::PlatformFile(text) => part(text),
        MediaSource::Bytes(_) => String::new(),
    });
    if name.is_empty() { "file".to_owned() } else { name }
}

fn file_entry(node: &Node<'_>) -> Option<FileEntry> {
    let size = ["size", "file_size"].iter().find_map(|key| node.at(key).number());
    Some(FileEntry {
        id: node.at("file_id").id()?,
        name: node.at("file_name").words().unwrap_or_default(),
        size: size.filter(|size| *size >= 0.0).unwrap_or_default(),
        uploader: node.at("uploader").known_id(),
        uploaded: seconds(node.at("upload_time")),
        expires: seconds(node.at("dead_time")),
        downloads: node.at("download_times").count(),
    })
}

fn folder_entry(node: &Node<'_>) -> Option<FolderEntry> {
    let name = ["folder_name", "name"].iter().find_map(|key| node.at(key).words());
    Some(FolderEntry {
        id: node.at("folder_id").id().or_else(|| node.at("folder").id())?,
        name: name.unwrap_or_default(),
        creator: node.at("creator").known_id(),
        created: seconds(node.at("create_time")),
        files: node.at("total_file_count").count(),
    })
}

/// The new folder's id, wherever the kernel's object has it.
fn folder_id(answer: &Node<'_>) -> Option<String> {
    let places = [
        answer,
        answer.at("groupItem").at("folderInfo"),
        answer.at("resultWithGroupItem").at("groupItem").at("folderInfo"),
    ];
    places.iter().find_map(|place| place.at("folder_id").id().or_else(|| place.at("folderId").id()))
}

fn nowhere() -> Error {
    Error::Unsupported("NapCat has files in groups and in private chats only; choose one of these".to_owned())
}
