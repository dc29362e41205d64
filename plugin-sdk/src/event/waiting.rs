//! Waiting for what a user does next.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::{Event, Kind, MessageEvent, kind};
use crate::{
    HostError, Message, Result, host,
    types::{Chat, Expectation, Speaker},
};

/// What is waited for: by default any message of the same user in the same chat. A [`Duration`] is the shortest form.
///
/// A message that ends a wait goes to no other handler; of several waits that it fits, the newest gets it.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # iglu_sdk::testing::example(async |event| {
/// let number = Expect::within(Duration::from_secs(60)).anyone().matching(r"^\d+$");
/// if let Some(guess) = event.ask("Guess my number!", number).await? {
///     guess.reply(format!("{} it is not, {}.", guess.text, guess.sender.display_name())).await?;
/// }
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct Expect(Expectation);

impl Expect {
    /// The longest wait.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let expect = Expect::within(Duration::from_secs(60));
    /// let answer = event.ask("Which colour?", expect).await?;
    /// assert_eq!(answer.map(|answer| answer.text.clone()).as_deref(), Some("blue"));
    /// # Ok(()) }).replied("Which colour?");
    /// ```
    #[must_use]
    pub fn within(timeout: Duration) -> Self {
        Self(Expectation {
            who: Speaker::SameUser,
            chat: None,
            pattern: None,
            timeout_ms: u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX),
            commands_first: false,
            interactions: false,
        })
    }

    /// From anyone in the chat.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let expect = Expect::within(Duration::from_secs(60)).anyone();
    /// let answer = event.ask("Which colour?", expect).await?;
    /// assert_eq!(answer.map(|answer| answer.text.clone()).as_deref(), Some("blue"));
    /// # Ok(()) }).replied("Which colour?");
    /// ```
    #[must_use]
    pub fn anyone(mut self) -> Self {
        self.0.who = Speaker::AnyoneInChat;
        self
    }

    /// From one of these users.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let expect = Expect::within(Duration::from_secs(60)).users(["10001", "10002"]);
    /// let answer = event.ask("Which colour?", expect).await?;
    /// assert_eq!(answer.map(|answer| answer.text.clone()).as_deref(), Some("blue"));
    /// # Ok(()) }).replied("Which colour?");
    /// ```
    #[must_use]
    pub fn users<U: AsRef<str>>(mut self, users: impl IntoIterator<Item = U>) -> Self {
        self.0.who = Speaker::Users(users.into_iter().map(|user| user.as_ref().to_owned()).collect());
        self
    }

    /// In another chat of the same bot.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// use iglu_sdk::types::Chat;
    /// let privately = Expect::within(Duration::from_secs(60)).in_chat(Chat::Private("10001".to_owned()));
    /// ```
    #[must_use]
    pub fn in_chat(mut self, chat: Chat) -> Self {
        self.0.chat = Some(chat);
        self
    }

    /// Only a message whose text matches this regular expression.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let expect = Expect::within(Duration::from_secs(60)).matching("^(red|blue)$");
    /// let answer = event.ask("Which colour?", expect).await?;
    /// assert_eq!(answer.map(|answer| answer.text.clone()).as_deref(), Some("blue"));
    /// # Ok(()) }).replied("Which colour?");
    /// ```
    #[must_use]
    pub fn matching(mut self, pattern: impl Into<String>) -> Self {
        self.0.pattern = Some(pattern.into());
        self
    }

    /// Lets commands be commands, although somebody waits: those of any plugin, and `/help`.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let expect = Expect::within(Duration::from_secs(60)).commands_first();
    /// let answer = event.ask("Which colour?", expect).await?;
    /// assert_eq!(answer.map(|answer| answer.text.clone()).as_deref(), Some("blue"));
    /// # Ok(()) }).replied("Which colour?");
    /// ```
    #[must_use]
    pub fn commands_first(mut self) -> Self {
        self.0.commands_first = true;
        self
    }

    /// A pressed button ends the wait too.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # iglu_sdk::testing::example(async |event| {
    /// let expect = Expect::within(Duration::from_secs(60)).or_button();
    /// if let Some(answer) = event.ask_any("Sure?", expect).await? {
    ///     answer.reply("So be it.").await?;
    /// }
    /// # Ok(()) }).replied("So be it.");
    /// ```
    #[must_use]
    pub fn or_button(mut self) -> Self {
        self.0.interactions = true;
        self
    }

    fn only_messages(mut self) -> Self {
        self.0.interactions = false;
        self
    }
}

impl From<Duration> for Expect {
    fn from(timeout: Duration) -> Self {
        Self::within(timeout)
    }
}

impl<K: Kind> Event<K> {
    /// Says something and waits for the user's next message in this chat, however quick; none when the time is over. The
    /// answer goes to no other handler.
    ///
    /// ```
    /// use iglu_sdk::{prelude::*, testing::Harness};
    ///
    /// #[derive(Default)]
    /// struct Greeter;
    ///
    /// #[plugin(id = "greeter")]
    /// impl Greeter {
    ///     #[command("hello")]
    ///     async fn hello(&self, event: &MessageEvent) -> Result<String> {
    ///         match event.ask("Your name?", Duration::from_secs(60)).await? {
    ///             Some(name) => Ok(format!("Hello {}!", name.text)),
    ///             None => Ok("Then not.".into()),
    ///         }
    ///     }
    /// }
    ///
    /// let mut bot = Harness::<Greeter>::new();
    /// bot.next_message("Ann");
    /// assert_eq!(bot.say("/hello"), ["Your name?", "Hello Ann!"]);
    /// assert_eq!(bot.say("/hello"), ["Your name?", "Then not."]);
    /// ```
    ///
    /// # Errors
    /// [`HostError::Cancelled`] on a reload or shutdown, [`HostError::Exhausted`] when the plugin waits too often,
    /// [`HostError::Invalid`] for a bad pattern or an event without a chat, and whatever sending can meet.
    pub async fn ask(
        &self,
        question: impl Into<Message>,
        expect: impl Into<Expect>,
    ) -> Result<Option<MessageEvent>, HostError> {
        Ok(self.put(question.into(), expect.into().only_messages()).await?.and_then(Event::into_message))
    }

    /// The same, where a pressed button is an answer too if [asked for](Expect::or_button).
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # async fn example(event: &MessageEvent, question: Message) -> Result<&'static str> {
    /// let expect = Expect::within(Duration::from_secs(60)).or_button();
    /// let Some(answer) = event.ask_any(question, expect).await? else { return Ok("too late") };
    /// Ok(match answer.clone().narrow::<Interaction>() {
    ///     Some(pressed) if pressed.data.as_deref() == Some("yes") => "pressed",
    ///     Some(_) => "not that one",
    ///     None => "written",
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn ask_any(
        &self,
        question: impl Into<Message>,
        expect: impl Into<Expect>,
    ) -> Result<Option<Event<kind::Any>>, HostError> {
        self.put(question.into(), expect.into()).await
    }

    async fn put(&self, question: Message, expect: Expect) -> Result<Option<Event<kind::Any>>, HostError> {
        let content = question.into_segments();
        let raw = host::sessions::ask(self.event_id().to_owned(), content, false, expect.0).await?;
        Ok(raw.and_then(|raw| Event::from_raw(raw).ok()))
    }

    /// The user's next message in this chat, which then goes to no other handler; none when the time is over. After a
    /// question, [`ask`](Self::ask) also hears an answer that comes at once.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # async fn example(event: &MessageEvent) -> Result {
    /// let Some(first) = event.ask("Who shall come?", Duration::from_secs(60)).await? else { return Ok(()) };
    /// let mut names = vec![first.text.clone()];
    /// while let Some(next) = event.wait_reply(Duration::from_secs(10)).await? {
    ///     names.push(next.text.clone());
    /// }
    /// event.reply(format!("Invited: {}.", names.join(", "))).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`ask`](Self::ask), but for sending.
    pub async fn wait_reply(&self, expect: impl Into<Expect>) -> Result<Option<MessageEvent>, HostError> {
        Ok(self.wait(expect.into().only_messages()).await?.and_then(Event::into_message))
    }

    /// The next event that is [expected](Expect): a message, or a pressed button if that was asked for.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # async fn example(joined: &Event<MemberJoined>) -> Result {
    /// joined.reply("Say hello within a minute.").await?;
    /// let hello = Expect::within(Duration::from_secs(60)).matching("(?i)hello|你好").commands_first();
    /// if joined.wait(hello).await?.is_none() {
    ///     joined.reply("Well, then…").await?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`wait_reply`](Self::wait_reply).
    pub async fn wait(&self, expect: impl Into<Expect>) -> Result<Option<Event<kind::Any>>, HostError> {
        let raw = host::sessions::wait(self.event_id().to_owned(), expect.into().0).await?;
        Ok(raw.and_then(|raw| Event::from_raw(raw).ok()))
    }
}

impl Event<kind::Scheduled> {
    /// What the timer was set with.
    ///
    /// ```
    /// use iglu_sdk::{prelude::*, serde::{Deserialize, Serialize}, testing::Harness};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// #[serde(crate = "iglu_sdk::serde")]
    /// struct Reminder { bot: String, user: String, text: String }
    ///
    /// #[derive(Default)]
    /// struct Remind;
    ///
    /// #[plugin(id = "remind", permissions(send = "to remind"))]
    /// impl Remind {
    ///     #[command("remind")]
    ///     async fn remind(&self, event: &MessageEvent, minutes: u64, text: Rest) -> Result<&'static str> {
    ///         let (bot, user) = (event.bot.id.clone(), event.sender.id.clone());
    ///         let reminder = Reminder { bot, user, text: text.to_string() };
    ///         clock::remind(&event.id, Duration::from_secs(minutes * 60), &reminder).await?;
    ///         Ok("I will.")
    ///     }
    ///
    ///     #[on(Scheduled)]
    ///     async fn due(&self, event: &Event<Scheduled>) -> Result {
    ///         let Reminder { bot, user, text } = event.data()?;
    ///         messages::send(bot, &iglu_sdk::types::Chat::Private(user), text).await?;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let mut bot = Harness::<Remind>::new();
    /// assert_eq!(bot.say("/remind 120 tea"), ["I will."]);
    /// bot.advance(Duration::from_secs(7200));
    /// assert_eq!(bot.sent()[1].message, "tea");
    /// ```
    ///
    /// # Errors
    /// When there is none, or it has another shape.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T> {
        let body = self.body();
        crate::clock::read(&body.name, body.data.as_deref())
    }
}

impl Event<kind::Any> {
    /// The message, if it is one.
    #[must_use]
    pub fn into_message(self) -> Option<MessageEvent> {
        self.narrow()
    }

    /// The event as one of this kind, if it is of it.
    ///
    /// ```
    /// # use iglu_sdk::prelude::*;
    /// # fn example(event: Event) {
    /// if let Some(joined) = event.narrow::<MemberJoined>() {
    ///     log::info!("{} is new", joined.user);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn narrow<K: Kind>(self) -> Option<Event<K>> {
        let body = K::take(self.body)?;
        Some(Event { bot: self.bot, id: self.id, at: self.at, redelivered: self.redelivered, body })
    }
}
