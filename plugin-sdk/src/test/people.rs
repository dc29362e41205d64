//! Who talks to the bot.

use serde_json::{Value, json};

use super::{Answers, BOT, Kit};
use crate::{
    Message,
    types::{Chat, EventBody, MemberChange, Notice, PokeNotice, Role},
};

/// A group. [`Kit::group`] gives it.
///
/// ```no_run
/// # let bot = iglu_sdk::test::Kit::new().unwrap();
/// let group = bot.group("20001");
/// group.user("10001").say("/hello").expect("Hello!");
/// group.user("10002").say("/hello").expect("Hello!");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Group<'k> {
    kit: &'k Kit,
    id: &'k str,
}

impl<'k> Group<'k> {
    pub(super) fn new(kit: &'k Kit, id: &'k str) -> Self {
        Self { kit, id }
    }

    /// Somebody in this group; an ordinary member, if nothing else is said.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.group("20001").user("10001").admin().say("/mute 10002");
    /// ```
    pub fn user(self, id: &'k str) -> User<'k> {
        User { kit: self.kit, id, group: Some(self.id), name: None, role: None }
    }
}

/// Somebody: in a private chat by [`Kit::user`], in a group by [`Group::user`].
///
/// ```no_run
/// # let bot = iglu_sdk::test::Kit::new().unwrap();
/// let ann = bot.user("10001").name("Ann");
/// ann.say("/hello").expect("Hello, Ann!");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct User<'k> {
    kit: &'k Kit,
    id: &'k str,
    group: Option<&'k str>,
    name: Option<&'k str>,
    role: Option<Role>,
}

impl<'k> User<'k> {
    pub(super) fn new(kit: &'k Kit, id: &'k str) -> Self {
        Self { kit, id, group: None, name: None, role: None }
    }

    /// What the others see; at first it is the id.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.user("10001").name("Ann").say("/hello").expect("Hello, Ann!");
    /// ```
    pub fn name(mut self, name: &'k str) -> Self {
        self.name = Some(name);
        self
    }

    /// An admin of the group.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.group("20001").user("10001").admin().say("/close").expect("Closed.");
    /// ```
    pub fn admin(mut self) -> Self {
        self.role = Some(Role::Admin);
        self
    }

    /// The owner of the group.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.group("20001").user("10001").owner().say("/close").expect("Closed.");
    /// ```
    pub fn owner(mut self) -> Self {
        self.role = Some(Role::Owner);
        self
    }

    /// Says something: a text, or a [`Message`] with mentions, images and whatever else. Who mentions the id [`BOT`]
    /// mentions the bot.
    ///
    /// ```no_run
    /// # use iglu_sdk::{Message, test::BOT};
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// let ann = bot.group("20001").user("10001");
    /// ann.say(Message::new().at(BOT).text(" hello")).expect("Hello!");
    /// ```
    ///
    /// # Panics
    /// When the bot does not come to rest.
    #[track_caller]
    pub fn say(&self, message: impl Into<Message>) -> Answers {
        let message = message.into();
        let what = self.story(&message);
        self.kit.done(&what, &self.request(&message, false, true))
    }

    /// Says something that is meant for the bot, as if it had been called by its name.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.group("20001").user("10001").say_to_bot("hello").expect("Hello!");
    /// ```
    ///
    /// # Panics
    /// When the bot does not come to rest.
    #[track_caller]
    pub fn say_to_bot(&self, message: impl Into<Message>) -> Answers {
        let message = message.into();
        let what = self.story(&message);
        self.kit.done(&what, &self.request(&message, true, true))
    }

    /// Says something and does not wait for the bot, so that it is at work on several things at once. What comes of it is
    /// among the answers of what the test does next.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.user("10001").say_on("/add 1");
    /// bot.user("10002").say("/add 1").expect("1").expect("2");
    /// ```
    ///
    /// # Panics
    /// When iglu has ended.
    #[track_caller]
    pub fn say_on(&self, message: impl Into<Message>) {
        self.kit.begin(&self.request(&message.into(), false, false));
    }

    /// Joins the group.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.group("20001").user("10009").join().expect_containing("Welcome");
    /// ```
    ///
    /// # Panics
    /// In a private chat, and when the bot does not come to rest.
    #[track_caller]
    pub fn join(&self) -> Answers {
        self.kit.event(&EventBody::Notice(Notice::MemberJoined(self.change("approve"))))
    }

    /// Leaves the group.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.group("20001").user("10009").leave().expect_nothing();
    /// ```
    ///
    /// # Panics
    /// In a private chat, and when the bot does not come to rest.
    #[track_caller]
    pub fn leave(&self) -> Answers {
        self.kit.event(&EventBody::Notice(Notice::MemberLeft(self.change("leave"))))
    }

    /// Pokes the bot.
    ///
    /// ```no_run
    /// # let bot = iglu_sdk::test::Kit::new().unwrap();
    /// bot.user("10001").poke().expect("Ouch!");
    /// ```
    ///
    /// # Panics
    /// When the bot does not come to rest.
    #[track_caller]
    pub fn poke(&self) -> Answers {
        let poke =
            PokeNotice { chat: self.chat(), sender: self.id.to_owned(), target: BOT.to_owned(), text: None };
        self.kit.event(&EventBody::Notice(Notice::Poked(poke)))
    }

    fn chat(&self) -> Chat {
        match self.group {
            Some(group) => Chat::Group(group.to_owned()),
            None => Chat::Private(self.id.to_owned()),
        }
    }

    #[track_caller]
    fn change(&self, how: &str) -> MemberChange {
        let Some(group) = self.group else {
            panic!("a private chat is joined by nobody; use bot.group(ID).user(ID)")
        };
        MemberChange {
            group: group.to_owned(),
            user: self.id.to_owned(),
            operator: None,
            how: how.to_owned(),
        }
    }

    fn story(&self, message: &Message) -> String {
        let place = self.group.map_or_else(String::new, |group| format!(" in group {group}"));
        format!("{}{place} said {:?}", self.id, message.to_string())
    }

    fn request(&self, message: &Message, to_me: bool, wait: bool) -> Value {
        let content: Value = serde_json::from_str(&message.to_json()).unwrap_or_default();
        let mut request =
            json!({"do": "say", "user": self.id, "content": content, "to_me": to_me, "wait": wait});
        for (key, value) in [("group", self.group), ("name", self.name)] {
            if let Some(value) = value {
                request[key] = value.into();
            }
        }
        if let Some(role) = self.role {
            request["role"] = serde_json::to_value(role).unwrap_or_default();
        }
        request
    }
}
