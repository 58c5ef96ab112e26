//! What is known of a report beyond the report: where it comes from, what the store says of its
//! findings, and what people decided about them.
//!
//! Forms for people sort findings by it: what is open, what was dismissed, what is resolved.

use super::{Report, SarifExtra};
use crate::domain::finding::{
    DetectedFinding, Finding, FindingState, FindingStatus, SeverityCounts,
};

/// What a form adds to a report. Nothing by default, as for a scan without a server.
#[derive(Debug, Clone, Default)]
pub struct ReportContext {
    /// The lines of the header, as name and text: repository, commit, scan, date.
    pub about: Vec<(&'static str, String)>,
    /// Parallel to the report's findings; empty where no store knows them.
    pub notes: Vec<Option<FindingNote>>,
    /// Whether a store stands behind the report, so that tables have its columns.
    pub stored: bool,
    /// Whether the findings come from many scans, so that there is no ledger to show.
    pub of_many_scans: bool,
    /// Whether leads are listed too, apart from findings.
    pub include_leads: bool,
}

/// What a store says of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingNote {
    /// Its id.
    pub id: String,
    /// What the machine says: as of the scan, where it is a scan's report.
    pub state: FindingState,
    /// What people decided, as it is now.
    pub status: FindingStatus,
    /// Why it was dismissed; empty otherwise.
    pub reason: String,
    /// Until when the risk is accepted (RFC 3339); empty without an end.
    pub accepted_until: String,
    /// The id of who takes care of it; empty for nobody.
    pub assignee: String,
}

impl FindingNote {
    /// What is known of `finding`, which was in `state`.
    pub fn of(finding: &Finding, state: FindingState) -> Self {
        let text = |it: Option<String>| it.unwrap_or_default();
        Self {
            id: finding.id.to_string(),
            state,
            status: finding.status,
            reason: finding.dismiss_reason.clone().unwrap_or_default(),
            accepted_until: text(finding.accepted_until.map(|it| it.to_string())),
            assignee: text(finding.assignee.map(|it| it.to_string())),
        }
    }

    /// The same in SARIF's words. What was resolved and is back is new to its readers.
    pub fn to_sarif_extra(&self) -> SarifExtra {
        let dismissed = self.status == FindingStatus::Dismissed;
        let state = match self.state {
            FindingState::New | FindingState::Reopened => "new",
            FindingState::Existing | FindingState::Unknown => "unchanged",
            FindingState::Resolved => "absent",
        };
        SarifExtra {
            finding_id: Some(self.id.clone()),
            suppressed: dismissed.then(|| self.reason.clone()),
            baseline_state: Some(state.to_owned()),
        }
    }
}

/// A finding with what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) finding: &'a DetectedFinding,
    pub(super) note: Option<&'a FindingNote>,
    /// Whether the report's baseline has it too.
    existing: Option<bool>,
}

impl Row<'_> {
    /// What is said of it after its place, with a separator before each part.
    pub(super) fn label(&self) -> String {
        let Some(note) = self.note else {
            let known = |existing| if existing { " · existing" } else { " · new" };
            return self.existing.map(known).unwrap_or_default().to_owned();
        };
        match note.status {
            FindingStatus::Open => format!(" · {}", note.state),
            status => format!(" · {} · {status}", note.state),
        }
    }

    /// When an accepted risk ends.
    pub(super) fn until(&self) -> &str {
        match self.note.map(|note| note.accepted_until.as_str()) {
            None | Some("") => "no end",
            Some(until) => until,
        }
    }

    /// Why it was dismissed.
    pub(super) fn reason(&self) -> &str {
        self.note.map_or("", |note| &note.reason)
    }
}

/// The findings of a report by what is to be done about them, each in the report's order.
#[derive(Debug, Default)]
pub(super) struct Sorted<'a> {
    pub(super) open: Vec<Row<'a>>,
    pub(super) leads: Vec<Row<'a>>,
    pub(super) dismissed: Vec<Row<'a>>,
    pub(super) resolved: Vec<Row<'a>>,
    /// Numbers of the open ones.
    pub(super) counts: SeverityCounts,
}

impl<'a> Sorted<'a> {
    pub(super) fn new(report: &'a Report, context: &'a ReportContext) -> Self {
        let mut sorted = Self::default();
        for (index, finding) in report.findings.iter().enumerate() {
            let note = context.notes.get(index).and_then(Option::as_ref);
            let existing = report.is_existing(finding);
            let row = Row {
                finding,
                note,
                existing,
            };
            match note {
                Some(note) if note.state == FindingState::Resolved => sorted.resolved.push(row),
                Some(note) if note.status == FindingStatus::Dismissed => sorted.dismissed.push(row),
                _ if finding.content.lead => sorted.leads.push(row),
                _ => {
                    sorted.counts.add(finding.content.severity);
                    sorted.open.push(row);
                }
            }
        }
        sorted
    }

    /// The first sentence of a report without its full stop: the number of findings, and the rest.
    pub(super) fn summary(&self, report: &Report, context: &ReportContext) -> (String, String) {
        let mut rest = String::new();
        if !context.of_many_scans {
            rest.push_str(" in ");
            rest.push_str(&super::counted(report.coverage_summary.files, "file"));
        }
        let asides = self.asides(report, context);
        if !asides.is_empty() {
            rest.push_str(". ");
            rest.push_str(&asides.join("; "));
        }
        (super::counted(self.counts.total(), "finding"), rest)
    }

    /// What stands beside the number of findings, from the report and the store.
    fn asides(&self, report: &Report, context: &ReportContext) -> Vec<String> {
        let mut asides = Vec::new();
        for (rows, what) in [(&self.dismissed, "dismissed"), (&self.resolved, "resolved")] {
            if !rows.is_empty() {
                asides.push(format!("{} {what}", rows.len()));
            }
        }
        let leads = super::counted(self.leads.len() as u64, "lead");
        let how = match context.stored {
            true => super::BY_FORM,
            false => super::BY_FLAG,
        };
        match (self.leads.len(), context.include_leads) {
            (0, _) => {}
            (_, true) => asides.push(leads),
            (_, false) => asides.push(super::unshown(&leads, how)),
        }
        asides.extend(report.asides());
        asides
    }
}
