//! Access tokens: the same one until its last minute, then the next with both good.

use serde_json::{Value, json};

use super::{Options, error::Reply, ids};

#[derive(Default)]
pub(super) struct Tokens {
    /// Tokens with their ends, the newest last.
    valid: Vec<(String, u64)>,
    /// Requests so far, granted or not.
    pub(super) requests: u64,
    /// Different tokens given out so far.
    pub(super) issued: u64,
}

impl Tokens {
    pub(super) fn grant(&mut self, options: &Options, now: u64) -> Reply {
        self.valid.retain(|(_, end)| *end > now);
        let overlap = options.token_overlap.as_millis() as u64;
        let current = self.valid.last().filter(|(_, end)| end - now > overlap).cloned();
        let (token, end) = current.unwrap_or_else(|| {
            let fresh = (ids::hex(64), now + options.token_life.as_millis() as u64);
            self.issued += 1;
            self.valid.push(fresh.clone());
            fresh
        });
        let seconds = (end - now) / 1000;
        let expires = if options.numeric_expiry { json!(seconds) } else { json!(seconds.to_string()) };
        Reply::json(&json!({"access_token": token, "expires_in": expires}))
    }

    pub(super) fn knows(&self, token: &str, now: u64) -> bool {
        self.valid.iter().any(|(valid, end)| valid == token && *end > now)
    }

    pub(super) fn expire(&mut self) {
        self.valid.clear();
    }
}

/// An error of the token endpoint, which has HTTP status 200.
pub(super) fn error(code: u64, message: &str) -> Reply {
    let body: Value = json!({"code": code, "message": message});
    Reply::json(&body)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Options, Tokens};

    #[test]
    fn a_token_stays_the_same_until_its_last_minute() {
        let (mut tokens, options) = (Tokens::default(), Options::default());
        let mut ask = |second: u64| {
            let body: Value = serde_json::from_slice(&tokens.grant(&options, second * 1000).body).unwrap();
            (body["access_token"].as_str().unwrap().to_owned(), body["expires_in"].clone())
        };
        let (first, life) = ask(0);
        assert_eq!(life, "7200");
        assert_eq!(ask(7139), (first.clone(), "61".into()));
        let (second, life) = ask(7140);
        assert_ne!(second, first);
        assert_eq!(life, "7200");
        assert!(tokens.knows(&first, 7_199_999) && tokens.knows(&second, 7_199_999));
        assert!(!tokens.knows(&first, 7_200_000) && tokens.knows(&second, 7_200_000));
    }
}
