//! The bookkeeping of replies and of messages on the bot's own initiative.

use std::collections::HashSet;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::super::super::books::{Books, Refusal};
use super::super::super::failure::{Class, Failure};
use super::super::super::place::{Place, Scene};
use super::super::super::{Anchor, AnchorKind, Quota, Rules};
use crate::model::Error;

const START: u64 = 1_800_000_000;
const NOW: f64 = START as f64;

fn place(scene: Scene, id: &str) -> Place {
    Place { scene, id: id.to_owned() }
}

fn anchor(kind: AnchorKind, id: &str) -> Anchor {
    Anchor { kind, id: id.to_owned(), received: START, redelivered: false }
}

fn replies_only() -> Rules {
    Rules { active: false, ..Rules::default() }
}

fn refusal(code: i64) -> Failure {
    Failure { code, ..Failure::silent(Class::Anchor, "no".to_owned()) }
}

fn expired(refusal: Refusal) -> String {
    match refusal.error {
        Error::Expired(text) => text,
        other => panic!("{other:?} is not `expired`"),
    }
}

#[test]
fn concurrent_replies_never_share_a_number_or_exceed_a_window() {
    let books = Books::new(replies_only());
    let start = Arc::new(Barrier::new(20));
    let workers: Vec<_> = (0..20)
        .map(|_| {
            let (books, start) = (books.clone(), start.clone());
            std::thread::spawn(move || {
                start.wait();
                let mut sent = Vec::new();
                // 20 times 50: ten replies to each of 100 messages.
                for number in 0..50 {
                    let message = format!("M{}", fastrand::usize(..) % 50 * 2 + number % 2);
                    let place = place(Scene::Group, &format!("G{}", number % 2));
                    let anchor = anchor(AnchorKind::Message, &message);
                    if let Ok(mut booking) = books.book(&place, Some(&anchor), 1, NOW) {
                        sent.push((place, message, booking.next().msg_seq.unwrap()));
                    }
                }
                sent
            })
        })
        .collect();
    let sent: Vec<_> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
    let different: HashSet<_> = sent.iter().collect();
    assert_eq!(different.len(), sent.len(), "no two replies are alike");
    let mut messages: Vec<_> =
        sent.iter().map(|(place, message, _)| (place.id.clone(), message.clone())).collect();
    messages.sort();
    for same in messages.chunk_by(|a, b| a == b) {
        assert!(same.len() <= 5, "{same:?}");
    }
    assert!(sent.len() > 100);
}

#[test]
fn a_thousand_replies_to_a_hundred_messages_use_each_window_up() {
    let books = Books::new(replies_only());
    let workers: Vec<_> = (0..10)
        .map(|_| {
            let books = books.clone();
            std::thread::spawn(move || {
                let mut sent = 0;
                for number in 0..100 {
                    let anchor = anchor(AnchorKind::Message, &format!("M{number}"));
                    let booked = books.book(&place(Scene::Private, "U"), Some(&anchor), 1, NOW);
                    sent += u32::from(booked.is_ok_and(|mut booking| booking.next().msg_seq <= Some(4)));
                }
                sent
            })
        })
        .collect();
    assert_eq!(workers.into_iter().map(|worker| worker.join().unwrap()).sum::<u32>(), 400);
}

#[test]
fn a_window_ends_by_time_and_by_count() {
    let (user, group) = (place(Scene::Private, "U"), place(Scene::Group, "G"));
    for (place, seconds, count) in [(&user, 3600.0, 4), (&group, 300.0, 5)] {
        let books = Books::new(replies_only());
        let message = anchor(AnchorKind::Message, "M");
        for number in 1..=count {
            let mut booking = books.book(place, Some(&message), 1, NOW + seconds - 10.0).unwrap();
            let stamp = booking.next();
            assert_eq!(stamp.msg_seq, Some(number));
            assert_eq!(stamp.answers, Some(("msg_id", "M".to_owned())));
        }
        let said = expired(books.book(place, Some(&message), 1, NOW).unwrap_err());
        assert!(said.contains(&count.to_string()) && said.contains("`active`"), "{said}");
        let late = anchor(AnchorKind::Message, "L");
        let said = expired(books.book(place, Some(&late), 1, NOW + seconds).unwrap_err());
        assert!(said.contains("ended"), "{said}");
    }
}

#[test]
fn a_message_is_booked_whole_or_not_at_all() {
    let books = Books::new(replies_only());
    let (user, message) = (place(Scene::Private, "U"), anchor(AnchorKind::Message, "M"));
    assert!(books.book(&user, Some(&message), 5, NOW).is_err(), "four fit");
    let mut booking = books.book(&user, Some(&message), 3, NOW).unwrap();
    assert!(books.book(&user, Some(&message), 2, NOW).is_err(), "one is left");
    booking.next();
    drop(booking);
    let mut booking = books.book(&user, Some(&message), 3, NOW).unwrap();
    let numbers: Vec<_> = (0..3).map(|_| booking.next().msg_seq.unwrap()).collect();
    assert_eq!(numbers, [2, 3, 4], "what was not used is free again, and no number comes twice");
    booking.give_back();
    assert!(books.book(&user, Some(&message), 1, NOW).is_ok(), "what was not sent is free again");
}

#[test]
fn typing_and_other_peoples_numbers_count_as_numbers() {
    let books = Books::new(replies_only());
    let (user, message) = (place(Scene::Private, "U"), anchor(AnchorKind::Message, "M"));
    assert_eq!(books.number(&user, &message, NOW), 1);
    books.note(&user, &message, Some(7), NOW);
    let mut booking = books.book(&user, Some(&message), 3, NOW).unwrap();
    assert_eq!(booking.next().msg_seq, Some(8));
    assert_eq!(booking.renumber(), Some(9));
    assert!(books.book(&user, Some(&message), 1, NOW).is_err(), "the other's message was an answer too");
}

#[test]
fn an_event_that_may_have_been_answered_begins_high() {
    let books = Books::new(replies_only());
    let again = Anchor { redelivered: true, ..anchor(AnchorKind::Message, "M") };
    let mut booking = books.book(&place(Scene::Private, "U"), Some(&again), 1, NOW).unwrap();
    assert!(booking.next().msg_seq.unwrap() >= 10_000);
}

#[test]
fn notices_are_answered_once_a_day_and_buttons_are_not() {
    let books = Books::new(replies_only());
    let group = place(Scene::Group, "G");
    let event = |id: &str| anchor(AnchorKind::Event, id);
    let mut first = books.book(&group, Some(&event("GROUP_ADD_ROBOT:1")), 1, NOW).unwrap();
    assert_eq!(first.next().answers, Some(("event_id", "GROUP_ADD_ROBOT:1".to_owned())));
    let said = expired(books.book(&group, Some(&event("GROUP_ADD_ROBOT:2")), 1, NOW).unwrap_err());
    assert!(said.contains("once a day"), "{said}");
    assert!(books.book(&group, Some(&event("GROUP_MSG_RECEIVE:3")), 1, NOW).is_ok(), "another kind");
    assert!(books.book(&place(Scene::Group, "H"), Some(&event("GROUP_ADD_ROBOT:4")), 1, NOW).is_ok());
    let tomorrow = Anchor { received: START + 86_400, ..event("GROUP_ADD_ROBOT:5") };
    assert!(books.book(&group, Some(&tomorrow), 1, NOW + 86_400.0).is_ok());
    for _ in 0..5 {
        books.book(&group, Some(&event("INTERACTION_CREATE:6")), 1, NOW).unwrap().next();
    }
}

#[test]
fn events_without_answers_say_so() {
    let books = Books::new(Rules::default());
    let user = place(Scene::Private, "U");
    let never = anchor(AnchorKind::Never, "FRIEND_DEL:1");
    let Error::Unsupported(said) = books.book(&user, Some(&never), 1, NOW).unwrap_err().error else {
        panic!()
    };
    assert!(said.contains("FRIEND_DEL") && said.contains("40034027"), "{said}");
    let perhaps = anchor(AnchorKind::Perhaps, "FRIEND_ADD:1");
    let booking = books.book(&user, Some(&perhaps), 1, NOW).unwrap();
    assert!(booking.is_answer(), "it is tried");
    booking.close(&refusal(40_034_027));
    let other = anchor(AnchorKind::Perhaps, "FRIEND_ADD:2");
    let second = books.book(&place(Scene::Private, "V"), Some(&other), 1, NOW).unwrap();
    assert!(!second.is_answer(), "and not again");
    let books = Books::new(replies_only());
    books.book(&user, Some(&perhaps), 1, NOW).unwrap().close(&refusal(40_034_027));
    let refused = books.book(&user, Some(&other), 1, NOW).unwrap_err().error;
    assert!(matches!(refused, Error::Unsupported(_)), "{refused:?}");
}

#[test]
fn what_cannot_be_answered_becomes_a_message_of_its_own_while_the_quota_lasts() {
    let rules = Rules { active_user: Quota { minute: 2, day: 3 }, ..Rules::default() };
    let books = Books::new(rules);
    let (user, late) = (place(Scene::Private, "U"), anchor(AnchorKind::Message, "M"));
    let after = NOW + 4_000.0;
    for _ in 0..2 {
        let mut booking = books.book(&user, Some(&late), 1, after).unwrap();
        let stamp = booking.next();
        assert_eq!((booking.is_answer(), stamp.answers, stamp.msg_seq), (false, None, None));
    }
    let said = expired(books.book(&user, Some(&late), 1, after).unwrap_err());
    for word in ["60 min", "quota of 2", "60 s"] {
        assert!(said.contains(word), "{said} says {word}");
    }
    let Error::RateLimited(wait) = books.book(&user, None, 1, after + 20.0).unwrap_err().error else {
        panic!()
    };
    assert_eq!(wait, 40.0);
    books.book(&user, None, 1, after + 60.0).unwrap().next();
    let Error::RateLimited(wait) = books.book(&user, None, 1, after + 200.0).unwrap_err().error else {
        panic!()
    };
    assert_eq!(wait, 86_200.0, "the day's quota");
    assert!(
        books.book(&place(Scene::Private, "V"), None, 1, after).is_ok(),
        "another user has another quota"
    );
}

#[test]
fn a_chat_that_refuses_messages_gets_none_until_it_allows_them() {
    let books = Books::new(Rules::default());
    let group = place(Scene::Group, "G");
    books.push_changed(&group, false, NOW);
    let Error::Platform(error) = books.book(&group, None, 1, NOW).unwrap_err().error else { panic!() };
    assert_eq!(error.code, 40_034_105);
    let message = anchor(AnchorKind::Message, "M");
    assert!(books.book(&group, Some(&message), 1, NOW).is_ok_and(|booking| booking.is_answer()));
    books.push_changed(&group, true, NOW);
    assert!(books.book(&group, None, 1, NOW).is_ok());
    books.refused(&group, &refusal(40_034_105), true, NOW);
    assert!(books.book(&group, None, 1, NOW).is_err());
    assert!(books.book(&group, None, 1, NOW + 700.0).is_ok(), "the platform is asked again");
}

#[test]
fn all_chats_together_have_a_rate_that_is_waited_for_if_it_is_short() {
    let books = Books::new(Rules::default());
    let user = |number: u32| place(Scene::Private, &number.to_string());
    for number in 0..10 {
        books.book(&user(number), None, 1, NOW).unwrap().next();
    }
    let refusal = books.book(&user(10), None, 1, NOW + 0.5).unwrap_err();
    assert_eq!(refusal.wait, Some(Duration::from_millis(500)));
    assert!(books.book(&user(10), None, 1, NOW + 1.0).is_ok());
    let group = |number: u32| place(Scene::Group, &number.to_string());
    for number in 0..60 {
        books.book(&group(number), None, 1, NOW).unwrap().next();
    }
    let refusal = books.book(&group(60), None, 1, NOW + 10.0).unwrap_err();
    assert_eq!((refusal.wait, refusal.error), (None, Error::RateLimited(50.0)));
}

#[test]
fn old_events_are_forgotten_without_reusing_their_numbers() {
    let books = Books::new(replies_only());
    let group = place(Scene::Group, "G");
    let message = |number: u64| Anchor {
        received: START + number / 1_000,
        ..anchor(AnchorKind::Message, &format!("M{number}"))
    };
    for number in 0..25_000 {
        books.book(&group, Some(&message(number)), 1, NOW + 20.0).unwrap().next();
    }
    let mut old = books.book(&group, Some(&message(0)), 1, NOW + 30.0).unwrap();
    assert!(old.next().msg_seq.unwrap() >= 10_000, "it may have had answers");
    let mut new = books.book(&group, Some(&message(24_999)), 1, NOW + 30.0).unwrap();
    assert_eq!(new.next().msg_seq, Some(2), "the newest are remembered");
}
