//! Which files there are, and how they come into being: lock, manifest, journals.
//!
//! `manifest.json` names the current generation and is only ever replaced by rename; journals are
//! created before the manifest names them. `lock` is never replaced, so that every process locks
//! the same file. Files have mode 0600, folders 0700.

use super::{
    error::{corrupted, storage, too_new},
    journal::{self, Apply, FORMAT, Journal},
};
use crate::error::{Cause, Error, ErrorCode, Result};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Which journal is the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format of this file and of the journal.
    pub format: u32,
    /// The current journal's generation.
    pub generation: u64,
}

/// A manifest that was read and is kept open, to notice cheaply when another takes its place.
#[derive(Debug)]
pub struct OpenManifest {
    file: File,
    /// The current journal's generation, when it was read.
    pub generation: u64,
}

impl OpenManifest {
    /// Whether it still is the manifest: a file that was replaced has no name left.
    pub fn stands(&self) -> Result<bool> {
        let metadata = self.file.metadata();
        let path = Path::new("manifest.json");
        Ok(metadata.map_err(|e| storage("read", path, e))?.nlink() > 0)
    }
}

/// The folder `<data_dir>/metadata`.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Whether `data_dir` has this folder; true when that cannot be told.
    pub fn is_in(data_dir: &Path) -> bool {
        data_dir.join("metadata").try_exists().unwrap_or(true)
    }

    /// The folder below `data_dir`, created if it is missing.
    pub fn create(data_dir: &Path) -> Result<Self> {
        let path = data_dir.join("metadata");
        create_dir(&path)?;
        Ok(Self(path))
    }

    /// The lock file, created if it is missing.
    pub fn lock_file(&self) -> Result<LockFile> {
        let path = self.0.join("lock");
        let file = private_file(
            &path,
            OpenOptions::new().write(true).create(true).truncate(false),
        )?;
        Ok(LockFile { file, path })
    }

    /// The manifest, if there is one yet.
    pub fn manifest(&self) -> Result<Option<OpenManifest>> {
        let path = self.manifest_path();
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(storage("open", &path, error)),
        };
        let mut text = Vec::new();
        file.read_to_end(&mut text)
            .map_err(|e| storage("read", &path, e))?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|e| corrupted(&path, 0, "it is not a manifest").caused_by(e))?;
        if manifest.format > FORMAT {
            return Err(too_new(&path, manifest.format));
        }
        let generation = manifest.generation;
        Ok(Some(OpenManifest { file, generation }))
    }

    /// The manifest of a folder that is in use.
    pub fn existing_manifest(&self) -> Result<OpenManifest> {
        self.manifest()?.ok_or_else(|| {
            Error::new(
                ErrorCode::InternalError,
                format!("{} is missing", self.manifest_path().display()),
            )
        })
    }

    /// Makes generation 1 in a fresh folder. Only under the lock.
    ///
    /// # Errors
    /// `internal_error` when there are commits but no manifest: somebody removed it.
    pub fn initialise(&self) -> Result<()> {
        if self.manifest()?.is_some() {
            return Ok(());
        }
        for (generation, path) in self.journals()? {
            let mut commits = Commits(0);
            let file = File::open(&path).map_err(|e| storage("open", &path, e))?;
            Journal::new(file, path.clone(), generation).follow(&mut commits)?;
            if commits.0 > 0 {
                return Err(corrupted(
                    &path,
                    0,
                    "it has commits, but there is no manifest",
                ));
            }
        }
        self.write_journal(1, &[journal::header(1)?])?;
        self.point_to(1)
    }

    /// Opens the journal of `generation` for reading and appending; `None` if it is gone.
    pub fn journal(&self, generation: u64) -> Result<Option<Journal>> {
        let path = self.journal_path(generation);
        match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => Ok(Some(Journal::new(file, path, generation))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(storage("open", &path, error)),
        }
    }

    /// Writes a whole journal and waits until it is on the disk.
    pub fn write_journal(
        &self,
        generation: u64,
        lines: impl IntoIterator<Item = impl Line>,
    ) -> Result<()> {
        let path = self.journal_path(generation);
        let mut file = private_file(
            &path,
            OpenOptions::new().write(true).create(true).truncate(true),
        )?;
        for line in lines {
            let line = line.bytes()?;
            file.write_all(line.as_ref())
                .map_err(|e| storage("write", &path, e))?;
        }
        file.sync_all().map_err(|e| storage("write", &path, e))?;
        self.sync()
    }

    /// Makes `generation` the current one, in one step.
    pub fn point_to(&self, generation: u64) -> Result<()> {
        let manifest = Manifest {
            format: FORMAT,
            generation,
        };
        let mut text = serde_json::to_vec(&manifest)
            .map_err(|e| Error::internal("the manifest cannot be written as JSON", e))?;
        text.push(b'\n');
        let path = self.0.join("manifest.json.tmp");
        let mut file = private_file(
            &path,
            OpenOptions::new().write(true).create(true).truncate(true),
        )?;
        file.write_all(&text)
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&path, self.manifest_path()))
            .map_err(|e| storage("write", &path, e))?;
        self.sync()
    }

    /// Removes every journal but the one of `generation`. Only under the lock.
    pub fn remove_other_journals(&self, generation: u64) -> Result<()> {
        for (other, path) in self.journals()? {
            if other != generation {
                fs::remove_file(&path).map_err(|e| storage("remove", &path, e))?;
            }
        }
        Ok(())
    }

    /// Writes, syncs and removes a small file, to see whether that is possible.
    pub fn probe(&self, name: &str) -> Result<()> {
        let path = self.0.join(format!("probe-{name}.tmp"));
        let written = fs::write(&path, [0; 4096]);
        let removed = fs::remove_file(&path);
        written.and(removed).map_err(|e| storage("write", &path, e))
    }

    fn manifest_path(&self) -> PathBuf {
        self.0.join("manifest.json")
    }

    fn journal_path(&self, generation: u64) -> PathBuf {
        self.0.join(format!("journal-{generation}.jsonl"))
    }

    fn journals(&self) -> Result<Vec<(u64, PathBuf)>> {
        let entries = fs::read_dir(&self.0).map_err(|e| storage("list", &self.0, e))?;
        let mut journals = Vec::new();
        for entry in entries {
            let path = entry.map_err(|e| storage("list", &self.0, e))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let generation = name
                .and_then(|name| name.strip_prefix("journal-")?.strip_suffix(".jsonl"))
                .and_then(|number| number.parse().ok());
            if let Some(generation) = generation {
                journals.push((generation, path));
            }
        }
        Ok(journals)
    }

    fn sync(&self) -> Result<()> {
        File::open(&self.0)
            .and_then(|folder| folder.sync_all())
            .map_err(|e| storage("write", &self.0, e))
    }
}

/// Counts commits, whatever they say.
struct Commits(u64);

impl Apply for Commits {
    type Commit<'a> = ();

    fn parse(_: &[u8], _: u64) -> Result<(), Cause> {
        Ok(())
    }

    fn apply(&mut self, (): ()) -> Result<(), Cause> {
        self.0 += 1;
        Ok(())
    }
}

/// A line on its way into a new journal; making it may fail.
pub trait Line {
    /// The line with its newline.
    fn bytes(self) -> Result<impl AsRef<[u8]>>;
}

impl Line for &Vec<u8> {
    fn bytes(self) -> Result<impl AsRef<[u8]>> {
        Ok(self)
    }
}

impl Line for Result<Vec<u8>> {
    fn bytes(self) -> Result<impl AsRef<[u8]>> {
        self
    }
}

/// The file every writer locks.
#[derive(Debug)]
pub struct LockFile {
    file: File,
    path: PathBuf,
}

impl LockFile {
    /// Waits until this process is the only writer.
    pub fn hold(&self) -> Result<Held<'_>> {
        self.file
            .lock()
            .map_err(|e| storage("lock", &self.path, e))?;
        Ok(Held(self))
    }
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub struct Held<'a>(&'a LockFile);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.file.unlock() {
            tracing::error!(%error, path = %self.0.path.display(), "could not unlock");
        }
    }
}

/// Creates a folder that only this user may enter, and those above it.
pub fn create_dir(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| storage("create", path, e))
}

/// Opens a file that only this user may read.
pub fn private_file(path: &Path, options: &mut OpenOptions) -> Result<File> {
    options
        .mode(0o600)
        .open(path)
        .map_err(|e| storage("open", path, e))
}
