//! The real program as a child process, watched by its log.
//!
//! ```no_run
//! # async fn example() {
//! use iglu_tests::{folder::Folder, host::Host, napcat::{Napcat, Options}};
//!
//! let napcat = Napcat::start(Options::default()).await;
//! let folder = Folder::with(&napcat, &["echo"], "");
//! let host = Host::run(&folder).await;
//! napcat.connected().await;
//! host.says("running", |line| line.plugin() == "echo").await;
//! host.stop().await;
//! # }
//! ```

use std::{
    fmt::Write as _,
    fs,
    process::{ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

use crate::{fixtures::iglu_bin, folder::Folder};

/// How long a wait lasts before it fails: long, because the machine may be busy with other tests.
const DEADLINE: Duration = Duration::from_secs(60);
/// How many lines of the log a failure report shows.
const SHOWN: usize = 40;

/// A running `iglu run`. It is killed when this is dropped.
#[derive(Debug)]
pub struct Host {
    child: Child,
    pid: u32,
    log: Arc<Log>,
}

/// One line of the log.
#[derive(Clone, Debug)]
pub struct Line(Value);

#[derive(Debug)]
struct Log {
    lines: Mutex<Vec<Line>>,
    /// How many there are; closed at the end of the program.
    count: watch::Sender<usize>,
}

impl Line {
    /// A field as text; empty if there is none.
    pub fn field(&self, name: &str) -> String {
        match &self.0[name] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// What it says.
    pub fn text(&self) -> String {
        self.field("message")
    }

    /// The plugin it is about; empty if none.
    pub fn plugin(&self) -> String {
        self.field("plugin")
    }

    /// `ERROR`, `WARN`, ...
    pub fn level(&self) -> String {
        self.field("level")
    }

    /// Whether it says this, about this plugin.
    pub fn is(&self, plugin: &str, text: &str) -> bool {
        self.plugin() == plugin && self.text().contains(text)
    }
}

impl Host {
    /// Starts `iglu run` on the folder and returns when it is up.
    pub async fn run(folder: &Folder) -> Self {
        let host = Self::start(folder);
        host.says("iglu is up", |line| line.text() == "iglu is up").await;
        host
    }

    /// The same by way of another program: its arguments, then iglu and its own.
    pub async fn run_by(program: &[&str], folder: &Folder) -> Self {
        let host = Self::spawn(through(program), folder);
        host.says("iglu is up", |line| line.text() == "iglu is up").await;
        host
    }

    /// Starts `iglu run` on the folder and does not wait.
    pub fn start(folder: &Folder) -> Self {
        Self::spawn(iglu(), folder)
    }

    fn spawn(mut iglu: Command, folder: &Folder) -> Self {
        let mut child = iglu
            .args(["run", "--log-format", "json"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("iglu starts");
        let log = Arc::new(Log { lines: Mutex::default(), count: watch::Sender::new(0) });
        let stderr = child.stderr.take().expect("stderr is a pipe");
        tokio::spawn(read(stderr, log.clone()));
        let pid = child.id().expect("it runs");
        Self { child, pid, log }
    }

    /// Waits for a line anywhere in the log, old or new.
    pub async fn says(&self, what: &str, accepts: impl Fn(&Line) -> bool) -> Line {
        self.says_after(0, what, accepts).await
    }

    /// Waits for a line after a [`mark`](Self::mark).
    pub async fn says_after(&self, mark: usize, what: &str, accepts: impl Fn(&Line) -> bool) -> Line {
        let mut count = self.log.count.subscribe();
        let mut next = mark;
        let found = timeout(DEADLINE, async {
            loop {
                count.borrow_and_update();
                let over = self.log.is_over();
                let lines = self.lines_after(next);
                next += lines.len();
                if let Some(line) = lines.into_iter().find(&accepts) {
                    return Some(line);
                }
                if over || count.changed().await.is_err() {
                    return None;
                }
            }
        });
        match found.await {
            Ok(Some(line)) => line,
            Ok(None) => panic!("iglu ended and did not say {what:?}\n{}", self.report()),
            Err(_) => panic!("iglu did not say {what:?} within {DEADLINE:?}\n{}", self.report()),
        }
    }

    /// The place in the log that is reached now.
    pub fn mark(&self) -> usize {
        self.log.lock().len()
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<Line> {
        self.lines_after(0)
    }

    /// The lines after a mark.
    pub fn lines_after(&self, mark: usize) -> Vec<Line> {
        self.log.lock().iter().skip(mark).cloned().collect()
    }

    /// The last lines of the log, for failure reports.
    pub fn report(&self) -> String {
        let lines = self.log.lock();
        let mut report = format!("the log so far ({} lines), its end:", lines.len());
        for line in &lines[lines.len().saturating_sub(SHOWN)..] {
            let _ = write!(report, "\n  {}", line.0);
        }
        report
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Resident memory in bytes.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("the process lives");
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells the memory");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("it is a number");
        kib << 10
    }

    /// The processor time that it has used, in the kernel's hundredths of a second.
    pub fn cpu_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).expect("the process lives");
        // The name, in brackets, may hold spaces; user and system time are the twelfth and thirteenth after it.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        let ticks: u64 = fields.map(|field| field.parse::<u64>().expect("it is a number")).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Sends SIGTERM.
    pub async fn terminate(&self) {
        let pid = self.pid.to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill runs");
        assert!(sent.success(), "iglu is not there any more\n{}", self.report());
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        let ended = timeout(DEADLINE, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("iglu does not end\n{}", self.report()));
        let mut count = self.log.count.subscribe();
        while !self.log.is_over() && count.changed().await.is_ok() {}
        status.expect("a child can be waited for")
    }

    /// SIGTERM; it must end in order. Answers its whole log.
    pub async fn stop(mut self) -> Vec<Line> {
        self.terminate().await;
        let status = self.ended().await;
        assert!(status.success(), "iglu ended with {status}\n{}", self.report());
        let panicked = |line: &Line| line.text().contains("panicked at") && line.plugin().is_empty();
        let lines = self.lines();
        assert!(!lines.iter().any(panicked), "iglu panicked\n{}", self.report());
        lines
    }

    /// SIGKILL.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("a child can be killed");
    }
}

/// Runs `iglu` with these arguments and this input to its end.
pub async fn iglu_with(arguments: &[&str], input: &str) -> Output {
    let mut child = iglu()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("iglu starts");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    // A program that refuses its arguments does not read.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let ended = timeout(DEADLINE, child.wait_with_output()).await;
    ended.unwrap_or_else(|_| panic!("iglu {arguments:?} does not end")).expect("it can be waited for")
}

fn iglu() -> Command {
    settled(Command::new(iglu_bin()))
}

fn through(program: &[&str]) -> Command {
    let (first, arguments) = program.split_first().expect("the program has a name");
    let mut command = Command::new(first);
    command.args(arguments).arg(iglu_bin());
    settled(command)
}

/// Independent of the settings of whoever runs the tests.
fn settled(mut command: Command) -> Command {
    command.env_remove("IGLU_LOG").env("LANG", "en_US.UTF-8").env_remove("LC_ALL").env_remove("LC_MESSAGES");
    command.kill_on_drop(true);
    command
}

impl Log {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program has ended, and all that it said is here.
    fn is_over(&self) -> bool {
        *self.count.borrow() == usize::MAX
    }
}

async fn read(stderr: impl AsyncRead + Unpin, log: Arc<Log>) {
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Ok(Some(bytes)) = lines.next_segment().await {
        let text = String::from_utf8_lossy(&bytes);
        // What is no JSON (a panic of the host, an error at the end) is a line as well.
        let line = serde_json::from_str(&text).unwrap_or_else(|_| serde_json::json!({"message": text}));
        let mut all = log.lock();
        all.push(Line(line));
        let count = all.len();
        drop(all);
        log.count.send_replace(count);
    }
    log.count.send_replace(usize::MAX);
}
