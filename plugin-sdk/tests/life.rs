//! State, hooks, waiting, and handlers that run at once.

use std::cell::RefCell;

use iglu_sdk::{
    prelude::*,
    serde::{Deserialize, Serialize},
    testing::{Harness, message},
    types::RawEvent,
};

#[derive(Default, Serialize, Deserialize)]
#[serde(crate = "iglu_sdk::serde", default)]
struct Counter {
    count: u32,
    log: RefCell<Vec<String>>,
}

#[plugin(id = "counter", state)]
impl Counter {
    #[start]
    async fn begin(&mut self) -> Result {
        self.count += storage::get::<u32>("start").await?.unwrap_or(0);
        Ok(())
    }

    #[stop]
    async fn end(&self, reason: &str) -> Result {
        storage::set("reason", reason).await?;
        Ok(())
    }

    #[command("count")]
    async fn count(&mut self) -> Result<String> {
        let before = self.count;
        clock::sleep(Duration::from_secs(1)).await?;
        self.count = before + 1;
        Ok(self.count.to_string())
    }

    #[command("shared")]
    async fn shared(&self, name: String) -> Result<String> {
        self.log.borrow_mut().push(format!("{name} in"));
        clock::sleep(Duration::from_secs(1)).await?;
        self.log.borrow_mut().push(format!("{name} out"));
        Ok(self.log.borrow().join(", "))
    }

    #[command("ask")]
    async fn ask(&self, event: &MessageEvent) -> Result<String> {
        let expected = Expect::within(Duration::from_secs(30)).matching(r"^\d+$");
        let answer = event.wait(expected).await?.and_then(Event::into_message);
        Ok(answer.map_or_else(|| "nothing came".to_owned(), |answer| answer.text.clone()))
    }

    #[command("later")]
    async fn later(&self, event: &MessageEvent) -> Result {
        let event = event.clone();
        spawn(async move {
            let _ = clock::sleep(Duration::from_secs(5)).await;
            let _ = event.reply("now").await;
        });
        clock::set_timer("tea", clock::now() + 60.0, &"ready").await?;
        Ok(())
    }

    #[on(Scheduled)]
    async fn timer(&self, event: &Event<Scheduled>) -> String {
        format!("{} {}", event.name, event.data.as_deref().unwrap_or_default())
    }
}

fn at_once(texts: &[&str]) -> Vec<RawEvent> {
    texts.iter().map(|text| RawEvent::from(*text)).collect()
}

fn replies(bot: &mut Harness<Counter>, texts: &[&str]) -> Vec<String> {
    bot.deliver_all(at_once(texts)).iter().flat_map(|done| &done.replies).map(Message::plain_text).collect()
}

#[test]
fn exclusive_handlers_lose_no_count_although_they_wait() {
    let mut bot = Harness::<Counter>::new();
    assert_eq!(replies(&mut bot, &["/count"; 5]), ["1", "2", "3", "4", "5"]);
}

#[test]
fn shared_handlers_overlap_and_none_overtakes_an_exclusive_one() {
    let mut bot = Harness::<Counter>::new();
    assert_eq!(
        replies(&mut bot, &["/shared a", "/shared b"]),
        ["a in, b in, a out", "a in, b in, a out, b out"]
    );
    let mut bot = Harness::<Counter>::new();
    let replies = replies(&mut bot, &["/shared a", "/count", "/shared b"]);
    assert_eq!(replies, ["a in, a out", "1", "a in, a out, b in, b out"]);
}

#[test]
fn state_goes_to_the_next_version_and_hooks_run() {
    let mut bot = Harness::<Counter>::new();
    bot.say("/count");
    bot.reload();
    assert_eq!(bot.stored::<String>("reason").unwrap(), "reload");
    assert_eq!(bot.say("/count"), ["2"]);
    bot.restart();
    assert_eq!(bot.say("/count"), ["1"]);
}

#[test]
fn a_wait_takes_the_users_own_fitting_message_or_times_out() {
    let mut bot = Harness::<Counter>::new();
    bot.next_message(message("5").from("10002"));
    bot.next_message("five");
    bot.next_message("55");
    assert_eq!(bot.say("/ask"), ["55"]);
    assert_eq!(bot.say("/ask"), ["nothing came"]);
}

#[test]
fn spawned_tasks_and_timers_go_on_after_their_handler() {
    let mut bot = Harness::<Counter>::new();
    assert_eq!(bot.say("/later"), Vec::<Message>::new());
    assert_eq!(bot.sent().len(), 0);
    bot.advance(Duration::from_secs(5));
    assert_eq!(bot.sent()[0].message, "now");
    let fired = bot.advance(Duration::from_secs(60));
    assert_eq!(fired[0].replies, ["tea \"ready\""]);
}

struct Made {
    greeting: String,
}

#[plugin(id = "made")]
impl Made {
    #[start]
    async fn make() -> Result<Self> {
        Ok(Self { greeting: storage::get("greeting").await?.unwrap_or_else(|| "hello".to_owned()) })
    }

    #[command("greet")]
    async fn greet(&self) -> String {
        self.greeting.clone()
    }

    #[command("set")]
    async fn set(&self, text: Rest) -> Result {
        storage::set("greeting", &*text).await?;
        Ok(())
    }
}

#[test]
fn a_constructor_may_read_storage() {
    let mut bot = Harness::<Made>::new();
    assert_eq!(bot.say("/greet"), ["hello"]);
    bot.say("/set good day");
    bot.restart();
    assert_eq!(bot.say("/greet"), ["good day"]);
}
