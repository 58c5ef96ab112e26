//! Private working folders that disappear with their process.
//!
//! Each process keeps its folders below one of its own, marked by a lock that dies with it; at
//! start, what dead processes left behind is removed.

use crate::error::{Error, ErrorCode, Result};
use std::{
    fs::{self, File},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// The working folder of this process.
#[derive(Debug)]
pub struct WorkingRoot {
    folder: PathBuf,
    // Held as long as the process lives; its lock tells others that the folder is in use.
    _lock: File,
}

fn cannot(error: std::io::Error) -> Error {
    Error::new(
        ErrorCode::DependencyUnavailable,
        "the folder for working files cannot be used",
    )
    .caused_by(error)
}

impl WorkingRoot {
    /// Makes the folder of the process `owner` below `runtime_root` and removes what dead
    /// processes left there.
    pub fn open(runtime_root: &Path, owner: &str) -> Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(runtime_root)
            .map_err(cannot)?;
        sweep(runtime_root);
        // Locked before it gets its name, so that no sweep ever meets it unlocked.
        let unnamed = runtime_root.join(format!("{owner}.new"));
        let lock = File::create(&unnamed).map_err(cannot)?;
        lock.lock().map_err(cannot)?;
        fs::rename(&unnamed, runtime_root.join(format!("{owner}.lock"))).map_err(cannot)?;
        let folder = runtime_root.join(owner);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .map_err(cannot)?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// A new, empty folder, removed when dropped.
    pub fn folder(&self, purpose: &str) -> Result<TempDir> {
        tempfile::Builder::new()
            .prefix(&format!("{purpose}-"))
            .tempdir_in(&self.folder)
            .map_err(cannot)
    }

    /// The path of a new file that does not exist yet, inside this process's folder.
    pub fn file(&self) -> Result<tempfile::NamedTempFile> {
        tempfile::Builder::new()
            .tempfile_in(&self.folder)
            .map_err(cannot)
    }
}

impl Drop for WorkingRoot {
    fn drop(&mut self) {
        remove(&self.folder);
        remove_file(&self.folder.with_extension("lock"));
    }
}

/// Removes the folders of processes that do not live any more.
fn sweep(runtime_root: &Path) {
    let Ok(entries) = fs::read_dir(runtime_root) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "lock")
            && let Ok(lock) = File::open(&path)
            && lock.try_lock().is_ok()
        {
            remove(&path.with_extension(""));
            remove_file(&path);
        }
    }
}

fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, folder = %folder.display(), "working files could not be removed");
    }
}

fn remove_file(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, file = %path.display(), "a lock file could not be removed");
    }
}
