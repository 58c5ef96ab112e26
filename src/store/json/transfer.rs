//! Moving in and out: a frozen second reading of the journal, and records added as they are.
//!
//! A journal is only appended to, so a reader that stops following has a consistent view of one
//! moment; its open file outlives a compaction. What is added passes the checks that the state
//! makes when it reads a line, before the line is written: a line that cannot be applied would stop
//! the store.

use super::{
    JsonStore,
    change::{Change, Decision, Kind},
    loaded::Loaded,
    state::State,
    view::View,
};
use crate::{
    domain::{
        finding::FindingObservation,
        ids::{ApiKeyId, FindingId, ScanId, UserId},
        portable::{HistoryEntry, HistoryRecord, Portable, PortableKind},
    },
    error::{Error, Result},
    shutdown::blocking,
    store::{Frozen, NotPortable, Standing, TransferStore},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::sync::mpsc;

#[async_trait::async_trait]
impl TransferStore for JsonStore {
    async fn freeze(&self) -> Result<Box<dyn Frozen>> {
        let shared = Arc::clone(&self.shared);
        let writer = Arc::clone(&self.writer);
        let loaded = blocking(move || {
            if let Ok((loaded, _)) = Loaded::open(&shared.folder) {
                return Ok(loaded);
            }
            // What looks broken without the lock may be a line on its way.
            let lock = writer.blocking_lock();
            let _held = lock.hold()?;
            Loaded::open(&shared.folder).map(|(loaded, _)| loaded)
        })
        .await?;
        Ok(Box::new(FrozenJson(Arc::new(loaded))))
    }

    async fn others(&self) -> Result<usize> {
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.owners.others()).await
    }

    async fn standings(&self, records: Vec<Portable>) -> Result<Vec<Standing>> {
        self.read(move |view| records.iter().map(|it| standing(view, it)).collect())
            .await
    }

    async fn add_missing(&self, records: Vec<Portable>) -> Result<u64> {
        self.commit(move |view, _| {
            let mut changes = Vec::new();
            let mut batch = Batch::default();
            for record in records {
                match standing(view, &record)? {
                    Standing::Same => {}
                    Standing::Conflict(why) => return Err(refused(&record, why)),
                    Standing::Absent => {
                        batch.check(view.state, &record)?;
                        changes.push(put(record));
                    }
                }
            }
            Ok(Decision::new(changes.len() as u64, changes))
        })
        .await
    }
}

fn refused(record: &Portable, why: &str) -> Error {
    let (kind, id) = (record.kind(), record.id());
    Error::conflict(format!("{kind} {id}: {why}"))
}

/// What the records of one change have in common.
#[derive(Default)]
struct Batch {
    ids: BTreeSet<String>,
    emails: BTreeSet<String>,
    events: BTreeMap<ScanId, u64>,
    places: BTreeMap<FindingId, usize>,
}

impl Batch {
    /// Whether the state takes the record after those before it.
    fn check(&mut self, state: &State, record: &Portable) -> Result<()> {
        for (kind, id) in record.needs() {
            if !exists(state, kind, &id) {
                return Err(refused(
                    record,
                    &format!("it needs {id}, which is not there"),
                ));
            }
        }
        if !self.ids.insert(record.id()) {
            return Err(refused(record, "it is there twice"));
        }
        match record {
            Portable::User(user) if !self.emails.insert(user.email.clone()) => {
                Err(refused(record, EMAIL_TAKEN))
            }
            Portable::Event(event) => {
                let known = state.events.of_scan(event.scan_id).len() as u64;
                let last = self.events.entry(event.scan_id).or_insert(known);
                *last += 1;
                if event.seq == *last {
                    return Ok(());
                }
                Err(refused(record, OUT_OF_ORDER))
            }
            Portable::History(entry) => {
                let id = entry.finding_id();
                let known = state.timelines.of(id).len();
                let next = self.places.entry(id).or_insert(known);
                let fits = entry.place as usize == *next;
                *next += 1;
                if fits {
                    return Ok(());
                }
                Err(refused(record, OUT_OF_ORDER))
            }
            _ => Ok(()),
        }
    }
}

const OUT_OF_ORDER: &str = "it is out of order";
const EMAIL_TAKEN: &str = "another user has this email: import into a data folder in which \
                           nobody has signed in yet (on a laptop, before the debug user does)";

fn exists(state: &State, kind: PortableKind, id: &str) -> bool {
    macro_rules! row {
        ($table:ident) => {
            id.parse().is_ok_and(|id| state.$table.get(id).is_some())
        };
    }
    match kind {
        PortableKind::User => row!(users),
        PortableKind::Project => row!(projects),
        PortableKind::Repository => row!(repositories),
        PortableKind::Scan => row!(scans),
        PortableKind::Finding => row!(findings),
        // Nothing needs these.
        PortableKind::ApiKey
        | PortableKind::Snapshot
        | PortableKind::ThreatProfile
        | PortableKind::RunnerJob
        | PortableKind::Job
        | PortableKind::Observation
        | PortableKind::Event
        | PortableKind::History
        | PortableKind::Audit => false,
    }
}

fn standing(view: View<'_>, record: &Portable) -> Result<Standing> {
    if let Some(stored) = stored(view, record)? {
        return Ok(if record.is_same_as(&stored) {
            Standing::Same
        } else {
            Standing::Conflict("what is there says something else")
        });
    }
    let state = view.state;
    let other_user = |email: &String, id: UserId| {
        let taken = state.users_by_email.get(email);
        taken.is_some_and(|other| *other != id)
    };
    let other_key = |hash: &String, id: ApiKeyId| {
        let taken = state.api_keys_by_hash.get(hash);
        taken.is_some_and(|other| *other != id)
    };
    Ok(match record {
        Portable::User(user) if other_user(&user.email, user.id) => Standing::Conflict(EMAIL_TAKEN),
        Portable::ApiKey(key) if other_key(&key.hash, key.id) => {
            Standing::Conflict("another key has this hash")
        }
        _ => Standing::Absent,
    })
}

/// The record with the same identity.
fn stored(view: View<'_>, record: &Portable) -> Result<Option<Portable>> {
    let state = view.state;
    macro_rules! row {
        ($table:ident, $record:expr) => {
            state.$table.get($record.id).cloned().map(Portable::from)
        };
    }
    Ok(match record {
        Portable::User(it) => row!(users, it),
        Portable::ApiKey(it) => row!(api_keys, it),
        Portable::Project(it) => row!(projects, it),
        Portable::Repository(it) => row!(repositories, it),
        Portable::Snapshot(it) => row!(snapshots, it),
        Portable::ThreatProfile(it) => row!(profiles, it),
        Portable::Scan(it) => row!(scans, it),
        Portable::RunnerJob(it) => row!(runner_jobs, it),
        Portable::Job(it) => row!(jobs, it),
        Portable::Audit(it) => row!(audit, it),
        Portable::Finding(it) => match state.findings.get(it.id) {
            Some(_) => Some(view.finding(it.id)?.into()),
            None => None,
        },
        Portable::Observation(it) => view
            .observation(it.scan_id, it.finding_id)?
            .map(Portable::from),
        Portable::Event(it) => {
            let place = usize::try_from(it.seq.saturating_sub(1)).unwrap_or(usize::MAX);
            let entry = state.events.of_scan(it.scan_id).get(place);
            entry
                .map(|entry| view.event(entry.span))
                .transpose()?
                .map(Portable::from)
        }
        Portable::History(it) => {
            let entry = state.timelines.of(it.finding_id()).get(it.place as usize);
            match entry {
                Some(entry) => Some(history(view, entry.kind, entry.span, it.place)?.into()),
                None => None,
            }
        }
    })
}

fn history(
    view: View<'_>,
    kind: Kind,
    span: super::state::Span,
    place: u32,
) -> Result<HistoryRecord> {
    let entry = match kind {
        Kind::Comment => HistoryEntry::Comment(view.body(span)?),
        _ => HistoryEntry::Change(view.body(span)?),
    };
    Ok(HistoryRecord { place, entry })
}

fn put(record: Portable) -> Change {
    match record {
        Portable::User(it) => Change::from(*it),
        Portable::ApiKey(it) => Change::from(*it),
        Portable::Project(it) => Change::from(*it),
        Portable::Repository(it) => Change::from(*it),
        Portable::Snapshot(it) => Change::from(*it),
        Portable::ThreatProfile(it) => Change::from(*it),
        Portable::Scan(it) => Change::from(*it),
        Portable::RunnerJob(it) => Change::from(*it),
        Portable::Job(it) => Change::from(*it),
        Portable::Finding(it) => Change::from(*it),
        Portable::Observation(it) => Change::from(*it),
        Portable::Event(it) => Change::from(*it),
        Portable::Audit(it) => Change::from(*it),
        Portable::History(it) => match it.entry {
            HistoryEntry::Comment(comment) => Change::from(comment),
            HistoryEntry::Change(change) => Change::from(change),
        },
    }
}

/// A reading of the journal that follows nobody.
struct FrozenJson(Arc<Loaded>);

#[async_trait::async_trait]
impl Frozen for FrozenJson {
    async fn send(&self, kind: PortableKind, to: mpsc::Sender<Portable>) -> Result<()> {
        let loaded = Arc::clone(&self.0);
        blocking(move || {
            for record in records(loaded.view(), kind) {
                if to.blocking_send(record?).is_err() {
                    // A receiver that went away has its own reason.
                    break;
                }
            }
            Ok(())
        })
        .await
    }

    fn left_out(&self) -> NotPortable {
        let state = self.0.view().state;
        NotPortable {
            webhooks: state.webhooks.values().count() as u64,
            git_uploads: state.git_uploads.values().count() as u64,
        }
    }
}

/// Every record of one kind, in order.
fn records(view: View<'_>, kind: PortableKind) -> Box<dyn Iterator<Item = Result<Portable>> + '_> {
    let state = view.state;
    macro_rules! rows {
        ($table:ident) => {
            Box::new(state.$table.values().cloned().map(|row| Ok(row.into())))
        };
    }
    match kind {
        PortableKind::User => rows!(users),
        PortableKind::ApiKey => rows!(api_keys),
        PortableKind::Project => rows!(projects),
        PortableKind::Repository => rows!(repositories),
        PortableKind::Snapshot => rows!(snapshots),
        PortableKind::ThreatProfile => rows!(profiles),
        PortableKind::Scan => rows!(scans),
        PortableKind::RunnerJob => rows!(runner_jobs),
        PortableKind::Job => rows!(jobs),
        PortableKind::Audit => rows!(audit),
        PortableKind::Finding => {
            let findings = state.findings.all();
            Box::new(findings.map(move |(id, _)| view.finding(id).map(Portable::from)))
        }
        PortableKind::Observation => {
            let spans = state.findings.observation_spans();
            Box::new(
                spans.map(move |span| view.body::<FindingObservation>(span).map(Portable::from)),
            )
        }
        PortableKind::Event => {
            let spans = state.events.spans();
            Box::new(spans.map(move |span| view.event(span).map(Portable::from)))
        }
        PortableKind::History => {
            let mut last = None;
            Box::new(state.timelines.all().map(move |entry| {
                let mut record = history(view, entry.kind, entry.span, 0)?;
                let finding = record.finding_id();
                record.place = match last {
                    Some((same, place)) if same == finding => place + 1,
                    _ => 0,
                };
                last = Some((finding, record.place));
                Ok(record.into())
            }))
        }
    }
}
