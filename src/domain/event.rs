//! Events of a scan: append-only, numbered without gaps, alive as long as their scan.

use super::{
    ids::{EventId, ScanId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Documented event kinds. Kinds unknown to this version are stored and ignored.
pub mod kind {
    /// The runner started; carries the scan's metadata.
    pub const SCAN_STARTED: &str = "scan_started";
    /// `{message, component, progress, phase}`.
    pub const SCAN_PROGRESS: &str = "scan_progress";
    /// `{level, message}`; the only kind that may be dropped under pressure (and is counted then).
    pub const SCAN_LOG: &str = "scan_log";
    /// `{finding}`; the only kind that creates or changes findings.
    pub const FINDING_UPDATED: &str = "finding_updated";
    /// `{summary, coverage}`; last of its scan.
    pub const SCAN_COMPLETED: &str = "scan_completed";
    /// `{reason, code, retryable}`; last of its scan.
    pub const SCAN_FAILED: &str = "scan_failed";
    /// `{by}`; last of its scan.
    pub const SCAN_CANCELLED: &str = "scan_cancelled";
}

/// One event of a scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Identity.
    pub id: EventId,
    /// The scan.
    pub scan_id: ScanId,
    /// 1, 2, 3, … per scan, without gaps.
    pub seq: u64,
    /// The attempt that wrote it.
    pub attempt: u32,
    /// One of [`kind`], or a kind of a newer version.
    pub kind: String,
    /// The content, by kind.
    pub payload: Value,
    /// When it happened.
    pub created_at: Timestamp,
}

impl Event {
    /// Whether nothing follows it.
    pub fn is_terminal(&self) -> bool {
        matches!(
            self.kind.as_str(),
            kind::SCAN_COMPLETED | kind::SCAN_FAILED | kind::SCAN_CANCELLED
        )
    }
}

/// An event on its way into the store, which numbers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewEvent {
    /// Identity.
    pub id: EventId,
    /// One of [`kind`].
    pub kind: String,
    /// The content.
    pub payload: Value,
    /// When it happened.
    pub created_at: Timestamp,
}
