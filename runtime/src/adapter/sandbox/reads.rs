//! What plugins can read of the sandbox: the history, and the groups and people that it has met.

use std::collections::BTreeMap;

use super::{BOT_ID, Sandbox, State, unknown};
use crate::bot::{Answer, Chats, Friends, Groups};
use crate::model::{
    Announcement, Chat, Error, EssenceEntry, Friend, Group, GroupMember, Message, Request, Role, UserProfile,
};

impl Chats for Sandbox {
    fn history(&self, chat: Chat, before: Option<String>, count: u32) -> Answer<'_, Vec<Message>> {
        now(self.lock().history(&chat, before.as_deref(), count as usize))
    }
}

impl Groups for Sandbox {
    fn list(&self) -> Answer<'_, Vec<Group>> {
        let state = self.lock();
        now(Ok(state.groups().iter().map(|group| state.group(group)).collect()))
    }

    fn info(&self, group: String) -> Answer<'_, Group> {
        let state = self.lock();
        now(state.known_group(&group).map(|()| state.group(&group)))
    }

    fn members(&self, group: String) -> Answer<'_, Vec<GroupMember>> {
        let state = self.lock();
        now(state.known_group(&group).map(|()| state.members(&group).into_values().collect()))
    }

    fn member(&self, group: String, user: String) -> Answer<'_, GroupMember> {
        let state = self.lock();
        let member = state.known_group(&group).and_then(|()| {
            let absent =
                || Error::NotFound(format!("nobody with the id {user} is in the sandbox's group {group}"));
            state.members(&group).remove(&user).ok_or_else(absent)
        });
        now(member)
    }

    fn essences(&self, group: String) -> Answer<'_, Vec<EssenceEntry>> {
        now(self.lock().known_group(&group).map(|()| Vec::new()))
    }

    fn announcements(&self, group: String) -> Answer<'_, Vec<Announcement>> {
        now(self.lock().known_group(&group).map(|()| Vec::new()))
    }
}

impl Friends for Sandbox {
    fn list(&self) -> Answer<'_, Vec<Friend>> {
        let state = self.lock();
        let people = state.people().into_iter().filter(|user| user != BOT_ID);
        let friends = people.map(|user| Friend {
            user: state.person(&user, Role::Unknown),
            remark: None,
            category: None,
        });
        now(Ok(friends.collect()))
    }

    fn profile(&self, user: String) -> Answer<'_, UserProfile> {
        let state = self.lock();
        if !state.people().contains(&user) {
            return now(Err(Error::NotFound(format!("the sandbox has not met the user {user}"))));
        }
        let user = state.person(&user, Role::Unknown);
        now(Ok(UserProfile { user, remark: None, sex: None, age: None, signature: None }))
    }

    fn pending_requests(&self) -> Answer<'_, Vec<Request>> {
        now(Ok(Vec::new()))
    }
}

impl State {
    fn history(&self, chat: &Chat, before: Option<&str>, count: usize) -> Result<Vec<Message>, Error> {
        let mut messages: Vec<_> = self.messages.iter().filter(|message| message.chat == *chat).collect();
        if let Some(before) = before {
            let at =
                messages.iter().position(|message| message.id == before).ok_or_else(|| unknown(before))?;
            messages.truncate(at + 1);
        }
        let first = messages.len().saturating_sub(count);
        Ok(messages.into_iter().skip(first).cloned().collect())
    }

    /// The group where the person types, and those with messages.
    fn groups(&self) -> Vec<String> {
        let spoken = self.messages.iter().filter_map(|message| match &message.chat {
            Chat::Group(group) => Some(group.clone()),
            _ => None,
        });
        let mut groups: Vec<_> = self.group.iter().cloned().chain(spoken).collect();
        groups.sort();
        groups.dedup();
        groups
    }

    fn known_group(&self, group: &str) -> Result<(), Error> {
        if self.groups().iter().any(|known| known == group) {
            return Ok(());
        }
        Err(Error::NotFound(format!(
            "the sandbox has no group {group}; whoever types enters it with `:group {group}`"
        )))
    }

    fn group(&self, group: &str) -> Group {
        Group {
            id: group.to_owned(),
            name: group.to_owned(),
            remark: None,
            description: None,
            owner: None,
            members: Some(self.members(group).len() as u32),
            capacity: None,
            muted: false,
        }
    }

    /// The bot, whoever wrote there, and whoever types there.
    fn members(&self, group: &str) -> BTreeMap<String, GroupMember> {
        let member = |id: &str, role, last_spoke| GroupMember {
            user: self.person(id, role),
            joined: None,
            last_spoke,
            muted_until: None,
        };
        let mut members = BTreeMap::from([(BOT_ID.to_owned(), member(BOT_ID, Role::Member, None))]);
        for message in self.messages.iter().filter(|message| message.chat == Chat::Group(group.to_owned())) {
            let sender = &message.sender;
            members.insert(sender.id.clone(), member(&sender.id, sender.role, Some(message.time)));
        }
        if self.group.as_deref() == Some(group) {
            let last_spoke = members.get(&self.user).and_then(|member| member.last_spoke);
            members.insert(self.user.clone(), member(&self.user, self.role, last_spoke));
        }
        members
    }

    /// Everybody who was named, wrote or types.
    fn people(&self) -> Vec<String> {
        let wrote = self.messages.iter().map(|message| &message.sender.id);
        let mut people: Vec<_> = self.names.keys().chain(wrote).chain([&self.user]).cloned().collect();
        people.sort();
        people.dedup();
        people
    }
}

fn now<'a, T: Send + 'a>(answer: Result<T, Error>) -> Answer<'a, T> {
    Box::pin(std::future::ready(answer))
}
