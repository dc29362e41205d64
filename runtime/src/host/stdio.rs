//! A plugin's standard output and error are lines in the log.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

use super::Caller;
use crate::model::contract::iglu::plugin::log::Level;

/// What is written without a line break goes out when it is so long.
const LONGEST: usize = 4096;

/// The stream that both are connected to.
#[derive(Clone)]
pub(crate) struct Stdio(Weak<Caller>);

impl Stdio {
    pub(crate) fn new(caller: &Arc<Caller>) -> Self {
        Self(Arc::downgrade(caller))
    }
}

impl IsTerminal for Stdio {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stdio {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Lines { caller: Weak::clone(&self.0), rest: Vec::new() })
    }
}

struct Lines {
    caller: Weak<Caller>,
    rest: Vec<u8>,
}

impl Lines {
    fn put(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' || self.rest.len() >= LONGEST {
                self.line();
            }
            if *byte != b'\n' {
                self.rest.push(*byte);
            }
        }
    }

    fn line(&mut self) {
        let line = std::mem::take(&mut self.rest);
        if let Some(caller) = self.caller.upgrade()
            && !line.is_empty()
        {
            caller.log.write(&caller.plugin, Level::Info, &String::from_utf8_lossy(&line), &caller.secrets);
        }
    }
}

impl AsyncWrite for Lines {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.put(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.line();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.line();
    }
}
