//! How the store's failures are told. All of them are for the log: 5xx show the catalogue text.

use crate::error::{Error, ErrorCode};
use std::{fmt, path::Path};

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
            "{} has format {format} and was written by a newer Vega; this version ({}) reads up to \
             format {}",
            path.display(),
            env!("CARGO_PKG_VERSION"),
            super::journal::FORMAT
        ),
    )
}

/// Something that is whole, by its checksum, and that this version does not know: the cause of a
/// refusal to read on.
#[derive(Debug)]
pub struct Newer(pub String);

impl fmt::Display for Newer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Newer {}

/// A commit is whole, but says something this version does not know. Nothing is damaged.
pub fn not_known(path: &Path, offset: u64, what: impl fmt::Display) -> Error {
    Error::new(
        ErrorCode::InternalError,
        format!(
            "{} has at byte {offset} what was written by a newer Vega: {what}; this version ({}) does \
             not know it",
            path.display(),
            env!("CARGO_PKG_VERSION"),
        ),
    )
}
