//! The contract's typed actions in NapCat's words.
//!
//! Parameters whose defaults are dangerous or differ between implementations are always sent. Answers are read as
//! leniently as events: what is missing is none.

mod chats;
mod files;
mod friends;
mod groups;
mod media;

use std::time::Duration;

use serde_json::Value;

use super::account::Account;
use super::wire;
use crate::adapter::node::Node;
use crate::bot::{Answer, Bot as _};
use crate::model::{Error, PlatformError};

/// What NapCat says about a group, member, user or message that is not there.
const ABSENT: [&str; 4] = ["不存在", "无法获取用户信息", "Uid Error", "not found"];

impl Account {
    /// Does something whose answer tells no more than whether it was done.
    fn order(&self, action: &'static str, params: Value) -> Answer<'_, ()> {
        Box::pin(async move { self.done(action, &params, self.deadline, |_| ()).await })
    }

    /// The same with an answer. NapCat passes on what the kernel said, and that may be a refusal inside of a success.
    async fn done<T>(
        &self,
        action: &str,
        params: &Value,
        deadline: Duration,
        then: impl FnOnce(&Node<'_>) -> T,
    ) -> Result<T, Error> {
        let data = self.ask(action, params, deadline).await?;
        parse(action, &data, |node| refusal(node).map_or_else(|| Ok(then(node)), Err))?
    }

    /// Reads something; what NapCat says is absent is `not-found`.
    async fn read<T>(
        &self,
        action: &str,
        params: &Value,
        deadline: Duration,
        then: impl FnOnce(&Node<'_>) -> T,
    ) -> Result<T, Error> {
        let data = match self.ask(action, params, deadline).await {
            Err(Error::Platform(error)) if ABSENT.iter().any(|word| error.message.contains(word)) => {
                return Err(Error::NotFound(format!("NapCat's answer to {action}: {}", error.message)));
            }
            answer => answer?,
        };
        parse(action, &data, then)
    }

    fn me(&self) -> String {
        self.info().id
    }
}

fn parse<T>(action: &str, data: &str, then: impl FnOnce(&Node<'_>) -> T) -> Result<T, Error> {
    wire::document(data, |node| then(&node))
        .map_err(|bad| Error::Other(format!("NapCat's answer to {action} makes no sense: {bad}")))
}

/// The refusal in a kernel's object. Services of QQ differ in where they put their code.
fn refusal(data: &Node<'_>) -> Option<Error> {
    if data.at("valid").truth() == Some(false) {
        let reason = data.at("message").words().unwrap_or_else(|| "NapCat calls it invalid".to_owned());
        return Some(Error::NotFound(reason));
    }
    let inside = [
        data,
        data.at("result"),
        data.at("groupFileCommonResult"),
        data.at("resultWithGroupItem").at("result"),
    ];
    for place in inside {
        let codes = ["result", "retCode", "errCode", "errorCode", "ec"];
        let Some(code) = codes.iter().find_map(|key| place.at(key).number()).filter(|code| *code != 0.0)
        else {
            continue;
        };
        let texts = ["errMsg", "errorMsg", "clientWording", "retMsg", "em", "wording", "message"];
        let message = texts.iter().find_map(|key| place.at(key).words());
        let message = message.unwrap_or_else(|| "QQ refused it and gave no reason".to_owned());
        return Some(Error::Platform(PlatformError { code: code as i32, message, trace: None }));
    }
    None
}

/// An id that must be there.
fn named<'a>(what: &str, id: &'a str) -> Result<&'a str, Error> {
    match id.trim() {
        "" => Err(Error::Invalid(format!("the {what} is empty; use the id as an event or a list gives it"))),
        id => Ok(id),
    }
}

/// An action that cannot be asked for.
fn refuse<'a, T: Send + 'a>(error: Error) -> Answer<'a, T> {
    Box::pin(std::future::ready(Err(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(json: &str) -> Option<Error> {
        wire::document(json, |node| refusal(&node)).unwrap()
    }

    #[test]
    fn a_refusal_inside_a_success_is_found() {
        let refused = [
            (r#"{"result": 110, "errMsg": "no"}"#, 110, "no"),
            (r#"{"result": "-1"}"#, -1, "QQ refused it"),
            (r#"{"errorCode": 3, "wording": "w"}"#, 3, "w"),
            (r#"{"ec": 7, "em": "e"}"#, 7, "e"),
            (
                r#"{"result": 0, "groupFileCommonResult": {"retCode": -36, "clientWording": "full"}}"#,
                -36,
                "full",
            ),
            (r#"{"resultWithGroupItem": {"result": {"retCode": 1, "retMsg": "r"}}}"#, 1, "r"),
        ];
        for (json, code, text) in refused {
            let Some(Error::Platform(error)) = seen(json) else { panic!("{json} is a refusal") };
            assert_eq!(error.code, code, "{json}");
            assert!(error.message.contains(text), "{json}: {}", error.message);
        }
        assert!(matches!(seen(r#"{"valid": false, "message": "no friend"}"#), Some(Error::NotFound(_))));
        for fine in
            ["null", "[]", "{}", r#"{"result": 0, "errMsg": ""}"#, r#"{"result": {"retCode": 0}}"#, "1"]
        {
            assert_eq!(seen(fine), None, "{fine}");
        }
    }
}
