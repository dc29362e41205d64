//! What the simulator answers to an action: as NapCat would, or as a test wants it.

use std::{fmt, sync::Arc, time::Duration};

use serde_json::{Map, Value, json};

use super::{Build, Call, Transport};

/// What an action comes to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    Data(Value),
    /// Done, with a result that JSON drops: the answer has no key `data`.
    Void,
    Failed(i64, String),
    /// The packets of a stream action, and the failure that ended it if one did.
    Packets(Vec<Value>, Option<String>),
    /// No answer at all.
    Nothing,
}

impl Outcome {
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(1200, message.into())
    }

    pub(super) fn bad_params(message: impl Into<String>) -> Self {
        Self::Failed(1400, message.into())
    }
}

/// An answer to one action, made of a body and of how it is sent.
#[derive(Clone)]
pub struct Answer {
    body: Body,
    echo: Option<Value>,
    drop_echo: bool,
    delay: Duration,
    copies: usize,
    edit: Option<Arc<dyn Fn(Value) -> Value + Send + Sync>>,
}

#[derive(Clone)]
enum Body {
    Handled,
    Outcome(Outcome),
    Computed(Arc<dyn Fn(&Call) -> Value + Send + Sync>),
    Envelope(Value),
    Packets(Vec<Value>),
    Raw(String),
}

impl Answer {
    fn of(body: Body) -> Self {
        Self { body, echo: None, drop_echo: false, delay: Duration::ZERO, copies: 1, edit: None }
    }

    /// The default answer, with its effects (a send is stored and reported). Combine it with the methods below.
    pub fn handled() -> Self {
        Self::of(Body::Handled)
    }

    /// Done, with this `data`. The default handler does not run, here and in all others below.
    pub fn data(data: Value) -> Self {
        Self::of(Body::Outcome(Outcome::Data(data)))
    }

    /// Done, without the key `data`.
    pub fn no_data() -> Self {
        Self::of(Body::Outcome(Outcome::Void))
    }

    /// Done, with `data` computed from the request.
    pub fn computed(data: impl Fn(&Call) -> Value + Send + Sync + 'static) -> Self {
        Self::of(Body::Computed(Arc::new(data)))
    }

    /// Failed with retcode 1200 and this text.
    pub fn failed(message: &str) -> Self {
        Self::failed_with(1200, message)
    }

    /// Failed with a retcode and a text.
    pub fn failed_with(retcode: i64, message: &str) -> Self {
        Self::of(Body::Outcome(Outcome::Failed(retcode, message.to_owned())))
    }

    /// The send handed over to QQ whose success NapCat did not see: it may have arrived or not.
    pub fn send_timeout() -> Self {
        Self::failed(
            "Timeout: NTEvent serviceAndMethod:NodeIKernelMsgService/sendMsg \
             ListenerName:NodeIKernelMsgListener/onMsgInfoListUpdate EventRet:\n{\n    \"result\": 0,\n    \
             \"errMsg\": \"\"\n}\n",
        )
    }

    /// This object as the whole envelope; only `echo` is put in, when it is missing.
    pub fn envelope(envelope: Value) -> Self {
        Self::of(Body::Envelope(envelope))
    }

    /// Several envelopes of a stream action, one per `data`.
    pub fn packets(packets: Vec<Value>) -> Self {
        Self::of(Body::Packets(packets))
    }

    /// This text as the frame; `{echo}` in it becomes the request's echo as JSON.
    pub fn raw(frame: &str) -> Self {
        Self::of(Body::Raw(frame.to_owned()))
    }

    /// No answer, ever.
    pub fn never() -> Self {
        Self::of(Body::Outcome(Outcome::Nothing))
    }

    /// Sent so much later; others overtake it.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sent twice.
    pub fn twice(mut self) -> Self {
        self.copies = 2;
        self
    }

    /// With this echo in place of the request's.
    pub fn with_echo(mut self, echo: Value) -> Self {
        self.echo = Some(echo);
        self
    }

    /// Without the key `echo`.
    pub fn without_echo(mut self) -> Self {
        self.drop_echo = true;
        self
    }

    /// The envelope changed by a function before it is sent.
    pub fn edited(mut self, edit: impl Fn(Value) -> Value + Send + Sync + 'static) -> Self {
        self.edit = Some(Arc::new(edit));
        self
    }

    /// Every number within `data` as a string, as other implementations send them.
    pub fn with_string_numbers(self) -> Self {
        self.edited(|mut envelope| {
            if let Some(data) = envelope.get_mut("data") {
                numbers_to_strings(data);
            }
            envelope
        })
    }

    pub(super) fn delay(&self) -> Duration {
        self.delay
    }

    /// The frames to send; `handle` runs the default handler.
    pub(super) fn frames(&self, call: &Call, build: Build, handle: impl FnOnce() -> Outcome) -> Vec<String> {
        let envelope = |outcome| match outcome {
            Outcome::Nothing => Vec::new(),
            Outcome::Packets(packets, failure) => {
                let failure = failure.map(|message| failed_packet(&message, call.echo(), call.transport));
                let packets = packets.iter().map(|data| packet(data, call.echo()));
                packets.chain(failure).collect()
            }
            outcome => vec![envelope(outcome, call.echo(), build, call.transport)],
        };
        let envelopes = match &self.body {
            Body::Handled => envelope(handle()),
            Body::Outcome(outcome) => envelope(outcome.clone()),
            Body::Computed(data) => envelope(Outcome::Data(data(call))),
            Body::Envelope(whole) => vec![with_echo(whole.clone(), call.echo())],
            Body::Packets(packets) => packets.iter().map(|data| packet(data, call.echo())).collect(),
            Body::Raw(frame) => {
                return vec![frame.replace("{echo}", &call.echo().to_string()); self.copies];
            }
        };
        let frames = envelopes.into_iter().map(|envelope| self.finish(envelope).to_string());
        frames.flat_map(|frame| std::iter::repeat_n(frame, self.copies)).collect()
    }

    fn finish(&self, mut envelope: Value) -> Value {
        if let Some(object) = envelope.as_object_mut() {
            if let Some(echo) = &self.echo {
                object.insert("echo".to_owned(), echo.clone());
            }
            if self.drop_echo {
                object.shift_remove("echo");
            }
        }
        match &self.edit {
            Some(edit) => edit(envelope),
            None => envelope,
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = match &self.body {
            Body::Handled => "handled".to_owned(),
            Body::Outcome(outcome) => format!("{outcome:?}"),
            Body::Computed(_) => "computed".to_owned(),
            Body::Envelope(envelope) => envelope.to_string(),
            Body::Packets(packets) => format!("{} packets", packets.len()),
            Body::Raw(frame) => frame.clone(),
        };
        write!(f, "Answer({body}, after {:?}, {} times)", self.delay, self.copies)
    }
}

/// The answer to a request that reached a handler, or to an unknown action.
///
/// An absent echo comes back as `""` from handlers, and as `null` for what fails before one is found. HTTP has codes
/// of its own, loses the echo of bad parameters, and makes up an absent one.
pub(super) fn envelope(outcome: Outcome, echo: &Value, build: Build, transport: Transport) -> Value {
    let http = transport == Transport::Http;
    let before_dispatch = !http && matches!(outcome, Outcome::Failed(1403 | 1404, _));
    let outcome = match outcome {
        Outcome::Failed(1404, message) if http => Outcome::Failed(200, message.replace("API", "Api")),
        Outcome::Failed(1200, message) if http => Outcome::Failed(200, message),
        Outcome::Failed(1400, message) if http => Outcome::Failed(400, message),
        outcome => outcome,
    };
    let echo = match &outcome {
        Outcome::Failed(400, _) if http => Value::Null,
        _ if !echo.is_null() || before_dispatch => echo.clone(),
        _ if http => std::iter::repeat_with(fastrand::alphanumeric).take(10).collect::<String>().into(),
        _ => json!(""),
    };
    let (status, retcode, data, message) = match outcome {
        Outcome::Data(data) => ("ok", 0, Some(data), String::new()),
        Outcome::Void | Outcome::Nothing | Outcome::Packets(..) => ("ok", 0, None, String::new()),
        Outcome::Failed(retcode, message) => ("failed", retcode, Some(Value::Null), message),
    };
    let mut object = Map::new();
    object.insert("status".to_owned(), status.into());
    object.insert("retcode".to_owned(), retcode.into());
    if let Some(data) = data {
        object.insert("data".to_owned(), data);
    }
    object.insert("message".to_owned(), message.clone().into());
    object.insert("wording".to_owned(), message.into());
    object.insert("echo".to_owned(), echo);
    if build == Build::Current {
        object.insert("stream".to_owned(), "normal-action".into());
    }
    Value::Object(object)
}

/// The answer to a frame that is not JSON.
pub(super) fn bad_json(build: Build) -> Value {
    let failure = Outcome::bad_params("json解析失败,请检查数据格式");
    let mut answer = envelope(failure, &Value::Null, build, Transport::Forward);
    answer["echo"] = Value::Null;
    answer
}

fn packet(data: &Value, echo: &Value) -> Value {
    let failed = data["type"] == "error";
    let (status, retcode) = if failed { ("failed", 1200) } else { ("ok", 0) };
    json!({"status": status, "retcode": retcode, "data": data, "message": "", "wording": "", "echo": echo,
        "stream": "stream-action"})
}

fn failed_packet(message: &str, echo: &Value, transport: Transport) -> Value {
    let retcode = if transport == Transport::Http { 200 } else { 1200 };
    json!({"status": "failed", "retcode": retcode, "data": {"type": "error", "data_type": "error"},
        "message": message, "wording": message, "echo": echo, "stream": "stream-action"})
}

fn with_echo(mut envelope: Value, echo: &Value) -> Value {
    if let Some(object) = envelope.as_object_mut() {
        object.entry("echo").or_insert_with(|| echo.clone());
    }
    envelope
}

fn numbers_to_strings(value: &mut Value) {
    match value {
        Value::Number(number) => *value = Value::String(number.to_string()),
        Value::Array(items) => items.iter_mut().for_each(numbers_to_strings),
        Value::Object(fields) => fields.values_mut().for_each(numbers_to_strings),
        _ => {}
    }
}
