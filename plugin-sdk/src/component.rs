//! The exported side of a component: the one instance of the plugin, and the four functions that the host calls.

use std::{any::Any, cell::RefCell, marker::PhantomData, rc::Rc, sync::Once};

use crate::{
    Outcome, Result,
    contract::exports::iglu::plugin::guest::Guest,
    host,
    lock::RwLock,
    plugin::{Call, Plugin, told},
    types::RawEvent,
};

thread_local! {
    static INSTANCE: RefCell<Option<Rc<dyn Any>>> = const { RefCell::new(None) };
}

/// The component of a plugin.
#[derive(Debug)]
pub struct Component<P>(PhantomData<P>);

impl<P: Plugin> Guest for Component<P> {
    fn describe() -> String {
        log_panics();
        P::MANIFEST.to_json()
    }

    async fn start(state: Option<Vec<u8>>) -> Result<(), String> {
        log_panics();
        let plugin: Rc<dyn Any> = Rc::new(RwLock::new(told(P::create(state).await)?));
        INSTANCE.set(Some(plugin));
        Ok(())
    }

    async fn handle(handler: String, event: RawEvent, args: String) -> Result<Outcome, String> {
        let plugin = instance::<P>().ok_or("the plugin was not started")?;
        let call = told(Call::new(event, &args))?;
        told(P::handle(&plugin, &handler, call).await)
    }

    async fn stop(reason: String) -> Option<Vec<u8>> {
        P::stop(&*instance::<P>()?, &reason).await
    }
}

fn instance<P: Plugin>() -> Option<Rc<RwLock<P>>> {
    INSTANCE.with_borrow(Clone::clone)?.downcast().ok()
}

/// A panic is a trap, and a trap has no words: they must be out before.
fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            host::log::write(host::log::Level::Error, &panic.to_string());
        }));
    });
}
