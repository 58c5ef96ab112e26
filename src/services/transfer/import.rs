//! Everything in, if nothing of it contradicts what is there.
//!
//! Three readings of the file: is it whole; does anything stand against it; then what is absent is
//! added, objects before the records that refer to them, records in small changes. Each step may be
//! cut off and the whole repeated: what was added counts as the same then.

use super::{
    Contents, Progress, StoredObject, object_name,
    reader::{damaged, each_entry},
    verify::{lines, read, verify},
    writer::Hashed,
};
use crate::{
    context::AppContext,
    domain::{
        object_key::ObjectKey,
        portable::{Portable, PortableKind},
        retention::RunMode,
    },
    error::{Error, ErrorCode, Result},
    shutdown::blocking,
    store::Standing,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};
use tokio::runtime::Handle;
use tokio_util::io::SyncIoBridge;

/// Records added as one change.
const BATCH: usize = 500;
/// Conflicts that are listed; all are counted.
const LISTED: usize = 100;

/// How many of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Added, or to be added.
    pub added: u64,
    /// There already.
    pub same: u64,
    /// Something else is there.
    pub conflicts: u64,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Records by kind.
    pub records: BTreeMap<PortableKind, Tally>,
    /// Stored objects.
    pub objects: Tally,
    /// The first conflicts, in words.
    pub conflicts: Vec<String>,
}

impl ImportReport {
    /// How many records and objects stand against it.
    pub fn conflict_count(&self) -> u64 {
        let records = self.records.values().map(|tally| tally.conflicts);
        records.sum::<u64>() + self.objects.conflicts
    }

    fn adds_anything(&self) -> bool {
        self.objects.added > 0 || self.records.values().any(|tally| tally.added > 0)
    }

    fn conflict(&mut self, what: String) {
        if self.conflicts.len() < LISTED {
            self.conflicts.push(what);
        }
    }
}

/// Imports a file. With conflicts nothing is changed, and the report says which there are.
///
/// # Errors
/// `validation_error` when the file is not a whole, unchanged export; `conflict` when work in it is
/// not finished while other processes use the store: they would begin it before it is all there.
pub async fn import(
    app: &AppContext,
    path: PathBuf,
    mode: RunMode,
    progress: Progress,
) -> Result<ImportReport> {
    let importer = Importer {
        app: app.clone(),
        handle: Handle::current(),
        progress,
    };
    blocking(move || importer.run(&path, mode)).await
}

/// Reads files where that may block, and asks the stores from there.
struct Importer {
    app: AppContext,
    handle: Handle,
    progress: Progress,
}

impl Importer {
    fn run(&self, path: &Path, mode: RunMode) -> Result<ImportReport> {
        (self.progress)("verifying the file");
        let contents = verify(path)?;
        (self.progress)("comparing it with what is there");
        let mut report = ImportReport::default();
        let absent = self.compare_objects(&contents, &mut report)?;
        self.each_batch(path, &contents, |batch| self.compare(batch, &mut report))?;
        let refused = report.conflict_count() > 0 || !report.adds_anything();
        if refused || mode == RunMode::DryRun {
            return Ok(report);
        }
        self.refuse_beside_others()?;
        self.add_objects(path, &contents, &absent)?;
        let mut count = 0_u64;
        self.each_batch(path, &contents, |batch| {
            count += batch.len() as u64;
            self.handle.block_on(self.app.store.add_missing(batch))?;
            if count % 10_000 < BATCH as u64 {
                (self.progress)(&format!("{count} records"));
            }
            Ok(())
        })?;
        tracing::info!(records = count, objects = absent.len(), "imported");
        Ok(report)
    }

    /// Nobody else may write meanwhile: a server would go on with unfinished work before all of it
    /// is there, and a decision between two batches would stand where history is to be added.
    fn refuse_beside_others(&self) -> Result<()> {
        match self.handle.block_on(self.app.store.others())? {
            0 => Ok(()),
            others => Err(Error::conflict(format!(
                "{others} servers, workers or other commands use this data: stop them first"
            ))),
        }
    }

    /// Which objects, by their place in the file, are absent.
    fn compare_objects(
        &self,
        contents: &Contents,
        report: &mut ImportReport,
    ) -> Result<BTreeSet<usize>> {
        let mut absent = BTreeSet::new();
        for (place, object) in contents.objects.iter().enumerate() {
            match self.stored(object)? {
                None => {
                    absent.insert(place);
                    report.objects.added += 1;
                }
                Some(true) => report.objects.same += 1,
                Some(false) => {
                    report.objects.conflicts += 1;
                    report.conflict(format!("object {}: its content is another", object.key));
                }
            }
        }
        Ok(absent)
    }

    /// Whether an object is stored with the same content; `None` when it is not stored.
    fn stored(&self, object: &StoredObject) -> Result<Option<bool>> {
        let key = ObjectKey::parse(&object.key)?;
        let (meta, content) = match self.handle.block_on(self.app.objects.open(&key)) {
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            opened => opened?,
        };
        if meta.size != object.checksum.size {
            return Ok(Some(false));
        }
        let content = SyncIoBridge::new_with_handle(content, self.handle.clone());
        let mut content = Hashed::new(content);
        io::copy(&mut content, &mut io::sink()).map_err(|error| {
            let text = format!("object {key} cannot be read");
            Error::new(ErrorCode::DependencyUnavailable, text).caused_by(error)
        })?;
        Ok(Some(content.checksum() == object.checksum))
    }

    fn compare(&self, batch: Vec<Portable>, report: &mut ImportReport) -> Result<()> {
        let names: Vec<_> = batch.iter().map(|it| (it.kind(), it.id())).collect();
        let standings = self.handle.block_on(self.app.store.standings(batch))?;
        for ((kind, id), standing) in names.into_iter().zip(standings) {
            let tally = report.records.entry(kind).or_default();
            match standing {
                Standing::Absent => tally.added += 1,
                Standing::Same => tally.same += 1,
                Standing::Conflict(why) => {
                    tally.conflicts += 1;
                    report.conflict(format!("{kind} {id}: {why}"));
                }
            }
        }
        Ok(())
    }

    fn add_objects(
        &self,
        path: &Path,
        contents: &Contents,
        absent: &BTreeSet<usize>,
    ) -> Result<()> {
        if absent.is_empty() {
            return Ok(());
        }
        let cannot = |error: io::Error| {
            Error::new(
                ErrorCode::DependencyUnavailable,
                "no working file can be made",
            )
            .caused_by(error)
        };
        let folder = &self.app.runtime_root;
        std::fs::create_dir_all(folder).map_err(cannot)?;
        let mut place = 0;
        each_entry(path, |entry| {
            let Some(object) = contents.objects.get(place) else {
                return Ok(());
            };
            if entry.name != object_name(place + 1) {
                return Ok(());
            }
            place += 1;
            if !absent.contains(&(place - 1)) {
                return Ok(());
            }
            // Stored only once it is known to be what was verified.
            let mut file = tempfile::NamedTempFile::new_in(folder).map_err(cannot)?;
            if entry.copy_to(&mut file)? != object.checksum {
                return Err(changed());
            }
            let key = ObjectKey::parse(&object.key)?;
            self.handle
                .block_on(self.app.objects.put_file(&key, file.path()))?;
            if place.is_multiple_of(100) {
                (self.progress)(&format!("{place} of {} objects", contents.objects.len()));
            }
            Ok(())
        })
    }

    /// Hands on every record, in order; no batch has two kinds.
    fn each_batch(
        &self,
        path: &Path,
        contents: &Contents,
        mut visit: impl FnMut(Vec<Portable>) -> Result<()>,
    ) -> Result<()> {
        let mut parts = contents.records.iter().peekable();
        each_entry(path, |entry| {
            let Some(part) = parts.next_if(|part| part.name() == entry.name) else {
                return Ok(());
            };
            let (text, checksum) = entry.into_bytes()?;
            if checksum != part.checksum {
                return Err(changed());
            }
            let mut batch = Vec::new();
            for line in lines(&text) {
                batch.push(read(part.kind, line).map_err(damaged)?);
                if batch.len() == BATCH {
                    visit(std::mem::take(&mut batch))?;
                }
            }
            if batch.is_empty() {
                return Ok(());
            }
            visit(batch)
        })
    }
}

fn changed() -> Error {
    damaged("it was changed while it was read")
}
