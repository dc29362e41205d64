//! The web: HTTP for plugins, and bytes from addresses that a platform gave.
//!
//! Whoever names an address may not be trusted, so where a connection leads is decided where it is made: a name is looked
//! up once, by us, and what was checked is what is connected to.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `address` | which addresses belong to the internet and which to the owner |
//! | `request` | what a plugin asks for, checked before anything goes out |
//! | `transport` | how it goes out: really, or by a test's script |
//! | `script` | that script |
//! | `given` | media at addresses that a platform gave |
//! | `tls` | whom to trust |

mod address;
mod given;
mod request;
mod script;
mod tls;
mod transport;

pub(crate) use address::Reach;
pub(crate) use given::{escaped, fetch, too_large};
pub(crate) use request::{Outgoing, file_name, media_type};
pub use script::{Asked, Script, ScriptError};
pub(crate) use tls::tls_trusting;
pub(crate) use transport::Reply;
pub use transport::Web;
