//! Findings as people read and judge them. Filters and order come from the index; only the
//! findings that are shown are read from the disk.

use super::{
    JsonStore,
    change::Decision,
    names::Name,
    paging,
    state::{State, index::FindingEntry},
    view::View,
};
use crate::{
    domain::{
        finding::{Finding, FindingState, Severity, Triage},
        ids::{FindingId, RepositoryId},
        time::Timestamp,
    },
    error::{Error, ErrorCode, Result},
    store::{FindingFilter, FindingStore, ObservedFinding, Page, PageRequest},
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
        self.read(move |view| list(view, &filter, &page)).await
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

/// A finding as the list sees it: with what the scan asked for saw, if one is asked for.
struct Row<'a> {
    id: FindingId,
    entry: &'a FindingEntry,
    severity: Severity,
    state: FindingState,
    path: Name,
}

impl<'a> Row<'a> {
    fn now(id: FindingId, entry: &'a FindingEntry) -> Self {
        Self {
            id,
            entry,
            severity: entry.severity,
            state: entry.state,
            path: entry.path,
        }
    }
}

fn list(
    view: View<'_>,
    filter: &FindingFilter,
    page: &PageRequest,
) -> Result<Page<ObservedFinding>> {
    let mut keys: Vec<(Severity, FindingId)> = rows(view.state, filter)?
        .into_iter()
        .filter(|row| is_wanted(view.state, filter, row))
        .map(|row| (row.severity, row.id))
        .collect();
    keys.sort_unstable();
    let total = keys.len() as u64;
    let start = match &page.after {
        None => 0,
        Some(after) => {
            let after = parse_key(after)?;
            keys.partition_point(|key| *key <= after)
        }
    };
    let rest = keys.get(start..).unwrap_or_default();
    let shown = rest.get(..page.limit).unwrap_or(rest);
    let items = shown.iter().map(|(_, id)| {
        let observation = match filter.scan_id {
            Some(scan) => view.observation(scan, *id)?,
            None => None,
        };
        let finding = view.finding(*id)?;
        Ok(ObservedFinding {
            finding,
            observation,
        })
    });
    Ok(Page {
        items: items.collect::<Result<_>>()?,
        next: shown
            .last()
            .filter(|_| rest.len() > shown.len())
            .map(|(severity, id)| format!("{severity}.{id}")),
        total: Some(total),
    })
}

fn parse_key(text: &str) -> Result<(Severity, FindingId)> {
    let (severity, id) = text.split_once('.').unwrap_or((text, ""));
    let severity = Severity::parse(severity)
        .ok_or_else(|| Error::field("cursor", "is not a key this list gave out"))?;
    Ok((severity, paging::cursor(id)?))
}

/// The findings among which the filter chooses, by the narrowest index.
fn rows<'a>(state: &'a State, filter: &FindingFilter) -> Result<Vec<Row<'a>>> {
    let index = &state.findings;
    if let Some(scan) = filter.scan_id {
        state.scans.find(scan, "Scan")?;
        let observed = index.observed_by(scan).filter_map(|(id, observation)| {
            Some(Row {
                id,
                entry: index.get(id)?,
                severity: observation.severity,
                state: observation.state,
                path: observation.path,
            })
        });
        return Ok(observed.collect());
    }
    let repositories: Vec<RepositoryId> = match (filter.repository_id, filter.project_id) {
        (Some(repository), _) => vec![repository],
        (None, Some(project)) => state.repositories_of.of(&project).copied().collect(),
        (None, None) => return Ok(index.all().map(|(id, entry)| Row::now(id, entry)).collect()),
    };
    let ids = repositories
        .into_iter()
        .flat_map(|repository| index.of_repository(repository));
    Ok(ids
        .filter_map(|id| Some(Row::now(id, index.get(id)?)))
        .collect())
}

fn is_wanted(state: &State, filter: &FindingFilter, row: &Row<'_>) -> bool {
    let entry = row.entry;
    let in_project = || {
        filter.project_id.is_none_or(|project| {
            let repository = state.repositories.get(entry.repository);
            repository.is_some_and(|repository| repository.project_id == project)
        })
    };
    let has_class = || {
        let mut wanted = filter.cwes.iter().filter_map(|cwe| state.names.find(cwe));
        filter.cwes.is_empty() || wanted.any(|name| entry.cwe.contains(&name))
    };
    let below = || {
        let prefix = filter.path_prefix.as_deref();
        prefix.is_none_or(|prefix| state.names.text(row.path).starts_with(prefix))
    };
    among(&filter.severities, row.severity)
        && among(&filter.statuses, entry.status)
        && among(&filter.states, row.state)
        && filter.lead.is_none_or(|lead| entry.lead == lead)
        && filter
            .repository_id
            .is_none_or(|repository| entry.repository == repository)
        && in_project()
        && has_class()
        && below()
}

fn among<T: PartialEq + Copy>(wanted: &[T], value: T) -> bool {
    wanted.is_empty() || wanted.contains(&value)
}
