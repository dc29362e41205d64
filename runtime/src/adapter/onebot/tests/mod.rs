//! What the parts of the adapter do together, on recorded payloads and on real sockets.

mod actions;
mod corpus;
mod encode;
mod expected;
mod files;
mod link;
mod mutations;
mod server;

use std::path::{Path, PathBuf};

use super::decode::{self, Context, Decoded};
use super::memory::Memory;
use super::wire::{self, Frame};
use crate::model::Bot;

/// The account of most recordings.
const ME: &str = "3892215616";

fn corpus_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus")
}

/// The documents of one folder of the corpus, by file name.
fn payloads(folder: &str) -> Vec<(String, String)> {
    let dir = corpus_dir().join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.len() > 50, "{} holds the corpus", dir.display());
    files
}

fn bot() -> Bot {
    Bot { id: ME.to_owned(), platform: "onebot".to_owned(), nickname: "bot".to_owned(), online: true }
}

/// Decodes an event frame; `None` for anything else.
fn decoded(text: &str, memory: &mut Memory) -> Option<Decoded> {
    let bot = bot();
    let read = wire::frame(text, |frame| match frame {
        Frame::Event(node) => Some(decode::event(&node, text, &mut Context { bot: &bot, memory })),
        Frame::Response(_) => None,
    });
    read.ok()?
}
