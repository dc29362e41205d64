//! Replies in the making.
//!
//! Where a platform cannot show a message grow, its text is collected here and sent whole: by `finish`, or when the
//! handler that began it ends. What a handler has begun when its instance crashes is not sent; the event of one that
//! has not acted goes to the next instance, which begins anew.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{Error, Incoming};

/// Drafts of one instance at once. Each handler needs one.
const MOST: usize = 4096;

/// The drafts of one instance.
#[derive(Default)]
pub(super) struct Drafts(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    next: u64,
    open: BTreeMap<u64, Draft>,
}

struct Draft {
    answers: Arc<Incoming>,
    /// The number of the handler in flight that ends it.
    handler: Option<u64>,
    text: String,
}

impl Drafts {
    /// Begins a draft. Answers its name.
    pub(super) fn open(&self, answers: Arc<Incoming>, handler: Option<u64>) -> Result<String, Error> {
        let mut inner = self.lock();
        if inner.open.len() >= MOST {
            return Err(Error::Exhausted(format!("{MOST} drafts are open; finish some of them first")));
        }
        inner.next += 1;
        let number = inner.next;
        inner.open.insert(number, Draft { answers, handler, text: String::new() });
        Ok(name(number))
    }

    /// Adds text, up to so many bytes in all.
    pub(super) fn append(&self, draft: &str, text: &str, most: usize) -> Result<(), Error> {
        let mut inner = self.lock();
        let found = number(draft).and_then(|number| inner.open.get_mut(&number));
        let found = found.ok_or_else(|| unknown(draft))?;
        if found.text.len() + text.len() > most {
            return Err(Error::Exhausted(format!(
                "the draft {draft:?} would have more than {most} bytes (`call_bytes` in iglu.toml); finish it and \
                 begin another"
            )));
        }
        found.text.push_str(text);
        Ok(())
    }

    /// Ends a draft: what it answers, and its text.
    pub(super) fn take(&self, draft: &str) -> Result<(Arc<Incoming>, String), Error> {
        let taken = number(draft).and_then(|number| self.lock().open.remove(&number));
        taken.map(|taken| (taken.answers, taken.text)).ok_or_else(|| unknown(draft))
    }

    /// Ends the drafts of a handler. Those without text are left out.
    pub(super) fn of(&self, handler: u64) -> Vec<(Arc<Incoming>, String)> {
        let mut inner = self.lock();
        let ended = inner.open.extract_if(.., |_, draft| draft.handler == Some(handler));
        ended
            .filter(|(_, draft)| !draft.text.is_empty())
            .map(|(_, draft)| (draft.answers, draft.text))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(number: u64) -> String {
    format!("draft-{number}")
}

fn number(draft: &str) -> Option<u64> {
    draft.strip_prefix("draft-")?.parse().ok()
}

fn unknown(draft: &str) -> Error {
    Error::NotFound(format!("there is no draft {draft:?}, or it is finished; begin one with reply-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Arc<Incoming> {
        Arc::new(crate::adapter::sandbox::Sandbox::connected())
    }

    #[test]
    fn a_draft_grows_until_it_is_taken() {
        let drafts = Drafts::default();
        let name = drafts.open(event(), None).unwrap();
        drafts.append(&name, "a", 3).unwrap();
        drafts.append(&name, "bc", 3).unwrap();
        assert!(matches!(drafts.append(&name, "d", 3), Err(Error::Exhausted(_))));
        assert_eq!(drafts.take(&name).unwrap().1, "abc");
        for gone in [name.as_str(), "draft-99", "", "7"] {
            assert!(matches!(drafts.append(gone, "x", 3), Err(Error::NotFound(_))), "{gone}");
            assert!(matches!(drafts.take(gone), Err(Error::NotFound(_))), "{gone}");
        }
    }

    #[test]
    fn the_end_of_a_handler_ends_its_drafts_and_no_others() {
        let drafts = Drafts::default();
        let names: Vec<_> =
            [Some(1), Some(1), Some(2), None].map(|handler| drafts.open(event(), handler).unwrap()).to_vec();
        drafts.append(&names[0], "first", 9).unwrap();
        drafts.append(&names[2], "other", 9).unwrap();
        let ended: Vec<_> = drafts.of(1).into_iter().map(|(_, text)| text).collect();
        assert_eq!(ended, ["first"], "an empty one is nothing to send");
        assert!(matches!(drafts.take(&names[1]), Err(Error::NotFound(_))));
        assert_eq!(drafts.take(&names[2]).unwrap().1, "other");
        assert!(drafts.take(&names[3]).is_ok());
    }
}
