//! Files and media that NapCat has, fetches or makes: pictures, voices, keys for addresses.

use serde_json::Value;

use super::received::SentMessage;
use crate::types::Id;

options! {
    /// For [`download_file`].
    DownloadFileOptions {
        /// The name that it gets on NapCat's machine.
        name: text,
        /// `Key=Value` each.
        headers: texts,
    }

    /// For [`get_ai_characters`].
    AiCharacterOptions {
        /// 1 if not given.
        chat_type: count,
    }
}

answers! {
    /// A file on NapCat's machine.
    FileData {
        /// Its path there.
        file: String,
        url: String,
        /// Bytes.
        file_size: i64,
        file_name: String,
        /// For voices, and where NapCat is set to give it.
        base64: Option<String>,
    }

    /// A short-lived address.
    FileUrl {
        url: Option<String>,
    }

    /// A path on NapCat's machine.
    HostFile {
        file: String,
    }

    /// What makes addresses of media work; see [`get_rkey`].
    Rkey {
        /// "private" or "group".
        kind ["type"]: String,
        /// Begins with `&rkey=`.
        rkey: String,
        /// Seconds since 1970.
        created_at: i64,
        /// Seconds.
        ttl: i64,
    }

    /// The same, as the kernel says it.
    RawRkey {
        rkey: String,
        ttl: i64,
        time: i64,
        /// 10 private, 20 group.
        kind ["type"]: i64,
    }

    /// The same, as servers of such keys say it.
    RkeyServer {
        private_rkey: Option<String>,
        group_rkey: Option<String>,
        expired_time: Option<i64>,
        name: String,
    }

    /// A group of voices.
    AiVoices {
        kind ["type"]: String,
        characters: Vec<AiCharacter>,
    }

    /// A voice.
    AiCharacter {
        character_id: Id,
        character_name: String,
        preview_url: String,
    }
}

actions! {
    /// A picture by its name; it is downloaded to NapCat's machine.
    get_image(file: file) -> FileData;
    /// A voice, converted to "mp3", "amr", "wma", "m4a", "spx", "ogg", "wav" or "flac".
    get_record(file: file, out_format: text) -> FileData;
    /// Any file by its name or id.
    get_file(file: file) -> FileData;
    /// Downloads an address, or takes bytes, to NapCat's machine.
    download_file(source: download; DownloadFileOptions) -> HostFile;
    /// Reads the text in a picture. On Windows only.
    ocr_image(image: source) -> Value;
    /// Another name of [`ocr_image`].
    dot_ocr_image = ".ocr_image"(image: source) -> Value;
    /// The kernel's rkeys. Needs NapCat's packet backend.
    nc_get_rkey() -> Vec<RawRkey>;
    /// The rkeys, with names: an address that is too old works again with a new one. Needs NapCat's packet backend.
    get_rkey() -> Vec<Rkey>;
    /// The rkeys in the form of servers of such keys. Needs NapCat's packet backend.
    get_rkey_server() -> RkeyServer;
    /// The voices that QQ can speak with. Needs NapCat's packet backend.
    get_ai_characters(group_id: id; AiCharacterOptions) -> Vec<AiVoices>;
    /// The address of a text that is spoken. Needs NapCat's packet backend.
    get_ai_record(character: id, group_id: id, text: text) -> String;
    /// Speaks a text in a group. The answer's `message_id` is always 0. Needs NapCat's packet backend.
    send_group_ai_record(character: id, group_id: id, text: text) -> SentMessage;
}
