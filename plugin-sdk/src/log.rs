//! The host's log; lines carry the plugin's id.
//!
//! ```
//! use iglu_sdk::log;
//! let users = 3;
//! log::info!("{users} users remembered");
//! log::warn!("nearly full");
//! ```

use std::fmt;

#[doc(inline)]
pub use crate::{
    __debug as debug, __error as error, __info as info, __trace as trace, __warn as warn,
};
pub use crate::host::log::Level;
use crate::host;

/// Writes one line; the macros are shorter.
pub fn write(level: Level, text: fmt::Arguments<'_>) {
    match text.as_str() {
        Some(text) => host::log::write(level, text),
        None => host::log::write(level, &text.to_string()),
    }
}

macro_rules! levels {
    ($($(#[$doc:meta])* $name:ident $level:ident;)*) => { levels! { @with $ $($(#[$doc])* $name $level;)* } };
    (@with $dollar:tt $($(#[$doc:meta])* $name:ident $level:ident;)*) => {$(
        $(#[$doc])*
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $name {
            ($dollar($text:tt)*) => {
                $crate::log::write($crate::log::Level::$level, ::core::format_args!($dollar($text)*))
            };
        }
    )*};
}

levels! {
    /// For following every step.
    __trace Trace;
    /// For finding a fault.
    __debug Debug;
    /// What the owner may want to know.
    __info Info;
    /// What the owner should know.
    __warn Warn;
    /// What the owner must know.
    __error Error;
}
