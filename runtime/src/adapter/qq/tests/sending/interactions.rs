//! Presses of buttons.

use iglu_simulator::qq::{Event, GROUP, USER};
use serde_json::json;

use super::Stage;
use crate::bot::Bot as _;
use crate::model::Error;

fn id(event: &Event) -> String {
    let envelope: serde_json::Value = serde_json::from_str(&event.envelope(None)).unwrap();
    envelope["d"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_handler_answers_a_press_once() {
    let stage = Stage::new().await;
    let event = stage.player.press(USER, "1", "yes");
    let heard = stage.heard(&event);
    stage.account.watch_interaction(&heard);
    stage.account.acknowledge(&heard, 4).await.unwrap();
    let Err(Error::Expired(said)) = stage.account.acknowledge(&heard, 0).await else { panic!() };
    assert!(said.contains("handler"), "{said}");
    assert_eq!(stage.player.acknowledged(&id(&event)).await.code, 4);
    assert!(stage.reply(&heard, "pressed").await.is_ok(), "and the chat is answered too");
    assert!(stage.platform.violations().is_empty());
}

#[tokio::test]
async fn the_host_answers_a_press_that_nobody_does() {
    let stage = Stage::new().await;
    let event = stage.player.group_press(GROUP, USER, "1", "yes");
    let heard = stage.heard(&event);
    stage.account.watch_interaction(&heard);
    let acknowledged = stage.player.acknowledged(&id(&event)).await;
    assert!(acknowledged.code == 0 && acknowledged.in_time, "{acknowledged:?}");
    let Err(Error::Expired(said)) = stage.account.acknowledge(&heard, 0).await else { panic!() };
    assert!(said.contains("host"), "{said}");
    assert_eq!(stage.requests("PUT", "/interactions/*").len(), 1);
}

#[tokio::test]
async fn what_cannot_be_acknowledged_is_refused() {
    let stage = Stage::new().await;
    let heard = stage.heard(&stage.player.press(USER, "1", "yes"));
    assert!(matches!(stage.account.acknowledge(&heard, 6).await, Err(Error::Invalid(_))));
    let message = stage.heard(&stage.player.c2c(USER, "hi"));
    assert!(matches!(stage.account.acknowledge(&message, 0).await, Err(Error::Invalid(_))));
    let d = json!({"id": "i", "type": 13, "chat_type": 2, "scene": "c2c", "user_openid": USER, "data": {"type": 13}});
    let feedback = stage.heard(&Event::new("INTERACTION_CREATE", d));
    stage.account.watch_interaction(&feedback);
    assert!(matches!(stage.account.acknowledge(&feedback, 0).await, Err(Error::Unsupported(_))));
    assert!(stage.account.acknowledge(&heard, 5).await.is_ok());
}

#[tokio::test]
async fn one_that_is_made_by_hand_counts() {
    let stage = Stage::new().await;
    let event = stage.player.press(USER, "1", "yes");
    let heard = stage.heard(&event);
    let action = format!("PUT /interactions/{}", id(&event));
    stage.account.call(&action, json!({"code": 2})).await.unwrap();
    assert!(matches!(stage.account.acknowledge(&heard, 0).await, Err(Error::Expired(_))));
    assert_eq!(stage.player.acknowledged(&id(&event)).await.code, 2);
}
