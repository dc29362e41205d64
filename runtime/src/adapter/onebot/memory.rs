//! What an account's events are compared with: the messages that the bot sent lately, and the latest notices.

use std::collections::{HashMap, VecDeque};

use crate::model::Chat;

/// NapCat itself remembers 5000 messages.
const SENT: usize = 5_000;
const NOTICES: usize = 256;
const ANSWERED: usize = 256;
/// The kernel reports some notices twice, and NapCat stamps each with its own time: seconds in which equal ones are one.
const JITTER: f64 = 3.0;

/// Bounded; the oldest is forgotten first.
#[derive(Debug, Default)]
pub(super) struct Memory {
    sent: HashMap<String, Option<Chat>>,
    order: VecDeque<String>,
    notices: VecDeque<(u64, f64)>,
    answered: VecDeque<String>,
}

impl Memory {
    /// Notes a message of the bot's own. `chat` is where, if it is known.
    pub(super) fn remember(&mut self, message: &str, chat: Option<Chat>) {
        if message.is_empty() || message == "0" {
            return;
        }
        if let Some(known) = self.sent.get_mut(message) {
            *known = chat.or(known.take());
            return;
        }
        if self.order.len() == SENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.sent.remove(&oldest);
        }
        self.order.push_back(message.to_owned());
        self.sent.insert(message.to_owned(), chat);
    }

    /// Whether the bot wrote this message.
    pub(super) fn wrote(&self, message: &str) -> bool {
        self.sent.contains_key(message)
    }

    /// Where the bot wrote this message.
    pub(super) fn chat_of(&self, message: &str) -> Option<&Chat> {
        self.sent.get(message)?.as_ref()
    }

    /// Notes that a request was answered.
    pub(super) fn answered(&mut self, request: String) {
        if self.answered.len() == ANSWERED {
            self.answered.pop_front();
        }
        self.answered.push_back(request);
    }

    /// Whether a request was answered by this host.
    pub(super) fn has_answered(&self, request: &str) -> bool {
        self.answered.iter().any(|known| known == request)
    }

    /// The time that a notice of this content counts under: that of an equal one a moment ago, else its own.
    pub(super) fn settle(&mut self, content: u64, time: f64) -> f64 {
        let earlier =
            self.notices.iter().rev().find(|(other, at)| *other == content && (time - at).abs() <= JITTER);
        if let Some((_, at)) = earlier {
            return *at;
        }
        if self.notices.len() == NOTICES {
            self.notices.pop_front();
        }
        self.notices.push_back((content, time));
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_message_is_forgotten_first() {
        let mut memory = Memory::default();
        for number in 0..=SENT {
            memory.remember(&format!("m{number}"), None);
        }
        assert!(!memory.wrote("m0") && memory.wrote("m1") && memory.wrote(&format!("m{SENT}")));
        memory.remember("0", None);
        assert!(!memory.wrote("0"));
    }

    #[test]
    fn a_chat_once_known_stays_known() {
        let mut memory = Memory::default();
        memory.remember("1", None);
        memory.remember("1", Some(Chat::Group("2".into())));
        memory.remember("1", None);
        assert_eq!(memory.chat_of("1"), Some(&Chat::Group("2".into())));
    }

    #[test]
    fn equal_notices_within_the_jitter_share_a_time() {
        let mut memory = Memory::default();
        assert_eq!(memory.settle(1, 100.0), 100.0);
        assert_eq!(memory.settle(1, 102.0), 100.0);
        assert_eq!(memory.settle(2, 102.0), 102.0);
        assert_eq!(memory.settle(1, 104.0), 104.0);
    }
}
