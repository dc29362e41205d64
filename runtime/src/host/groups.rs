//! `groups`: groups and their members.

use wasmtime::component::Accessor;

use super::{Right, content, delegate, downloaded, held, target};
use crate::bot::{Groups, cannot};
use crate::model::contract::iglu::plugin::groups::{Host, HostWithStore};
use crate::model::{Announcement, Error, EssenceEntry, Group, GroupMember, Media};
use crate::plugin::engine::{Calls, Ctx};
use crate::policy::Permission;

impl Host for Ctx {}

impl HostWithStore<Ctx> for Calls {
    delegate!(groups: Groups of "groups" {
        Free list() -> Vec<Group>;
        Free info(group: String) -> Group;
        Free members(group: String) -> Vec<GroupMember>;
        Free member(group: String, user: String) -> GroupMember;
        GroupAdmin kick(group: String, user: String, refuse_return: bool) -> ();
        GroupAdmin mute(group: String, user: String, seconds: u32) -> ();
        GroupAdmin mute_all(group: String, on: bool) -> ();
        GroupAdmin set_admin(group: String, user: String, on: bool) -> ();
        GroupAdmin set_card(group: String, user: String, card: String) -> ();
        GroupAdmin set_title(group: String, user: String, title: String) -> ();
        GroupAdmin rename(group: String, name: String) -> ();
        GroupAdmin set_essence(group: String, message: String, on: bool) -> ();
        Free essences(group: String) -> Vec<EssenceEntry>;
        Free announcements(group: String) -> Vec<Announcement>;
        GroupAdmin remove_announcement(group: String, announcement: String) -> ();
        GroupAdmin leave(group: String) -> ();
    });

    async fn announce(
        host: &Accessor<Ctx, Self>,
        bot: String,
        group: String,
        text: String,
        picture: Option<Media>,
    ) -> Result<(), Error> {
        let (caller, target) = target(host, held!(bot, group, text, picture), &bot, Right::GroupAdmin)?;
        if picture.as_ref().is_some_and(|picture| content::names_a_path(&picture.source)) {
            caller.policy.allows(&Permission::Files)?;
        }
        let groups = target.groups().ok_or_else(|| cannot(&target.info(), "groups.announce"))?;
        let picture = match picture {
            Some(picture) => Some(downloaded::medium(&caller, picture).await?),
            None => None,
        };
        caller.flight.acted();
        groups.announce(group, text, picture).await
    }
}
