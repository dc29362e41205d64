//! Large media: announced, put where the platform says part by part, and joined there.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hyper::body::Bytes;
use md5::Md5;
use serde_json::{Map, Value, json};
use sha1::Sha1;
use sha2::Digest as _;

use crate::adapter::qq::account::{Account, text};
use crate::adapter::qq::api::{Repeat, Reply};
use crate::adapter::qq::encode::FileType;
use crate::adapter::qq::failure::{Class, Failure};
use crate::adapter::qq::place::Place;
use crate::model::Error;

/// So much of the file's beginning has a sum of its own.
const HEAD: usize = 10_002_432;
/// Parts at once, whatever the platform allows.
const AT_ONCE: usize = 4;
/// The part is there and not yet seen.
const NOT_YET: i64 = 40_093_001;
/// For [`NOT_YET`], where the platform names none.
const PATIENCE: Duration = Duration::from_secs(120);
const DELAY: Duration = Duration::from_secs(1);
/// Never more often than this.
const LEAST_DELAY: Duration = Duration::from_millis(50);

/// Where the parts go.
#[derive(Debug, PartialEq)]
struct Plan {
    upload: String,
    parts: Vec<Part>,
    at_once: usize,
    delay: Duration,
    patience: Duration,
}

#[derive(Debug, PartialEq)]
struct Part {
    index: u64,
    url: String,
    start: usize,
    end: usize,
}

impl Account {
    pub(super) async fn upload_parts(
        &self,
        place: &Place,
        kind: FileType,
        name: &str,
        bytes: Bytes,
    ) -> Result<Reply, Error> {
        let mut body = sums(bytes.clone()).await?;
        body.insert("file_type".to_owned(), json!(kind as u8));
        body.insert("file_size".to_owned(), bytes.len().to_string().into());
        body.insert("file_name".to_owned(), name.into());
        let prepared =
            self.upload_request(place, super::PREPARE, &Value::Object(body), Repeat::Idempotent).await?;
        let plan = plan(&prepared.body, bytes.len()).map_err(|reason| {
            Error::Other(format!("the platform's plan of an upload in parts makes no sense: {reason}"))
        })?;
        let mut uploads = Vec::with_capacity(plan.parts.len());
        for part in &plan.parts {
            uploads.push(self.upload_part(place, &plan, part, bytes.slice(part.start..part.end)));
        }
        stream::iter(uploads).buffer_unordered(plan.at_once).try_collect::<Vec<()>>().await?;
        let body = Map::from_iter([
            ("upload_id".to_owned(), Value::from(plan.upload)),
            ("file_name".to_owned(), Value::from(name)),
        ]);
        Ok(self.files(place, kind, body).await?)
    }

    async fn upload_part(
        &self,
        place: &Place,
        plan: &Plan,
        part: &Part,
        bytes: Bytes,
    ) -> Result<(), Failure> {
        let body = json!({
            "upload_id": plan.upload,
            "part_index": part.index,
            "block_size": bytes.len().to_string(),
            "md5": hex(&Md5::digest(&bytes)),
        });
        self.api.put(&part.url, bytes, self.settings.timings.upload).await?;
        let begun = Instant::now();
        loop {
            let finish = self.upload_request(place, "upload_part_finish", &body, Repeat::Never).await;
            let Err(failure) = finish else { return Ok(()) };
            let passes = failure.code == NOT_YET || matches!(failure.class, Class::Busy | Class::Timeout);
            if !passes || begun.elapsed() + plan.delay > plan.patience {
                return Err(failure);
            }
            tokio::time::sleep(plan.delay).await;
        }
    }
}

/// The sums by which the platform knows the file.
async fn sums(bytes: Bytes) -> Result<Map<String, Value>, Error> {
    let count = move || {
        Map::from_iter([
            ("md5".to_owned(), Value::from(hex(&Md5::digest(&bytes)))),
            ("sha1".to_owned(), Value::from(hex(&Sha1::digest(&bytes)))),
            ("md5_10m".to_owned(), Value::from(hex(&Md5::digest(&bytes[..bytes.len().min(HEAD)])))),
        ])
    };
    let counted = tokio::task::spawn_blocking(count).await;
    counted.map_err(|reason| Error::Other(format!("the sums of an upload were not counted: {reason}")))
}

/// Reads the answer to `upload_prepare`. Sizes are numbers or texts, and the settings are inside or beside.
fn plan(body: &Value, size: usize) -> Result<Plan, String> {
    let number = |value: &Value| text(value).and_then(|number| number.parse::<f64>().ok());
    let setting = |key: &str| number(&body["upload_config"][key]).or_else(|| number(&body[key]));
    let time = |key: &str| setting(key).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let upload = text(&body["upload_id"]).ok_or("it has no upload_id")?;
    let listed = body["parts"].as_array().ok_or("it has no parts")?;
    let mut parts = Vec::with_capacity(listed.len());
    for part in listed {
        let index = number(&part["index"]).ok_or("a part has no index")? as u64;
        let url = text(&part["presigned_url"]).ok_or("a part has no presigned_url")?;
        let block = number(&part["block_size"]).or_else(|| number(&body["block_size"]));
        let block = block.filter(|block| *block >= 1.0).ok_or("a part has no block_size")? as usize;
        parts.push((index, url, block));
    }
    parts.sort_by_key(|(index, ..)| *index);
    let mut start = 0_usize;
    let mut placed = Vec::with_capacity(parts.len());
    for (index, url, block) in parts {
        let end = start.saturating_add(block).min(size);
        if start < end {
            placed.push(Part { index, url, start, end });
        }
        start = end;
    }
    if start < size {
        return Err(format!("its parts hold {start} of {size} bytes"));
    }
    Ok(Plan {
        upload,
        parts: placed,
        at_once: setting("concurrency").map_or(1, |number| number as usize).clamp(1, AT_ONCE),
        delay: time("retry_delay").unwrap_or(DELAY).max(LEAST_DELAY),
        patience: time("retry_timeout").unwrap_or(PATIENCE),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Value {
        let path = format!("{}/../tests/corpus/qq-official/{name}", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn the_documented_plan_is_read() {
        let plan = plan(&read("doc-response-upload-prepare.json"), 25_000_000).unwrap();
        let spans: Vec<_> = plan.parts.iter().map(|part| (part.index, part.start, part.end)).collect();
        let block = 10_485_760;
        assert_eq!(spans, [(0, 0, block), (1, block, 2 * block), (2, 2 * block, 25_000_000)]);
        assert_eq!((plan.at_once, plan.delay.as_secs(), plan.patience.as_secs()), (1, 1, 300));
    }

    #[test]
    fn sizes_as_numbers_and_settings_beside_are_read_too() {
        let plan = plan(&read("syn-response-upload-prepare-numbers.json"), 5_000_000).unwrap();
        assert_eq!(plan.parts.len(), 1);
        assert_eq!((plan.parts[0].index, plan.parts[0].end), (1, 5_000_000), "the index is the platform's");
        assert_eq!(plan.patience.as_secs(), 300);
    }

    #[test]
    fn a_plan_that_loses_bytes_is_refused() {
        for body in [
            json!({}),
            json!({"upload_id": "u"}),
            json!({"upload_id": "u", "parts": []}),
            json!({"upload_id": "u", "parts": [{"index": 0, "presigned_url": "x"}]}),
            json!({"upload_id": "u", "parts": [{"index": 0, "presigned_url": "x", "block_size": 0}]}),
            json!({"upload_id": "u", "parts": [{"index": 0, "presigned_url": "x", "block_size": "9"}]}),
            json!({"parts": [{"index": 0, "presigned_url": "x", "block_size": "10"}]}),
        ] {
            assert!(plan(&body, 10).is_err(), "{body}");
        }
        let whole =
            json!({"upload_id": "u", "parts": [{"index": 0, "presigned_url": "x", "block_size": "10"}]});
        assert!(plan(&whole, 10).is_ok());
    }
}
