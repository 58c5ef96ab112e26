//! What memory holds of findings, observations and events: enough to find, count, filter and
//! order them without their bodies. About 400 bytes per finding with its observation and event.

use super::{
    super::names::{Name, Names},
    Refusal, Span,
};
use crate::domain::{
    finding::{FindingState, FindingStatus, Severity, SeverityCounts},
    ids::{EventId, FindingId, RepositoryId, ScanId, UserId},
    time::Timestamp,
};
use serde::Deserialize;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

/// The parts of a written finding that are indexed.
#[derive(Deserialize)]
pub struct WrittenFinding<'a> {
    id: FindingId,
    repository_id: RepositoryId,
    last_seen_scan_id: ScanId,
    status: FindingStatus,
    state: FindingState,
    #[serde(default)]
    accepted_until: Option<Timestamp>,
    #[serde(default)]
    assignee: Option<UserId>,
    #[serde(borrow)]
    content: WrittenContent<'a>,
    #[serde(borrow)]
    anchor: WrittenAnchor<'a>,
}

#[derive(Deserialize)]
struct WrittenContent<'a> {
    #[serde(borrow)]
    title: Cow<'a, str>,
    severity: Severity,
    confidence: f64,
    #[serde(borrow)]
    category: Cow<'a, str>,
    auditors: Vec<String>,
    #[serde(borrow)]
    rule_id: Cow<'a, str>,
    #[serde(default)]
    lead: bool,
    cwe: Vec<String>,
    #[serde(borrow)]
    location: WrittenLocation<'a>,
}

#[derive(Deserialize)]
struct WrittenLocation<'a> {
    #[serde(borrow)]
    file_path: Cow<'a, str>,
}

#[derive(Deserialize)]
struct WrittenAnchor<'a> {
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(borrow)]
    text_hash: Cow<'a, str>,
}

/// The parts of a written observation that are indexed.
#[derive(Deserialize)]
pub struct WrittenObservation<'a> {
    scan_id: ScanId,
    finding_id: FindingId,
    severity: Severity,
    state: FindingState,
    #[serde(borrow)]
    location: WrittenLocation<'a>,
}

/// The parts of a written event that are indexed.
#[derive(Deserialize)]
pub struct WrittenEvent<'a> {
    /// Identity.
    pub id: EventId,
    /// The scan.
    pub scan_id: ScanId,
    seq: u64,
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

/// A finding without its body.
#[derive(Debug)]
pub struct FindingEntry {
    /// The repository.
    pub repository: RepositoryId,
    /// The newest scan that saw it.
    pub last_seen: ScanId,
    /// The body.
    pub span: Span,
    /// The file it is shown in.
    pub path: Name,
    /// The file it is recognised in.
    pub anchor_path: Name,
    /// Weakness classes.
    pub cwe: Box<[Name]>,
    /// One line; findings of one rule often share it.
    pub title: Name,
    /// The rule.
    pub rule: Name,
    /// The family.
    pub category: Name,
    /// Who found it, one to a line.
    pub auditors: Name,
    /// Who takes care of it.
    pub assignee: Option<Name>,
    /// Checksum of the hash of the flagged text: equal texts have equal ones.
    pub text_sum: u32,
    /// How sure, in percent.
    pub confidence: u8,
    /// How bad.
    pub severity: Severity,
    /// What people decided.
    pub status: FindingStatus,
    /// What the newest scan says.
    pub state: FindingState,
    /// Whether it is only a lead.
    pub lead: bool,
}

impl FindingEntry {
    /// Whether it counts as an open fault: not decided, not a lead, not gone.
    fn is_open(&self) -> bool {
        self.status == FindingStatus::Open && !self.lead && self.state != FindingState::Resolved
    }
}

/// An observation without its body.
#[derive(Debug)]
pub struct ObservationEntry {
    /// The body.
    pub span: Span,
    /// The file it was in.
    pub path: Name,
    /// How bad it was.
    pub severity: Severity,
    /// What it was.
    pub state: FindingState,
}

/// The findings of one repository.
#[derive(Debug, Default)]
struct RepositoryFindings {
    by_file: BTreeSet<(Name, FindingId)>,
    open: [u64; Severity::ALL.len()],
}

/// Findings and observations.
#[derive(Debug, Default)]
pub struct FindingIndex {
    entries: BTreeMap<FindingId, FindingEntry>,
    of_repository: BTreeMap<RepositoryId, RepositoryFindings>,
    observations: BTreeMap<ScanId, BTreeMap<FindingId, ObservationEntry>>,
    accepted: BTreeMap<FindingId, Timestamp>,
    bytes: u64,
}

impl FindingIndex {
    /// A finding.
    pub fn get(&self, id: FindingId) -> Option<&FindingEntry> {
        self.entries.get(&id)
    }

    /// Every finding, by id.
    pub fn all(&self) -> impl Iterator<Item = (FindingId, &FindingEntry)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// The findings of a repository, by file.
    pub fn of_repository(&self, id: RepositoryId) -> impl Iterator<Item = FindingId> {
        let findings = self.of_repository.get(&id);
        findings
            .into_iter()
            .flat_map(|findings| findings.by_file.iter().map(|(_, finding)| *finding))
    }

    /// How many findings there are.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// How many findings a repository has.
    pub fn count_of(&self, id: RepositoryId) -> usize {
        let findings = self.of_repository.get(&id);
        findings.map_or(0, |findings| findings.by_file.len())
    }

    /// How many findings a scan saw.
    pub fn count_observed(&self, scan: ScanId) -> usize {
        self.observations.get(&scan).map_or(0, BTreeMap::len)
    }

    /// Findings whose risk is accepted up to `now` or a time before it.
    pub fn accepted_until(&self, now: Timestamp) -> impl Iterator<Item = FindingId> {
        let over = self
            .accepted
            .iter()
            .filter(move |(_, until)| **until <= now);
        over.map(|(id, _)| *id)
    }

    /// The findings of a repository that are recognised in `file`.
    pub fn in_file(&self, id: RepositoryId, file: Name) -> impl Iterator<Item = FindingId> {
        let findings = self.of_repository.get(&id);
        findings.into_iter().flat_map(move |findings| {
            let from = findings.by_file.range((file, lowest())..);
            from.take_while(move |(name, _)| *name == file)
                .map(|(_, finding)| *finding)
        })
    }

    /// What a scan saw of a finding.
    pub fn observation(&self, scan: ScanId, finding: FindingId) -> Option<&ObservationEntry> {
        self.observations.get(&scan)?.get(&finding)
    }

    /// What a scan saw, by finding.
    pub fn observed_by(
        &self,
        scan: ScanId,
    ) -> impl Iterator<Item = (FindingId, &ObservationEntry)> {
        let observed = self.observations.get(&scan).into_iter().flatten();
        observed.map(|(finding, entry)| (*finding, entry))
    }

    /// Every observation's body.
    pub fn observation_spans(&self) -> impl Iterator<Item = Span> {
        self.observations
            .values()
            .flat_map(|observed| observed.values().map(|entry| entry.span))
    }

    /// Adds a repository's open findings by severity to `counts`.
    pub fn count_open(&self, id: RepositoryId, counts: &mut SeverityCounts) {
        let Some(findings) = self.of_repository.get(&id) else {
            return;
        };
        let [critical, high, medium, low, info] = findings.open;
        counts.critical += critical;
        counts.high += high;
        counts.medium += medium;
        counts.low += low;
        counts.info += info;
    }

    /// Bytes of all bodies.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn put_finding(
        &mut self,
        written: &WrittenFinding<'_>,
        span: Span,
        names: &mut Names,
    ) {
        self.forget(written.id);
        let entry = FindingEntry {
            repository: written.repository_id,
            last_seen: written.last_seen_scan_id,
            span,
            path: names.intern(&written.content.location.file_path),
            anchor_path: names.intern(&written.anchor.path),
            cwe: written
                .content
                .cwe
                .iter()
                .map(|cwe| names.intern(cwe))
                .collect(),
            title: names.intern(&written.content.title),
            rule: names.intern(&written.content.rule_id),
            category: names.intern(&written.content.category),
            auditors: names.intern(&written.content.auditors.join("\n")),
            assignee: written.assignee.map(|id| names.intern(&id.to_string())),
            text_sum: text_sum(&written.anchor.text_hash),
            confidence: percent(written.content.confidence),
            severity: written.content.severity,
            status: written.status,
            state: written.state,
            lead: written.content.lead,
        };
        self.bytes += u64::from(span.len);
        let findings = self.of_repository.entry(entry.repository).or_default();
        findings.by_file.insert((entry.anchor_path, written.id));
        if entry.is_open()
            && let Some(count) = findings.open.get_mut(entry.severity as usize)
        {
            *count += 1;
        }
        if let Some(until) = written.accepted_until
            && written.status == FindingStatus::Dismissed
        {
            self.accepted.insert(written.id, until);
        }
        self.entries.insert(written.id, entry);
    }

    pub(super) fn put_observation(
        &mut self,
        written: &WrittenObservation<'_>,
        span: Span,
        names: &mut Names,
    ) {
        let entry = ObservationEntry {
            span,
            path: names.intern(&written.location.file_path),
            severity: written.severity,
            state: written.state,
        };
        self.bytes += u64::from(span.len);
        let observed = self.observations.entry(written.scan_id).or_default();
        if let Some(old) = observed.insert(written.finding_id, entry) {
            self.bytes -= u64::from(old.span.len);
        }
    }

    pub(super) fn delete_repository(&mut self, id: RepositoryId, scans: &BTreeSet<ScanId>) {
        for scan in scans {
            for entry in self.observations.remove(scan).unwrap_or_default().values() {
                self.bytes -= u64::from(entry.span.len);
            }
        }
        let findings = self.of_repository.remove(&id).unwrap_or_default();
        for (_, finding) in findings.by_file {
            self.accepted.remove(&finding);
            if let Some(entry) = self.entries.remove(&finding) {
                self.bytes -= u64::from(entry.span.len);
            }
        }
    }

    /// Takes an entry that is about to be replaced out of every index.
    fn forget(&mut self, id: FindingId) {
        let Some(entry) = self.entries.remove(&id) else {
            return;
        };
        self.accepted.remove(&id);
        self.bytes -= u64::from(entry.span.len);
        let Some(findings) = self.of_repository.get_mut(&entry.repository) else {
            return;
        };
        findings.by_file.remove(&(entry.anchor_path, id));
        if entry.is_open()
            && let Some(count) = findings.open.get_mut(entry.severity as usize)
        {
            *count -= 1;
        }
    }
}

/// What [`FindingEntry::text_sum`] is for the hash of a text.
pub fn text_sum(text_hash: &str) -> u32 {
    crc32fast::hash(text_hash.as_bytes())
}

/// A confidence between 0 and 1 in whole percent.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what fits"
)]
pub fn percent(confidence: f64) -> u8 {
    (confidence * 100.0).round().clamp(0.0, 100.0) as u8
}

/// The id before every other.
fn lowest() -> FindingId {
    FindingId::from_uuid(uuid::Uuid::nil())
}

/// An event without its body; its number is its place in the list.
#[derive(Debug)]
pub struct EventEntry {
    /// The body.
    pub span: Span,
    /// What happened.
    pub kind: Name,
}

/// Events.
#[derive(Debug, Default)]
pub struct EventIndex {
    of_scan: BTreeMap<ScanId, Vec<EventEntry>>,
    of_repository: BTreeMap<RepositoryId, BTreeMap<EventId, (ScanId, u32)>>,
    bytes: u64,
}

impl EventIndex {
    /// The events of a scan; the first has the number 1.
    pub fn of_scan(&self, scan: ScanId) -> &[EventEntry] {
        self.of_scan.get(&scan).map_or(&[], |events| events)
    }

    /// The events of a repository from the newest to the oldest, below the id `before`.
    pub fn newest_first(
        &self,
        repository: RepositoryId,
        before: Option<EventId>,
    ) -> impl Iterator<Item = &EventEntry> {
        use std::ops::Bound::{Excluded, Unbounded};
        let upper = before.map_or(Unbounded, Excluded);
        self.of_repository
            .get(&repository)
            .into_iter()
            .flat_map(move |events| events.range((Unbounded, upper)).rev())
            .filter_map(|(_, (scan, place))| self.of_scan(*scan).get(*place as usize))
    }

    /// Every event's body, each scan's in order.
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        self.of_scan
            .values()
            .flat_map(|events| events.iter().map(|event| event.span))
    }

    /// Bytes of all bodies.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn put(
        &mut self,
        repository: RepositoryId,
        written: &WrittenEvent<'_>,
        span: Span,
        names: &mut Names,
    ) -> Result<(), Refusal> {
        let events = self.of_scan.entry(written.scan_id).or_default();
        if written.seq != events.len() as u64 + 1 {
            return Err(format!(
                "event {} of {} is out of order",
                written.seq, written.scan_id
            )
            .into());
        }
        let place = u32::try_from(events.len())?;
        events.push(EventEntry {
            span,
            kind: names.intern(&written.kind),
        });
        self.bytes += u64::from(span.len);
        let newest = self.of_repository.entry(repository).or_default();
        newest.insert(written.id, (written.scan_id, place));
        Ok(())
    }

    pub(super) fn delete_repository(&mut self, id: RepositoryId, scans: &BTreeSet<ScanId>) {
        self.of_repository.remove(&id);
        for scan in scans {
            for entry in self.of_scan.remove(scan).unwrap_or_default() {
                self.bytes -= u64::from(entry.span.len);
            }
        }
    }
}
