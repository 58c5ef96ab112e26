//! What operators ask of the whole store, across all users.

use crate::{
    domain::{
        finding::SeverityCounts,
        job::{JobKind, JobStatus},
        scan::ScanStatus,
    },
    error::Result,
};
use std::{collections::BTreeMap, time::Duration};

/// How much there is, and how long the longest waits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoreFigures {
    /// Scans by status.
    pub scans: BTreeMap<ScanStatus, u64>,
    /// Jobs by kind and status.
    pub jobs: BTreeMap<(JobKind, JobStatus), u64>,
    /// Open findings by severity.
    pub open_findings: SeverityCounts,
    /// How long the oldest queued scan has been waiting, by the store's clock.
    pub oldest_queued_scan: Option<Duration>,
    /// How long the oldest queued job has been waiting, by the store's clock.
    pub oldest_queued_job: Option<Duration>,
}

/// The operators' view.
#[async_trait::async_trait]
pub trait OpsStore: Send + Sync {
    /// How much there is. Cheap enough to be asked every few seconds.
    async fn figures(&self) -> Result<StoreFigures>;
}
