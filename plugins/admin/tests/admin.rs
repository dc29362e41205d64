//! The plugin in the real sandbox.

use iglu_sdk::{
    HostError, Message,
    serde_json::json,
    test::{Answers, BOT, Kit, Result},
    types::PlatformError,
};

#[test]
fn admins_mute_unmute_and_remove_members() -> Result<()> {
    let bot = Kit::new()?;
    let ann = bot.group("20001").user("10001").admin();
    ann.say(Message::new().text("/mute ").at("10002").text(" 1h30m"))
        .expect_action("groups.mute", &json!({"group": "20001", "user": "10002", "seconds": 5400}))
        .expect_containing("10002 is muted for 1h30m.")
        .expect_nothing();
    ann.say("/禁言 10002").expect_action("groups.mute", &json!({"seconds": 600})).expect_containing("10m");
    ann.say("/unmute 10002")
        .expect_action("groups.mute", &json!({"user": "10002", "seconds": 0}))
        .expect_containing("may write again");
    let kick = |forever: bool| json!({"group": "20001", "user": "10002", "refuse-return": forever});
    ann.say("/kick 10002").expect_action("groups.kick", &kick(false)).expect_containing("was removed");
    let owner = bot.group("20001").user("10003").owner();
    owner.say("/踢 10002 --forever").expect_action("groups.kick", &kick(true));
    Ok(())
}

#[test]
fn a_message_is_taken_back_by_answering_it() -> Result<()> {
    let bot = Kit::new()?;
    let group = bot.group("20001");
    let rude = group.user("10002").say("something rude");
    let wanted = json!({"message": rude.message_id(), "chat": {"type": "group", "data": "20001"}});
    // QQ mentions who is answered, by itself.
    let recall = Message::new().quote(rude.message_id()).at("10002").text(" /recall");
    assert_untouched(&group.user("10003").say(recall.clone()));
    group.user("10001").admin().say(recall).expect_action("messages.recall", &wanted).expect_nothing();
    group.user("10001").admin().say("/recall").expect_containing("answer with this the message");
    Ok(())
}

#[test]
fn who_has_no_role_is_refused_and_nothing_is_done() -> Result<()> {
    let bot = Kit::new()?;
    for text in ["/mute 10002 10m", "/unmute 10002", "/kick 10002", "/recall"] {
        assert_untouched(&bot.group("20001").user("10003").say(text));
        assert_untouched(&bot.user("10001").say(text));
    }
    Ok(())
}

#[test]
fn wrong_words_are_answered_with_the_usage() -> Result<()> {
    let bot = Kit::new()?;
    let ann = bot.group("20001").user("10001").admin();
    for (text, reason) in [
        ("/mute", "user"),
        ("/mute ann", "mention one"),
        ("/mute 10002 long", "such as 90s"),
        ("/mute 10002 31d", "between a second and 30 days"),
        ("/mute 10002 0s", "between a second and 30 days"),
        ("/kick 10002 10003", "/kick <user>"),
    ] {
        let answers = ann.say(text);
        answers.expect_containing(reason).expect_nothing();
    }
    Ok(())
}

#[test]
fn each_no_of_the_platform_has_its_words() -> Result<()> {
    let bot = Kit::new()?;
    let ann = bot.group("20001").user("10001").admin();
    let refused = PlatformError { code: 1200, message: "没有权限".to_owned(), trace: None };
    bot.refuse("groups.mute", &HostError::Platform(refused));
    bot.answer("groups.member", member("member"));
    let told = ann.say("/mute 10002").texts();
    assert!(told[0].starts_with("I am no admin of this group") && told[0].contains("没有权限"), "{told:?}");
    // An admin, who may not mute another one.
    bot.answer("groups.member", member("admin"));
    let told = ann.say("/mute 10002").texts();
    assert!(told[0].starts_with("It did not work") && told[0].contains("没有权限"), "{told:?}");

    bot.refuse("groups.kick", &HostError::Unsupported("the official platform removes nobody".to_owned()));
    ann.say("/kick 10002").expect_containing("not supported: the official platform removes nobody");
    let gone = Message::new().quote("no such message").text("/recall");
    ann.say(gone).expect_containing("It did not work: not found");
    Ok(())
}

#[test]
fn without_the_grant_nothing_is_done() -> Result<()> {
    let bot = Kit::builder().deny("group-admin").build()?;
    let ann = bot.group("20001").user("10001").admin();
    let answers = ann.say("/kick 10002");
    answers.expect_containing("My owner has not allowed me that").expect_denied("group-admin");
    answers.expect_nothing();
    assert!(answers.log().iter().any(|line| line.text.contains("\"group-admin\"]")), "{answers}");
    Ok(())
}

/// The bot may have said something, and did nothing else.
fn assert_untouched(answers: &Answers) {
    assert!(answers.actions().iter().all(|action| action.message().is_some()), "{answers}");
}

/// The bot in the group.
fn member(role: &str) -> iglu_sdk::serde_json::Value {
    json!({"user": {"id": BOT, "nickname": "bot", "role": role, "roles": [], "is_bot": true}})
}
