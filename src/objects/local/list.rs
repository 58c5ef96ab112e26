//! What lies below a prefix, in the order of keys.

use super::{DIRECTORY, Missing, Shared, failure};
use crate::{
    domain::{object_key::ObjectKey, time::Timestamp},
    error::{Error, ErrorCode, Result},
    objects::ListedObject,
};
use rustix::{
    fs::{AtFlags, Dir, FileType, Mode},
    io::Errno,
};
use std::os::fd::OwnedFd;

impl Shared {
    /// Objects below `prefix` with keys after `after`. Links and foreign names are passed over.
    pub(super) fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectKey>,
        limit: usize,
    ) -> Result<Vec<ListedObject>> {
        let Some(folders) = prefix.strip_suffix('/') else {
            return Err(Error::field("prefix", "must end with a slash"));
        };
        let top = ObjectKey::parse(&format!("{folders}/x"))?;
        let folder = match self.folder(&top, Missing::Fail) {
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(Vec::new()),
            found => found?.0,
        };
        let mut found = Vec::new();
        collect(&folder, prefix, &mut found)?;
        found.sort_by(|a, b| a.key.cmp(&b.key));
        let first = after.map_or(0, |after| found.partition_point(|it| it.key <= *after));
        Ok(found.into_iter().skip(first).take(limit).collect())
    }
}

fn collect(folder: &OwnedFd, prefix: &str, found: &mut Vec<ListedObject>) -> Result<()> {
    let failed = |error: Errno| failure("listing a folder", error.into());
    for entry in Dir::read_from(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().to_str() else {
            continue;
        };
        // Names that no key can have were not put here by this store.
        let Ok(key) = ObjectKey::parse(&format!("{prefix}{name}")) else {
            continue;
        };
        let status = match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(status) => status,
            Err(Errno::NOENT) => continue,
            Err(error) => return Err(failed(error)),
        };
        match FileType::from_raw_mode(status.st_mode) {
            FileType::Directory => {
                match rustix::fs::openat(folder, name, DIRECTORY, Mode::empty()) {
                    Ok(inner) => collect(&inner, &format!("{prefix}{name}/"), found)?,
                    Err(Errno::NOENT) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
            FileType::RegularFile => found.push(ListedObject {
                key,
                size: u64::try_from(status.st_size).unwrap_or_default(),
                modified: modified(status.st_mtime, status.st_mtime_nsec),
            }),
            _ => {}
        }
    }
    Ok(())
}

fn modified(seconds: i64, nanoseconds: u64) -> Timestamp {
    let millis = i64::try_from(nanoseconds / 1_000_000).unwrap_or_default();
    let whole = seconds.saturating_mul(1_000).saturating_add(millis);
    Timestamp::from_millis(whole).unwrap_or_else(Timestamp::epoch)
}
