//! What is no event for plugins, and whom it is for.

use super::Other::{self, Answer, Control, Ignored, Request};

/// A call of any kind was refused.
const ANY: &str = "any";
const TOKEN: &str = "/app/getAppAccessToken";
const C2C: &str = "/v2/users/{openid}/messages";
const GROUP: &str = "/v2/groups/{group_openid}/messages";
const FILES: &str = "/v2/users/{openid}/files";
const PREPARE: &str = "/v2/users/{openid}/upload_prepare";
const STREAM: &str = "/v2/users/{openid}/stream_messages";
const CHANNEL: &str = "/channels/{channel_id}/messages";

pub(in super::super) fn table() -> Vec<(&'static str, Other)> {
    vec![
        ("doc-callback-validation-op13", Control(13)),
        ("seed003-callback-validation-op13", Control(13)),
        ("doc-callback-validation-response", Answer("/ of the webhook, to op 13")),
        ("doc-webhook-ack-op12-failure", Control(12)),
        ("doc-webhook-ack-op12-success", Control(12)),
        ("syn-webhook-heartbeat-op1", Control(1)),
        ("syn-webhook-heartbeat-ack-op11", Control(11)),
        ("doc-ws-heartbeat-ack-op11", Control(11)),
        ("doc-ws-heartbeat-op1", Control(1)),
        ("doc-ws-heartbeat-op1-first", Control(1)),
        ("doc-ws-hello-op10", Control(10)),
        ("doc-ws-identify-op2", Control(2)),
        ("doc-ws-resume-op6", Control(6)),
        ("syn-ws-invalid-session-op9-false", Control(9)),
        ("syn-ws-reconnect-op7", Control(7)),
        ("doc-ws-ready", Ignored("it is the gateway's own")),
        ("doc-ws-resumed", Ignored("it is the gateway's own")),
        ("syn-group-message-from-bot", Ignored("a bot wrote it; bots that answer bots never end")),
        ("doc-gateway-bot-response", Answer("/gateway/bot")),
        ("doc-gateway-bot-response-exhausted", Answer("/gateway/bot")),
        ("doc-gateway-response", Answer("/gateway")),
        ("doc-gateway-response-2026", Answer("/gateway")),
        ("doc-users-me-response", Answer("/users/@me")),
        ("request-token", Request(TOKEN)),
        ("doc-token-response", Answer(TOKEN)),
        ("syn-token-response-boundary", Answer(TOKEN)),
        ("syn-token-response-number", Answer(TOKEN)),
        ("doc-token-error-100001", Answer(TOKEN)),
        ("doc-token-error-100007", Answer(TOKEN)),
        ("doc-token-error-100016", Answer(TOKEN)),
        ("request-c2c-input-notify", Request(C2C)),
        ("request-c2c-media", Request(C2C)),
        ("request-c2c-reference", Request(C2C)),
        ("request-c2c-text", Request(C2C)),
        ("request-c2c-wakeup", Request(C2C)),
        ("request-group-markdown-keyboard", Request(GROUP)),
        ("request-group-text-event-id", Request(GROUP)),
        ("request-interaction-ack", Request("/interactions/{id}")),
        ("request-stream-first", Request(STREAM)),
        ("request-stream-last", Request(STREAM)),
        ("request-files-merge", Request(FILES)),
        ("request-files-url", Request(FILES)),
        ("request-upload-prepare", Request(PREPARE)),
        ("request-upload-part-finish", Request("/v2/users/{openid}/upload_part_finish")),
        ("seed003-response-send-ok", Answer(C2C)),
        ("doc-response-send-ok-int-timestamp", Answer(C2C)),
        ("doc-response-send-ok-ref-idx", Answer(C2C)),
        ("seed003-response-send-error-40034027", Answer(C2C)),
        ("obs-response-error-22009", Answer(C2C)),
        ("obs-response-error-40054005-dedup", Answer(C2C)),
        ("doc-response-error-err-code-only", Answer(C2C)),
        ("doc-response-bot-state", Answer("/v2/groups/{group_openid}/bot_state")),
        ("doc-response-channel-audit-304023", Answer(CHANNEL)),
        ("doc-response-channel-message", Answer(CHANNEL)),
        ("doc-response-dms-create", Answer("/users/@me/dms")),
        ("doc-response-files", Answer(FILES)),
        ("syn-response-files-srv-send", Answer(FILES)),
        ("doc-response-upload-prepare", Answer(PREPARE)),
        ("syn-response-upload-prepare-numbers", Answer(PREPARE)),
        ("obs-response-error-11244-token", Answer(ANY)),
        ("obs-response-error-11245-fixed-token", Answer(ANY)),
        ("obs-response-error-11253", Answer(ANY)),
        ("obs-response-error-11255-invalid-request", Answer(ANY)),
        ("obs-response-error-11298-ip", Answer(ANY)),
    ]
}
