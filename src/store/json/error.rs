//! How the store's failures are told. All of them are for the log: 5xx show the catalogue text.

use crate::error::{Error, ErrorCode};
use std::path::Path;

/// The disk does not do what is asked of it (full, broken, not permitted).
pub fn storage(verb: &str, path: &Path, cause: std::io::Error) -> Error {
    Error::new(
        ErrorCode::DependencyUnavailable,
        format!("could not {verb} {}: {cause}", path.display()),
    )
    .caused_by(cause)
}

/// Stored data are damaged. Nothing goes on until a person has looked.
pub fn corrupted(path: &Path, offset: u64, why: &str) -> Error {
    Error::new(
        ErrorCode::InternalError,
        format!("{} is corrupted at byte {offset}: {why}", path.display()),
    )
}

/// The data were written by a newer version of Vega.
pub fn too_new(path: &Path, format: u32) -> Error {
    Error::new(
        ErrorCode::InternalError,
        format!(
            "{} has format {format}; this version of Vega reads up to format {}",
            path.display(),
            super::journal::FORMAT
        ),
    )
}
