//! Snapshots: one deterministic zip per source tree.

use super::{PackedSnapshot, SourceTree};
use crate::error::{Error, ErrorCode, Result};
use std::{collections::BTreeMap, path::Path};
use tokio_util::sync::CancellationToken;

/// Packs a tree into one zip with the same bytes for the same tree.
///
/// # Errors
/// `conflict` with `details.reason` = `cancelled`; `dependency_unavailable` when the disk is full.
/// No zip is left behind then.
pub fn pack(
    tree: &SourceTree,
    zip_path: &Path,
    cancel: &CancellationToken,
) -> Result<PackedSnapshot> {
    let _ = (tree, zip_path, cancel);
    Err(Error::of(ErrorCode::InternalError))
}

/// Extracts a snapshot into `dest`, which must not exist yet, as read-only files.
///
/// # Errors
/// `archive_rejected` when the zip is not one [`pack`] made or was damaged; `conflict` with
/// `details.reason` = `cancelled`; `dependency_unavailable` when the disk is full. Nothing is left
/// behind in any of these cases.
pub fn extract(zip: &Path, dest: &Path, cancel: &CancellationToken) -> Result<SourceTree> {
    let _ = (zip, dest, cancel);
    Err(Error::of(ErrorCode::InternalError))
}

/// Files that moved between two snapshots: old path → new path. Only where the content is
/// identical and occurs once among the files that vanished and once among those that appeared.
///
/// # Errors
/// `archive_rejected` when one of the files is not a snapshot.
pub fn renames(old_zip: &Path, new_zip: &Path) -> Result<BTreeMap<String, String>> {
    let _ = (old_zip, new_zip);
    Err(Error::of(ErrorCode::InternalError))
}
