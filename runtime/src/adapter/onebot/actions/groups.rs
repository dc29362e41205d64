//! Groups and their members.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::account::Account;
use super::super::decode::{read_segments, seconds};
use super::super::{cq, encode};
use super::{named, refuse};
use crate::adapter::node::Node;
use crate::bot::{Answer, Groups};
use crate::model::{Announcement, Error, EssenceEntry, Group, GroupMember, Media, Role, User};

/// NapCat's first list of a large group takes long.
const LIST_TIME: Duration = Duration::from_secs(120);
/// QQ's longest mute.
const LONGEST_MUTE: u32 = 30 * 86_400;

impl Groups for Account {
    fn list(&self) -> Answer<'_, Vec<Group>> {
        Box::pin(async move {
            let params = json!({"no_cache": false});
            self.read("get_group_list", &params, self.deadline, |list| {
                list.items().iter().filter_map(group).collect()
            })
            .await
        })
    }

    fn info(&self, id: String) -> Answer<'_, Group> {
        Box::pin(async move {
            let params = json!({"group_id": named("group", &id)?});
            let found = self.read("get_group_info", &params, self.deadline, group).await?;
            found.ok_or_else(|| Error::NotFound(format!("NapCat knows no group {id}")))
        })
    }

    fn members(&self, group: String) -> Answer<'_, Vec<GroupMember>> {
        Box::pin(async move {
            let params = json!({"group_id": named("group", &group)?, "no_cache": false});
            let time = self.deadline.max(LIST_TIME);
            self.read("get_group_member_list", &params, time, |list| {
                list.items().iter().filter_map(member).collect()
            })
            .await
        })
    }

    fn member(&self, group: String, user: String) -> Answer<'_, GroupMember> {
        Box::pin(async move {
            // Roles and mutes decide what a plugin allows, so they are read fresh.
            let params = json!({"group_id": named("group", &group)?, "user_id": named("user", &user)?, "no_cache": true});
            let found = self.read("get_group_member_info", &params, self.deadline, member).await?;
            found.ok_or_else(|| Error::NotFound(format!("NapCat knows no member {user} of group {group}")))
        })
    }

    fn kick(&self, group: String, user: String, refuse_return: bool) -> Answer<'_, ()> {
        self.change(
            "set_group_kick",
            &group,
            &[("user_id", &user)],
            json!({"reject_add_request": refuse_return}),
        )
    }

    fn mute(&self, group: String, user: String, seconds: u32) -> Answer<'_, ()> {
        if seconds > LONGEST_MUTE {
            return refuse(Error::Invalid(format!(
                "QQ mutes for at most 30 days ({LONGEST_MUTE} s), not {seconds} s"
            )));
        }
        self.change("set_group_ban", &group, &[("user_id", &user)], json!({"duration": seconds}))
    }

    fn mute_all(&self, group: String, on: bool) -> Answer<'_, ()> {
        self.change("set_group_whole_ban", &group, &[], json!({"enable": on}))
    }

    fn set_admin(&self, group: String, user: String, on: bool) -> Answer<'_, ()> {
        self.change("set_group_admin", &group, &[("user_id", &user)], json!({"enable": on}))
    }

    fn set_card(&self, group: String, user: String, card: String) -> Answer<'_, ()> {
        self.change("set_group_card", &group, &[("user_id", &user)], json!({"card": card}))
    }

    fn set_title(&self, group: String, user: String, title: String) -> Answer<'_, ()> {
        self.change("set_group_special_title", &group, &[("user_id", &user)], json!({"special_title": title}))
    }

    fn rename(&self, group: String, name: String) -> Answer<'_, ()> {
        self.change("set_group_name", &group, &[("group_name", &name)], json!({}))
    }

    fn set_essence(&self, group: String, message: String, on: bool) -> Answer<'_, ()> {
        let action = if on { "set_essence_msg" } else { "delete_essence_msg" };
        match named("group", &group).and_then(|_| named("message", &message)) {
            Ok(message) => self.order(action, json!({"message_id": message})),
            Err(error) => refuse(error),
        }
    }

    fn essences(&self, group: String) -> Answer<'_, Vec<EssenceEntry>> {
        Box::pin(async move {
            let (params, me) = (json!({"group_id": named("group", &group)?}), self.me());
            self.read("get_essence_msg_list", &params, self.deadline, |list| {
                list.items().iter().map(|entry| self.essence(entry, &me)).collect()
            })
            .await
        })
    }

    fn announce(&self, group: String, text: String, picture: Option<Media>) -> Answer<'_, ()> {
        let image = picture.map(|media| encode::source(&media.source, media.name.as_deref(), "picture"));
        let image = match image.transpose() {
            Ok(image) => image,
            Err(error) => return refuse(error),
        };
        let mut more = json!({
            "pinned": 0,
            "type": 1,
            "confirm_required": 0,
            "is_show_edit_card": 0,
            "tip_window_type": 0,
        });
        if let Some(image) = image {
            more["image"] = image.into();
        }
        self.change("_send_group_notice", &group, &[("content", &text)], more)
    }

    fn announcements(&self, group: String) -> Answer<'_, Vec<Announcement>> {
        Box::pin(async move {
            let params = json!({"group_id": named("group", &group)?});
            self.read("_get_group_notice", &params, self.deadline, |list| {
                list.items().iter().filter_map(announcement).collect()
            })
            .await
        })
    }

    fn remove_announcement(&self, group: String, announcement: String) -> Answer<'_, ()> {
        self.change("_del_group_notice", &group, &[("notice_id", &announcement)], json!({}))
    }

    fn leave(&self, group: String) -> Answer<'_, ()> {
        self.change("set_group_leave", &group, &[], json!({"is_dismiss": false}))
    }
}

impl Account {
    /// Changes something in a group. `required` must not be empty; `more` may be.
    fn change(
        &self,
        action: &'static str,
        group: &str,
        required: &[(&str, &str)],
        more: Value,
    ) -> Answer<'_, ()> {
        let mut params = Map::new();
        for (key, value) in std::iter::once(&("group_id", group)).chain(required) {
            let what = key.strip_suffix("_id").unwrap_or(key).replace('_', " ");
            match named(&what, value) {
                Ok(id) if key.ends_with("_id") => params.insert((*key).to_owned(), id.into()),
                Ok(_) => params.insert((*key).to_owned(), (*value).into()),
                Err(error) => return refuse(error),
            };
        }
        if let Value::Object(more) = more {
            params.extend(more);
        }
        self.order(action, Value::Object(params))
    }

    fn essence(&self, entry: &Node<'_>, me: &str) -> EssenceEntry {
        let body = entry.at("content");
        let parsed;
        let nodes = match body {
            Node::Text(text) => {
                parsed = cq::parse(text);
                parsed.as_slice()
            }
            other => other.items(),
        };
        EssenceEntry {
            message: entry.at("message_id").id().unwrap_or_default(),
            sender: entry.at("sender_id").known_id().unwrap_or_default(),
            sender_name: entry.at("sender_nick").words().unwrap_or_default(),
            operator: entry.at("operator_id").known_id().unwrap_or_default(),
            time: seconds(entry.at("operator_time")).unwrap_or_default(),
            content: read_segments(nodes, me, &self.memory()),
        }
    }
}

fn group(node: &Node<'_>) -> Option<Group> {
    let words = |key: &str| node.at(key).words();
    Some(Group {
        id: node.at("group_id").known_id()?,
        name: words("group_name").unwrap_or_default(),
        remark: words("group_remark"),
        description: words("group_memo"),
        owner: node.at("owner_id").known_id(),
        members: node.at("member_count").count(),
        capacity: node.at("max_member_count").count(),
        muted: node.at("group_all_shut").number().is_some_and(|shut| shut != 0.0),
    })
}

fn member(node: &Node<'_>) -> Option<GroupMember> {
    let words = |key: &str| node.at(key).words();
    let user = User {
        card: words("card"),
        title: words("title"),
        role: match node.at("role").as_str() {
            Some("owner") => Role::Owner,
            Some("admin") => Role::Admin,
            Some("member") => Role::Member,
            _ => Role::Unknown,
        },
        level: words("level").filter(|level| level != "0"),
        is_bot: node.at("is_robot").truth().unwrap_or_default(),
        ..User::named(node.at("user_id").known_id()?, words("nickname").unwrap_or_default())
    };
    Some(GroupMember {
        user,
        joined: seconds(node.at("join_time")),
        last_spoke: seconds(node.at("last_sent_time")),
        muted_until: seconds(node.at("shut_up_timestamp")),
    })
}

fn announcement(node: &Node<'_>) -> Option<Announcement> {
    let message = node.at("message");
    Some(Announcement {
        id: node.at("notice_id").id()?,
        sender: node.at("sender_id").known_id().unwrap_or_default(),
        time: seconds(node.at("publish_time")).unwrap_or_default(),
        text: message.at("text").words().or_else(|| message.words()).unwrap_or_default(),
    })
}
