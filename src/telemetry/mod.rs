//! Logs: one JSON object per line when nobody watches, readable text on a terminal.
//!
//! Fields of the spans around an event (`request_id`, `scan_id`, `user_id`, …) and of the event
//! itself stand at the top level, so that every line of one request can be found by its id. Never
//! source code, prompts, tokens, passwords or bodies.

mod json;
pub mod metrics;

use crate::settings::{Env, Role, catalogue};
use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Which stream logs go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// Servers: standard output.
    Stdout,
    /// Programs whose standard output is their result.
    Stderr,
}

/// The HTTP server calls a request that is no HTTP an error; it is the client's, and already
/// answered. Named in `VEGA_LOG` it is shown again.
const CLIENT_FAULTS: &str = "actix_http::h1=off";

/// Starts logging for `role`. Call once per process; later calls change nothing.
pub fn init(env: &Env, role: Role, stream: LogStream) {
    let default = catalogue::find("VEGA_LOG").and_then(|it| it.default);
    let filter = env.get("VEGA_LOG").or(default).unwrap_or("info");
    let filter = EnvFilter::try_new(format!("{CLIENT_FAULTS},{filter}"))
        .unwrap_or_else(|_| EnvFilter::new(format!("{CLIENT_FAULTS},info")));
    let terminal = match stream {
        LogStream::Stdout => std::io::stdout().is_terminal(),
        LogStream::Stderr => std::io::stderr().is_terminal(),
    };
    let text = match env.get("VEGA_LOG_FORMAT") {
        Some("text") => true,
        Some("json") => false,
        _ => terminal,
    };
    let registry = tracing_subscriber::registry().with(filter);
    let result = if text {
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(terminal)
            .with_target(false);
        match stream {
            LogStream::Stdout => registry.with(layer).try_init(),
            LogStream::Stderr => registry.with(layer.with_writer(std::io::stderr)).try_init(),
        }
    } else {
        let environment = env.get("VEGA_ENVIRONMENT").unwrap_or("dev").to_owned();
        registry
            .with(json::JsonLines::new(role, environment, stream))
            .try_init()
    };
    // A second initialisation (tests in one process) keeps the first.
    drop(result);
}
