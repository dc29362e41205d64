//! Every permission check, in one place.
//!
//! A plugin's manifest *asks*, the owner *grants* in `iglu.toml`, and what both name is allowed; nothing else exists.
//! What needs no permission (replying, storage, log, ...) never comes here.
//!
//! | permission | allows |
//! | --- | --- |
//! | `send` | messages on the plugin's own initiative, to any chat |
//! | `recall` | taking back messages that the plugin did not write |
//! | `group-admin` | everything that changes a group or its members |
//! | `friends` | answering requests, removing friends, likes and pokes |
//! | `files` | uploading, listing and removing files, sending files of the bot's machine |
//! | `http:<origin>` | HTTP to that origin, e.g. `http:https://api.example.com`; `http:*` to any of the internet |
//! | `call:<pattern>` | raw platform actions whose name matches, e.g. `call:get_*` |
//!
//! Loopback, private and other addresses that are not the internet's are reached only if the owner grants that very
//! address: `http:http://127.0.0.1:3000`.
//!
//! In both patterns `*` stands for any number of characters. `call` is every other permission at once: only the
//! action's name is looked at.

use std::fmt;

use crate::config::nearest;
use crate::model::Error;
use crate::plugin::manifest::PermissionRequest;

/// The words, and whether each is followed by `:` and a pattern.
const WORDS: [(&str, bool); 7] = [
    ("send", false),
    ("recall", false),
    ("group-admin", false),
    ("friends", false),
    ("files", false),
    ("http", true),
    ("call", true),
];

/// What a host function is about to do for a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission<'a> {
    /// To send on the plugin's own initiative.
    Send,
    /// To take back somebody else's message.
    Recall,
    /// To change a group or its members.
    GroupAdmin,
    /// To answer requests, remove friends, like and poke.
    Friends,
    /// To work on files.
    Files,
    /// To connect to an origin: scheme, host and port of a URL, `https://api.example.com:8443`.
    Http(&'a str),
    /// To call a platform's own action by its name.
    Call(&'a str),
}

/// A permission as manifests and `grants` write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    word: &'static str,
    pattern: Option<String>,
}

/// What one plugin may do.
#[derive(Debug, Clone)]
pub struct Policy {
    plugin: String,
    asked: Vec<Grant>,
    granted: Vec<Grant>,
}

impl Grant {
    /// Reads a permission word.
    ///
    /// ```
    /// use iglu::policy::Grant;
    /// assert!(Grant::parse("call:get_*").is_ok());
    /// assert!(Grant::parse("sned").unwrap_err().contains("did you mean `send`"));
    /// ```
    ///
    /// # Errors
    ///
    /// A text for the owner: what is wrong with it, and what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (word, pattern) = match text.split_once(':') {
            Some((word, pattern)) => (word.trim(), Some(pattern.trim())),
            None => (text.trim(), None),
        };
        let Some(&(word, patterned)) = WORDS.iter().find(|(known, _)| *known == word) else {
            let hint = nearest(word, WORDS.iter().map(|(known, _)| *known)).map_or_else(
                || format!("known are {}", known_words()),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(format!("`{text}` is no permission; {hint}"));
        };
        match (patterned, pattern) {
            (false, None) => Ok(Self { word, pattern: None }),
            (false, Some(_)) => Err(format!("`{text}`: `{word}` takes nothing after it; write `{word}`")),
            (true, None | Some("")) => Err(format!("`{text}` names nothing; write `{}`", example(word))),
            (true, Some(pattern)) if word == "http" && pattern != "*" => match origin(pattern) {
                Some(origin) => Ok(Self { word, pattern: Some(origin) }),
                None => Err(format!(
                    "`{text}`: an origin is scheme, host and perhaps port, no path; write `{}`",
                    example(word)
                )),
            },
            (true, Some(pattern)) => Ok(Self { word, pattern: Some(pattern.to_owned()) }),
        }
    }

    fn covers(&self, word: &str, target: Option<&str>) -> bool {
        self.word == word
            && match (&self.pattern, target) {
                (Some(pattern), Some(target)) => glob(pattern, target),
                (None, None) => true,
                _ => false,
            }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pattern {
            Some(pattern) => write!(f, "{}:{pattern}", self.word),
            None => f.write_str(self.word),
        }
    }
}

impl fmt::Display for Permission<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (word, Some(target)) => write!(f, "{word}:{target}"),
            (word, None) => f.write_str(word),
        }
    }
}

impl<'a> Permission<'a> {
    fn parts(&self) -> (&'static str, Option<&'a str>) {
        match *self {
            Self::Send => ("send", None),
            Self::Recall => ("recall", None),
            Self::GroupAdmin => ("group-admin", None),
            Self::Friends => ("friends", None),
            Self::Files => ("files", None),
            Self::Http(origin) => ("http", Some(origin)),
            Self::Call(action) => ("call", Some(action)),
        }
    }
}

impl Policy {
    /// What plugin `plugin` may do, whose manifest asks for `asked` and whose owner granted `grants`. Asked words that
    /// this host does not know are left out: they belong to a newer one.
    #[must_use]
    pub fn new(plugin: &str, asked: &[PermissionRequest], grants: &[Grant]) -> Self {
        Self {
            plugin: plugin.to_owned(),
            asked: asked.iter().filter_map(|request| Grant::parse(&request.name).ok()).collect(),
            granted: grants.to_vec(),
        }
    }

    /// Whether `permission` was asked for and granted.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`] with the lines that the owner would add, or with what the author has to change.
    pub fn allows(&self, permission: &Permission<'_>) -> Result<(), Error> {
        let (word, target) = permission.parts();
        let target = match permission {
            Permission::Http(text) => {
                let Some(origin) = origin(text).filter(|origin| !origin.contains('*')) else {
                    return Err(Error::Invalid(format!(
                        "{text:?} is no origin; write `https://host[:port]`"
                    )));
                };
                Some(origin)
            }
            _ => target.map(str::to_owned),
        };
        let target = target.as_deref();
        let Some(asked) = self.asked.iter().find(|asked| asked.covers(word, target)) else {
            return Err(self.denied(permission, self.not_asked(permission)));
        };
        if self.granted.iter().any(|granted| granted.covers(word, target)) {
            return Ok(());
        }
        let wanted = match &asked.pattern {
            Some(all) if all == "*" => permission.to_string(),
            _ => asked.to_string(),
        };
        let (plugin, lines) = (&self.plugin, self.lines(&[wanted]));
        let text = format!(
            "plugin {plugin:?} has no permission \"{permission}\"; to grant it, write in iglu.toml:\n{lines}"
        );
        Err(self.denied(permission, text))
    }

    fn denied(&self, permission: &Permission<'_>, text: String) -> Error {
        tracing::debug!(plugin = %self.plugin, %permission, "denied");
        Error::Denied(text)
    }

    /// Whether HTTP to an origin that is not one of the internet is granted: by its very address, and no pattern.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`] with the lines that the owner would add.
    pub fn allows_inside(&self, origin: &str) -> Result<(), Error> {
        let permission = Permission::Http(origin);
        self.allows(&permission)?;
        if origin.contains("localhost") {
            return Err(Error::Denied(format!(
                "{origin} is the host's own machine, and names never lead a plugin there; write the address itself, \
                 such as {}, and grant it",
                origin.replace("localhost", "127.0.0.1")
            )));
        }
        if self.granted.iter().any(|granted| granted.pattern.as_deref() == Some(origin)) {
            return Ok(());
        }
        let (plugin, lines) = (&self.plugin, self.lines(&[permission.to_string()]));
        Err(Error::Denied(format!(
            "{origin} is an address inside of the owner's network, which no pattern covers; to let plugin {plugin:?} \
             reach it, write in iglu.toml:\n{lines}"
        )))
    }

    /// Whether a permission in the manifest's words (`send`, `call:get_*`) is asked for and granted. A pattern is when
    /// all that it stands for is.
    #[must_use]
    pub fn granted(&self, name: &str) -> bool {
        Grant::parse(name).is_ok_and(|wanted| {
            let covered =
                |by: &[Grant]| by.iter().any(|grant| grant.covers(wanted.word, wanted.pattern.as_deref()));
            covered(&self.asked) && covered(&self.granted)
        })
    }

    /// What the manifest asks for and the owner has not granted, in the manifest's words. An owner who has granted some of
    /// what a pattern asks for has made a choice.
    #[must_use]
    pub fn ungranted(&self) -> Vec<String> {
        let in_part = |asked: &Grant| {
            self.granted.iter().any(|granted| asked.covers(granted.word, granted.pattern.as_deref()))
        };
        let none = self.asked.iter().filter(|asked| !in_part(asked));
        none.map(Grant::to_string).filter(|name| !self.granted(name)).collect()
    }

    /// The lines of `iglu.toml` that grant `wanted` beside what is granted already.
    #[must_use]
    pub fn lines(&self, wanted: &[String]) -> String {
        let grants = self.granted.iter().map(Grant::to_string).chain(wanted.iter().cloned());
        let grants: Vec<String> = grants.map(|grant| toml::Value::String(grant).to_string()).collect();
        let bare = !self.plugin.contains('.');
        let id = if bare { self.plugin.clone() } else { format!("\"{}\"", self.plugin) };
        format!("[plugin.{id}]\ngrants = [{}]", grants.join(", "))
    }

    fn not_asked(&self, permission: &Permission<'_>) -> String {
        let plugin = &self.plugin;
        format!(
            "plugin {plugin:?} does not ask for the permission \"{permission}\", so its owner cannot grant it; \
             its author must add it to the permissions of the manifest"
        )
    }
}

/// Whether `text` matches `pattern`, in which `*` is any number of characters.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// An origin in its one spelling: lower case, without a default port and without a path. `*` may stand in it.
fn origin(text: &str) -> Option<String> {
    if !text.contains('*') {
        let url = url::Url::parse(text).ok().filter(|_| text.contains("://"))?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let named = url.username().is_empty() && url.password().is_none() && !text.contains('@');
        let known = matches!(url.scheme(), "http" | "https");
        return (bare && named && known).then(|| url.origin().ascii_serialization());
    }
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest).to_ascii_lowercase();
    let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
    let usable = |c: char| c.is_ascii_alphanumeric() || "-._*:[]".contains(c);
    (!authority.is_empty() && !authority.starts_with(':') && authority.chars().all(usable))
        .then(|| format!("{scheme}://{authority}"))
}

fn known_words() -> String {
    let words: Vec<String> = WORDS
        .iter()
        .map(
            |&(word, patterned)| if patterned { format!("`{}`", example(word)) } else { format!("`{word}`") },
        )
        .collect();
    words.join(", ")
}

fn example(word: &str) -> &'static str {
    if word == "http" { "http:https://api.example.com" } else { "call:get_*" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(asked: &[&str], grants: &[&str]) -> Policy {
        let asked: Vec<_> = asked
            .iter()
            .map(|name| PermissionRequest { name: (*name).to_owned(), reason: String::new() })
            .collect();
        let grants: Vec<_> = grants.iter().map(|text| Grant::parse(text).unwrap()).collect();
        Policy::new("echo", &asked, &grants)
    }

    #[test]
    fn only_what_is_asked_and_granted_is_allowed() {
        let table: &[(&[&str], &[&str], Permission<'_>, bool)] = &[
            (&["send"], &["send"], Permission::Send, true),
            (&["send"], &[], Permission::Send, false),
            (&[], &["send"], Permission::Send, false),
            (&["recall"], &["send"], Permission::Send, false),
            (&["group-admin"], &["group-admin"], Permission::GroupAdmin, true),
            (&["call:*"], &["send"], Permission::Send, false),
            (&["call:get_*"], &["call:get_*"], Permission::Call("get_status"), true),
            (&["call:get_*"], &["call:*"], Permission::Call("get_status"), true),
            (&["call:get_*"], &["call:*"], Permission::Call("set_group_kick"), false),
            (&["call:*"], &["call:get_*"], Permission::Call("set_group_kick"), false),
            (&["call:get_*"], &["call:get_status"], Permission::Call("get_status"), true),
            (&["call:get_*"], &["call:get_status"], Permission::Call("get_status_x"), false),
            (&["http:https://a.example"], &["http:*"], Permission::Http("https://A.example:443"), true),
            (
                &["http:https://a.example"],
                &["http:https://a.example/"],
                Permission::Http("https://a.example"),
                true,
            ),
            (&["http:https://a.example"], &["http:*"], Permission::Http("http://a.example"), false),
            (&["http:https://a.example"], &["http:*"], Permission::Http("https://a.example:8443"), false),
            (&["http:*"], &["http:https://*.example"], Permission::Http("https://b.example"), true),
            (&["http:*"], &["http:https://*.example"], Permission::Http("https://b.example.evil"), false),
            (&["http:*"], &["http:*"], Permission::Http("https://user@a.example"), false),
        ];
        for (asked, grants, permission, allowed) in table {
            let answer = policy(asked, grants).allows(permission);
            assert_eq!(answer.is_ok(), *allowed, "{asked:?} granted {grants:?}: {permission} -> {answer:?}");
        }
    }

    #[test]
    fn no_pattern_covers_the_owners_network() {
        let table: &[(&[&str], &[&str], bool)] = &[
            (&["http:*"], &["http:*"], false),
            (&["http:*"], &["http:http://127.0.0.1:*"], false),
            (&["http:*"], &["http:http://127.0.0.1:3001"], false),
            (&["http:https://a.example"], &["http:http://127.0.0.1:3000"], false),
            (&["http:*"], &["http:*", "http:http://127.0.0.1:3000"], true),
            (&["http:http://127.0.0.1:3000"], &["http:http://0x7f.1:3000/"], true),
        ];
        for (asked, grants, allowed) in table {
            let answer = policy(asked, grants).allows_inside("http://127.0.0.1:3000");
            assert_eq!(answer.is_ok(), *allowed, "{asked:?} granted {grants:?}: {answer:?}");
        }
        let named =
            policy(&["http:*"], &["http:http://localhost:3000"]).allows_inside("http://localhost:3000");
        assert!(matches!(named, Err(Error::Denied(text)) if text.contains("http://127.0.0.1:3000")));
    }

    #[test]
    fn a_refusal_is_the_lines_to_add() {
        let denied = |policy: &Policy, permission| match policy.allows(&permission) {
            Err(Error::Denied(text)) => text,
            other => panic!("{other:?}"),
        };
        let both = policy(&["send", "call:*"], &["call:get_*"]);
        assert!(
            denied(&both, Permission::Send).ends_with("[plugin.echo]\ngrants = [\"call:get_*\", \"send\"]")
        );
        assert!(
            denied(&both, Permission::Call("set_x")).ends_with("grants = [\"call:get_*\", \"call:set_x\"]")
        );
        let dotted = Policy { plugin: "my.echo".to_owned(), ..policy(&["send"], &[]) };
        let lines = denied(&dotted, Permission::Send);
        let lines = lines.split_once('\n').unwrap().1;
        let read: toml::Table = lines.parse().unwrap();
        assert_eq!(read["plugin"]["my.echo"]["grants"][0].as_str(), Some("send"));
        assert!(denied(&both, Permission::Files).contains("author"));
    }

    #[test]
    fn grant_words_are_checked() {
        for good in [
            "send",
            "call:*",
            "call:GET /users/*",
            "http:*",
            "http:http://127.0.0.1:3000",
            "http:https://[::1]",
        ] {
            assert!(Grant::parse(good).is_ok(), "{good}");
        }
        for (bad, hint) in [
            ("sent", "did you mean `send`?"),
            ("groupadmin", "did you mean `group-admin`?"),
            ("zzzzzz", "known are `send`"),
            ("send:10001", "write `send`"),
            ("call", "write `call:get_*`"),
            ("call:", "write `call:get_*`"),
            ("http:api.example.com", "http:https://api.example.com"),
            ("http:https://a.example/path", "no path"),
            ("http:ftp://a.example", "scheme"),
        ] {
            let text = Grant::parse(bad).unwrap_err();
            assert!(text.contains(hint), "{bad}: {text}");
        }
    }

    #[test]
    fn granted_answers_in_the_manifests_words() {
        let policy = policy(
            &["send", "files", "call:get_*", "http:*"],
            &["send", "call:get_*", "http:https://a.example"],
        );
        for (name, granted) in [
            ("send", true),
            ("files", false),
            ("call:get_*", true),
            ("call:get_status", true),
            ("call:*", false),
            ("http:https://a.example", true),
            ("http:*", false),
            ("nonsense", false),
        ] {
            assert_eq!(policy.granted(name), granted, "{name}");
        }
        assert_eq!(policy.ungranted(), ["files"], "one origin of many is what the owner chose");
    }

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, matches) in [
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "ac", true),
            ("a*b*c", "a1b2c", true),
            ("a*bc*c", "abc", false),
            ("abc", "abcd", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} on {text}");
        }
    }
}
