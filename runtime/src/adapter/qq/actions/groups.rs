//! Groups and their members, as far as the platform opens them.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::super::account::{Account, text};
use super::super::outbox::time;
use super::named;
use crate::bot::{Answer, Groups};
use crate::model::{Error, Group, GroupMember, Role, User};
use crate::web::escaped;

/// Pages of members that are read; a group has 3000 at most, and a page some 30.
const PAGES: usize = 500;

impl Groups for Account {
    fn info(&self, group: String) -> Answer<'_, Group> {
        Box::pin(async move {
            let group = named("group", &group)?;
            let body = self.ask(Method::GET, &format!("/v2/groups/{}/info", escaped(group)), None).await?;
            let words = |key: &str| text(&body[key]);
            Ok(Group {
                id: words("group_openid").unwrap_or_else(|| group.to_owned()),
                name: words("group_name").unwrap_or_default(),
                remark: None,
                description: words("group_finger_memo"),
                owner: None,
                members: words("group_member_num").and_then(|number| number.parse().ok()),
                capacity: None,
                muted: false,
            })
        })
    }

    fn members(&self, group: String) -> Answer<'_, Vec<GroupMember>> {
        Box::pin(async move {
            let base = format!("/v2/groups/{}/members", escaped(named("group", &group)?));
            let (mut members, mut cursor) = (Vec::new(), String::new());
            let mut seen = HashSet::new();
            for _ in 0..PAGES {
                let query =
                    if cursor.is_empty() { String::new() } else { format!("?cursor={}", escaped(&cursor)) };
                let body = self.ask(Method::GET, &format!("{base}{query}"), None).await?;
                members.extend(body["members"].as_array().into_iter().flatten().filter_map(member));
                match text(&body["next_cursor"]).filter(|next| seen.insert(next.clone())) {
                    Some(next) => cursor = next,
                    None => break,
                }
            }
            Ok(members)
        })
    }

    fn kick(&self, group: String, user: String, refuse_return: bool) -> Answer<'_, ()> {
        Box::pin(async move {
            let user = named("user", &user)?;
            let path = format!("/v2/groups/{}/batch_remove_members", escaped(named("group", &group)?));
            let body = json!({"member_openids": [user], "add_to_member_blacklist": refuse_return});
            let answer = self.ask(Method::POST, &path, Some(&body)).await?;
            let refused = answer["add_to_member_blacklist_fail_openids"].as_array();
            if refuse_return && refused.is_some_and(|refused| refused.iter().any(|it| it == user)) {
                return Err(Error::Other(format!(
                    "{user} was removed, and the platform did not put the user on the group's blacklist"
                )));
            }
            Ok(())
        })
    }
}

fn member(value: &Value) -> Option<GroupMember> {
    let words = |key: &str| text(&value[key]);
    let user = User {
        union_id: words("union_openid"),
        card: words("nick").or_else(|| words("card")),
        role: match value["member_role"].as_str() {
            Some("owner") => Role::Owner,
            Some("admin") => Role::Admin,
            Some("member") => Role::Member,
            _ => Role::Unknown,
        },
        avatar: words("avatar"),
        is_bot: value["bot"].as_bool().unwrap_or_default(),
        ..User::named(words("member_openid")?, words("username").unwrap_or_default())
    };
    let at = |keys: [&str; 2]| keys.iter().find_map(|key| time(&value[*key]));
    Some(GroupMember {
        user,
        joined: at(["joined_at", "join_timestamp"]),
        last_spoke: at(["last_speak_at", "last_spoke_at"]),
        muted_until: at(["mute_expire_at", "muted_until"]),
    })
}
