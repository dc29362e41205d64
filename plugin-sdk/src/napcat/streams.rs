//! Files in many packets: downloads, and the single packets of uploads.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{
    answer::{misfit, read},
    params::Params,
};
use crate::{
    HostError,
    bots::{self, CallStream},
    types::PlatformError,
};

options! {
    /// For downloads.
    DownloadOptions {
        /// Bytes in a packet: 65536 if not given.
        chunk_size: count,
    }

    /// For [`download_file_record_stream`].
    DownloadRecordOptions {
        /// Bytes in a packet: 65536 if not given.
        chunk_size: count,
        /// As in [`get_record`](super::get_record).
        out_format: text,
    }

    /// For [`upload_file_stream_packet`].
    UploadPacketOptions {
        /// In base64.
        chunk_data: text,
        /// From 0.
        chunk_index: count,
        /// Needed in the first packet.
        total_chunks: count,
        /// Bytes.
        file_size: int,
        /// Hexadecimal.
        expected_sha256: text,
        /// No chunk: the file is complete.
        is_complete: flag,
        filename: text,
        /// Forgets what came so far; NapCat answers this with a failure.
        reset: flag,
        /// Only asks how far it is.
        verify_only: flag,
        /// Milliseconds until NapCat removes the file: 300000 if not given, 0 for never.
        file_retention: int,
    }
}

answers! {
    /// The answer to one packet.
    UploadPacket {
        /// "response" to the last, else "stream".
        kind ["type"]: String,
        stream_id: String,
        /// "file_created", "chunk_received" or "file_complete".
        status: String,
        received_chunks: i64,
        total_chunks: i64,
        /// On NapCat's machine, in the last; good as `file` in sends.
        file_path: Option<String>,
        file_size: Option<i64>,
        sha256: Option<String>,
    }

    /// What is going to be downloaded.
    FileInfo {
        file_name: String,
        /// Bytes.
        file_size: i64,
        chunk_size: i64,
        /// Pixels, of an image.
        width: Option<i64>,
        height: Option<i64>,
        /// Of a voice.
        out_format: Option<String>,
    }

    /// The end of a download.
    FileComplete {
        total_chunks: i64,
        total_bytes: i64,
        message: String,
    }
}

/// A piece of a file.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FileChunk {
    /// From 0.
    pub index: i64,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Per cent of the file, this piece included.
    pub progress: i64,
}

/// What a download brings.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DownloadPacket {
    /// First.
    Info(FileInfo),
    /// In order.
    Chunk(FileChunk),
    /// Last.
    Complete(FileComplete),
    /// Anything else, as the chunks of [`test_download_stream`].
    Other(Value),
}

/// A file on its way. Reading it to the end is [`collect`](Self::collect); the host ends what nobody reads for a minute.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # async fn example(event: &MessageEvent) -> Result {
/// let mut file = napcat::download_file_stream(&event.bot, "a.mp4", Default::default()).await?;
/// while let Some(packet) = file.next().await? {
///     if let napcat::DownloadPacket::Chunk(chunk) = packet {
///         log::info!("{} %, {} bytes more", chunk.progress, chunk.bytes.len());
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Download {
    action: &'static str,
    packets: CallStream<Value>,
}

impl Download {
    pub(super) async fn open(bot: &str, action: &'static str, params: Params) -> Result<Self, HostError> {
        let packets = bots::call_stream(bot, action, &params.finish()?).await?;
        Ok(Self { action, packets })
    }

    /// The next packet; none after the last.
    ///
    /// # Errors
    /// [`HostError::Platform`] when NapCat gives up, [`HostError::Timeout`] and [`HostError::Disconnected`] when it is gone,
    /// [`HostError::Other`] when a packet makes no sense.
    pub async fn next(&mut self) -> Result<Option<DownloadPacket>, HostError> {
        let Some(packet) = self.packets.next().await? else { return Ok(None) };
        let word = |key| packet.get(key).and_then(Value::as_str).unwrap_or_default();
        if matches!(word("type"), "error" | "reset") {
            let message = packet.get("message").and_then(Value::as_str).unwrap_or("the stream failed");
            return Err(HostError::Platform(PlatformError {
                code: 1200,
                message: message.to_owned(),
                trace: None,
            }));
        }
        Ok(Some(match word("data_type") {
            "file_info" => DownloadPacket::Info(read(self.action, packet)?),
            "file_chunk" => DownloadPacket::Chunk(chunk(self.action, packet)?),
            "file_complete" => DownloadPacket::Complete(read(self.action, packet)?),
            _ => DownloadPacket::Other(packet),
        }))
    }

    /// The whole file, if it has at most `limit` bytes.
    ///
    /// # Errors
    /// [`HostError::Exhausted`] if there are more, as soon as that is known; [`HostError::Other`] if a part is missing; else
    /// as [`next`](Self::next).
    pub async fn collect(mut self, limit: usize) -> Result<Vec<u8>, HostError> {
        let mut file = Vec::new();
        let mut chunks = 0;
        while let Some(packet) = self.next().await? {
            match packet {
                DownloadPacket::Info(info) => within(limit, info.file_size)?,
                DownloadPacket::Chunk(chunk) if chunk.index != chunks => {
                    let reason =
                        format!("chunk {} came where {chunks} was due; download it again", chunk.index);
                    return Err(misfit(self.action, &reason));
                }
                DownloadPacket::Chunk(chunk) => {
                    file.extend(chunk.bytes);
                    chunks += 1;
                    within(limit, file.len() as i64)?;
                }
                DownloadPacket::Complete(end) if end.total_bytes == file.len() as i64 => return Ok(file),
                DownloadPacket::Complete(end) => {
                    let reason =
                        format!("{} of {} bytes came; download it again", file.len(), end.total_bytes);
                    return Err(misfit(self.action, &reason));
                }
                DownloadPacket::Other(_) => {}
            }
        }
        Err(misfit(self.action, "it ended before the file was complete; download it again"))
    }
}

fn within(limit: usize, bytes: i64) -> Result<(), HostError> {
    if usize::try_from(bytes).is_ok_and(|bytes| bytes <= limit) {
        return Ok(());
    }
    Err(HostError::Exhausted(format!("the file has {bytes} bytes or more, {limit} were allowed")))
}

answers! {
    /// A chunk as it comes.
    RawChunk {
        index: i64,
        data: String,
        progress: i64,
    }
}

fn chunk(action: &str, packet: Value) -> Result<FileChunk, HostError> {
    let RawChunk { index, data, progress } = read(action, packet)?;
    let bytes = STANDARD.decode(data).map_err(|error| misfit(action, &format!("chunk {index}: {error}")))?;
    Ok(FileChunk { index, bytes, progress })
}

actions! {
    /// One request of an upload; [`upload_file_stream`](super::upload_file_stream) makes them all.
    upload_file_stream_packet = "upload_file_stream"(stream_id: id; UploadPacketOptions) -> UploadPacket;
    /// Any file by its name or id.
    download_file_stream(file: file; DownloadOptions) -> Download, by stream;
    /// A voice, perhaps converted.
    download_file_record_stream(file: file; DownloadRecordOptions) -> Download, by stream;
    /// An image; what is told of it has its width and height.
    download_file_image_stream(file: file; DownloadOptions) -> Download, by stream;
    /// Ten packets for trying; with `error` it fails after them.
    test_download_stream(error: flag) -> Download, by stream;
    /// Removes all files of streams from NapCat's machine.
    clean_stream_temp_file() -> ();
}
