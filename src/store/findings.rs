//! Findings and their observations. They are created by [`super::ScanStore::append_to_scan`] only.

use super::{Page, PageRequest};
use crate::{
    domain::{
        finding::{Finding, FindingObservation, FindingState, FindingStatus, Severity, Triage},
        ids::{FindingId, ProjectId, RepositoryId, ScanId, UserId},
        text_enum,
        time::Timestamp,
        timeline::{Comment, TimelineEntry},
    },
    error::Result,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which findings a list shows. Empty vectors and `None` do not filter. Kept with exports.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
    /// Only of these projects, as far as the caller may look.
    pub within: Option<Vec<ProjectId>>,
    /// One of these families.
    pub categories: Vec<String>,
    /// Of one of these rules.
    pub rules: Vec<String>,
    /// Found by one of these auditors.
    pub auditors: Vec<String>,
    /// Its title, path or rule contains this text, whatever the case.
    pub text: Option<String>,
    /// At least this sure, in percent; findings are compared in whole percent.
    pub confidence_min: Option<u8>,
    /// Taken care of by this user, or (`Some(None)`) by nobody.
    pub assignee: Option<Option<UserId>>,
    /// In which order; facets do not care.
    pub sort: FindingSort,
}

text_enum! {
    /// The order of a list of findings. Equal ones come oldest first.
    FindingSort {
        /// Worst first.
        Severity = "severity",
        /// Seen last first.
        Newest = "newest",
        /// By path, as bytes compare.
        Path = "path",
        /// Surest first.
        Confidence = "confidence",
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the values are declared by a macro, which marks none"
)]
impl Default for FindingSort {
    fn default() -> Self {
        Self::Severity
    }
}

/// How many of the chosen findings carry which value. Open sets are sorted by number, the greatest
/// first, and cut to [`FindingFacets::MOST`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindingFacets {
    /// All of them.
    pub total: u64,
    /// By severity.
    pub severity: BTreeMap<Severity, u64>,
    /// By status.
    pub status: BTreeMap<FindingStatus, u64>,
    /// By state.
    pub state: BTreeMap<FindingState, u64>,
    /// By weakness class; a finding may carry several.
    pub cwe: Vec<(String, u64)>,
    /// By family.
    pub category: Vec<(String, u64)>,
    /// By rule.
    pub rule: Vec<(String, u64)>,
    /// By auditor; a finding may have several.
    pub auditor: Vec<(String, u64)>,
    /// By whether they are leads.
    pub lead: BTreeMap<bool, u64>,
    /// By folder, with a `/` at the end; empty for files at the root.
    pub folder: Vec<(String, u64)>,
}

impl FindingFacets {
    /// Most values of one facet.
    pub const MOST: usize = 50;
}

/// A finding, with the observation of the scan asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedFinding {
    /// The finding as it is now.
    pub finding: Finding,
    /// What that scan saw; present when the filter names a scan.
    pub observation: Option<FindingObservation>,
}

/// Which part of what happened to a finding is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimelineOf {
    /// All of it, beginning with the first sight.
    Everything,
    /// Comments only.
    Comments,
}

/// Findings.
#[async_trait::async_trait]
pub trait FindingStore: Send + Sync {
    /// The finding, or `not_found`.
    async fn finding(&self, id: FindingId) -> Result<Finding>;
    /// Findings in the order the filter asks for.
    async fn findings(
        &self,
        filter: FindingFilter,
        page: PageRequest,
    ) -> Result<Page<ObservedFinding>>;
    /// What the findings `filter` chooses have in common, in numbers.
    async fn finding_facets(&self, filter: FindingFilter) -> Result<FindingFacets>;
    /// Stores a person's decision and, beside it, what it changed; a decision that makes no sense is
    /// a `validation_error` (see [`Finding::judged`]). With `expected_version`, `precondition_failed` when the finding
    /// is at another version.
    async fn triage_finding(
        &self,
        id: FindingId,
        decision: Triage,
        expected_version: Option<u64>,
        now: Timestamp,
    ) -> Result<Finding>;
    /// Stores one decision about several findings in one change. Each stands for itself: one that
    /// cannot be judged has its own failure and leaves the others. Answers in the order of `ids`.
    async fn triage_findings(
        &self,
        ids: Vec<FindingId>,
        decision: Triage,
        now: Timestamp,
    ) -> Result<Vec<Result<Finding>>>;
    /// Opens findings that were dismissed up to a time before `now`, a limited number of them, and
    /// tells which; none when nothing is left to do. Idempotent.
    async fn expire_accepted_risks(&self, now: Timestamp) -> Result<Vec<FindingId>>;
    /// Adds a comment to a finding.
    async fn add_comment(&self, comment: Comment) -> Result<()>;
    /// What happened to a finding, oldest first.
    async fn timeline(
        &self,
        id: FindingId,
        of: TimelineOf,
        page: PageRequest,
    ) -> Result<Page<TimelineEntry>>;
    /// At most `limit` findings of the projects `within` that are of the same rule as `id`, or
    /// share a weakness class and the flagged text with it: those with the same text first, then
    /// the newest.
    async fn similar_findings(
        &self,
        id: FindingId,
        within: Vec<ProjectId>,
        limit: usize,
    ) -> Result<Vec<Finding>>;
}
