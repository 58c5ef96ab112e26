//! `--cache FILE`: what a scan in a terminal or in CI leaves for the next one.

use crate::{
    engine::{self, ScanCache},
    error::{Error, ErrorCode, Result},
};
use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

const FLAG: &str = "--cache";
/// A larger file is not read (bytes).
const MAX: u64 = 1024 * 1_048_576;

/// The file of a cache.
#[derive(Debug)]
pub(super) struct CacheFile(PathBuf);

impl CacheFile {
    /// The cache at `path`, which need not be there yet.
    ///
    /// # Errors
    /// `validation_error` when something else is there, which would be lost, or when it lies in a
    /// folder `source`: what is audited must not decide what is found.
    pub(super) fn new(path: &Path, source: &Path) -> Result<Self> {
        let refuse = |text: String| Error::field(FLAG, format!("{} {text}", path.display()));
        let absolute = std::path::absolute(path)
            .map_err(|error| refuse("is no path".to_owned()).caused_by(error))?;
        if is_inside(&absolute, source) {
            return Err(refuse(
                "lies in the source that is audited, which must not decide what is found: move it \
                 elsewhere"
                    .to_owned(),
            ));
        }
        match begins(&absolute) {
            Ok(begins) if begins.is_empty() || engine::is_scan_cache(&begins) => Ok(Self(absolute)),
            Ok(_) => Err(refuse(
                "is another file, which would be lost: name one that is not there yet".to_owned(),
            )),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self(absolute)),
            Err(error) if error.kind() == ErrorKind::IsADirectory => {
                Err(refuse("is a folder: name a file in it".to_owned()))
            }
            Err(error) => Err(refuse("cannot be read".to_owned()).caused_by(error)),
        }
    }

    fn write(&self, entries: &[u8]) -> std::io::Result<()> {
        let folder = self.0.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(folder)?;
        // For its owner only: it holds texts of the source.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(entries)?;
        file.persist(&self.0)?;
        Ok(())
    }
}

impl ScanCache for CacheFile {
    fn load(&self) -> Option<Vec<u8>> {
        let mut entries = Vec::new();
        let file = File::open(&self.0).ok()?;
        file.take(MAX + 1).read_to_end(&mut entries).ok()?;
        (entries.len() as u64 <= MAX).then_some(entries)
    }

    fn save(&self, entries: &[u8]) -> Result<()> {
        self.write(entries).map_err(|error| {
            Error::new(
                ErrorCode::DependencyUnavailable,
                format!("{} cannot be written: {error}", self.0.display()),
            )
        })
    }
}

/// Whether `path` lies in `folder`, through whatever links; what is not there yet lies where the
/// nearest folder above it does.
fn is_inside(path: &Path, folder: &Path) -> bool {
    let there = path.ancestors().find_map(|above| above.canonicalize().ok());
    match (there, folder.canonicalize()) {
        (Some(there), Ok(folder)) => there.starts_with(folder),
        _ => false,
    }
}

/// The first bytes of a file.
fn begins(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut begins = Vec::new();
    File::open(path)?.take(64).read_to_end(&mut begins)?;
    Ok(begins)
}
