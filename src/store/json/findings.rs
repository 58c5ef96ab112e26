//! Findings as people read and judge them. Filters and order come from the index; only the
//! findings that are shown are read from the disk.
//!
//! Below: `select` (which findings a filter means), `order` (lists), `facets` (counts).

mod facets;
mod order;
mod select;

use super::{JsonStore, change::Decision, view::View};
use crate::{
    domain::{
        finding::{Finding, Triage},
        ids::FindingId,
        time::Timestamp,
    },
    error::{Error, ErrorCode, Result},
    store::{FindingFacets, FindingFilter, FindingStore, ObservedFinding, Page, PageRequest},
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
        self.commit(move |view, _| triage(view, id, &decision, expected_version, now))
            .await
    }
}

fn triage(
    view: View<'_>,
    id: FindingId,
    decision: &Triage,
    expected_version: Option<u64>,
    now: Timestamp,
) -> Result<Decision<Finding>> {
    let finding = view.finding(id)?;
    if expected_version.is_some_and(|expected| expected != finding.version) {
        let error = Error::new(
            ErrorCode::PreconditionFailed,
            format!("Finding {id} is at version {}", finding.version),
        );
        return Err(error.with_detail("current_version", finding.version));
    }
    let finding = finding.triaged(decision, now);
    Ok(Decision::new(finding.clone(), vec![finding.into()]))
}
