//! When a journal is written anew: because it is mostly history, or because its format is an older one.
//!
//! Each takes about as much room as what is alive, and room may be just what is missing. So a try that
//! failed leaves no half-written journal behind, and is not repeated with every commit.

use super::{Shared, group::repeated, journal, loaded::Loaded, poisoned};
use crate::{
    domain::time::Timestamp,
    error::{Error, Result},
};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A journal is compacted when it is this many times larger than what is alive in it.
const COMPACT_FACTOR: u64 = 2;

/// How long after a try to raise the format that failed the next one is worth it.
const RAISE_AGAIN: Duration = Duration::from_secs(60);

/// When to try, in bytes of the journal and by what failed before.
pub struct Compaction {
    /// A journal smaller than this is never compacted.
    above: u64,
    /// The next size worth trying to compact at, after a try that failed.
    again_above: AtomicU64,
    /// When raising the format failed, and why.
    not_raised: Mutex<Option<(Timestamp, Error)>>,
}

impl Compaction {
    /// For journals larger than `above` bytes.
    pub fn above(above: u64) -> Self {
        Self {
            above,
            again_above: AtomicU64::new(0),
            not_raised: Mutex::new(None),
        }
    }
}

impl Shared {
    /// Turns a journal of an older format into one of this version's, before anything is added that
    /// the older version would take for damage. Only under the lock.
    ///
    /// # Errors
    /// That of the last try, without another one, for a minute after it: nothing may be added, and
    /// each try writes everything.
    pub(super) fn raise_format(&self) -> Result<()> {
        if self.loaded.read().map_err(poisoned)?.journal.format() == journal::FORMAT {
            return Ok(());
        }
        let now = self.clock.now();
        let failed = &self.compaction.not_raised;
        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, error)) = &*failed
            && now.since(*at) < RAISE_AGAIN
        {
            return Err(repeated(error));
        }
        let mut loaded = self.loaded.write().map_err(poisoned)?;
        let before = loaded.journal.format();
        if let Err(error) = self.write_anew(&mut loaded, now) {
            tracing::error!(
                %error, before, now = journal::FORMAT,
                needed_bytes = loaded.state.live_bytes(),
                "the metadata journal is of an older format and could not be written anew: nothing can \
                 be changed until there is room for it (needed_bytes, about) in the data folder"
            );
            let told = repeated(&error);
            *failed = Some((now, error));
            return Err(told);
        }
        *failed = None;
        tracing::info!(
            before,
            now = journal::FORMAT,
            "raised the format of the metadata journal; older versions of Vega cannot read it any more"
        );
        Ok(())
    }

    /// Compacts a journal that is mostly history. The commit before is acknowledged either way.
    pub(super) fn compact_if_due(&self, loaded: &mut Loaded) {
        let Compaction {
            above, again_above, ..
        } = &self.compaction;
        let size = loaded.journal.end();
        let due = size > *above
            && size > COMPACT_FACTOR * loaded.state.live_bytes()
            && size > again_above.load(Ordering::Relaxed);
        if !due {
            return;
        }
        match self.write_anew(loaded, self.clock.now()) {
            Ok(()) => again_above.store(0, Ordering::Relaxed),
            Err(error) => {
                tracing::warn!(%error, size, "could not compact the metadata journal");
                again_above.store(size + size / 2, Ordering::Relaxed);
            }
        }
    }

    /// Writes the next generation of the journal. Only under the lock.
    fn write_anew(&self, loaded: &mut Loaded, at: Timestamp) -> Result<()> {
        let written = loaded.compact(&self.folder, at);
        match written {
            Ok(fresh) => {
                *loaded = fresh;
                Ok(())
            }
            Err(error) => {
                // Room may be what was missing: leave no half-written journal behind. Where the new one
                // is current already, that may not have reached the disk: the old one stays.
                let old = loaded.journal.generation();
                let current = self.folder.existing_manifest();
                let removed = current.and_then(|it| match it.generation == old {
                    true => self.folder.remove_other_journals(old),
                    false => Ok(()),
                });
                if let Err(error) = removed {
                    tracing::warn!(%error, "a half-written journal could not be removed");
                }
                Err(error)
            }
        }
    }
}
