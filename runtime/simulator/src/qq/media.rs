//! Uploads: by URL, by bytes, in parts.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::{
    Chat,
    clock::rfc3339,
    error::{Answered, Refusal, Reply},
    ids,
    send::text,
    sent::{Sent, Via},
    sign::hex,
    world::World,
};

/// How many of a file's first bytes `md5_10m` covers, by the documentation and by nonebot-adapter-qq.
const FIRST_BYTES: [usize; 2] = [10_002_432, 10 << 20];

/// An uploaded file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// 1 image, 2 video, 3 voice, 4 file.
    pub file_type: u64,
    /// `file_name`, or empty.
    pub name: String,
    /// Where it was to be downloaded from, or empty.
    pub url: String,
    /// What was uploaded; empty when the platform did not follow the URL.
    pub bytes: Vec<u8>,
    /// It came in parts.
    pub in_parts: bool,
}

pub(super) struct File {
    pub(super) chat: Chat,
    pub(super) expires: Option<u64>,
    pub(super) media: Media,
}

pub(super) struct Upload {
    pub(super) chat: Chat,
    claims: Value,
    size: u64,
    block: u64,
    /// Bytes of each part, and whether it is finished.
    parts: BTreeMap<u64, (Vec<u8>, bool)>,
}

fn same_scene(one: &Chat, other: &Chat) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

pub(super) fn md5(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

fn sha1(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

impl World {
    /// The file behind a `file_info`, if it may be sent there now.
    pub(super) fn usable_file(&self, chat: &Chat, info: &Value, now: u64) -> Result<&File, Refusal> {
        let file = info.as_str().and_then(|info| self.files.get(info));
        let file = file.filter(|file| same_scene(&file.chat, chat));
        let file = file.filter(|file| file.expires.is_none_or(|end| now < end));
        file.ok_or_else(|| Refusal::new(304_080, "file_info无效"))
    }

    /// `POST .../files`, after a URL was followed; `fetched` is what was there.
    pub(super) fn upload(
        &mut self,
        chat: &Chat,
        body: &Value,
        fetched: Option<Vec<u8>>,
        now: u64,
    ) -> Result<(Reply, Option<Sent>), Refusal> {
        self.known(chat)?;
        self.present(chat)?;
        let file_type = body["file_type"].as_u64().filter(|kind| (1..=4).contains(kind));
        let file_type = file_type.ok_or_else(|| Refusal::new(850_019, "文件格式不支持"))?;
        let (name, url) = (text(body, "file_name"), text(body, "url"));
        let mut media = Media { file_type, ..Media::default() };
        if let Some(id) = text(body, "upload_id") {
            media.bytes = self.assemble(chat, id)?;
            media.in_parts = true;
        } else if let Some(data) = text(body, "file_data") {
            let bytes = STANDARD.decode(data).map_err(|_| Refusal::new(10_000, "file_data不是base64"))?;
            if file_type == 2 && bytes.len() >= self.options.limits.plain_video {
                return Err(Refusal::new(40_034_004, "富媒体文件转存失败"));
            }
            media.bytes = bytes;
        } else if let Some(url) = url {
            media.bytes = fetched.unwrap_or_default();
            media.url = url.to_owned();
        } else {
            return Err(Refusal::new(10_000, "url、file_data和upload_id都为空"));
        }
        if media.bytes.len() as u64 > self.options.limits.file {
            return Err(Refusal::new(850_031, "文件过大"));
        }
        media.name = name.unwrap_or_default().to_owned();
        let ttl = self.options.limits.file_ttl;
        let expires = (!ttl.is_zero()).then(|| now + ttl.as_millis() as u64);
        let info = STANDARD.encode(ids::hex(48));
        let mut answer = json!({"file_uuid": ids::uuid(), "file_info": info, "ttl": ttl.as_secs()});
        let sent = if body["srv_send_msg"] == true {
            let basis = self.take_basis(chat, &json!({}), now, false)?;
            let (id, reference) = self.keep_own(chat, now);
            answer["id"] = id.clone().into();
            answer["timestamp"] = rfc3339(now).into();
            let sent = Sent::new(&self.app, chat.clone(), id, body.clone(), Via::Upload);
            Some(sent.answering(&basis).reference(reference).media(Some(media.clone())))
        } else {
            None
        };
        self.files.insert(info, File { chat: chat.clone(), expires, media });
        Ok((Reply::json(&answer), sent))
    }

    /// `POST .../upload_prepare`; presigned addresses begin with `base`.
    pub(super) fn prepare(&mut self, chat: &Chat, body: &Value, base: &str, now: u64) -> Answered {
        self.known(chat)?;
        let malformed = || Refusal::new(10_000, "upload_prepare参数错误");
        let size = number(&body["file_size"]).filter(|size| *size > 0).ok_or_else(malformed)?;
        let digits = |key: &str, length| text(body, key).is_some_and(|sum| sum.len() == length);
        let sums = digits("md5", 32) && digits("sha1", 40) && digits("md5_10m", 32);
        let typed = body["file_type"].as_u64().is_some_and(|kind| (1..=4).contains(&kind));
        if !sums || !typed || text(body, "file_name").is_none() {
            return Err(malformed());
        }
        if size > self.options.limits.file {
            return Err(Refusal::new(850_031, "文件过大"));
        }
        if !self.count_upload(size, now) {
            return Err(Refusal::new(40_093_002, "当日上传超限"));
        }
        let block = self.options.limits.block;
        let (id, count) = (format!("upload_{}", ids::hex(12)), size.div_ceil(block));
        let part = |index: u64| {
            let bytes = block.min(size - index * block);
            let url = format!("{base}/upload/{id}/{index}?sign={}", ids::hex(16));
            json!({"index": index, "presigned_url": url, "block_size": bytes.to_string()})
        };
        let parts: Vec<_> = (0..count).map(part).collect();
        let answer = json!({"upload_id": id, "block_size": block.to_string(), "parts": parts,
            "upload_config": {"concurrency": 1, "retry_timeout": 300, "retry_delay": 1}});
        let upload = Upload { chat: chat.clone(), claims: body.clone(), size, block, parts: BTreeMap::new() };
        self.uploads.insert(id, upload);
        Ok(Reply::json(&answer))
    }

    /// `PUT` of a part; `None` for an address that was not given out, or bytes that do not fit.
    pub(super) fn put_part(&mut self, id: &str, index: u64, bytes: Vec<u8>) -> Option<()> {
        let upload = self.uploads.get_mut(id)?;
        let rest = upload.size.checked_sub(index * upload.block)?;
        let fits = bytes.len() as u64 == rest.min(upload.block) && !bytes.is_empty();
        fits.then(|| drop(upload.parts.insert(index, (bytes, false))))
    }

    /// `POST .../upload_part_finish`.
    pub(super) fn finish_part(&mut self, chat: &Chat, body: &Value) -> Answered {
        let upload = self.uploads.get_mut(text(body, "upload_id").unwrap_or_default());
        let upload = upload.filter(|upload| upload.chat == *chat);
        let upload = upload.ok_or_else(|| Refusal::new(10_000, "upload_id无效"))?;
        let index = number(&body["part_index"]).ok_or_else(|| Refusal::new(10_000, "part_index无效"))?;
        let Some((bytes, finished)) = upload.parts.get_mut(&index) else {
            return Err(Refusal::new(40_093_001, "分片未上传完成，请重试"));
        };
        if number(&body["block_size"]) != Some(bytes.len() as u64) || text(body, "md5") != Some(&md5(bytes)) {
            return Err(Refusal::new(10_000, "分片大小或md5不匹配"));
        }
        *finished = true;
        Ok(Reply::json(&json!({})))
    }

    fn assemble(&mut self, chat: &Chat, id: &str) -> Result<Vec<u8>, Refusal> {
        let upload = self.uploads.get(id).filter(|upload| upload.chat == *chat);
        let upload = upload.ok_or_else(|| Refusal::new(10_000, "upload_id无效"))?;
        let finished = upload.parts.values().filter(|(_, finished)| *finished);
        let bytes: Vec<u8> = finished.flat_map(|(bytes, _)| bytes.iter().copied()).collect();
        let claims = &upload.claims;
        let first = FIRST_BYTES.map(|length| md5(&bytes[..length.min(bytes.len())]));
        let good = bytes.len() as u64 == upload.size
            && claims["md5"] == md5(&bytes)
            && claims["sha1"] == sha1(&bytes)
            && first.iter().any(|sum| claims["md5_10m"] == sum.as_str());
        if !good {
            return Err(Refusal::new(10_000, "文件不完整或校验和不匹配"));
        }
        self.uploads.remove(id);
        Ok(bytes)
    }
}
