//! Archives: containers are recognised by their bytes, never by their names.

use super::{SourceLimits, SourceTree};
use crate::error::{Error, ErrorCode, Result};
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// The containers Vega reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveFormat {
    /// Zip, stored or deflated.
    Zip,
    /// Plain tar (ustar, pax, GNU).
    Tar,
    /// Tar inside one gzip member.
    TarGz,
}

/// Recognises the container and finds its faults (unknown, empty, truncated, encrypted) without
/// reading the content.
///
/// # Errors
/// `archive_rejected` with `details.reason` and, where one is to blame, `details.entry`.
pub fn check_container(path: &Path) -> Result<ArchiveFormat> {
    let _ = path;
    Err(Error::of(ErrorCode::InternalError))
}

/// Unpacks an archive into `dest`, which must not exist yet, applying every safety rule.
///
/// # Errors
/// `archive_rejected` (`details.reason`, `details.entry`); `payload_too_large` when the archive
/// itself is above `max_source_bytes`; `conflict` with `details.reason` = `cancelled`;
/// `dependency_unavailable` when the disk is full. Nothing is left behind in any of these cases.
pub fn unpack(
    archive: &Path,
    dest: &Path,
    limits: &SourceLimits,
    cancel: &CancellationToken,
) -> Result<SourceTree> {
    let _ = (archive, dest, limits, cancel);
    Err(Error::of(ErrorCode::InternalError))
}
