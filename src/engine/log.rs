//! What a run of the engine tells while it works: events as they happen, and lines for the debug
//! bundle.

use super::{EngineEvent, EventSink, LogLevel, Phase};
use std::sync::Mutex;

/// Where the run tells what it does; keeps the lines for the debug bundle.
pub(super) struct Log<'a> {
    pub(super) sink: &'a dyn EventSink,
    lines: Mutex<String>,
}

impl<'a> Log<'a> {
    pub(super) fn new(sink: &'a dyn EventSink) -> Self {
        Self {
            sink,
            lines: Mutex::new(String::new()),
        }
    }

    pub(super) fn progress(
        &self,
        phase: Phase,
        component: Option<String>,
        progress: u8,
        message: String,
    ) {
        self.keep(phase.as_str(), &message);
        self.sink.emit(EngineEvent::Progress {
            phase,
            component,
            progress,
            message,
        });
    }

    pub(super) fn info(&self, message: String) {
        self.line(LogLevel::Info, message);
    }

    pub(super) fn warn(&self, message: String) {
        self.line(LogLevel::Warn, message);
    }

    fn line(&self, level: LogLevel, message: String) {
        self.keep(level.as_str(), &message);
        self.sink.emit(EngineEvent::Log { level, message });
    }

    fn keep(&self, kind: &str, message: &str) {
        if let Ok(mut lines) = self.lines.lock() {
            lines.push_str(kind);
            lines.push(' ');
            lines.push_str(message);
            lines.push('\n');
        }
    }

    pub(super) fn lines(&self) -> String {
        self.lines
            .lock()
            .map(|lines| lines.clone())
            .unwrap_or_default()
    }
}
