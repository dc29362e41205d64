//! Functions whose signatures stand in the contract, and whose work is still to come.

use wasmtime::component::Accessor;

use super::messages::unsupported;
use crate::model::Error;
use crate::model::contract::iglu::plugin::http;
use crate::plugin::engine::{Calls, Ctx};

macro_rules! later {
    ($interface:ident { $($name:ident($($argument:ty),*) -> $answer:ty;)* }) => {
        impl $interface::Host for Ctx {}

        impl $interface::HostWithStore<Ctx> for Calls {
            $(later!(@function $interface $name ($($argument),*) -> $answer);)*
        }
    };
    (@function $interface:ident $name:ident ($a:ty) -> $answer:ty) => {
        later!(@body $interface $name (_a: $a) -> $answer);
    };
    (@function $interface:ident $name:ident ($a:ty, $b:ty) -> $answer:ty) => {
        later!(@body $interface $name (_a: $a, _b: $b) -> $answer);
    };
    (@body $interface:ident $name:ident ($($argument:ident: $type:ty),*) -> $answer:ty) => {
        async fn $name(host: &Accessor<Ctx, Self>, $($argument: $type),*) -> Result<$answer, Error> {
            unsupported(host, concat!(stringify!($interface), ".", stringify!($name)))
        }
    };
}

later!(http {
    fetch(http::Request) -> http::Response;
});
