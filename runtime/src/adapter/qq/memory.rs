//! What an account's messages are compared with: the messages seen and sent lately, and the bot's own ids.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::quality::RandomState;

use crate::adapter::now;
use crate::model::Chat;

const MESSAGES: usize = 5_000;
/// The bot has one id in the guilds and may have others in groups.
const OWN_IDS: usize = 256;
/// Of a message's text, bytes kept for quotes.
const TEXT: usize = 2_000;

/// Bounded; the oldest is forgotten first. Each call has it to itself for a moment only, as all events of a bot meet here.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Messages>);

#[derive(Debug, Default)]
struct Messages {
    /// The oldest first.
    known: VecDeque<Known>,
    /// How many were forgotten: the number of the oldest.
    forgotten: u64,
    /// The number of a message, by the hash of its id and by that of its index and chat: indices of different chats may be
    /// alike. Whoever looks compares what is found.
    numbers: HashMap<u64, u64, RandomState>,
    keys: RandomState,
    own_ids: VecDeque<String>,
}

/// One message. Its words are one piece of memory: each event brings a message and takes the oldest away, and what was
/// written thousands of messages ago is slow to reach.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    /// Its id, its index, its chat's id, its sender and its text, one after the other.
    words: Box<str>,
    /// Where the first four of them end.
    ends: [usize; 4],
    /// What kind of chat it is.
    chat: char,
    pub(super) time: f64,
    /// The bot wrote it.
    pub(super) own: bool,
}

impl Known {
    fn new(words: [&str; 5], chat: char, time: f64, own: bool) -> Self {
        let mut end = 0;
        let ends = [0, 1, 2, 3].map(|word: usize| {
            end += words[word].len();
            end
        });
        Self { words: words.concat().into(), ends, chat, time, own }
    }

    pub(super) fn id(&self) -> &str {
        &self.words[..self.ends[0]]
    }

    /// `REFIDX_...`: what a quote of it names.
    pub(super) fn index(&self) -> Option<&str> {
        self.word(1)
    }

    /// Who wrote it; none if the bot did.
    pub(super) fn sender(&self) -> Option<&str> {
        self.word(3)
    }

    pub(super) fn text(&self) -> &str {
        &self.words[self.ends[3]..]
    }

    fn place(&self) -> (char, &str) {
        (self.chat, self.word(2).unwrap_or_default())
    }

    fn word(&self, number: usize) -> Option<&str> {
        Some(&self.words[self.ends[number - 1]..self.ends[number]]).filter(|word| !word.is_empty())
    }

    fn with_index(&self, index: &str) -> Self {
        let (chat, id) = self.place();
        let words = [self.id(), index, id, self.sender().unwrap_or_default(), self.text()];
        Self::new(words, chat, self.time, self.own)
    }
}

impl Memory {
    /// Notes a message that came in.
    pub(super) fn note_received(
        &self,
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
    pub(super) fn note_sent(&self, id: &str, index: Option<&str>, chat: &Chat, text: &str) {
        self.note(id, index, chat, None, now(), text);
    }

    fn note(&self, id: &str, index: Option<&str>, chat: &Chat, sender: Option<&str>, time: f64, text: &str) {
        if id.is_empty() {
            return;
        }
        let (kind, chat) = place(chat);
        let text = &text[..text.floor_char_boundary(TEXT)];
        let words = [id, index.unwrap_or_default(), chat, sender.unwrap_or_default(), text];
        let known = Known::new(words, kind, time, sender.is_none());
        // What is forgotten is freed when nobody waits for it any more.
        let _forgotten = self.lock().add(known);
    }

    /// What is known of a message.
    pub(super) fn message(&self, id: &str) -> Option<Known> {
        self.lock().by_id(id).cloned()
    }

    /// The index by which a message is quoted.
    pub(super) fn index_of(&self, id: &str) -> Option<String> {
        self.lock().by_id(id)?.index().map(str::to_owned)
    }

    /// The message that an index names in a chat.
    pub(super) fn by_index(&self, chat: &Chat, index: &str) -> Option<Known> {
        self.lock().by_index(chat, index).cloned()
    }

    /// Whether the bot wrote this message.
    pub(super) fn wrote(&self, id: &str) -> bool {
        self.lock().by_id(id).is_some_and(|known| known.own)
    }

    /// Notes an id that is the bot's: of READY, of `/users/@me`, of a mention that says so.
    pub(super) fn note_self(&self, id: &str) {
        if id.is_empty() || self.is_self(id) {
            return;
        }
        let own_ids = &mut self.lock().own_ids;
        if own_ids.len() == OWN_IDS {
            own_ids.pop_front();
        }
        own_ids.push_back(id.to_owned());
    }

    /// Whether this id is the bot's, as far as that is known.
    pub(super) fn is_self(&self, id: &str) -> bool {
        self.lock().own_ids.iter().any(|own| own == id)
    }

    fn lock(&self) -> MutexGuard<'_, Messages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Messages {
    /// Answers what had to be forgotten for it.
    fn add(&mut self, new: Known) -> Option<Known> {
        let id = self.key_of_id(new.id());
        let index = new.index().map(|index| self.key_of_index(new.place(), index));
        if let Some(number) = self.number(id, |known| known.id() == new.id()) {
            if let (Some(key), Some(index)) = (index, new.index()) {
                self.numbers.insert(key, number);
                let known = &mut self.known[(number - self.forgotten) as usize];
                *known = known.with_index(index);
            }
            return None;
        }
        let forgotten = if self.known.len() == MESSAGES { self.forget_oldest() } else { None };
        let number = self.forgotten + self.known.len() as u64;
        self.numbers.extend(index.into_iter().chain([id]).map(|key| (key, number)));
        self.known.push_back(new);
        forgotten
    }

    fn forget_oldest(&mut self) -> Option<Known> {
        let oldest = self.known.pop_front()?;
        let number = self.forgotten;
        self.forgotten += 1;
        let index = oldest.index().map(|index| self.key_of_index(oldest.place(), index));
        for key in index.into_iter().chain([self.key_of_id(oldest.id())]) {
            // A newer message may have taken its index.
            if self.numbers.get(&key) == Some(&number) {
                self.numbers.remove(&key);
            }
        }
        Some(oldest)
    }

    fn by_id(&self, id: &str) -> Option<&Known> {
        self.at(self.number(self.key_of_id(id), |known| known.id() == id)?)
    }

    fn by_index(&self, chat: &Chat, index: &str) -> Option<&Known> {
        let chat = place(chat);
        let key = self.key_of_index(chat, index);
        let is_it = |known: &Known| known.index() == Some(index) && known.place() == chat;
        self.at(self.number(key, is_it)?)
    }

    fn number(&self, key: u64, is_it: impl Fn(&Known) -> bool) -> Option<u64> {
        self.numbers.get(&key).copied().filter(|number| self.at(*number).is_some_and(is_it))
    }

    fn at(&self, number: u64) -> Option<&Known> {
        self.known.get(usize::try_from(number.checked_sub(self.forgotten)?).ok()?)
    }

    fn key_of_id(&self, id: &str) -> u64 {
        self.keys.hash_one(id)
    }

    fn key_of_index(&self, place: (char, &str), index: &str) -> u64 {
        self.keys.hash_one((place, index))
    }
}

/// What tells one chat from another.
pub(super) fn place(chat: &Chat) -> (char, &str) {
    match chat {
        Chat::Private(user) => ('p', user),
        Chat::Group(group) => ('g', group),
        Chat::Channel(channel) => ('c', &channel.channel),
        Chat::Direct(direct) => ('d', direct.guild.as_ref().unwrap_or(&direct.user)),
        Chat::Temporary(temporary) => ('t', &temporary.user),
        Chat::Other(other) => ('o', &other.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private(user: &str) -> Chat {
        Chat::Private(user.to_owned())
    }

    #[test]
    fn a_message_is_found_by_its_id_and_by_its_index() {
        let memory = Memory::default();
        memory.note_received("M1", Some("REFIDX_1"), &private("A"), "A", 5.0, "hi");
        memory.note_sent("M2", Some("REFIDX_2"), &private("A"), "hello");
        assert_eq!(memory.index_of("M1").as_deref(), Some("REFIDX_1"));
        let known = memory.by_index(&private("A"), "REFIDX_1").unwrap();
        assert_eq!((known.id(), known.sender(), known.time, known.text()), ("M1", Some("A"), 5.0, "hi"));
        assert!(memory.wrote("M2") && !memory.wrote("M1") && !memory.wrote("M3"));
        assert_eq!(memory.by_index(&private("A"), "REFIDX_3"), None);
    }

    #[test]
    fn an_index_counts_in_its_own_chat_only() {
        let memory = Memory::default();
        memory.note_received("M1", Some("I"), &private("A"), "A", 0.0, "");
        memory.note_received("M2", Some("I"), &Chat::Group("A".to_owned()), "B", 0.0, "");
        assert_eq!(memory.by_index(&private("A"), "I").unwrap().id(), "M1");
        assert_eq!(memory.by_index(&Chat::Group("A".to_owned()), "I").unwrap().id(), "M2");
        assert_eq!(memory.by_index(&private("B"), "I"), None);
    }

    #[test]
    fn the_oldest_message_is_forgotten_first_with_its_index() {
        let memory = Memory::default();
        for number in 0..=MESSAGES {
            memory.note_sent(&format!("m{number}"), Some(&format!("i{number}")), &private("A"), "x");
        }
        assert!(!memory.wrote("m0") && memory.wrote("m1") && memory.wrote(&format!("m{MESSAGES}")));
        assert_eq!(memory.by_index(&private("A"), "i0"), None);
        let messages = memory.lock();
        assert_eq!((messages.known.len(), messages.numbers.len()), (MESSAGES, 2 * MESSAGES));
    }

    #[test]
    fn an_index_that_comes_later_is_added() {
        let memory = Memory::default();
        memory.note_sent("M", None, &private("A"), "x");
        memory.note_sent("M", Some("I"), &private("A"), "x");
        memory.note_received("M", None, &private("A"), "A", 0.0, "y");
        assert_eq!(memory.index_of("M").as_deref(), Some("I"));
        assert!(memory.wrote("M"), "what the bot wrote stays its own");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let memory = Memory::default();
        memory.note_sent("M", None, &private("A"), &"字".repeat(5_000));
        let known = memory.message("M").unwrap();
        let text = known.text();
        assert!(text.len() <= TEXT && text.chars().all(|letter| letter == '字'));
    }
}
