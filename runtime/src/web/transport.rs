//! How requests of plugins go out: really, or by a test's script.

use std::error::Error as StdError;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};

use super::address::{Forbidden, is_made_up, is_public};
use super::request::Outgoing;
use super::script::Script;
use super::tls::{public_roots, tls};
use crate::clock::Clock;
use crate::config::Live;
use crate::model::Error;

const CONNECT: Duration = Duration::from_secs(10);
/// A connection that nobody uses is kept for so long.
const IDLE: Duration = Duration::from_secs(30);

/// What HTTP of plugins goes through. Clones are one web.
#[derive(Clone)]
pub struct Web(Arc<How>);

enum How {
    Real(Real),
    Scripted(Script),
}

/// Connections, kept for all plugins together: there is nothing of a plugin in them, as there are no cookies and no
/// credentials of the host's own.
struct Real {
    client: OnceLock<Result<Client, String>>,
    names: Names,
    allowed: Allowed,
}

/// Where names may lead.
type Allowed = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

#[cfg(test)]
type Lookup = Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// Where names are looked up.
#[derive(Clone)]
enum Names {
    System,
    #[cfg(test)]
    Given(Lookup),
}

/// The beginning of an answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Body,
    place: String,
}

#[derive(Debug)]
enum Body {
    Coming(reqwest::Response),
    Whole(Bytes),
}

impl Default for Web {
    fn default() -> Self {
        Self::real(Names::System, Arc::new(is_public))
    }
}

impl Web {
    /// A web that answers what a test's script says, and reaches nobody.
    #[must_use]
    pub fn scripted(script: Script) -> Self {
        Self(Arc::new(How::Scripted(script)))
    }

    /// The script, if there is one.
    #[must_use]
    pub fn script(&self) -> Option<&Script> {
        match &*self.0 {
            How::Real(_) => None,
            How::Scripted(script) => Some(script),
        }
    }

    /// The same, by the owner's word as it stands: names may also lead to what `allow_addresses` names.
    pub(crate) fn of(self, owner: Live) -> Self {
        match &*self.0 {
            How::Scripted(_) => self,
            How::Real(real) => Self::real(real.names.clone(), by(owner)),
        }
    }

    fn real(names: Names, allowed: Allowed) -> Self {
        Self(Arc::new(How::Real(Real { client: OnceLock::new(), names, allowed })))
    }

    /// One request and the beginning of its answer; redirects are not followed here.
    pub(super) async fn send(&self, outgoing: &Outgoing, clock: &Clock) -> Result<Reply, Error> {
        let place = outgoing.shown().to_owned();
        match &*self.0 {
            How::Scripted(script) => {
                let (status, headers, body) = script.answer(outgoing, clock).await?;
                Ok(Reply { status, headers, body: Body::Whole(body), place })
            }
            How::Real(real) => {
                let request = real
                    .client()?
                    .request(outgoing.method.clone(), outgoing.url.clone())
                    .headers(outgoing.headers.clone())
                    .body(outgoing.body.clone());
                let response = request.send().await.map_err(|error| failed(&place, &error))?;
                let (status, headers) = (response.status(), response.headers().clone());
                Ok(Reply { status, headers, body: Body::Coming(response), place })
            }
        }
    }
}

impl Reply {
    /// How long the body says it is.
    pub(crate) fn length(&self) -> Option<u64> {
        match &self.body {
            Body::Coming(response) => response.content_length(),
            Body::Whole(bytes) => Some(bytes.len() as u64),
        }
    }

    /// The next piece of the body; none after the last.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        match &mut self.body {
            Body::Coming(response) => response.chunk().await.map_err(|error| failed(&self.place, &error)),
            Body::Whole(bytes) => Ok(Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty())),
        }
    }
}

impl Real {
    fn client(&self) -> Result<&Client, Error> {
        let built = self.client.get_or_init(|| {
            // A proxy from the environment would connect in our place, unchecked.
            Client::builder()
                .tls_backend_preconfigured(tls(public_roots())?)
                .dns_resolver(Arc::new(Guard {
                    names: self.names.clone(),
                    allowed: Arc::clone(&self.allowed),
                }))
                .redirect(Policy::none())
                .referer(false)
                .no_proxy()
                .connect_timeout(CONNECT)
                .pool_idle_timeout(IDLE)
                .user_agent(concat!("iglu/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|reason| reason.to_string())
        });
        built.as_ref().map_err(|reason| Error::Other(format!("the host cannot speak HTTP: {reason}")))
    }
}

/// Looks names up, and lets only checked addresses through to the connection. Addresses that are written out do not come
/// here.
struct Guard {
    names: Names,
    allowed: Allowed,
}

fn by(owner: Live) -> Allowed {
    Arc::new(move |address| {
        is_public(address) || owner.load().http_addresses.iter().any(|block| block.has(address))
    })
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, allowed) = (self.names.clone(), Arc::clone(&self.allowed));
        Box::pin(async move {
            let found: Vec<IpAddr> = match names {
                Names::System => {
                    tokio::net::lookup_host((name.as_str(), 0)).await?.map(|found| found.ip()).collect()
                }
                #[cfg(test)]
                Names::Given(given) => given(name.as_str()),
            };
            // One bad address among good ones is a trick, or a network that cannot be told from one.
            if !found.iter().all(|found| allowed(*found)) {
                let made_up = found.iter().any(|found| is_made_up(*found));
                return Err(Forbidden { made_up }.into());
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|found| SocketAddr::new(found, 0)));
            Ok(addresses)
        })
    }
}

fn failed(place: &str, error: &reqwest::Error) -> Error {
    let mut cause: &dyn StdError = error;
    loop {
        match cause.downcast_ref() {
            Some(Forbidden { made_up: true }) => {
                return Error::Denied(format!(
                    "the name in {place} leads to 198.18.0.0/15, whose addresses proxies with fake addresses (Clash, \
                     Surge) hand out for every name. If such a proxy runs here, its owner writes in iglu.toml:\n\
                     [http]\nallow_addresses = [\"198.18.0.0/15\"]\nIt is then the proxy that decides where names lead"
                ));
            }
            Some(Forbidden { made_up: false }) => {
                return Error::Denied(format!(
                    "the name in {place} leads to an address that is not one of the internet, where names do not lead \
                     a plugin. If that is meant, write the address itself, and grant it; or name it in \
                     `allow_addresses` under [http] of iglu.toml"
                ));
            }
            None => {}
        }
        match cause.source() {
            Some(deeper) => cause = deeper,
            None => break,
        }
    }
    if error.is_timeout() {
        return Error::Timeout(format!("{place} does not answer in time ({cause})"));
    }
    Error::Disconnected(format!("{place} cannot be reached, or the connection broke: {cause}"))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
