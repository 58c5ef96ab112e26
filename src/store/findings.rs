//! Findings and their observations. They are created by [`super::ScanStore::append_to_scan`] only.

use super::{Page, PageRequest};
use crate::{
    domain::{
        finding::{Finding, FindingObservation, FindingState, FindingStatus, Severity, Triage},
        ids::{FindingId, ProjectId, RepositoryId, ScanId},
        time::Timestamp,
    },
    error::Result,
};

/// Which findings a list shows. Empty vectors and `None` do not filter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FindingFilter {
    /// Only of this project.
    pub project_id: Option<ProjectId>,
    /// Only of this repository.
    pub repository_id: Option<RepositoryId>,
    /// Only those this scan observed, with the location, severity and state of that scan.
    pub scan_id: Option<ScanId>,
    /// One of these severities.
    pub severities: Vec<Severity>,
    /// One of these statuses.
    pub statuses: Vec<FindingStatus>,
    /// One of these states.
    pub states: Vec<FindingState>,
    /// Carries one of these weakness classes (`CWE-89`).
    pub cwes: Vec<String>,
    /// Its path starts with this.
    pub path_prefix: Option<String>,
    /// Leads only (`Some(true)`), or findings proper only (`Some(false)`).
    pub lead: Option<bool>,
}

/// A finding, with the observation of the scan asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedFinding {
    /// The finding as it is now.
    pub finding: Finding,
    /// What that scan saw; present when the filter names a scan.
    pub observation: Option<FindingObservation>,
}

/// Findings.
#[async_trait::async_trait]
pub trait FindingStore: Send + Sync {
    /// The finding, or `not_found`.
    async fn finding(&self, id: FindingId) -> Result<Finding>;
    /// Findings, worst first, then oldest first.
    async fn findings(
        &self,
        filter: FindingFilter,
        page: PageRequest,
    ) -> Result<Page<ObservedFinding>>;
    /// Stores a person's decision. With `expected_version`, `precondition_failed` when the finding
    /// is at another version.
    async fn triage_finding(
        &self,
        id: FindingId,
        decision: Triage,
        expected_version: Option<u64>,
        now: Timestamp,
    ) -> Result<Finding>;
}
