//! `--cache FILE`: what a scan in a terminal or in CI leaves for the next one.

use crate::{
    engine::{self, ScanCache},
    error::{Error, ErrorCode, Result},
};
use std::{
    fs,
    io::{self, ErrorKind, Read, Write},
    path::{Component, Path, PathBuf},
};

/// The file of a cache.
#[derive(Debug)]
pub(super) struct CacheFile(PathBuf);

impl CacheFile {
    /// The cache at `path`, which need not be there yet.
    ///
    /// # Errors
    /// `validation_error` when something else is there or goes to `output`, which would be lost, or
    /// when it lies in a folder `source`: what is audited must not decide what is found.
    pub(super) fn new(path: &Path, source: &Path, output: Option<&Path>) -> Result<Self> {
        let refuse = |why: &str| Error::field("--cache", format!("{} {why}", path.display()));
        let unusable = |error: io::Error| refuse("cannot be used").caused_by(error);
        let place = place_of(path).map_err(unusable)?;
        if source.is_dir() && place.starts_with(source.canonicalize().map_err(unusable)?) {
            return Err(refuse(
                "lies in the source that is audited, which must not decide what is found: move it \
                 elsewhere",
            ));
        }
        if output.is_some_and(|output| place_of(output).is_ok_and(|output| output == place)) {
            return Err(refuse("is where the result goes: name another file"));
        }
        check(&place).map_err(|error| {
            let why = match error.kind() {
                ErrorKind::IsADirectory => "is a folder: name a file in it",
                ErrorKind::AlreadyExists => {
                    "is something else, which would be lost: name a file that is not there yet"
                }
                _ => "cannot be read",
            };
            refuse(why).caused_by(error)
        })?;
        Ok(Self(place))
    }

    fn write(&self, entries: &[u8]) -> io::Result<()> {
        let folder = self.0.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        // For its owner only: it holds texts of the source.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(entries)?;
        // The scan took its time: something else may be there now.
        check(&self.0)?;
        file.persist(&self.0)?;
        Ok(())
    }
}

impl ScanCache for CacheFile {
    fn load(&self) -> Option<Vec<u8>> {
        check(&self.0).ok()?;
        let mut entries = Vec::new();
        let most = engine::MAX_SCAN_CACHE as u64 + 1;
        let file = fs::File::open(&self.0).ok()?;
        file.take(most).read_to_end(&mut entries).ok()?;
        Some(entries)
    }

    fn save(&self, entries: Vec<u8>) -> Result<()> {
        self.write(&entries).map_err(|error| {
            Error::new(
                ErrorCode::DependencyUnavailable,
                format!("{} cannot be written: {error}", self.0.display()),
            )
        })
    }
}

/// Where a file is, through whatever links; one that is not there yet lies where the nearest folder
/// above it does.
fn place_of(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    for above in path.ancestors() {
        let Ok(there) = above.canonicalize() else {
            continue;
        };
        let rest = path.strip_prefix(above).map_err(io::Error::other)?;
        let is_plain = |part| matches!(part, Component::Normal(_));
        return match rest.components().all(is_plain) {
            // Joining nothing would leave a slash behind the name of a file.
            true if rest.as_os_str().is_empty() => Ok(there),
            true => Ok(there.join(rest)),
            false => Err(io::Error::other(
                "it leads through a folder that is not there",
            )),
        };
    }
    Err(ErrorKind::NotFound.into())
}

/// Whether a cache is or may be at `place`. Looks before it opens: a pipe would wait for its writer.
fn check(place: &Path) -> io::Result<()> {
    let found = match fs::metadata(place) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if found.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let mut begins = Vec::new();
    if found.is_file() {
        fs::File::open(place)?.take(64).read_to_end(&mut begins)?;
    }
    let is_cache = found.is_file() && (begins.is_empty() || engine::is_scan_cache(&begins));
    match is_cache {
        true => Ok(()),
        false => Err(ErrorKind::AlreadyExists.into()),
    }
}
