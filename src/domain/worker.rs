//! Processes that own leases, as they report themselves.

use super::{
    ids::{ScanId, WorkerId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A `serve` or `worker` process and its last sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Identity, new with every process start.
    pub id: WorkerId,
    /// The machine's name.
    pub hostname: String,
    /// The process id on that machine.
    pub pid: u32,
    /// Vega's version.
    pub version: String,
    /// How it runs scans (`thread`, `local`, `ecs`).
    pub mode: String,
    /// Scans it started and still watches.
    pub current_scans: Vec<ScanId>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last reported, by the store's clock.
    pub last_heartbeat_at: Timestamp,
}
