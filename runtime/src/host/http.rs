//! `http`: requests of plugins, made by the host.
//!
//! Every request is asked the same, in this order: can it be sent at all, is its origin granted, does it lead to the
//! internet or to an address that was granted as it stands, is there room for it. Only then it counts as an act.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use wasmtime::component::Accessor;

use super::downloads::Downloads;
use super::{Entered, Resting, enter, held};
use crate::clock::Clock;
use crate::config::Limits;
use crate::model::contract::iglu::plugin::http::{
    Downloaded, Header, Host, HostWithStore, Request, Response,
};
use crate::model::{Error, Media, MediaSource};
use crate::plugin::engine::{Calls, Ctx};
use crate::policy::{Permission, Policy};
use crate::web::{Outgoing, Reply, Web, file_name, media_type};

/// So many requests may wait for their turn.
const LINE: u32 = 256;

/// What the requests of one plugin go through, whichever instance makes them.
pub(crate) struct Outlet {
    web: Web,
    clock: Clock,
    at_once: u32,
    places: Semaphore,
    waiting: AtomicU32,
    pub(super) downloads: Downloads,
}

impl Outlet {
    /// `downloads`: a folder of this plugin alone, for large answers.
    pub(crate) fn new(web: Web, clock: &Clock, downloads: std::path::PathBuf, limits: &Limits) -> Self {
        let at_once = limits.http_at_once;
        Self {
            web,
            clock: clock.clone(),
            at_once,
            places: Semaphore::new(at_once as usize),
            waiting: AtomicU32::new(0),
            downloads: Downloads::new(downloads, clock.clone(), limits.file as u64),
        }
    }
}

impl Host for Ctx {}

impl HostWithStore<Ctx> for Calls {
    async fn fetch(host: &Accessor<Ctx, Self>, request: Request) -> Result<Response, Error> {
        let caller = enter(host, held!(request))?;
        let visit = Visit::of(&caller)?;
        visit.fetch(request, || caller.flight.acted()).await
    }

    async fn download(host: &Accessor<Ctx, Self>, request: Request) -> Result<Downloaded, Error> {
        let caller = enter(host, held!(request))?;
        let visit = Visit::of(&caller)?;
        visit.download(request, || caller.flight.acted()).await
    }
}

/// Who asks, and by what rights.
struct Visit<'a> {
    outlet: &'a Outlet,
    policy: &'a Policy,
    limits: &'a Limits,
    stopping: &'a CancellationToken,
    /// The call to the host, if there is one.
    call: Option<&'a Entered>,
}

impl<'a> Visit<'a> {
    fn of(caller: &'a Entered) -> Result<Self, Error> {
        Ok(Self {
            call: Some(caller),
            outlet: &caller.around()?.outlet,
            policy: &caller.policy,
            limits: &caller.limits,
            stopping: &caller.stopping,
        })
    }

    async fn fetch(&self, request: Request, acts: impl FnOnce()) -> Result<Response, Error> {
        let most = self.limits.call_bytes;
        self.make(request, acts, |outgoing| async move {
            let mut reply = self.send(outgoing).await?;
            let large = || {
                Error::Exhausted(format!(
                    "the answer has more than {most} bytes (`call_bytes` in iglu.toml); use http.download for a large one"
                ))
            };
            let mut body = Vec::new();
            if reply.length().is_some_and(|length| length > most as u64) {
                return Err(large());
            }
            while let Some(chunk) = reply.chunk().await? {
                if body.len() + chunk.len() > most {
                    return Err(large());
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Response { status: reply.status.as_u16().into(), headers: headers(&reply), body })
        })
        .await
    }

    async fn download(&self, request: Request, acts: impl FnOnce()) -> Result<Downloaded, Error> {
        let most = self.limits.file as u64;
        self.make(request, acts, |outgoing| async move {
            let from = outgoing.file_name().map(str::to_owned);
            let mut reply = self.send(outgoing).await?;
            let large =
                || Error::Exhausted(format!("the answer has more than {most} bytes (`file` in iglu.toml)"));
            if reply.length().is_some_and(|length| length > most) {
                return Err(large());
            }
            let mut writing = self.outlet.downloads.begin().await?;
            while let Some(chunk) = reply.chunk().await? {
                if writing.size() + chunk.len() as u64 > most {
                    return Err(large());
                }
                writing.write(&chunk).await?;
            }
            let sniffed = writing.kind();
            let mime_type = media_type(&reply.headers)
                .filter(|told| told != "application/octet-stream")
                .or_else(|| sniffed.map(|kind| kind.mime_type.to_owned()));
            let mut name = file_name(&reply.headers, from.as_deref());
            if let Some(kind) = sniffed.filter(|_| !name.contains('.')) {
                name = format!("{name}.{}", kind.ending);
            }
            let (token, size) = self.outlet.downloads.keep(writing).await?;
            let source = MediaSource::PlatformFile(token);
            let file = Media { source, name: Some(name), size: Some(size as f64), file_id: None, mime_type };
            Ok(Downloaded { status: reply.status.as_u16().into(), headers: headers(&reply), file })
        })
        .await
    }

    async fn send(&self, outgoing: Outgoing) -> Result<Reply, Error> {
        let _resting = self.rest();
        outgoing.send(&self.outlet.web, &self.outlet.clock).await
    }

    /// A test's script answers by the clock alone, so whoever waits for it rests.
    fn rest(&self) -> Option<Resting<'_>> {
        self.call.filter(|_| self.outlet.web.script().is_some()).map(Entered::rest)
    }

    /// Checks a request, waits for its turn, and makes it within its time.
    async fn make<T, F: Future<Output = Result<T, Error>>>(
        &self,
        request: Request,
        acts: impl FnOnce(),
        go: impl FnOnce(Outgoing) -> F,
    ) -> Result<T, Error> {
        let most = self.limits.http_timeout;
        let asked = Duration::from_millis(request.timeout_ms.into());
        let time = if asked.is_zero() { most } else { asked.min(most) };
        let outgoing = self.checked(request)?;
        let place = outgoing.shown().to_owned();
        let clock = &self.outlet.clock;
        let begun = clock.instant();
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => Err(Error::Cancelled(format!(
                "the plugin is being replaced or stopped, and {place} has not answered"
            ))),
            answer = async {
                let _turn = self.turn(time).await?;
                acts();
                let left = time.saturating_sub(clock.instant() - begun);
                tokio::select! {
                    biased;
                    answer = go(outgoing) => answer,
                    () = clock.sleep(left) => Err(Error::Timeout(format!(
                        "{place} gave no whole answer within {time:?} (`http_timeout` in iglu.toml is {most:?})"
                    ))),
                }
            } => answer,
        }
    }

    fn checked(&self, request: Request) -> Result<Outgoing, Error> {
        let most = self.limits.call_bytes;
        if request.body.len() > most {
            return Err(Error::Exhausted(format!(
                "the body has {} bytes and a call may carry {most} (`call_bytes` in iglu.toml)",
                request.body.len()
            )));
        }
        let headers = request.headers.iter().map(|header| (header.name.as_str(), header.value.as_str()));
        let outgoing = Outgoing::read(&request.method, &request.url, headers, request.body)?;
        let origin = outgoing.origin();
        self.policy.allows(&Permission::Http(&origin))?;
        if outgoing.is_inside() {
            self.policy.allows_inside(&origin)?;
        }
        Ok(outgoing)
    }

    /// Waits until one more request may be on its way.
    async fn turn(&self, time: Duration) -> Result<SemaphorePermit<'_>, Error> {
        let Outlet { places, waiting, at_once, clock, .. } = self.outlet;
        if let Ok(place) = places.try_acquire() {
            return Ok(place);
        }
        let _waiting = Waiting::begin(waiting)?;
        let _resting = self.rest();
        tokio::select! {
            place = places.acquire() => place.map_err(|_| Error::Other("the host is closing".to_owned())),
            // Nothing was sent, so it may be tried again; a timeout would not say so.
            () = clock.sleep(time) => {
                tracing::debug!(at_once, "a request waited for its turn in vain");
                Err(Error::RateLimited(1.0))
            }
        }
    }
}

/// A place in the line, given up however the wait ends.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicU32) -> Result<Self, Error> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= LINE { Err(Error::RateLimited(1.0)) } else { Ok(place) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn headers(reply: &Reply) -> Vec<Header> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    reply
        .headers
        .iter()
        .map(|(name, value)| Header { name: name.to_string(), value: text(value.as_bytes()) })
        .collect()
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
