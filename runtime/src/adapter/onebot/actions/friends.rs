//! Friends, users and requests.

use serde_json::json;

use super::super::account::Account;
use super::{named, refuse};
use crate::adapter::node::Node;
use crate::bot::{Answer, Friends};
use crate::model::{Error, Friend, JoinRequest, PlatformError, Request, User, UserProfile};

/// How many requests NapCat looks through for the one that is answered, and how many are listed.
const REQUESTS: u32 = 100;

impl Friends for Account {
    fn list(&self) -> Answer<'_, Vec<Friend>> {
        Box::pin(async move {
            let params = json!({"no_cache": false});
            self.read("get_friend_list", &params, self.deadline, |list| {
                list.items().iter().filter_map(friend).collect()
            })
            .await
        })
    }

    fn profile(&self, user: String) -> Answer<'_, UserProfile> {
        Box::pin(async move {
            let params = json!({"user_id": named("user", &user)?, "no_cache": false});
            let found = self.read("get_stranger_info", &params, self.deadline, profile).await?;
            found.ok_or_else(|| Error::NotFound(format!("NapCat knows no user {user}")))
        })
    }

    fn like(&self, user: String, times: u32) -> Answer<'_, ()> {
        match named("user", &user) {
            Ok(_) if times == 0 => {
                refuse(Error::Invalid("0 likes are none; give the number of likes".to_owned()))
            }
            Ok(user) => self.order("send_like", json!({"user_id": user, "times": times})),
            Err(error) => refuse(error),
        }
    }

    fn poke(&self, user: String, group: Option<String>) -> Answer<'_, ()> {
        let params = named("user", &user).and_then(|user| match &group {
            Some(group) => Ok(json!({"group_id": named("group", group)?, "user_id": user})),
            None => Ok(json!({"user_id": user})),
        });
        match params {
            Ok(params) => self.order("send_poke", params),
            Err(error) => refuse(error),
        }
    }

    fn remove(&self, user: String) -> Answer<'_, ()> {
        match named("user", &user) {
            Ok(user) => {
                let params = json!({"user_id": user, "temp_block": false, "temp_both_del": false});
                self.order("delete_friend", params)
            }
            Err(error) => refuse(error),
        }
    }

    fn pending_requests(&self) -> Answer<'_, Vec<Request>> {
        Box::pin(async move {
            let params = json!({"count": REQUESTS});
            self.read("get_group_system_msg", &params, self.deadline, |found| {
                let joins = found.at("join_requests").items().iter().filter_map(pending).map(Request::Join);
                // The name with capitals is the same list under its old name.
                let invites = [found.at("invited_requests"), found.at("InvitedRequest")];
                let invites = invites.into_iter().find(|list| !list.items().is_empty()).map(Node::items);
                let invites = invites.unwrap_or_default().iter().filter_map(pending).map(Request::Invite);
                joins.chain(invites).collect()
            })
            .await
        })
    }

    fn answer_request(&self, request: Request, approve: bool, reason: Option<String>) -> Answer<'_, ()> {
        Box::pin(async move {
            let (token, key) = match &request {
                // Its mark is a second, in which several users may ask.
                Request::Friend(asked) => (&asked.token, format!("friend {} {}", asked.user, asked.token)),
                Request::Join(asked) | Request::Invite(asked) => {
                    (&asked.token, format!("group {} {}", asked.group, asked.token))
                }
                Request::Other(other) => {
                    return Err(Error::Unsupported(format!(
                        "NapCat has no requests of the kind {:?}",
                        other.kind
                    )));
                }
            };
            let flag = named("request's token", token)?;
            if self.memory().has_answered(&key) {
                return Err(expired(flag));
            }
            let reason = reason.unwrap_or_default();
            let (action, params) = match &request {
                Request::Friend(_) => {
                    let remark = if approve { reason.as_str() } else { "" };
                    ("set_friend_add_request", json!({"flag": flag, "approve": approve, "remark": remark}))
                }
                _ => {
                    let kind = if matches!(request, Request::Join(_)) { "add" } else { "invite" };
                    let params = json!({
                        "flag": flag,
                        "sub_type": kind,
                        "approve": approve,
                        "reason": reason,
                        "count": REQUESTS,
                    });
                    ("set_group_add_request", params)
                }
            };
            match self.done(action, &params, self.deadline, |_| ()).await {
                Ok(()) => {
                    self.memory().answered(key);
                    Ok(())
                }
                Err(Error::Platform(error)) if is_gone(&error) => Err(expired(flag)),
                Err(Error::Platform(error)) if !matches!(request, Request::Friend(_)) => {
                    // QQ's own refusals differ; NapCat's list tells whether somebody was quicker.
                    match self.is_settled(flag).await {
                        true => Err(expired(flag)),
                        false => Err(Error::Platform(error)),
                    }
                }
                failed => failed,
            }
        })
    }
}

impl Account {
    /// Whether a request of a group is known to be answered.
    async fn is_settled(&self, flag: &str) -> bool {
        let params = json!({"count": REQUESTS});
        let known = self.read("get_group_system_msg", &params, self.deadline, |found| {
            ["join_requests", "invited_requests", "InvitedRequest"].iter().any(|list| {
                let mut requests = found.at(list).items().iter();
                requests.any(|it| it.at("request_id").id().as_deref() == Some(flag) && is_checked(it))
            })
        });
        known.await.unwrap_or(false)
    }
}

fn is_gone(error: &PlatformError) -> bool {
    let text = error.message.to_ascii_lowercase();
    ["no such request", "已处理", "已过期", "不存在", "not found", "expired"]
        .iter()
        .any(|word| text.contains(word))
}

fn expired(flag: &str) -> Error {
    Error::Expired(format!(
        "the request {flag} was answered before, or NapCat has forgotten it; nothing is left to do"
    ))
}

fn is_checked(node: &Node<'_>) -> bool {
    node.at("checked").truth().unwrap_or_default()
}

/// A request of a group that is not answered yet. NapCat's `invitor_uin` is whoever asks, in both lists.
fn pending(node: &Node<'_>) -> Option<JoinRequest> {
    if is_checked(node) {
        return None;
    }
    let first = |keys: [&str; 3]| keys.iter().find_map(|key| node.at(key).known_id());
    Some(JoinRequest {
        group: node.at("group_id").known_id()?,
        user: first(["requester_uin", "invitor_uin", "user_id"])?,
        nickname: node.at("requester_nick").words().or_else(|| node.at("invitor_nick").words()),
        inviter: None,
        comment: node.at("message").words().unwrap_or_default(),
        source: None,
        auto_approved: false,
        token: first(["request_id", "flag", "seq"])?,
    })
}

fn friend(node: &Node<'_>) -> Option<Friend> {
    let words = |key: &str| node.at(key).words();
    Some(Friend {
        user: User::named(node.at("user_id").known_id()?, words("nickname").unwrap_or_default()),
        remark: words("remark"),
        category: words("categoryName").or_else(|| words("category_name")),
    })
}

fn profile(node: &Node<'_>) -> Option<UserProfile> {
    let words = |key: &str| node.at(key).words();
    Some(UserProfile {
        user: User::named(node.at("user_id").known_id()?, words("nickname").unwrap_or_default()),
        remark: words("remark"),
        sex: node.at("sex").as_str().map(str::to_owned).filter(|sex| !sex.is_empty()),
        // 0 is unknown.
        age: node.at("age").count().filter(|age| *age > 0),
        signature: words("long_nick").or_else(|| words("longNick")),
    })
}
