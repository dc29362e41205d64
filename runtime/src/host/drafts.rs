//! Replies in the making.
//!
//! Where a platform shows a message while it grows, its text goes out piece by piece. Elsewhere it is collected here and
//! sent whole. Either ends by `finish`, or when the handler that began it ends. What a handler has begun when its instance
//! crashes is not sent; the event of one that has not acted goes to the next instance, which begins anew.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::bot;
use crate::model::{Error, Incoming};

/// Drafts of one instance at once. Each handler needs one.
const MOST: usize = 4096;

/// All that is collected has so many times the bytes that one draft may have.
const TOGETHER: usize = 4;

/// The drafts of one instance.
#[derive(Default)]
pub(super) struct Drafts(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    next: u64,
    open: BTreeMap<u64, Draft>,
}

struct Draft {
    /// The number of the handler in flight that ends it.
    handler: Option<u64>,
    open: Open,
}

/// What a draft is so far.
pub(super) struct Open {
    pub(super) answers: Arc<Incoming>,
    pub(super) text: Text,
}

/// Where its text is.
pub(super) enum Text {
    Collected(String),
    /// On its way out; the number is how many bytes there were.
    Growing(Box<dyn bot::Draft>, usize),
}

impl Text {
    /// Bytes that wait here.
    fn collected(&self) -> usize {
        match self {
            Self::Collected(text) => text.len(),
            Self::Growing(..) => 0,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Collected(text) => text.len(),
            Self::Growing(_, bytes) => *bytes,
        }
    }
}

impl Drafts {
    /// Begins a draft. Answers its name.
    pub(super) fn open(
        &self,
        answers: Arc<Incoming>,
        handler: Option<u64>,
        growing: Option<Box<dyn bot::Draft>>,
    ) -> Result<String, Error> {
        let mut inner = self.lock();
        if inner.open.len() >= MOST {
            return Err(Error::Exhausted(format!("{MOST} drafts are open; finish some of them first")));
        }
        inner.next += 1;
        let number = inner.next;
        let text =
            growing.map_or_else(|| Text::Collected(String::new()), |growing| Text::Growing(growing, 0));
        inner.open.insert(number, Draft { handler, open: Open { answers, text } });
        Ok(name(number))
    }

    /// Adds text, up to so many bytes in one draft. Answers whether it goes out now.
    pub(super) fn append(&self, draft: &str, text: &str, most: usize) -> Result<bool, Error> {
        let mut inner = self.lock();
        let collected: usize = inner.open.values().map(|draft| draft.open.text.collected()).sum();
        if collected + text.len() > most.saturating_mul(TOGETHER) {
            return Err(Error::Exhausted(format!(
                "the open drafts would have more than {TOGETHER} times {most} bytes together (`call_bytes` in iglu.toml); \
                 finish some of them first"
            )));
        }
        let found = number(draft).and_then(|number| inner.open.get_mut(&number));
        let found = &mut found.ok_or_else(|| unknown(draft))?.open.text;
        if found.len() + text.len() > most {
            return Err(Error::Exhausted(format!(
                "the draft {draft:?} would have more than {most} bytes (`call_bytes` in iglu.toml); finish it and \
                 begin another"
            )));
        }
        match found {
            Text::Collected(collected) => {
                collected.push_str(text);
                Ok(false)
            }
            Text::Growing(growing, bytes) => {
                growing.append(text)?;
                *bytes += text.len();
                Ok(true)
            }
        }
    }

    /// Ends a draft; `invalid` if nothing was written to it.
    pub(super) fn take(&self, draft: &str) -> Result<Open, Error> {
        let taken = number(draft).and_then(|number| self.lock().open.remove(&number));
        match taken {
            Some(taken) if taken.open.text.len() == 0 => Err(Error::Invalid(format!(
                "nothing was written to the draft {draft:?}; append text before finish"
            ))),
            Some(taken) => Ok(taken.open),
            None => Err(unknown(draft)),
        }
    }

    /// Ends the drafts of a handler. Those without text are left out.
    pub(super) fn of(&self, handler: u64) -> Vec<Open> {
        let mut inner = self.lock();
        let ended = inner.open.extract_if(.., |_, draft| draft.handler == Some(handler));
        ended.map(|(_, draft)| draft.open).filter(|open| open.text.len() > 0).collect()
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

    fn collected(open: &Open) -> &str {
        match &open.text {
            Text::Collected(text) => text,
            Text::Growing(..) => panic!("it grows"),
        }
    }

    #[test]
    fn a_draft_grows_until_it_is_taken() {
        let drafts = Drafts::default();
        let name = drafts.open(event(), None, None).unwrap();
        drafts.append(&name, "a", 3).unwrap();
        drafts.append(&name, "bc", 3).unwrap();
        assert!(matches!(drafts.append(&name, "d", 3), Err(Error::Exhausted(_))));
        let others: Vec<_> = (0..TOGETHER).map(|_| drafts.open(event(), None, None).unwrap()).collect();
        for other in &others[1..] {
            drafts.append(other, "xyz", 3).unwrap();
        }
        assert!(matches!(drafts.append(&others[0], "d", 3), Err(Error::Exhausted(_))));
        assert_eq!(collected(&drafts.take(&name).unwrap()), "abc");
        drafts.append(&others[0], "d", 3).unwrap();
        for gone in [name.as_str(), "draft-99", "", "7"] {
            assert!(matches!(drafts.append(gone, "x", 3), Err(Error::NotFound(_))), "{gone}");
            assert!(matches!(drafts.take(gone), Err(Error::NotFound(_))), "{gone}");
        }
        let empty = drafts.open(event(), None, None).unwrap();
        assert!(matches!(drafts.take(&empty), Err(Error::Invalid(_))));
    }

    #[test]
    fn the_end_of_a_handler_ends_its_drafts_and_no_others() {
        let drafts = Drafts::default();
        let names: Vec<_> = [Some(1), Some(1), Some(2), None]
            .map(|handler| drafts.open(event(), handler, None).unwrap())
            .to_vec();
        drafts.append(&names[0], "first", 9).unwrap();
        drafts.append(&names[2], "other", 9).unwrap();
        drafts.append(&names[3], "mine", 9).unwrap();
        let ended = drafts.of(1);
        assert_eq!(
            ended.iter().map(collected).collect::<Vec<_>>(),
            ["first"],
            "an empty one is nothing to send"
        );
        assert!(matches!(drafts.take(&names[1]), Err(Error::NotFound(_))));
        assert_eq!(collected(&drafts.take(&names[2]).unwrap()), "other");
        assert!(drafts.take(&names[3]).is_ok());
    }
}
