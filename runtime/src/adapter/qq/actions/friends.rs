//! Requests to join groups.

use reqwest::Method;
use serde_json::json;

use super::super::account::Account;
use super::named;
use crate::bot::{Answer, Friends, cannot};
use crate::model::{Error, Request};
use crate::web::escaped;

/// The mark of a request that was answered, or has lapsed.
const GONE: [i32; 1] = [11_004];

impl Friends for Account {
    fn answer_request(&self, request: Request, approve: bool, reason: Option<String>) -> Answer<'_, ()> {
        Box::pin(async move {
            let Request::Join(join) = request else {
                return Err(cannot(&self.about(), "friends.answer-request for other than join requests"));
            };
            let (group, user) = (escaped(named("group", &join.group)?), escaped(named("user", &join.user)?));
            let mut body = json!({
                "op": if approve { "approve" } else { "decline" },
                "join_request_id": named("request's token", &join.token)?,
            });
            if let Some(reason) = reason.filter(|reason| !approve && !reason.is_empty()) {
                body["reject_reason"] = reason.into();
            }
            let path = format!("/v2/groups/{group}/approval_join_request/{user}");
            match self.ask(Method::POST, &path, Some(&body)).await {
                Ok(_) => Ok(()),
                Err(Error::Platform(error)) if GONE.contains(&error.code) => Err(Error::Expired(format!(
                    "the request of {} was answered before, or has lapsed: {}",
                    join.user, error.message
                ))),
                Err(error) => Err(error),
            }
        })
    }
}
