//! Where the string form of a message has no room for all of the array form: the content that it gives.

use serde_json::{Value, json};

use super::text;

pub(in super::super) fn table() -> Vec<(&'static str, Value)> {
    vec![
        // NapCat writes no address into the string.
        (
            "message_private_friend_file",
            json!([{"type": "file", "data": {
                "source": {"type": "platform-file", "data": "5c804d00f95b09df4de35ea1c783c368_f798da46-2c17-11f0-bf38-8307ae91f46d"},
                "name": "到底是谁发明的外包？！ [BV147G1zQEri_p1].mp4",
                "size": 14_438_085.0,
                "file_id": "5c804d00f95b09df4de35ea1c783c368_f798da46-2c17-11f0-bf38-8307ae91f46d",
            }}]),
        ),
        // The inner messages are "[object Object]" there.
        (
            "message_group_forward_with_content",
            json!([{"type": "forward", "data": {"id": "7505442611578883339", "nodes": []}}]),
        ),
        // Values are text, and null is left out.
        (
            "message_group_unknown_segment",
            json!([
                {"type": "other", "data": {
                    "kind": "some_future_type",
                    "data": r#"{"a":"1","c":"{\"d\":[true]}"}"#,
                }},
                text("x"),
            ]),
        ),
    ]
}
