//! Files in chunks: uploads take one request per chunk, downloads answer one request with many packets.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest;
use serde_json::{Value, json};

use super::{Row, files::find, flag, text};
use crate::{
    answer::Outcome,
    world::{Upload, World, id},
};

pub(super) const ACTIONS: &[Row] = &[
    ("upload_file_stream", &["stream_id"], upload),
    ("download_file_stream", &[], |world, params| download(world, params, |_| {})),
    ("download_file_record_stream", &[], |world, params| {
        download(world, params, |info| info["out_format"] = params["out_format"].clone())
    }),
    ("download_file_image_stream", &[], |world, params| {
        download(world, params, |info| {
            info["width"] = 1.into();
            info["height"] = 1.into();
        })
    }),
    ("test_download_stream", &[], test),
];

const CHUNK: u64 = 65536;

fn test(_: &mut World, params: &Value) -> Outcome {
    let mut packets: Vec<_> = (1..=10)
        .map(|n| json!({"type": "stream", "data": format!("Index-> {n}"), "data_type": "data_chunk"}))
        .collect();
    if flag(&params["error"]) == Some(true) {
        return Outcome::Packets(packets, Some("This is a test error".to_owned()));
    }
    packets.push(
        json!({"type": "response", "data_type": "data_complete", "data": "Stream transmission complete"}),
    );
    Outcome::Packets(packets, None)
}

fn download(world: &mut World, params: &Value, more: impl FnOnce(&mut Value)) -> Outcome {
    let Some((name, bytes)) = find(world, params) else {
        return Outcome::Packets(Vec::new(), Some("file not found".to_owned()));
    };
    let size = id(&params["chunk_size"]).filter(|size| *size > 0).unwrap_or(CHUNK);
    let mut info = json!({"type": "stream", "data_type": "file_info", "file_name": name,
        "file_size": bytes.len(), "chunk_size": size});
    more(&mut info);
    let mut packets = vec![info];
    let mut done = 0;
    for (index, chunk) in bytes.chunks(size as usize).enumerate() {
        done += chunk.len();
        let data = STANDARD.encode(chunk);
        packets.push(json!({"type": "stream", "data_type": "file_chunk", "index": index, "data": data,
            "size": chunk.len(), "progress": done * 100 / bytes.len(), "base64_size": data.len()}));
    }
    packets.push(json!({"type": "response", "data_type": "file_complete", "total_chunks": packets.len() - 1,
        "total_bytes": bytes.len(), "message": "Download completed"}));
    Outcome::Packets(packets, None)
}

/// One request of an upload: a chunk, the end, a question for the state, or a reset.
fn upload(world: &mut World, params: &Value) -> Outcome {
    let stream = text(&params["stream_id"]);
    let failed = |message: String| Outcome::Packets(Vec::new(), Some(message));
    if flag(&params["reset"]) == Some(true) {
        world.uploads.remove(&stream);
        return failed("Stream reset completed".to_owned());
    }
    let done = flag(&params["is_complete"]) == Some(true);
    if !world.uploads.contains_key(&stream) {
        let Some(total) = id(&params["total_chunks"]).filter(|_| !done) else {
            return failed(format!("Stream {stream} not found"));
        };
        let filename = params["filename"].as_str().unwrap_or("upload.bin").to_owned();
        let sha256 = params["expected_sha256"].as_str().map(str::to_lowercase);
        let file = Upload { filename, sha256, total, chunks: Default::default() };
        world.uploads.insert(stream.clone(), file);
    }
    let Some(file) = world.uploads.get_mut(&stream) else { return failed("Stream not found".to_owned()) };
    if done {
        let taken = world.uploads.remove(&stream).unwrap_or_default();
        return finish(world, &stream, taken);
    }
    let state = if flag(&params["verify_only"]) == Some(true) { "file_created" } else { "chunk_received" };
    if state == "chunk_received" {
        let chunk = params["chunk_data"].as_str().and_then(|data| STANDARD.decode(data).ok());
        let index = id(&params["chunk_index"]).filter(|index| *index < file.total);
        let (Some(chunk), Some(index)) = (chunk, index) else {
            return failed("Invalid chunk".to_owned());
        };
        file.chunks.insert(index, chunk);
    }
    let state = json!({"type": "stream", "stream_id": stream, "status": state,
        "received_chunks": file.chunks.len(), "total_chunks": file.total});
    Outcome::Packets(vec![state], None)
}

fn finish(world: &mut World, stream: &str, file: Upload) -> Outcome {
    let received = file.chunks.len() as u64;
    if received < file.total {
        let message = format!("Missing chunks: {received} of {} received", file.total);
        world.uploads.insert(stream.to_owned(), file);
        return Outcome::Packets(Vec::new(), Some(message));
    }
    let bytes: Vec<u8> = file.chunks.into_values().flatten().collect();
    let hash = digest::digest(&digest::SHA256, &bytes);
    let hash = hash.as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    if file.sha256.is_some_and(|expected| expected != hash) {
        return Outcome::Packets(Vec::new(), Some("SHA256 mismatch".to_owned()));
    }
    let size = bytes.len();
    let path = world.keep_on_host(&file.filename, bytes);
    let done = json!({"type": "response", "stream_id": stream, "status": "file_complete",
        "received_chunks": received, "total_chunks": file.total, "file_path": path, "file_size": size,
        "sha256": hash});
    Outcome::Packets(vec![done], None)
}
