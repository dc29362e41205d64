//! What most tests begin with.

use std::{io, time::Duration};

use iglu_tests::{
    fixtures::Fixture,
    folder::Folder,
    host::Host,
    napcat::{FRIEND, Napcat, Options},
};
use tokio::{io::AsyncReadExt as _, net::TcpStream};

/// A pause that only gives something wrong the time to happen; nothing waits for it.
pub(crate) const QUIET: Duration = Duration::from_millis(500);

/// The head of the next request of a visitor of a test's own HTTP server.
pub(crate) async fn request_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(head)
}

/// A simulated NapCat that is patient enough for a busy machine.
pub(crate) async fn napcat() -> Napcat {
    Napcat::start(Options { deadline: Duration::from_secs(60), ..Options::default() }).await
}

/// NapCat, a folder with these plugins and settings, and iglu running on it and connected.
pub(crate) async fn house(plugins: &[&str], settings: &str) -> (Napcat, Folder, Host) {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, plugins, settings);
    let host = up(&napcat, &folder).await;
    (napcat, folder, host)
}

/// iglu running on the folder, and connected.
pub(crate) async fn up(napcat: &Napcat, folder: &Folder) -> Host {
    let host = Host::run(folder).await;
    napcat.connected().await;
    host.says("the connection", |line| line.text().ends_with("is connected")).await;
    host
}

/// Says something to the bot and waits for its next message.
pub(crate) async fn ask(napcat: &Napcat, text: &str) -> String {
    napcat.private_text(FRIEND, text);
    answer(napcat).await
}

/// The bot's next private message.
pub(crate) async fn answer(napcat: &Napcat) -> String {
    napcat.next_call("send_private_msg").await.text()
}

/// The texts of all private messages of the bot so far.
pub(crate) fn said(napcat: &Napcat) -> Vec<String> {
    napcat.calls_of("send_private_msg").iter().map(|call| call.text()).collect()
}

/// Everything that was said before this call has been handled: later events are handled after it.
pub(crate) async fn settled(napcat: &Napcat) {
    let number = fastrand::u64(..);
    napcat.private_text(FRIEND, &format!("/echo settled {number}"));
    let wanted = format!("settled {number}");
    napcat.next_call_where("that tells that all is done", move |call| call.text() == wanted).await;
}

/// A host with the plugins `echo` and `probe`, the latter as fixture number 1.
pub(crate) async fn probed(settings: &str) -> (Napcat, Folder, Host) {
    let napcat = napcat().await;
    let folder = Folder::with(&napcat, &["echo"], settings);
    folder.put("probe.wasm", &Fixture::load("probe").id(1).bytes());
    let host = up(&napcat, &folder).await;
    (napcat, folder, host)
}
