//! A file to NapCat's machine, in chunks.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    answer::misfit,
    streams::{UploadPacket, UploadPacketOptions, upload_file_stream_packet},
};
use crate::{HostError, random};

const ACTION: &str = "upload_file_stream";
const SMALLEST: u32 = 64 << 10;
const LARGEST: u32 = 1 << 20;

/// For [`upload_file_stream`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UploadOptions {
    /// The name that the file gets.
    pub filename: Option<String>,
    /// Bytes in a request, 64 KiB to 1 MiB; 256 KiB if not given.
    pub chunk_size: Option<u32>,
    /// The file's SHA-256 in hexadecimal; NapCat refuses a file that has another.
    pub expected_sha256: Option<String>,
    /// Milliseconds until NapCat removes the file: 300000 if not given, 0 for never.
    pub file_retention: Option<i64>,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Requests that NapCat has answered.
    pub chunks: u32,
    /// Of so many.
    pub total_chunks: u32,
    /// Bytes that are there.
    pub bytes: usize,
    /// Of so many.
    pub total_bytes: usize,
}

/// A file that has arrived.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UploadedStream {
    /// Where it is on NapCat's machine: good as a file in sends, as
    /// [`MediaSource::Path`](crate::types::MediaSource::Path).
    pub file_path: String,
    /// Bytes.
    pub file_size: i64,
    /// In hexadecimal.
    pub sha256: String,
}

/// Brings a file to NapCat's machine, one request for each chunk, and tells after each how far it is. When it fails, NapCat
/// is told to forget what came. Without `chunk_size` a chunk is 256 KiB; NapCat removes the file after five minutes.
///
/// ```
/// # use iglu_sdk::{prelude::*, types::MediaSource};
/// # async fn example(event: &MessageEvent, film: Vec<u8>) -> Result {
/// let options = napcat::UploadOptions { filename: Some("film.mp4".into()), ..Default::default() };
/// let told = |at: napcat::Progress| log::info!("{} of {} bytes", at.bytes, at.total_bytes);
/// let file = napcat::upload_file_stream(&event.bot, &film, options, told).await?;
/// event.reply(Message::new().video(MediaSource::Path(file.file_path))).await?;
/// # Ok(()) }
/// ```
///
/// Action `upload_file_stream`, permission `call:upload_file_stream`; sending by a path also needs `files`.
///
/// # Errors
/// [`HostError::Invalid`] for no bytes; else as [`bots::call`](crate::bots::call).
pub async fn upload_file_stream(
    bot: impl AsRef<str>,
    bytes: &[u8],
    options: UploadOptions,
    mut progress: impl FnMut(Progress),
) -> Result<UploadedStream, HostError> {
    upload(bot.as_ref(), bytes, options, &mut progress).await
}

async fn upload(
    bot: &str,
    bytes: &[u8],
    options: UploadOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<UploadedStream, HostError> {
    if bytes.is_empty() {
        return Err(HostError::Invalid("the file has no bytes; NapCat takes no empty files".to_owned()));
    }
    let stream = format!("iglu-{}", random::u64(..));
    let sent = send(bot, &stream, bytes, options, progress).await;
    if let Err(error) = &sent
        && !matches!(error, HostError::Denied(_) | HostError::Unsupported(_) | HostError::NotFound(_))
    {
        let reset = UploadPacketOptions { reset: Some(true), ..UploadPacketOptions::default() };
        // NapCat answers a reset that worked with a failure.
        let _ = upload_file_stream_packet(bot, &stream, reset).await;
    }
    sent
}

async fn send(
    bot: &str,
    stream: &str,
    bytes: &[u8],
    options: UploadOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<UploadedStream, HostError> {
    let size = options.chunk_size.unwrap_or(256 << 10).clamp(SMALLEST, LARGEST) as usize;
    let too_large = |_| HostError::Invalid("the file is too large for one upload".to_owned());
    let total_chunks = u32::try_from(bytes.len().div_ceil(size)).map_err(too_large)?;
    let every = UploadPacketOptions {
        total_chunks: Some(total_chunks),
        file_size: Some(bytes.len() as i64),
        expected_sha256: options.expected_sha256,
        filename: options.filename,
        file_retention: options.file_retention,
        ..UploadPacketOptions::default()
    };
    let mut done = 0;
    for (index, chunk) in (0..).zip(bytes.chunks(size)) {
        let packet = UploadPacketOptions {
            chunk_data: Some(STANDARD.encode(chunk)),
            chunk_index: Some(index),
            ..every.clone()
        };
        upload_file_stream_packet(bot, stream, packet).await?;
        done += chunk.len();
        progress(Progress { chunks: index + 1, total_chunks, bytes: done, total_bytes: bytes.len() });
    }
    let last = UploadPacketOptions { is_complete: Some(true), ..UploadPacketOptions::default() };
    arrived(upload_file_stream_packet(bot, stream, last).await?, bytes.len())
}

fn arrived(end: UploadPacket, sent: usize) -> Result<UploadedStream, HostError> {
    let UploadPacket { status, file_path, file_size, sha256, .. } = end;
    let Some(file_path) = file_path.filter(|path| !path.is_empty()) else {
        return Err(misfit(
            ACTION,
            &format!("the upload ended as `{status}` without a path; upload it again"),
        ));
    };
    let file_size = file_size.unwrap_or(sent as i64);
    if file_size != sent as i64 {
        return Err(misfit(ACTION, &format!("{file_size} of {sent} bytes arrived; upload it again")));
    }
    Ok(UploadedStream { file_path, file_size, sha256: sha256.unwrap_or_default() })
}
