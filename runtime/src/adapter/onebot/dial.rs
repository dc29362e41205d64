//! One link after another, for ever.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Error as WsError};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};
use tokio_util::sync::CancellationToken;

use super::link::{self, Seat};
use super::throttle::Throttle;
use super::{FRAME_LIMIT, Settings, Timings};
use crate::adapter::Inlet;
use crate::bot::Bots;

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why a link is over.
#[derive(Debug)]
pub(super) enum End {
    /// The host stops.
    Stopped,
    /// NapCat does not take our token.
    Refused(String),
    /// There was never a link.
    Unreachable(String),
    /// There was a link, and it ended.
    Lost(String),
}

/// Keeps a link to the server that `settings` names until `stop`, and returns soon after. The account is put into `bots`
/// as soon as it is known, and its events go to `inlet`. A lost link is dialled again for ever.
pub async fn run(settings: Settings, bots: Arc<Bots>, inlet: Inlet, stop: CancellationToken) {
    let mut backoff = Backoff::new(settings.timings.clone());
    let mut complaints = Throttle::default();
    let mut seat = Seat::new(settings, bots, inlet);
    loop {
        let end = attempt(&mut seat, &stop).await;
        let name = &seat.settings.name;
        let wait = match &end {
            End::Stopped => return,
            End::Refused(reason) => {
                let wait = backoff.refused();
                tracing::error!(
                    bot = name,
                    "NapCat refuses the access token of bot `{name}` ({reason}); set `token` in its [[bot]] table to \
                     the token of that WebSocket server in NapCat's network settings; next try in {:.0} s",
                    wait.as_secs_f64(),
                );
                wait
            }
            End::Unreachable(reason) => {
                let wait = backoff.failed(Instant::now());
                if let Some(passed) = complaints.count(Instant::now()) {
                    tracing::warn!(
                        bot = name,
                        failures = passed.total,
                        "bot `{name}` cannot reach {}: {reason}; it is tried for ever",
                        address(&seat.settings.url),
                    );
                }
                wait
            }
            End::Lost(reason) => {
                let wait = backoff.lost();
                tracing::warn!(bot = name, "bot `{name}` lost its link: {reason}; it is dialled again");
                wait
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn attempt(seat: &mut Seat, stop: &CancellationToken) -> End {
    let settings = &seat.settings;
    let prepared = request(settings).and_then(|request| Ok((request, connector(settings)?)));
    let (request, connector) = match prepared {
        Ok(prepared) => prepared,
        Err(reason) => return End::Unreachable(reason),
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(32 << 10)
        .max_message_size(Some(FRAME_LIMIT))
        .max_frame_size(Some(FRAME_LIMIT));
    let dialled = connect_async_tls_with_config(request, Some(config), true, connector);
    let socket = tokio::select! {
        () = stop.cancelled() => return End::Stopped,
        dialled = tokio::time::timeout(settings.timings.handshake, dialled) => match dialled {
            Ok(Ok((socket, _))) => socket,
            Ok(Err(error)) => return unreachable(&error),
            Err(_) => return End::Unreachable("it accepts the connection but does not shake hands".to_owned()),
        },
    };
    link::serve(seat, socket, stop).await
}

fn unreachable(error: &WsError) -> End {
    match error {
        WsError::Http(answer) if matches!(answer.status().as_u16(), 401 | 403) => {
            End::Refused(format!("HTTP status {}", answer.status()))
        }
        WsError::Http(answer) => End::Unreachable(format!(
            "it answers with HTTP status {} and not with a WebSocket; is this the port of a WebSocket server in \
             NapCat's network settings?",
            answer.status()
        )),
        WsError::Io(error) if error.to_string().contains("certificate") => {
            End::Unreachable(format!("{error}; name a PEM file with the certificate to trust as `ca`"))
        }
        error => End::Unreachable(error.to_string()),
    }
}

/// The upgrade request.
pub(super) fn request(settings: &Settings) -> Result<Request, String> {
    let url = settings.url.trim();
    let shown = address(url);
    if !url.starts_with("ws://") && !url.starts_with("wss://") {
        return Err(format!("the address `{shown}` must begin with ws:// or wss://"));
    }
    let mut request = url.into_client_request().map_err(|reason| {
        format!("the address `{shown}` is not valid ({reason}); write it like ws://127.0.0.1:3001")
    })?;
    if let Some(token) = settings.token.as_deref().filter(|token| !token.is_empty()) {
        let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
            "the token has characters that no HTTP header can carry; choose another".to_owned()
        })?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    Ok(request)
}

/// What to trust; `None` for the public authorities.
pub(super) fn connector(settings: &Settings) -> Result<Option<Connector>, String> {
    let Some(path) = &settings.ca else { return Ok(None) };
    let shown = path.display();
    let unreadable = |reason: rustls::pki_types::pem::Error| {
        format!("the certificates in `{shown}` cannot be read: {reason}; `ca` must name a PEM file")
    };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
        roots
            .add(certificate.map_err(unreadable)?)
            .map_err(|reason| format!("a certificate in `{shown}`: {reason}"))?;
    }
    if roots.is_empty() {
        return Err(format!(
            "there is no certificate in `{shown}`; `ca` must name a PEM file with at least one"
        ));
    }
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|reason| format!("TLS: {reason}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
    Ok(Some(Connector::Rustls(Arc::new(config))))
}

/// The address without what may be secret in it.
pub(super) fn address(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// How long to wait before the next try. A short outage is bridged within two seconds of the server's return; a long
/// one is not hammered.
#[derive(Debug)]
struct Backoff {
    timings: Timings,
    wait: Duration,
    since: Option<Instant>,
}

impl Backoff {
    fn new(timings: Timings) -> Self {
        Self { wait: timings.retry, since: None, timings }
    }

    /// There was a link: all begins anew.
    fn lost(&mut self) -> Duration {
        self.since = None;
        self.wait = self.timings.retry;
        jitter(self.wait)
    }

    fn failed(&mut self, now: Instant) -> Duration {
        let since = *self.since.get_or_insert(now);
        let is_short = now.duration_since(since) < self.timings.patience;
        let longest = if is_short { self.timings.retry_soon } else { self.timings.retry_late };
        let wait = self.wait.min(longest);
        self.wait = wait * 2;
        jitter(wait)
    }

    fn refused(&mut self) -> Duration {
        self.since = None;
        self.wait = self.timings.retry;
        jitter(self.timings.refused)
    }
}

/// Up to a quarter less, so that many bots do not come back in one moment.
fn jitter(wait: Duration) -> Duration {
    wait.mul_f64(0.75 + fastrand::f64() / 4.0)
}

/// What a broken socket means, in a reader's words.
pub(super) fn lost(error: &WsError) -> String {
    match error {
        WsError::Capacity(tungstenite::error::CapacityError::MessageTooLong { size, .. }) => {
            format!("a frame of {} MiB is over the limit of {} MiB", size >> 20, FRAME_LIMIT >> 20)
        }
        WsError::Utf8(_) => "a text frame is not UTF-8".to_owned(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Settings {
        let timings = Timings::default();
        Settings { name: "mine".into(), url: url.into(), token: None, ca: None, timings }
    }

    #[test]
    fn a_short_outage_is_tried_often_and_a_long_one_seldom() {
        let timings = Timings::default();
        let mut backoff = Backoff::new(timings.clone());
        let start = Instant::now();
        let longest = |backoff: &mut Backoff, at: u64| {
            let waits = (0..10).map(|_| backoff.failed(start + Duration::from_secs(at)));
            waits.max().unwrap()
        };
        assert!(backoff.failed(start) <= timings.retry);
        assert!(longest(&mut backoff, 1) <= timings.retry_soon);
        assert!(longest(&mut backoff, 59) <= timings.retry_soon);
        assert!(longest(&mut backoff, 61) > timings.retry_late / 2);
        assert!(longest(&mut backoff, 3_600) <= timings.retry_late);
        assert!(backoff.lost() <= timings.retry);
        assert!(longest(&mut backoff, 7_200) <= timings.retry_soon);
        assert!(backoff.refused() >= timings.refused / 2);
    }

    #[test]
    fn settings_that_cannot_work_are_told() {
        let told = |settings: &Settings| settings.check().unwrap_err();
        assert!(told(&settings("http://127.0.0.1:3001")).contains("ws:// or wss://"));
        assert!(told(&settings("ws://")).contains("ws://127.0.0.1:3001"));
        assert!(!told(&settings("ftp://h/?access_token=secret")).contains("secret"));
        let token = Settings { token: Some("a\nb".into()), ..settings("ws://h") };
        assert!(told(&token).contains("token"));
        let missing = Settings { ca: Some("/nowhere/ca.pem".into()), ..settings("wss://h") };
        assert!(told(&missing).contains("/nowhere/ca.pem"));
        settings("ws://127.0.0.1:3001/?access_token=x").check().unwrap();
        settings("wss://[::1]:3001").check().unwrap();
    }

    #[test]
    fn the_token_travels_in_the_header() {
        let with = Settings { token: Some("t".into()), ..settings("ws://127.0.0.1:1") };
        assert_eq!(request(&with).unwrap().headers()["authorization"], "Bearer t");
        assert!(request(&settings("ws://127.0.0.1:1")).unwrap().headers().get("authorization").is_none());
    }
}
