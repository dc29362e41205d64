//! What falls due becomes an event for its plugin.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tracing::warn;

use super::{Inner, Key, LATE, Name, Schedule, millis, seconds};
use crate::adapter::event_id;
use crate::model::{Bot, Event, EventBody, Incoming, Kept, Scheduled};
use crate::plugin::mailbox::Job;
use crate::plugin::manifest::Missed;
use crate::router::Listener;
use crate::store::{Noting, TimerRow};

/// So many missed runs are counted; what a year of minutes says more is no use to anybody.
pub(super) const COUNTED: u32 = 1000;
/// A timer that found its plugin's mailbox full is tried again after this time.
const AGAIN: Duration = Duration::from_secs(1);

/// Marks the events of cron lines, which are for one handler alone.
struct CronRun;

/// Whether an event is a cron line's.
pub(crate) fn is_cron(incoming: &Incoming) -> bool {
    incoming.origin.as_ref().is_some_and(|origin| origin.is::<CronRun>())
}

/// An event on its way into a mailbox.
struct Delivery {
    listener: Listener,
    /// A cron line's own; timers go to all handlers that listen to scheduled events.
    handler: Option<Arc<str>>,
    scheduled: Scheduled,
    redelivered: bool,
    done: Done,
}

/// What is due, and what has to be on disk before it is handed out.
#[derive(Default)]
struct Due {
    changes: Vec<Noting>,
    deliveries: Vec<Delivery>,
}

/// What is to be noted when the handlers are done.
#[derive(Clone)]
enum Done {
    Nothing,
    Timer(Name, u64),
    Line(Name, u64),
}

impl Schedule {
    /// Hands out what is due, in order. Answers when the next thing is.
    pub(crate) async fn fire(self: &Arc<Self>) -> Option<u64> {
        let schedule = Arc::clone(self);
        // In a task of its own: whoever gives up waiting must not lose what was taken out.
        tokio::spawn(async move { schedule.fire_in_turn().await }).await.ok().flatten()
    }

    async fn fire_in_turn(self: Arc<Self>) -> Option<u64> {
        let _turn = self.firing.lock().await;
        let (due, next) = self.take_due();
        for change in due.changes {
            // On disk before a handler begins, so that a kill during it is known of afterwards.
            if let Err(error) = self.agenda.settled(change).await {
                warn!("what falls due cannot be noted, and may come again after a restart: {error}");
            }
        }
        due.deliveries.into_iter().for_each(|delivery| self.deliver(delivery));
        next
    }

    fn take_due(&self) -> (Due, Option<u64>) {
        let mut found = Due::default();
        if self.stop.is_cancelled() {
            return (found, None);
        }
        let now = self.clock.millis();
        let ahead = self.clock.ahead();
        let mut inner = self.lock();
        // A clock that a test put forward has passed through the time between.
        let late = millis(LATE.saturating_add(ahead.saturating_sub(inner.ahead)));
        inner.ahead = ahead;
        let off = self.router.off_everywhere().borrow().clone();
        let is_back = std::mem::replace(&mut inner.seen, now) > now;
        if is_back {
            self.set_back(&mut inner, now, &mut found);
        }
        if is_back || inner.off != off {
            inner.off = off;
            inner.queue_all();
        }
        while let Some((due, key)) = inner.queue.first().cloned().filter(|(due, _)| *due <= now) {
            inner.queue.pop_first();
            match key {
                Key::Timer(name) => self.timer(&mut inner, &name, &mut found),
                Key::Cron(name) => {
                    self.line(&mut inner, &name, due, now.saturating_sub(late), &mut found);
                }
            }
        }
        let next = inner.queue.first().map(|(due, _)| *due);
        (found, next)
    }

    /// The machine's clock was set back. What ran by a clock that was far ahead begins anew, or it would be silent until
    /// that time has come; a small step repeats nothing.
    fn set_back(&self, inner: &mut Inner, now: u64, found: &mut Due) {
        for (name, line) in inner.lines.iter_mut().filter(|(_, line)| line.is_ahead(now)) {
            (line.last, line.done, line.begun) = (now, now, now);
            found.changes.push(self.note_line(name, line));
        }
        inner.timers.values_mut().for_each(|set| set.again = set.again.min(now + millis(AGAIN)));
    }

    fn timer(&self, inner: &mut Inner, name: &Name, found: &mut Due) {
        let Some(listener) = inner.listeners.get(&name.0).cloned() else { return };
        let Some(set) = inner.timers.get_mut(name).filter(|set| !set.in_flight) else { return };
        set.in_flight = true;
        let redelivered = std::mem::replace(&mut set.fired, true);
        if !redelivered {
            let (plugin, timer) = (name.0.to_string(), name.1.to_string());
            let row = TimerRow { plugin, name: timer, due: set.due, fired: true, data: set.data.clone() };
            found.changes.push(self.agenda.set_timer(row));
        }
        found.deliveries.push(Delivery {
            listener,
            handler: None,
            scheduled: Scheduled {
                name: name.1.to_string(),
                due: seconds(set.due),
                data: set.data.clone(),
                missed: 0,
            },
            redelivered,
            done: Done::Timer(name.clone(), set.number),
        });
    }

    /// A cron line is due. What fell due before `in_time` was missed.
    fn line(&self, inner: &mut Inner, name: &Name, due: u64, in_time: u64, found: &mut Due) {
        let Some(listener) = inner.listeners.get(&name.0).cloned() else { return };
        let is_off = inner.off.contains(&*name.0);
        let Some(line) = inner.lines.get_mut(name) else { return };
        let Some(cron) = line.cron.clone() else { return };
        let (due, missed) = if due >= in_time {
            (due, 0)
        } else {
            let (mut count, mut at) = (0, Some(due));
            while let Some(time) = at.filter(|time| *time < in_time && count < COUNTED) {
                count += 1;
                at = cron.next_after(time);
            }
            (cron.last_until(in_time - 1).unwrap_or(due).max(due), count)
        };
        line.last = due;
        if let Some(next) = cron.next_after(due) {
            inner.queue.insert((next, Key::Cron(name.clone())));
        }
        let redelivered = line.begun >= due;
        line.begun = line.begun.max(due);
        if is_off {
            line.done = due;
            found.changes.push(self.note_line(name, line));
            return;
        }
        let done = match line.missed {
            Missed::Skip => {
                line.done = due;
                Done::Nothing
            }
            Missed::Once => Done::Line(name.clone(), due),
        };
        found.changes.push(self.note_line(name, line));
        if missed > 0 && line.missed == Missed::Skip {
            return;
        }
        let scheduled = Scheduled { name: name.1.to_string(), due: seconds(due), data: None, missed };
        let handler = Some(Arc::clone(&name.1));
        found.deliveries.push(Delivery { listener, handler, scheduled, redelivered, done });
    }

    fn deliver(self: &Arc<Self>, delivery: Delivery) {
        let Delivery { listener, handler, scheduled, redelivered, done } = delivery;
        let Listener { id, manifest, mailbox } = listener;
        let name = scheduled.name.clone();
        let bot =
            Bot { id: String::new(), platform: "host".to_owned(), nickname: "iglu".to_owned(), online: true };
        let event = Event {
            id: event_id(),
            bot,
            time: self.clock.now(),
            redelivered,
            body: EventBody::Scheduled(scheduled),
        };
        let mut incoming = Incoming::new(Arc::new(event), "{}");
        let handlers = match handler {
            Some(handler) => {
                incoming.origin = Some(Arc::new(CronRun));
                vec![(handler, "{}".to_owned())]
            }
            None => self.router.matches(&manifest, &incoming),
        };
        let is_lost = Arc::new(AtomicBool::new(false));
        if handlers.is_empty() && self.router.off_everywhere().borrow().contains(&*id) {
            // It was switched off in this moment.
            is_lost.store(true, Ordering::SeqCst);
        } else if handlers.is_empty() {
            warn!(plugin = %id, timer = %name, "no handler of this plugin listens to scheduled events; the timer is dropped");
        }
        let incoming = Arc::new(incoming);
        let kept = Arc::new(kept(Arc::downgrade(self), done, Arc::clone(&is_lost)));
        for (handler, args) in handlers {
            let job = Job {
                event: Arc::clone(&incoming),
                handler,
                args,
                verdict: None,
                kept: Some(Arc::clone(&kept)),
                second_try: false,
            };
            if mailbox.push(job).is_err() {
                is_lost.store(true, Ordering::SeqCst);
                warn!(plugin = %id, scheduled = %name, "mailbox full: it is not run; a timer is tried again");
            }
        }
    }

    /// The handlers are done with it, or it was `lost` for want of room.
    fn is_done(&self, done: &Done, lost: bool) {
        if self.held.load(Ordering::SeqCst) {
            return;
        }
        let mut inner = self.lock();
        let inner = &mut *inner;
        match done {
            Done::Nothing => {}
            Done::Line(name, due) => {
                let is_here = inner.listeners.contains_key(&name.0);
                let Some(line) = inner.lines.get_mut(name) else { return };
                if is_here {
                    line.done = line.done.max(*due);
                    drop(self.note_line(name, line));
                } else {
                    // A plugin that fell out did not do it.
                    line.last = line.done;
                }
            }
            Done::Timer(name, number) => {
                let is_here = inner.listeners.contains_key(&name.0);
                let Some(set) = inner.timers.get_mut(name).filter(|set| set.number == *number) else {
                    return;
                };
                if is_here && !lost {
                    inner.timers.remove(name);
                    drop(self.agenda.remove_timer(&name.0, &name.1));
                    return;
                }
                set.in_flight = false;
                set.again = self.clock.millis() + millis(AGAIN);
                inner.enqueue_timer(name);
                self.changed.notify_one();
            }
        }
    }
}

fn kept(schedule: Weak<Schedule>, done: Done, is_lost: Arc<AtomicBool>) -> Kept {
    Kept::new(move || {
        if let Some(schedule) = schedule.upgrade() {
            schedule.is_done(&done, is_lost.load(Ordering::SeqCst));
        }
    })
}
