//! `files`: the bytes of media, and files of chats.

use wasmtime::component::Accessor;

use super::{Caller, Right, delegate, downloaded, enter, held, media, target};
use crate::bot::{Bot, Files, cannot};
use crate::model::contract::iglu::plugin::files::{Host, HostWithStore};
use crate::model::{Chat, Error, Listing, Media, MediaSource};
use crate::plugin::engine::{Calls, Ctx};

impl Host for Ctx {}

impl HostWithStore<Ctx> for Calls {
    delegate!(files: Files of "files" {
        FilesRead url(chat: Chat, file_id: String) -> String;
        FilesRead list(group: String, folder: Option<String>) -> Listing;
        Files remove(group: String, file_id: String) -> ();
        Files create_folder(group: String, name: String) -> Option<String>;
        Files remove_folder(group: String, folder: String) -> ();
    });

    async fn fetch(
        host: &Accessor<Ctx, Self>,
        event: String,
        file: Media,
        limit: u32,
    ) -> Result<Vec<u8>, Error> {
        let caller = enter(host, held!(event, file))?;
        let incoming = caller.event(&event)?;
        // The event's own word counts, so that nobody can make the host fetch something else.
        let carried = media::carried(&incoming, &file).ok_or_else(|| {
            Error::NotFound(format!("event {event:?} carries no such file; use files.download for others"))
        })?;
        let target = caller.bot(&incoming.event.bot.id)?;
        files(&*target, "files.fetch")?.download(carried, most(&caller, limit), true).await
    }

    async fn download(
        host: &Accessor<Ctx, Self>,
        bot: String,
        file: Media,
        limit: u32,
    ) -> Result<Vec<u8>, Error> {
        let (caller, target) = target(host, held!(bot, file), &bot, Right::FilesRead)?;
        let of_this_bot = caller.flight.any(|incoming| {
            incoming.event.bot.id == bot && media::carried(incoming, &file).is_some_and(|known| known == file)
        });
        let genuine = match &file.source {
            MediaSource::Url(url) => of_this_bot || caller.is_genuine(url),
            _ => true,
        };
        files(&*target, "files.download")?.download(file, most(&caller, limit), genuine).await
    }

    async fn upload(
        host: &Accessor<Ctx, Self>,
        bot: String,
        chat: Chat,
        file: Media,
        folder: Option<String>,
    ) -> Result<Option<String>, Error> {
        let (caller, target) = target(host, held!(bot, chat, file, folder), &bot, Right::Files)?;
        caller.may_begin(&target.info(), &chat)?;
        let most = caller.limits.file;
        if let MediaSource::Bytes(bytes) = &file.source
            && bytes.len() > most
        {
            return Err(Error::Exhausted(format!(
                "the file has {} bytes and a plugin may send {most} (`file` in iglu.toml)",
                bytes.len()
            )));
        }
        let files = files(&*target, "files.upload")?;
        let file = downloaded::medium(&caller, file).await?;
        caller.flight.acted();
        files.upload(chat, file, folder).await
    }
}

fn files<'a>(bot: &'a dyn Bot, function: &str) -> Result<&'a dyn Files, Error> {
    bot.files().ok_or_else(|| cannot(&bot.info(), function))
}

/// How many bytes may come: what is asked for, what a file may have and what a host call carries.
fn most(caller: &Caller, limit: u32) -> usize {
    (limit as usize).min(caller.limits.file).min(caller.limits.call_bytes)
}
