//! What a close code means.

/// What is to be done after one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Resume,
    /// Resume, after a long wait.
    Slower,
    /// The session is gone: a new one.
    Identify,
    /// A new one, with a new token.
    Token,
    /// An intent is not granted, or not known.
    Intents,
    /// No try can succeed; why, and the remedy.
    Fatal(&'static str),
}

/// By the platform's code; `None` is a connection that just broke.
pub(super) fn verdict(code: Option<u16>) -> Verdict {
    match code {
        Some(4001 | 4002 | 4012) => Verdict::Fatal(
            "the platform does not understand what iglu says; this is a fault of iglu: please report it",
        ),
        Some(4004) => Verdict::Token,
        Some(4008) => Verdict::Slower,
        Some(4010) => {
            Verdict::Fatal("the platform refuses the shard; take `shards` out of the bot's [[bot]] table")
        }
        Some(4011) => {
            Verdict::Fatal("the bot is in too many guilds for so few shards; raise `shards` or leave it out")
        }
        Some(4013 | 4014) => Verdict::Intents,
        Some(4914) => Verdict::Fatal(
            "the bot is taken offline and may only use the sandbox; set `api-base` to the sandbox's address, or publish the \
             bot in the console at q.qq.com",
        ),
        Some(4915) => Verdict::Fatal("the bot is banned; the console at q.qq.com says why"),
        // Codes from 5000 on are none of WebSocket's: the platform's 9001 and 9005 reach us as 1002.
        Some(1002) => Verdict::Identify,
        None | Some(0..=3999 | 4000 | 4009) => Verdict::Resume,
        Some(_) => Verdict::Identify,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_class() {
        let resume = [None, Some(1000), Some(1006), Some(1011), Some(4000), Some(4009)];
        assert!(resume.iter().all(|code| verdict(*code) == Verdict::Resume));
        let identify = [1002, 4003, 4005, 4006, 4007, 4900, 4902, 4903, 4913, 9001, 9005, 4999];
        assert!(identify.iter().all(|code| verdict(Some(*code)) == Verdict::Identify));
        let fatal = [4001, 4002, 4010, 4011, 4012, 4914, 4915];
        assert!(fatal.iter().all(|code| matches!(verdict(Some(*code)), Verdict::Fatal(_))));
        assert_eq!(verdict(Some(4004)), Verdict::Token);
        assert_eq!(verdict(Some(4008)), Verdict::Slower);
        assert_eq!((verdict(Some(4013)), verdict(Some(4014))), (Verdict::Intents, Verdict::Intents));
    }
}
