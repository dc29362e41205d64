//! `request`: somebody wants something that the bot's side must grant.

use crate::adapter::node::Node;
use crate::model::{EventBody, FriendRequest, JoinRequest, Request};

/// `None` for other kinds, and without the `flag` that an answer needs.
pub(super) fn read(node: &Node<'_>) -> Option<EventBody> {
    let token = node.at("flag").id()?;
    let user = node.at("user_id").known_id()?;
    let comment = node.at("comment").words().unwrap_or_default();
    let request = match (node.at("request_type").as_str()?, node.at("sub_type").as_str()) {
        ("friend", _) => {
            Request::Friend(FriendRequest { user, nickname: None, comment, source: None, token })
        }
        ("group", Some(kind @ ("add" | "invite"))) => {
            let join = JoinRequest {
                group: node.at("group_id").known_id()?,
                user,
                nickname: None,
                inviter: None,
                comment,
                source: None,
                auto_approved: false,
                token,
            };
            if kind == "add" { Request::Join(join) } else { Request::Invite(join) }
        }
        _ => return None,
    };
    Some(EventBody::Request(request))
}
