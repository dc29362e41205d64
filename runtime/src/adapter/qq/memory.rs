//! What an account's messages are compared with: the messages seen and sent lately, and the bot's own ids.

use std::collections::{HashMap, VecDeque};

use crate::adapter::now;
use crate::model::Chat;

const MESSAGES: usize = 5_000;
/// The bot has one id in the guilds and may have others in groups.
const OWN_IDS: usize = 256;
/// Of a message's text, bytes kept for quotes.
const TEXT: usize = 2_000;

/// Bounded; the oldest is forgotten first.
#[derive(Debug, Default)]
pub(super) struct Memory {
    messages: HashMap<String, Known>,
    /// The message of an index in its chat; indices of different chats may be alike.
    indices: HashMap<String, String>,
    order: VecDeque<String>,
    own_ids: VecDeque<String>,
}

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    /// `REFIDX_...`: what a quote of it names.
    pub(super) index: Option<String>,
    pub(super) chat: Chat,
    /// Who wrote it; none if the bot did.
    pub(super) sender: Option<String>,
    pub(super) time: f64,
    pub(super) text: String,
    /// The bot wrote it.
    pub(super) own: bool,
}

impl Memory {
    /// Notes a message that came in.
    pub(super) fn note_received(
        &mut self,
        id: &str,
        index: Option<&str>,
        chat: &Chat,
        sender: &str,
        time: f64,
        text: &str,
    ) {
        self.note(id, index, chat, Some(sender), time, text);
    }

    /// Notes a message that the bot sent. `index` is the answer's `ext_info.ref_idx`.
    pub(super) fn note_sent(&mut self, id: &str, index: Option<&str>, chat: &Chat, text: &str) {
        self.note(id, index, chat, None, now(), text);
    }

    fn note(
        &mut self,
        id: &str,
        index: Option<&str>,
        chat: &Chat,
        sender: Option<&str>,
        time: f64,
        text: &str,
    ) {
        if id.is_empty() {
            return;
        }
        if let Some(index) = index {
            self.indices.insert(place_of(chat, index), id.to_owned());
        }
        if let Some(known) = self.messages.get_mut(id) {
            if let Some(index) = index {
                known.index = Some(index.to_owned());
            }
            return;
        }
        if self.order.len() == MESSAGES {
            self.forget_oldest();
        }
        self.order.push_back(id.to_owned());
        let known = Known {
            index: index.map(str::to_owned),
            chat: chat.clone(),
            sender: sender.filter(|sender| !sender.is_empty()).map(str::to_owned),
            time,
            text: text[..text.floor_char_boundary(TEXT)].to_owned(),
            own: sender.is_none(),
        };
        self.messages.insert(id.to_owned(), known);
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.order.pop_front() else { return };
        let Some(known) = self.messages.remove(&oldest) else { return };
        if let Some(index) = known.index {
            let place = place_of(&known.chat, &index);
            if self.indices.get(&place) == Some(&oldest) {
                self.indices.remove(&place);
            }
        }
    }

    /// What is known of a message.
    pub(super) fn message(&self, id: &str) -> Option<&Known> {
        self.messages.get(id)
    }

    /// The index by which a message is quoted.
    pub(super) fn index_of(&self, id: &str) -> Option<&str> {
        self.messages.get(id)?.index.as_deref()
    }

    /// The message that an index names in a chat, with its id.
    pub(super) fn by_index(&self, chat: &Chat, index: &str) -> Option<(&str, &Known)> {
        let (id, known) = self.messages.get_key_value(self.indices.get(&place_of(chat, index))?)?;
        Some((id, known))
    }

    /// Whether the bot wrote this message.
    pub(super) fn wrote(&self, id: &str) -> bool {
        self.messages.get(id).is_some_and(|known| known.own)
    }

    /// Notes an id that is the bot's: of READY, of `/users/@me`, of a mention that says so.
    pub(super) fn note_self(&mut self, id: &str) {
        if id.is_empty() || self.is_self(id) {
            return;
        }
        if self.own_ids.len() == OWN_IDS {
            self.own_ids.pop_front();
        }
        self.own_ids.push_back(id.to_owned());
    }

    /// Whether this id is the bot's, as far as that is known.
    pub(super) fn is_self(&self, id: &str) -> bool {
        self.own_ids.iter().any(|own| own == id)
    }
}

fn place_of(chat: &Chat, index: &str) -> String {
    let (mark, id) = match chat {
        Chat::Private(user) => ('p', user),
        Chat::Group(group) => ('g', group),
        Chat::Channel(channel) => ('c', &channel.channel),
        Chat::Direct(direct) => ('d', direct.guild.as_ref().unwrap_or(&direct.user)),
        Chat::Temporary(temporary) => ('t', &temporary.user),
        Chat::Other(other) => ('o', &other.id),
    };
    format!("{mark}{id} {index}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private(user: &str) -> Chat {
        Chat::Private(user.to_owned())
    }

    #[test]
    fn a_message_is_found_by_its_id_and_by_its_index() {
        let mut memory = Memory::default();
        memory.note_received("M1", Some("REFIDX_1"), &private("A"), "A", 5.0, "hi");
        memory.note_sent("M2", Some("REFIDX_2"), &private("A"), "hello");
        assert_eq!(memory.index_of("M1"), Some("REFIDX_1"));
        let (id, known) = memory.by_index(&private("A"), "REFIDX_1").unwrap();
        assert_eq!((id, known.sender.as_deref(), known.time, &*known.text), ("M1", Some("A"), 5.0, "hi"));
        assert!(memory.wrote("M2") && !memory.wrote("M1") && !memory.wrote("M3"));
        assert_eq!(memory.by_index(&private("A"), "REFIDX_3"), None);
    }

    #[test]
    fn an_index_counts_in_its_own_chat_only() {
        let mut memory = Memory::default();
        memory.note_received("M1", Some("I"), &private("A"), "A", 0.0, "");
        memory.note_received("M2", Some("I"), &Chat::Group("A".to_owned()), "B", 0.0, "");
        assert_eq!(memory.by_index(&private("A"), "I").unwrap().0, "M1");
        assert_eq!(memory.by_index(&Chat::Group("A".to_owned()), "I").unwrap().0, "M2");
        assert_eq!(memory.by_index(&private("B"), "I"), None);
    }

    #[test]
    fn the_oldest_message_is_forgotten_first_with_its_index() {
        let mut memory = Memory::default();
        for number in 0..=MESSAGES {
            memory.note_sent(&format!("m{number}"), Some(&format!("i{number}")), &private("A"), "x");
        }
        assert!(!memory.wrote("m0") && memory.wrote("m1") && memory.wrote(&format!("m{MESSAGES}")));
        assert_eq!(memory.by_index(&private("A"), "i0"), None);
        assert_eq!((memory.messages.len(), memory.indices.len()), (MESSAGES, MESSAGES));
    }

    #[test]
    fn an_index_that_comes_later_is_added() {
        let mut memory = Memory::default();
        memory.note_sent("M", None, &private("A"), "x");
        memory.note_sent("M", Some("I"), &private("A"), "x");
        memory.note_received("M", None, &private("A"), "A", 0.0, "y");
        assert_eq!(memory.index_of("M"), Some("I"));
        assert!(memory.wrote("M"), "what the bot wrote stays its own");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut memory = Memory::default();
        memory.note_sent("M", None, &private("A"), &"字".repeat(5_000));
        let text = &memory.message("M").unwrap().text;
        assert!(text.len() <= TEXT && text.chars().all(|letter| letter == '字'));
    }
}
