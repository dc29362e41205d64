//! Ids as the platform makes them: opaque, of the right alphabet and length, never twice.

use base64::{Engine, engine::general_purpose::STANDARD};

/// A message's id in C2C chats and groups.
pub(super) fn message() -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    format!("ROBOT1.0_{}!!", text(ALPHABET, 86))
}

/// A message's id in channels.
pub(super) fn channel_message() -> String {
    format!("08{}", text(b"0123456789abcdef", 44))
}

/// The index by which a message is quoted.
pub(super) fn reference() -> String {
    format!("REFIDX_{}", STANDARD.encode(bytes(16)))
}

/// The end of an event's outer id: a UUID for notices, a long token for messages.
pub(super) fn event(kind: &str) -> String {
    let messages = kind.ends_with("MESSAGE_CREATE");
    let token = if messages { text(b"abcdefghijklmnopqrstuvwxyz0123456789", 61) } else { uuid() };
    format!("{kind}:{token}")
}

pub(super) fn uuid() -> String {
    let digits = hex(32);
    let variant = ["8", "9", "a", "b"][fastrand::usize(..4)];
    let (a, b, c, d, e) = (&digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..]);
    format!("{a}-{b}-4{c}-{variant}{d}-{e}")
}

pub(super) fn hex(length: usize) -> String {
    text(b"0123456789abcdef", length)
}

/// An openid that nobody has: 32 upper-case hexadecimal digits.
pub fn openid() -> String {
    text(b"0123456789ABCDEF", 32)
}

pub(super) fn number(length: usize) -> String {
    format!("{}{}", fastrand::u8(1..=9), text(b"0123456789", length.saturating_sub(1)))
}

fn text(alphabet: &[u8], length: usize) -> String {
    (0..length).map(|_| char::from(alphabet[fastrand::usize(..alphabet.len())])).collect()
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|_| fastrand::u8(..)).collect()
}
