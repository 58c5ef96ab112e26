//! What an export names and could not read.
//!
//! Records are of one moment, objects are read after it. A server beside may remove some of them in
//! between: then the file would name what it does not hold, and is not kept.

use crate::{
    context::AppContext,
    domain::{
        ids::{JobId, SnapshotId},
        portable::Portable,
    },
    error::{Error, ErrorCode, Result},
};
use std::{collections::HashSet, fmt::Display};

/// An object that a record needs and that is not in the file.
pub struct Missing {
    /// The snapshot or job that names it.
    named_by: NamedBy,
    key: String,
}

enum NamedBy {
    Snapshot(SnapshotId),
    Job(JobId),
}

impl Missing {
    /// What `record` needs for ever, or until it has ended, and is not among `written`.
    pub fn of(record: &Portable, written: &HashSet<String>) -> Option<Self> {
        let (named_by, key) = match record {
            Portable::Snapshot(it) => (NamedBy::Snapshot(it.id), it.storage_key.as_str()),
            Portable::Job(it) if !it.status.is_final() => {
                (NamedBy::Job(it.id), it.input.get("key")?.as_str()?)
            }
            _ => return None,
        };
        let key = key.to_owned();
        (!written.contains(&key)).then_some(Self { named_by, key })
    }

    /// Whether it was missing before the export began, which is nothing an export can mend. Otherwise
    /// it went with its record, or was used up, and the records are older than that.
    pub async fn was_so_before(&self, app: &AppContext) -> Result<()> {
        let still_needed = match self.named_by {
            NamedBy::Snapshot(id) => app.store.snapshot(id).await.map(|_| true),
            NamedBy::Job(id) => app.store.job(id).await.map(|job| !job.status.is_final()),
        };
        match still_needed {
            Ok(true) => {
                tracing::warn!(key = self.key, "an object that a record names is missing");
                Ok(())
            }
            Ok(false) => Err(changed_meanwhile(&self.key)),
            Err(error) if error.code() == ErrorCode::NotFound => Err(changed_meanwhile(&self.key)),
            Err(error) => Err(error),
        }
    }
}

/// The refusal to keep an export that would not be whole.
pub fn changed_meanwhile(what: &dyn Display) -> Error {
    Error::conflict(format!(
        "{what} was removed while it was exported, so the file would not be whole and is not kept; \
         export again"
    ))
}
