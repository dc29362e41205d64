//! Messages in, replies out, over a real socket: a bare loop beside iglu with the `echo` plugin.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use iglu_tests::folder::Folder;
use iglu_tests::host::Host;
use iglu_tests::napcat::{FRIEND, GROUP, Napcat, Options};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::{median, row, us};

const ROUNDS: usize = 5;
const MESSAGES: usize = 6_000;

/// What one closed loop measured.
pub(crate) struct Run {
    /// CPU time of the process, per message.
    cpu: Duration,
    latency: Duration,
    p99: Duration,
    per_second: f64,
    in_order: bool,
}

pub(crate) async fn run() {
    println!("{MESSAGES} messages a round, medians of {ROUNDS} rounds, bare loop and iglu by turns");
    for in_flight in [1, 64] {
        let bare = Napcat::start(options()).await;
        let this = std::env::current_exe().expect("a running program has a path");
        let mut child = Command::new(this)
            .args([
                "bare-loop",
                &format!("{}/?access_token={}", bare.url().trim_end_matches('/'), bare.token()),
            ])
            .stdin(Stdio::null())
            .spawn()
            .expect("the bare loop starts");
        bare.connected().await;

        let napcat = Napcat::start(options()).await;
        let folder = Folder::with(&napcat, &["echo"], "");
        let host = Host::run(&folder).await;
        napcat.connected().await;
        let iglu = host.pid();

        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        closed_loop(&bare, child.id(), in_flight, 500).await;
        closed_loop(&napcat, iglu, in_flight, 500).await;
        for _ in 0..ROUNDS {
            theirs.push(closed_loop(&bare, child.id(), in_flight, MESSAGES).await);
            ours.push(closed_loop(&napcat, iglu, in_flight, MESSAGES).await);
        }
        let _ = child.kill();
        let _ = child.wait();
        host.stop().await;
        report(in_flight, &theirs, &ours);
    }
}

/// Microseconds for each message, the median of the runs.
pub(crate) fn cpu(runs: &[Run]) -> f64 {
    us(median(&mut runs.iter().map(|run| run.cpu).collect::<Vec<_>>()))
}

/// Messages a second, the median of the runs.
pub(crate) fn rate(runs: &[Run]) -> f64 {
    median(&mut runs.iter().map(|run| run.per_second).collect::<Vec<_>>())
}

fn report(in_flight: usize, bare: &[Run], iglu: &[Run]) {
    for (name, runs) in [("bare loop", bare), ("iglu + echo", iglu)] {
        let latency = us(median(&mut runs.iter().map(|run| run.latency).collect::<Vec<_>>()));
        let p99 = us(median(&mut runs.iter().map(|run| run.p99).collect::<Vec<_>>()));
        let rate = rate(runs);
        let figure = format!("{:.1} us CPU", cpu(runs));
        let more = format!("{rate:.0}/s, latency {latency:.0} us, p99 {p99:.0} us");
        row(&format!("{name}, {in_flight} in flight"), &figure, &more);
    }
    let bar = if in_flight == 64 { "bar: at most 4.0" } else { "" };
    row(
        &format!("CPU time, iglu / bare, {in_flight} in flight"),
        &format!("{:.2}", cpu(iglu) / cpu(bare)),
        bar,
    );
    let ordered = iglu.iter().all(|run| run.in_order);
    row("replies of one chat in the order of their messages", if ordered { "yes" } else { "NO" }, "bar: yes");
}

pub(crate) fn options() -> Options {
    Options { record: false, ..Options::default() }
}

/// Keeps `in_flight` messages unanswered until `messages` are answered.
pub(crate) async fn closed_loop(napcat: &Napcat, pid: u32, in_flight: usize, messages: usize) -> Run {
    let mut calls = napcat.tap();
    let (mut sent, mut answered) = (0, 0);
    let mut times: HashMap<usize, Instant> = HashMap::new();
    let mut latencies = Vec::with_capacity(messages);
    let (mut last, mut in_order) = (None, true);
    let before = cpu_time(pid);
    let begun = Instant::now();
    while answered < messages {
        while sent < messages && sent - answered < in_flight {
            times.insert(sent, Instant::now());
            napcat.group_text(GROUP, FRIEND, &format!("/echo {sent}"));
            sent += 1;
        }
        let call = tokio::time::timeout(Duration::from_secs(20), calls.recv()).await;
        let call = call.expect("an answer comes").expect("the simulator lives");
        let Ok(number) = call.text().trim_start_matches("/echo ").parse::<usize>() else { continue };
        if let Some(pushed) = times.remove(&number) {
            latencies.push(pushed.elapsed());
            in_order &= last.is_none_or(|last| last < number);
            last = Some(number);
            answered += 1;
        }
    }
    let took = begun.elapsed();
    latencies.sort();
    Run {
        cpu: (cpu_time(pid) - before) / u32::try_from(messages).expect("it fits"),
        latency: latencies[latencies.len() / 2],
        p99: latencies[latencies.len() * 99 / 100],
        per_second: messages as f64 / took.as_secs_f64(),
        in_order,
    }
}

/// User and system time of a process so far.
fn cpu_time(pid: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the process lives");
    // `schedstat` counts nanoseconds on the CPU; `stat` only ticks of 10 ms.
    let nanoseconds = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

/// The least that any bot does: parse the frame, take the text, send a reply.
#[tokio::main]
pub(crate) async fn bare(url: &str) -> anyhow::Result<()> {
    let (mut socket, _) = tokio_tungstenite::connect_async(url.into_client_request()?).await?;
    let mut echo = 0_u64;
    while let Some(Ok(frame)) = socket.next().await {
        let Message::Text(text) = frame else { continue };
        let event: Value = serde_json::from_str(&text)?;
        if event["post_type"] != "message" {
            continue;
        }
        let said = event["message"][0]["data"]["text"].as_str().unwrap_or_default();
        echo += 1;
        let message = json!([{"type": "text", "data": {"text": said}}]);
        let params = json!({"group_id": event["group_id"].to_string(), "message": message});
        let call = json!({"action": "send_group_msg", "params": params, "echo": echo.to_string()});
        socket.send(Message::text(call.to_string())).await?;
    }
    Ok(())
}
