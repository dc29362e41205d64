//! What a file is, by its first bytes: for files whose giver does not say.

/// So many bytes tell.
pub(super) const LONGEST: usize = 16;

/// A type of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) mime_type: &'static str,
    /// Of a file's name, without the dot.
    pub(super) ending: &'static str,
}

/// Where the bytes are, what they are, and what that means. The first that fits counts.
const KINDS: [(usize, &[u8], &str, &str); 19] = [
    (0, b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (0, b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (0, b"GIF8", "image/gif", "gif"),
    (8, b"WEBP", "image/webp", "webp"),
    (0, b"BM", "image/bmp", "bmp"),
    (0, b"\x02#!SILK", "audio/silk", "silk"),
    (0, b"#!SILK", "audio/silk", "silk"),
    (0, b"#!AMR", "audio/amr", "amr"),
    (8, b"WAVE", "audio/wav", "wav"),
    (0, b"ID3", "audio/mpeg", "mp3"),
    (0, b"\xff\xfb", "audio/mpeg", "mp3"),
    (0, b"OggS", "audio/ogg", "ogg"),
    (0, b"fLaC", "audio/flac", "flac"),
    (4, b"ftypM4A", "audio/mp4", "m4a"),
    (4, b"ftyp", "video/mp4", "mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm", "webm"),
    (0, b"%PDF-", "application/pdf", "pdf"),
    (0, b"PK\x03\x04", "application/zip", "zip"),
    (0, b"\x1f\x8b", "application/gzip", "gz"),
];

/// What these bytes begin.
pub(super) fn kind(bytes: &[u8]) -> Option<Kind> {
    let is_there = |at: usize, sign: &[u8]| bytes.get(at..at + sign.len()) == Some(sign);
    let (_, _, mime_type, ending) = KINDS.into_iter().find(|(at, sign, ..)| is_there(*at, sign))?;
    Some(Kind { mime_type, ending })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_first_bytes() {
        for (bytes, ending) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("png")),
            (b"\xff\xd8\xff\xe0", Some("jpg")),
            (b"RIFF1234WEBPVP8 ", Some("webp")),
            (b"RIFF1234WAVEfmt ", Some("wav")),
            (b"\x02#!SILK_V3", Some("silk")),
            (b"\0\0\0\x20ftypisom", Some("mp4")),
            (b"\0\0\0\x20ftypM4A ", Some("m4a")),
            (b"%PDF-1.7", Some("pdf")),
            (b"hello", None),
            (b"", None),
        ] {
            assert_eq!(kind(bytes).map(|kind| kind.ending), ending, "{bytes:?}");
        }
        for (at, sign, ..) in KINDS {
            assert!(at + sign.len() <= LONGEST);
        }
    }
}
