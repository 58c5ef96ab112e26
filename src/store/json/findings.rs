//! Findings as people read and judge them. Filters and order come from the index; only the
//! findings that are shown are read from the disk.
//!
//! Below: `select` (which findings a filter means), `order` (lists), `facets` (counts), `history`
//! (decisions and what tells of them), `similar`.

mod facets;
pub(super) mod history;
mod order;
mod select;
mod similar;

use super::JsonStore;
use crate::{
    domain::{
        finding::{Finding, Triage},
        ids::{FindingId, ProjectId},
        time::Timestamp,
        timeline::{Comment, TimelineEntry},
    },
    error::Result,
    store::{
        FindingFacets, FindingFilter, FindingStore, ObservedFinding, Page, PageRequest, TimelineOf,
    },
};

#[async_trait::async_trait]
impl FindingStore for JsonStore {
    async fn finding(&self, id: FindingId) -> Result<Finding> {
        self.read(move |view| view.finding(id)).await
    }

    async fn findings(
        &self,
        filter: FindingFilter,
        page: PageRequest,
    ) -> Result<Page<ObservedFinding>> {
        self.read(move |view| order::list(view, &filter, &page))
            .await
    }

    async fn finding_facets(&self, filter: FindingFilter) -> Result<FindingFacets> {
        self.read(move |view| facets::count(view.state, &filter))
            .await
    }

    async fn triage_finding(
        &self,
        id: FindingId,
        decision: Triage,
        expected_version: Option<u64>,
        now: Timestamp,
    ) -> Result<Finding> {
        self.commit(move |view, _| history::triage(view, id, &decision, expected_version, now))
            .await
    }

    async fn triage_findings(
        &self,
        ids: Vec<FindingId>,
        decision: Triage,
        now: Timestamp,
    ) -> Result<Vec<Result<Finding>>> {
        self.commit(move |view, _| Ok(history::triage_all(view, &ids, &decision, now)))
            .await
    }

    async fn expire_accepted_risks(&self, now: Timestamp) -> Result<Vec<FindingId>> {
        let idle = self
            .read(move |view| Ok(view.state.findings.accepted_until(now).next().is_none()))
            .await?;
        // Asked for far more often than there is anything: that must not queue for the lock.
        if idle {
            return Ok(Vec::new());
        }
        self.commit(move |view, _| history::expire(view, now)).await
    }

    async fn add_comment(&self, comment: Comment) -> Result<()> {
        self.commit(move |view, _| history::comment(view.state, comment))
            .await
    }

    async fn timeline(
        &self,
        id: FindingId,
        of: TimelineOf,
        page: PageRequest,
    ) -> Result<Page<TimelineEntry>> {
        self.read(move |view| history::timeline(view, id, of, &page))
            .await
    }

    async fn similar_findings(
        &self,
        id: FindingId,
        within: Vec<ProjectId>,
        limit: usize,
    ) -> Result<Vec<Finding>> {
        self.read(move |view| similar::similar(view, id, &within, limit))
            .await
    }
}
