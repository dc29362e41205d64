//! The bots of the official platform at work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Settings;
use super::account::Account;
use super::api::Api;
use super::gateway;
use super::intake::Intake;
use super::webhook::{self, Desk, Files};
use crate::adapter::Inlet;
use crate::bot::Bots;
use crate::store::Journal;

/// What the adapter works with.
pub struct Rooms {
    /// Where accounts are put.
    pub bots: Arc<Bots>,
    /// Where events go.
    pub inlet: Inlet,
    /// Where acknowledged events are kept.
    pub journal: Arc<Journal>,
    /// The kinds of event that plugins listen to.
    pub wanted: watch::Receiver<BTreeSet<&'static str>>,
}

/// Bots that share a port.
#[derive(Default)]
struct Door {
    tls: Option<Files>,
    /// Those whose events are kept on disk, and those whose are not.
    desks: Vec<Desk>,
}

/// Keeps the connections of all bots that the tables name until `stop`, and returns soon after. What an earlier process
/// acknowledged and did not finish is handed on first.
pub async fn run(tables: Vec<Settings>, rooms: Rooms, stop: CancellationToken) {
    let mut work = JoinSet::new();
    let mut doors: BTreeMap<String, Door> = BTreeMap::new();
    let mut intakes = BTreeMap::new();
    let mut gateways = Vec::new();
    for settings in tables {
        let settings = Arc::new(settings);
        let name = &settings.name;
        let api = match Api::new(&settings) {
            Ok(api) => Arc::new(api),
            Err(reason) => {
                tracing::error!(bot = name, "bot `{name}` cannot work: {reason}");
                continue;
            }
        };
        let account = Account::new(settings.clone(), api.clone());
        rooms.bots.insert(account.clone());
        let intake = Intake::new(account, rooms.inlet.clone());
        match &settings.hook {
            Some(hook) => {
                let taking = intake.clone();
                let journal = settings.journal.then(|| rooms.journal.clone());
                match Desk::new(&settings, hook, journal, Arc::new(move |arrival| taking.deliver(arrival))) {
                    Ok(desk) => {
                        let door = doors.entry(hook.host.clone()).or_default();
                        door.tls = hook.tls.clone().map(|(certificate, key)| Files { certificate, key });
                        door.desks.push(desk);
                        work.spawn(intake.clone().introduce(stop.clone()));
                    }
                    Err(reason) => tracing::error!(bot = name, "bot `{name}` cannot work: {reason}"),
                }
            }
            None => gateways.push((settings.clone(), api, intake.clone())),
        }
        intakes.insert(settings.app_id.clone(), intake);
    }
    let strangers = hand_on(&rooms.journal, &intakes);
    for (settings, api, intake) in gateways {
        work.spawn(gateway::keep(settings, api, intake, rooms.wanted.clone(), stop.clone()));
    }
    for (host, Door { tls, desks }) in doors {
        work.spawn(webhook::keep(host, tls, desks, stop.clone()));
    }
    while work.join_next().await.is_some() {}
    // They wait for the day when their bot is set up again.
    rooms.journal.hold();
    drop(strangers);
}

/// Hands on what the journal holds. Answers what belongs to bots that are not set up now.
fn hand_on(journal: &Arc<Journal>, intakes: &BTreeMap<String, Arc<Intake>>) -> Vec<crate::store::Waiting> {
    let waiting = match journal.waiting() {
        Ok(waiting) => waiting,
        Err(reason) => {
            tracing::error!("the journal of events cannot be read: {reason}");
            return Vec::new();
        }
    };
    if !waiting.is_empty() {
        tracing::info!(events = waiting.len(), "events that were acknowledged before are handed on now");
    }
    let mut strangers = Vec::new();
    for waiting in waiting {
        match intakes.get(&waiting.bot) {
            Some(intake) => intake.deliver_again(waiting),
            None => strangers.push(waiting),
        }
    }
    strangers
}
