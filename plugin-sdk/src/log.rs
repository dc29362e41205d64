//! The host's log; lines carry the plugin's id.
//!
//! ```
//! use iglu_sdk::log;
//! let users = 3;
//! log::info!("{users} users remembered");
//! log::warn!("nearly full");
//! ```

use std::fmt;

use crate::host;
pub use crate::host::log::Level;
#[doc(inline)]
pub use crate::{__debug as debug, __error as error, __info as info, __trace as trace, __warn as warn};

/// Writes one line; the macros are shorter.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// log::write(log::Level::Warn, format_args!("the pump is {}", "dry"));
/// ```
pub fn write(level: Level, text: fmt::Arguments<'_>) {
    match text.as_str() {
        Some(text) => host::log::write(level, text),
        None => host::log::write(level, &text.to_string()),
    }
}

/// For following every step. Formats like `println!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __trace {
    ($($text:tt)*) => {
        $crate::log::write($crate::log::Level::Trace, ::core::format_args!($($text)*))
    };
}

/// For finding a fault. Formats like `println!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __debug {
    ($($text:tt)*) => {
        $crate::log::write($crate::log::Level::Debug, ::core::format_args!($($text)*))
    };
}

/// What the owner may want to know. Formats like `println!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __info {
    ($($text:tt)*) => {
        $crate::log::write($crate::log::Level::Info, ::core::format_args!($($text)*))
    };
}

/// What the owner should know. Formats like `println!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __warn {
    ($($text:tt)*) => {
        $crate::log::write($crate::log::Level::Warn, ::core::format_args!($($text)*))
    };
}

/// What the owner must know. Formats like `println!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __error {
    ($($text:tt)*) => {
        $crate::log::write($crate::log::Level::Error, ::core::format_args!($($text)*))
    };
}
