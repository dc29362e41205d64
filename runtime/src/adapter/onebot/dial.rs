//! One link after another, for ever.

use std::sync::Arc;
use std::time::Instant;

use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header;
use tokio_tungstenite::tungstenite::{self, Error as WsError};
use tokio_tungstenite::{Connector, connect_async_tls_with_config};
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::poll::{self, Http};
use super::session::{End, Seat};
use super::trust::{address, bearer, tls};
use super::{FRAME_LIMIT, Settings, link};
use crate::adapter::throttle::Throttle;

/// Keeps a link to the server that the table names until `stop`, and returns soon after. A lost link is dialled again for
/// ever.
pub(super) async fn keep(seat: Arc<Seat>, http: Option<Arc<Http>>, stop: CancellationToken) {
    let mut backoff = Backoff::new(seat.settings.timings.clone());
    let mut complaints = Throttle::default();
    let (name, url) = (&seat.settings.name, seat.settings.url.as_deref().unwrap_or_default());
    loop {
        let end = match &http {
            Some(http) => poll::serve(&seat, http, &stop).await,
            None => attempt(&seat, url, &stop).await,
        };
        let wait = match &end {
            End::Stopped => return,
            End::Refused(reason) => {
                let wait = backoff.refused();
                tracing::error!(
                    bot = name,
                    "NapCat refuses the access token of bot `{name}` ({reason}); set `token` in its [[bot]] table to \
                     the token of that server in NapCat's network settings; next try in {:.0} s",
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
                        address(url),
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

async fn attempt(seat: &Arc<Seat>, url: &str, stop: &CancellationToken) -> End {
    let settings = &seat.settings;
    let prepared = request(settings, url).and_then(|request| Ok((request, connector(settings)?)));
    let (request, connector) = match prepared {
        Ok(prepared) => prepared,
        Err(reason) => return End::Unreachable(reason),
    };
    let dialled = connect_async_tls_with_config(request, Some(link::config()), true, Some(connector));
    let socket = tokio::select! {
        () = stop.cancelled() => return End::Stopped,
        dialled = tokio::time::timeout(settings.timings.handshake, dialled) => match dialled {
            Ok(Ok((socket, _))) => socket,
            Ok(Err(error)) => return unreachable(&error),
            Err(_) => return End::Unreachable("it accepts the connection but does not shake hands".to_owned()),
        },
    };
    link::serve(seat, socket, link::Peer::default(), stop).await
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
fn request(settings: &Settings, url: &str) -> Result<Request, String> {
    let shown = address(url);
    let mut request = url.into_client_request().map_err(|reason| {
        format!("the address `{shown}` is not valid ({reason}); write it like ws://127.0.0.1:3001")
    })?;
    if let Some(token) = bearer(settings)? {
        request.headers_mut().insert(header::AUTHORIZATION, token);
    }
    Ok(request)
}

fn connector(settings: &Settings) -> Result<Connector, String> {
    tls(settings).map(|config| Connector::Rustls(Arc::new(config)))
}

/// Whether a link can be tried at all.
pub(super) fn check(settings: &Settings, url: &str) -> Result<(), String> {
    request(settings, url).and_then(|_| connector(settings)).map(drop)
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
    use super::super::tests::settings_of as settings;
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_told() {
        let told = |settings: &Settings| settings.check().unwrap_err();
        assert!(told(&settings("127.0.0.1:3001")).contains("ws:// or wss://"));
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
        assert_eq!(request(&with, "ws://127.0.0.1:1").unwrap().headers()["authorization"], "Bearer t");
        assert!(
            request(&settings("ws://127.0.0.1:1"), "ws://127.0.0.1:1")
                .unwrap()
                .headers()
                .get("authorization")
                .is_none()
        );
    }
}
