//! Work beside the handlers.

use std::future::Future;

use crate::host;

/// Runs a future beside the handler that calls this; it goes on when the handler is done.
///
/// It ends with the instance. What must happen even after a restart wants a [timer](crate::clock::set_timer).
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # fn example(event: &MessageEvent) {
/// let event = event.clone();
/// spawn(async move {
///     let _ = clock::sleep(Duration::from_secs(5)).await;
///     if let Err(error) = event.reply("five seconds later").await {
///         log::warn!("{error}");
///     }
/// });
/// # }
/// ```
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    host::spawn(task);
}

/// Whether the owner granted a permission, in the manifest's words: `"send"`, `"http:https://api.example.com"`.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |_| {
/// if !iglu_sdk::granted("send") {
///     log::warn!("reminders cannot be sent");
/// }
/// # Ok(()) });
/// ```
#[must_use]
pub fn granted(permission: &str) -> bool {
    host::context::granted(permission)
}
