//! Reads answers. serde's derived code would refuse `null` and a number for a text, and it is larger: here each type
//! takes what it needs out of one generic value.

use serde_json::{Map, Value};

use crate::{HostError, types::PlatformError};

/// What can be read from an answer's `data`.
pub(super) trait Answer: Default {
    /// Whether the whole answer may be missing.
    const NULLABLE: bool = true;

    /// The error says what was there instead. Null is this type's empty value.
    fn read(value: Value) -> Result<Self, String>;
}

/// The answer of an action.
pub(super) fn read<T: Answer>(action: &str, value: Value) -> Result<T, HostError> {
    if value.is_null() && !T::NULLABLE {
        return Err(misfit(action, "it has no data"));
    }
    T::read(value).map_err(|reason| misfit(action, &reason))
}

pub(super) fn misfit(action: &str, reason: &str) -> HostError {
    HostError::Other(format!("the answer of `{action}` does not fit: {reason}"))
}

/// The fields of an object, and the first that is wrong. A wrong one is read as empty until the end: leaving at each
/// field would be half the code of a large answer.
pub(super) struct Fields {
    fields: Map<String, Value>,
    wrong: Option<String>,
}

impl Fields {
    /// Null is an object without fields.
    pub(super) fn of(value: Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self { fields: Map::new(), wrong: None }),
            Value::Object(fields) => Ok(Self { fields, wrong: None }),
            other => Err(unlike("an object", &other)),
        }
    }

    /// The field under the first of the keys that is there.
    pub(super) fn take<T: Answer>(&mut self, keys: &[&str]) -> T {
        T::read(self.value(keys)).unwrap_or_else(|reason| {
            self.wrong.get_or_insert_with(|| format!("in `{}`: {reason}", keys.join("` or `")));
            T::default()
        })
    }

    fn value(&mut self, keys: &[&str]) -> Value {
        let there = keys.iter().find(|key| self.fields.get(**key).is_some_and(|value| !value.is_null()));
        there.and_then(|key| self.fields.get_mut(*key)).map(Value::take).unwrap_or_default()
    }

    pub(super) fn finish<T>(self, answer: T) -> Result<T, String> {
        match self.wrong {
            None => Ok(answer),
            Some(reason) => Err(reason),
        }
    }
}

fn unlike(wanted: &str, found: &Value) -> String {
    let kind = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    format!("{kind} is there, not {wanted}")
}

impl Answer for () {
    fn read(_value: Value) -> Result<Self, String> {
        Ok(())
    }
}

impl Answer for Value {
    fn read(value: Value) -> Result<Self, String> {
        Ok(value)
    }
}

impl Answer for String {
    const NULLABLE: bool = false;

    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(flag) => Ok(flag.to_string()),
            other => Err(unlike("a text", &other)),
        }
    }
}

impl Answer for bool {
    fn read(value: Value) -> Result<Self, String> {
        match &value {
            Value::Null => Ok(false),
            Value::Bool(flag) => Ok(*flag),
            Value::Number(number) => Ok(number.as_f64() != Some(0.0)),
            Value::String(text) => match text.as_str() {
                "true" | "1" => Ok(true),
                "false" | "0" | "" => Ok(false),
                _ => Err(unlike("a boolean", &value)),
            },
            _ => Err(unlike("a boolean", &value)),
        }
    }
}

impl Answer for i64 {
    fn read(value: Value) -> Result<Self, String> {
        let number = match &value {
            Value::Null => Some(0),
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as Self)),
            Value::String(text) if text.is_empty() => Some(0),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| unlike("a whole number", &value))
    }
}

impl<T: Answer> Answer for Option<T> {
    fn read(value: Value) -> Result<Self, String> {
        if value.is_null() { Ok(None) } else { T::read(value).map(Some) }
    }
}

impl<T: Answer> Answer for Vec<T> {
    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(at, item)| T::read(item).map_err(|reason| format!("at {at}: {reason}")))
                .collect(),
            other => Err(unlike("a list", &other)),
        }
    }
}

answers! {
    /// What the QQ kernel said; a `result` other than 0 is a failure.
    KernelResult {
        result: i64,
        err_msg ["errMsg"]: String,
    }
}

impl KernelResult {
    /// An error if the kernel failed.
    ///
    /// # Errors
    /// [`HostError::Platform`] with `result` and `errMsg`.
    pub fn ok(&self) -> Result<(), HostError> {
        if self.result == 0 {
            return Ok(());
        }
        let code = i32::try_from(self.result).unwrap_or(i32::MAX);
        Err(HostError::Platform(PlatformError { code, message: self.err_msg.clone(), trace: None }))
    }
}

/// NapCat answers "ok" when the QQ kernel did not: this makes an error of a `result` (or `errCode`) other than 0 in a raw
/// answer.
///
/// ```
/// # use iglu_sdk::prelude::*;
/// # async fn example(event: &MessageEvent) -> Result {
/// napcat::kernel_result(&napcat::set_essence_msg(&event.bot, &event.body().id).await?)?;
/// # Ok(()) }
/// # assert!(napcat::kernel_result(&json!({"result": 0, "errMsg": ""})).is_ok());
/// # assert!(napcat::kernel_result(&json!({"errCode": 110, "errMsg": "no"})).is_err());
/// ```
///
/// # Errors
/// [`HostError::Platform`] with the kernel's code and text.
pub fn kernel_result(answer: &Value) -> Result<(), HostError> {
    let code = answer.get("result").or_else(|| answer.get("errCode")).cloned().unwrap_or_default();
    let text = answer.get("errMsg").cloned().unwrap_or_default();
    let result = i64::read(code).unwrap_or_default();
    KernelResult { result, err_msg: String::read(text).unwrap_or_default() }.ok()
}
