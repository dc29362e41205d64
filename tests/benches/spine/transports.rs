//! The other ways to NapCat beside forward WebSocket, each with a host of its own.

use iglu_tests::folder::Folder;
use iglu_tests::host::Host;
use iglu_tests::napcat::{Http, Napcat, Post, Reverse};

use crate::loops::{Run, closed_loop, cpu, options, rate};
use crate::row;

const ROUNDS: usize = 5;
const MESSAGES: usize = 3_000;
const IN_FLIGHT: usize = 64;

/// NapCat and a host that are linked in one way.
struct Pair {
    name: &'static str,
    napcat: Napcat,
    host: Host,
    _folder: Folder,
    runs: Vec<Run>,
}

pub(crate) async fn run() {
    println!("{MESSAGES} messages a round, medians of {ROUNDS} rounds by turns, {IN_FLIGHT} in flight");
    let mut pairs = vec![
        pair("forward WebSocket", |napcat| format!("url = \"{}\"", napcat.url())).await,
        pair("reverse WebSocket", |_| "listen = \"ws://127.0.0.1:0\"".to_owned()).await,
        pair("HTTP, events as posts", |napcat| {
            let http = napcat.serve_http(Http::default()).expect("a port is free");
            format!("url = \"http://{http}\"\nlisten = \"http://127.0.0.1:0\"")
        })
        .await,
        pair("HTTP, events as a stream", |napcat| {
            let http = napcat.serve_http(Http { sse: true, ..Http::default() }).expect("a port is free");
            format!("url = \"http://{http}\"")
        })
        .await,
    ];
    for round in 0..=ROUNDS {
        for pair in &mut pairs {
            let run = closed_loop(&pair.napcat, pair.host.pid(), IN_FLIGHT, MESSAGES).await;
            // The first one warms up.
            if round > 0 {
                pair.runs.push(run);
            }
        }
    }
    let forward = cpu(&pairs[0].runs);
    for Pair { name, runs, host, .. } in pairs {
        let figure = format!("{:.1} us CPU", cpu(&runs));
        row(
            &format!("iglu + echo, {name}"),
            &figure,
            &format!("{:.2}, {:.0}/s", cpu(&runs) / forward, rate(&runs)),
        );
        host.stop().await;
    }
}

async fn pair(name: &'static str, table: impl FnOnce(&Napcat) -> String) -> Pair {
    let napcat = Napcat::start(options()).await;
    let folder = Folder::with(&napcat, &["echo"], "");
    folder.configure(&format!(
        "[[bot]]\nname = \"it\"\ntoken = \"{}\"\n{}\n",
        napcat.token(),
        table(&napcat)
    ));
    let host = Host::run(&folder).await;
    let toml = std::fs::read_to_string(folder.path().join("iglu.toml")).expect("it was just written");
    if toml.contains("listen") {
        let what = "bot `it` waits for NapCat at ";
        let line = host.says(what, |line| line.text().starts_with(what)).await;
        let address = &line.text()[what.len()..];
        if toml.contains("listen = \"ws") {
            napcat.dial(Reverse::to(&format!("ws://{address}"))).expect("it can be dialled");
        } else {
            napcat.post(Post::to(&format!("http://{address}/"))).expect("it can be posted to");
        }
    }
    host.says("the connection", |line| line.text().ends_with("is connected")).await;
    Pair { name, napcat, host, _folder: folder, runs: Vec::new() }
}
