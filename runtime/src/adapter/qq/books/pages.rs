//! Events that are answered: how long, how often, and the numbers of the answers.

use std::collections::HashMap;
use std::time::Duration;

use super::{Closed, spoken};
use crate::adapter::qq::place::{Place, Scene};
use crate::adapter::qq::{Anchor, AnchorKind, Rules, Window};

/// So many events are kept in mind; far more than a bot answers within a window.
const PAGES: usize = 20_000;
const DAY: f64 = 86_400.0;
/// Events that a chat lets the bot answer once a day.
const DAILY: [&str; 3] = ["GROUP_ADD_ROBOT", "GROUP_MSG_RECEIVE", "C2C_MSG_RECEIVE"];

#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: HashMap<(Place, String), Page>,
    /// The newest of the events that were forgotten for want of room; older ones may have had answers.
    forgotten: f64,
    /// When a chat's event of the kinds in [`DAILY`] was answered last.
    daily: HashMap<(Place, &'static str), f64>,
    /// Kinds of events whose answers the platform refused, and its words.
    refused: HashMap<String, Closed>,
}

/// One event, or message, and its answers.
#[derive(Debug)]
struct Page {
    received: f64,
    until: f64,
    /// How many answers it takes.
    most: u32,
    used: u32,
    next: u32,
    /// The platform's words.
    closed: Option<Closed>,
    /// Which day's answer this is.
    daily: Option<&'static str>,
}

impl Pages {
    /// Takes `count` answers of an event.
    pub(super) fn open(
        &mut self,
        rules: &Rules,
        place: &Place,
        anchor: &Anchor,
        count: u32,
        now: f64,
    ) -> Result<(), Closed> {
        let kind = kind(anchor);
        let closed = |text: String| Err(Closed { text, never: false });
        if anchor.kind == AnchorKind::Never {
            return Err(Closed {
                text: format!(
                    "the platform lets no bot answer {kind} (code 40034027: 请求参数event_id对应事件不能回复消息); \
                     `messages.send` to a chat may work"
                ),
                never: true,
            });
        }
        if let Some(Closed { text, .. }) = self.refused.get(kind) {
            return Err(Closed {
                text: format!("the platform refused to have {kind} answered: {text}"),
                never: true,
            });
        }
        if let Some(daily) = daily(anchor) {
            let last = self.daily.get(&(place.clone(), daily)).copied();
            if let Some(last) = last.filter(|last| now - last < DAY) {
                return closed(format!(
                    "{daily} can be answered once a day in a chat, and was {} ago",
                    spoken(now - last)
                ));
            }
        }
        let window = window(rules, place.scene);
        let page = self.page(rules, place, anchor, now);
        if let Some(Closed { text, never }) = &page.closed {
            let text = format!("the platform takes no answer to this {}: {text}", what(anchor));
            return Err(Closed { text, never: *never });
        }
        if now >= page.until {
            return closed(format!(
                "this {} could be answered for {}, which ended {} ago",
                what(anchor),
                spoken(window.time.as_secs_f64()),
                spoken(now - page.until)
            ));
        }
        let left = page.most.saturating_sub(page.used);
        if left < count {
            let most = page.most;
            return closed(match left {
                0 => format!("this {} has had all the {most} answers that it takes", what(anchor)),
                _ => format!(
                    "this {} takes {most} answers, of which {left} are left, and this reply needs {count}",
                    what(anchor)
                ),
            });
        }
        page.used += count;
        if let Some(daily) = page.daily {
            self.daily.insert((place.clone(), daily), now);
        }
        Ok(())
    }

    /// The next number of answers to an event.
    pub(super) fn number(&mut self, rules: &Rules, place: &Place, anchor: &Anchor, now: f64) -> u32 {
        self.page(rules, place, anchor, now).draw()
    }

    /// Another number of an event that is open.
    pub(super) fn another(&mut self, place: &Place, id: &str) -> Option<u32> {
        Some(self.pages.get_mut(&(place.clone(), id.to_owned()))?.draw())
    }

    /// Counts an answer that was not booked.
    pub(super) fn note(
        &mut self,
        rules: &Rules,
        place: &Place,
        anchor: &Anchor,
        msg_seq: Option<u32>,
        now: f64,
    ) {
        let page = self.page(rules, place, anchor, now);
        page.used = page.used.saturating_add(1);
        if let Some(msg_seq) = msg_seq {
            page.next = page.next.max(msg_seq.saturating_add(1));
        }
    }

    pub(super) fn give_back(&mut self, place: &Place, id: &str, count: u32) {
        let Some(page) = self.pages.get_mut(&(place.clone(), id.to_owned())) else { return };
        page.used = page.used.saturating_sub(count);
        if let Some(daily) = page.daily.filter(|_| page.used == 0) {
            self.daily.remove(&(place.clone(), daily));
        }
    }

    /// The platform takes no more answers to it.
    pub(super) fn close(&mut self, place: &Place, anchor: &Anchor, closed: Closed) {
        if anchor.kind == AnchorKind::Perhaps && closed.never {
            self.refused.insert(kind(anchor).to_owned(), closed.clone());
        }
        if let Some(page) = self.pages.get_mut(&(place.clone(), anchor.id.clone())) {
            page.closed = Some(closed);
        }
    }

    fn page(&mut self, rules: &Rules, place: &Place, anchor: &Anchor, now: f64) -> &mut Page {
        let key = (place.clone(), anchor.id.clone());
        if !self.pages.contains_key(&key) {
            self.make_room(now);
        }
        let forgotten = self.forgotten;
        self.pages.entry(key).or_insert_with(|| {
            let window = window(rules, place.scene);
            let received = anchor.received as f64;
            // Answers before a restart had low numbers.
            let unknown = anchor.redelivered || received <= forgotten;
            Page {
                received,
                until: received + shortened(window.time).as_secs_f64(),
                most: match anchor.kind {
                    AnchorKind::Perhaps => 1,
                    _ if daily(anchor).is_some() => 1,
                    _ => window.count,
                },
                used: 0,
                next: if unknown { fastrand::u32(10_000..1_000_000_000) } else { 1 },
                closed: None,
                daily: daily(anchor),
            }
        })
    }

    fn make_room(&mut self, now: f64) {
        if self.pages.len() < PAGES {
            return;
        }
        self.pages.retain(|_, page| page.until > now);
        self.daily.retain(|_, last| now - *last < DAY);
        if self.pages.len() < PAGES {
            return;
        }
        // A tenth at once, so that not every new event has to look for the oldest.
        let mut times: Vec<f64> = self.pages.values().map(|page| page.received).collect();
        times.sort_by(f64::total_cmp);
        let last = times[PAGES / 10];
        self.pages.retain(|_, page| page.received > last);
        self.forgotten = self.forgotten.max(last);
    }
}

impl Page {
    fn draw(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }
}

fn window(rules: &Rules, scene: Scene) -> Window {
    match scene {
        Scene::Private => rules.private,
        Scene::Group => rules.group,
        Scene::Channel | Scene::Direct => rules.guild,
    }
}

/// A little less: the platform's clock began a moment before the event was here.
fn shortened(window: Duration) -> Duration {
    window.saturating_sub((window / 50).min(Duration::from_secs(2)))
}

/// The event's kind: what its outer id begins with.
fn kind(anchor: &Anchor) -> &str {
    match anchor.kind {
        AnchorKind::Message => "a message",
        _ => anchor.id.split_once(':').map_or(anchor.id.as_str(), |(kind, _)| kind),
    }
}

fn daily(anchor: &Anchor) -> Option<&'static str> {
    let is_event = anchor.kind == AnchorKind::Event;
    DAILY.into_iter().find(|daily| is_event && *daily == kind(anchor))
}

fn what(anchor: &Anchor) -> &'static str {
    if anchor.kind == AnchorKind::Message { "message" } else { "event" }
}
