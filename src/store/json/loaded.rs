//! The state together with the journal it was read from, and how both follow other processes.

use super::{
    change::Change,
    folder::{Folder, OpenManifest},
    journal::{self, Journal, Tail},
    state::{Span, State},
    view::{Bodies, View},
};
use crate::{
    domain::time::Timestamp,
    error::{Error, ErrorCode, Result},
};
use serde::Serialize;
use serde_json::value::RawValue;

/// How much is written per line when a journal is compacted, in bytes.
const COMPACTED_LINE: usize = 256 * 1024;

/// What one process knows.
#[derive(Debug)]
pub struct Loaded {
    /// What the journal says.
    pub state: State,
    /// The journal, and how far it was read.
    pub journal: Journal,
    manifest: OpenManifest,
}

impl Bodies for Loaded {
    fn read(&self, span: Span) -> Result<Vec<u8>> {
        self.journal.read(span.offset, span.len as usize)
    }
}

impl Loaded {
    /// Reads the current generation from its beginning.
    pub fn open(folder: &Folder) -> Result<(Self, Tail)> {
        // A compaction by another process may delete the journal between the two steps.
        for _ in 0..10 {
            let manifest = folder.existing_manifest()?;
            if let Some(journal) = folder.journal(manifest.generation)? {
                let mut loaded = Self {
                    state: State::default(),
                    journal,
                    manifest,
                };
                let tail = loaded.follow()?;
                return Ok((loaded, tail));
            }
        }
        Err(Error::new(
            ErrorCode::InternalError,
            "the manifest names a journal that does not exist",
        ))
    }

    /// The state and its bodies.
    pub fn view(&self) -> View<'_> {
        View {
            state: &self.state,
            bodies: self,
        }
    }

    /// Whether nothing was written since.
    pub fn is_current(&self) -> Result<bool> {
        Ok(self.journal.is_at_its_end()? && self.manifest.stands()?)
    }

    /// Follows what other processes wrote, also into a new generation.
    pub fn catch_up(&mut self, folder: &Folder) -> Result<Tail> {
        if self.manifest.stands()? {
            return self.follow();
        }
        let (loaded, tail) = Self::open(folder)?;
        *self = loaded;
        Ok(tail)
    }

    /// Applies a line this process appended, unless a reader already followed it.
    pub fn take(&mut self, line: &[u8], appended_at: u64) -> Result<()> {
        if self.journal.end() != appended_at {
            return Ok(());
        }
        self.journal.take(line, &mut self.state)
    }

    fn follow(&mut self) -> Result<Tail> {
        self.journal.follow(&mut self.state)
    }

    /// Catches up, cuts an interrupted commit off and makes sure there is a first line. Only under
    /// the lock.
    pub fn settle(&mut self, folder: &Folder) -> Result<()> {
        let tail = match self.catch_up(folder) {
            Ok(tail) => tail,
            // A reader may have followed a line that was taken back: what counts is read anew.
            Err(_) => {
                let (fresh, tail) = Self::open(folder)?;
                *self = fresh;
                tail
            }
        };
        if tail != Tail::Clean || self.journal.end() == 0 {
            self.journal.repair(tail, &mut self.state)?;
        }
        Ok(())
    }

    /// Writes all that is alive into the next generation and makes that the current one. Only
    /// under the lock; a crash anywhere leaves either the old or the new generation whole.
    pub fn compact(&self, folder: &Folder, at: Timestamp) -> Result<Self> {
        let generation = self.journal.generation() + 1;
        let header = journal::header(generation)?;
        let mut last = journal::checksum_of(&header).unwrap_or_default();
        let mut ops = self.live_ops().peekable();
        let commits = std::iter::from_fn(|| {
            ops.peek()?;
            let mut batch = Vec::new();
            let mut size = 0;
            while let Some(op) = (size < COMPACTED_LINE).then(|| ops.next()).flatten() {
                match op {
                    Ok(op) => {
                        size += op.get().len();
                        batch.push(op);
                    }
                    Err(error) => return Some(Err(error)),
                }
            }
            let line = journal::encode_after(last, at, batch);
            if let Ok(line) = &line {
                last = journal::checksum_of(line).unwrap_or_default();
            }
            Some(line)
        });
        folder.write_journal(generation, std::iter::once(Ok(header)).chain(commits))?;
        folder.point_to(generation)?;
        let (loaded, _) = Self::open(folder)?;
        folder.remove_other_journals(generation)?;
        Ok(loaded)
    }

    /// One operation per living thing, so ordered that each finds what it refers to.
    fn live_ops(&self) -> impl Iterator<Item = Result<Box<RawValue>>> {
        let state = &self.state;
        let small = puts(state.users.values())
            .chain(puts(state.sessions.values()))
            .chain(puts(state.api_keys.values()))
            .chain(puts(state.projects.values()))
            .chain(puts(state.repositories.values()))
            .chain(puts(state.snapshots.values()))
            .chain(puts(state.profiles.values()))
            .chain(puts(state.scans.values()))
            .chain(puts(state.runner_jobs.values()))
            .chain(puts(state.jobs.values()))
            .chain(puts(state.workers.values()))
            .chain(puts(state.webhooks.values()))
            .chain(puts(state.deliveries.rows().values()))
            .chain(puts(state.audit.values()))
            .chain(puts(state.keys.values()))
            .chain(puts(state.git_uploads.values()));
        let findings = state.findings.all().map(|(_, entry)| entry.span);
        let timelines = state.timelines.all();
        small
            .chain(self.copies("finding", findings))
            .chain(self.copies("observation", state.findings.observation_spans()))
            .chain(self.copies("event", state.events.spans()))
            .chain(timelines.map(|entry| self.copy(entry.kind.as_str(), entry.span)))
    }

    /// Operations with bodies copied as they stand.
    fn copies(
        &self,
        kind: &'static str,
        spans: impl Iterator<Item = Span>,
    ) -> impl Iterator<Item = Result<Box<RawValue>>> {
        spans.map(move |span| self.copy(kind, span))
    }

    /// The operation with the body at `span` copied as it stands.
    fn copy(&self, kind: &'static str, span: Span) -> Result<Box<RawValue>> {
        #[derive(Serialize)]
        struct Copy<'a> {
            put: &'static str,
            value: &'a RawValue,
        }
        let bytes = self.read(span)?;
        let value: &RawValue = serde_json::from_slice(&bytes).map_err(unwritable)?;
        serde_json::value::to_raw_value(&Copy { put: kind, value }).map_err(unwritable)
    }
}

fn puts<'a, T>(rows: impl Iterator<Item = &'a T>) -> impl Iterator<Item = Result<Box<RawValue>>>
where
    T: Clone + Into<Change> + 'a,
{
    rows.map(|row| serde_json::value::to_raw_value(&row.clone().into()).map_err(unwritable))
}

fn unwritable(cause: serde_json::Error) -> Error {
    Error::internal("a stored value is not JSON", cause)
}

#[cfg(test)]
mod tests;
