//! Functions whose signatures stand in the contract, and whose work is still to come.

use wasmtime::component::Accessor;

use super::messages::unsupported;
use crate::model::contract::iglu::plugin::{files, friends, groups, http, sessions};
use crate::model::{Chat, Error, Event, Media, Request};
use crate::plugin::engine::{Calls, Ctx};

macro_rules! later {
    ($interface:ident { $($name:ident($($argument:ty),*) -> $answer:ty;)* }) => {
        impl $interface::Host for Ctx {}

        impl $interface::HostWithStore<Ctx> for Calls {
            $(later!(@function $interface $name ($($argument),*) -> $answer);)*
        }
    };
    (@function $interface:ident $name:ident () -> $answer:ty) => {
        later!(@body $interface $name () -> $answer);
    };
    (@function $interface:ident $name:ident ($a:ty) -> $answer:ty) => {
        later!(@body $interface $name (_a: $a) -> $answer);
    };
    (@function $interface:ident $name:ident ($a:ty, $b:ty) -> $answer:ty) => {
        later!(@body $interface $name (_a: $a, _b: $b) -> $answer);
    };
    (@function $interface:ident $name:ident ($a:ty, $b:ty, $c:ty) -> $answer:ty) => {
        later!(@body $interface $name (_a: $a, _b: $b, _c: $c) -> $answer);
    };
    (@function $interface:ident $name:ident ($a:ty, $b:ty, $c:ty, $d:ty) -> $answer:ty) => {
        later!(@body $interface $name (_a: $a, _b: $b, _c: $c, _d: $d) -> $answer);
    };
    (@body $interface:ident $name:ident ($($argument:ident: $type:ty),*) -> $answer:ty) => {
        async fn $name(host: &Accessor<Ctx, Self>, $($argument: $type),*) -> Result<$answer, Error> {
            unsupported(host, concat!(stringify!($interface), ".", stringify!($name)))
        }
    };
}

later!(groups {
    list(String) -> Vec<groups::Group>;
    info(String, String) -> groups::Group;
    members(String, String) -> Vec<groups::GroupMember>;
    member(String, String, String) -> groups::GroupMember;
    kick(String, String, String, bool) -> ();
    mute(String, String, String, u32) -> ();
    mute_all(String, String, bool) -> ();
    set_admin(String, String, String, bool) -> ();
    set_card(String, String, String, String) -> ();
    set_title(String, String, String, String) -> ();
    rename(String, String, String) -> ();
    set_essence(String, String, String, bool) -> ();
    essences(String, String) -> Vec<groups::EssenceEntry>;
    announce(String, String, String, Option<Media>) -> ();
    announcements(String, String) -> Vec<groups::Announcement>;
    remove_announcement(String, String, String) -> ();
    leave(String, String) -> ();
});

later!(friends {
    list(String) -> Vec<friends::Friend>;
    profile(String, String) -> friends::UserProfile;
    like(String, String, u32) -> ();
    poke(String, String, Option<String>) -> ();
    remove(String, String) -> ();
    pending_requests(String) -> Vec<Request>;
    answer_request(String, Request, bool, Option<String>) -> ();
});

later!(files {
    fetch(String, Media, u32) -> Vec<u8>;
    download(String, Media, u32) -> Vec<u8>;
    upload(String, Chat, Media, Option<String>) -> Option<String>;
    url(String, Chat, String) -> String;
    list(String, String, Option<String>) -> files::Listing;
    remove(String, String, String) -> ();
    create_folder(String, String, String) -> Option<String>;
    remove_folder(String, String, String) -> ();
});

later!(http {
    fetch(http::Request) -> http::Response;
});

later!(sessions {
    wait(String, sessions::Expectation) -> Option<Event>;
});
