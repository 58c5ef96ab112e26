//! A private folder beside the target, which becomes the target in one rename or vanishes.
//!
//! Files are created relative to open directories with `O_EXCL | O_NOFOLLOW`, so even a bug in the
//! path rules could neither follow a link nor overwrite anything. No link is ever made here, modes
//! come from the create call (no `chmod` per file). Not synced to disk: a tree can be made again.

use super::{FileMode, ManifestEntry};
use crate::error::{Error, ErrorCode, Result};
use rustix::fs::{Mode, OFlags, RenameFlags};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// How the files of a tree may be used afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// By this process's user: 0600, executables 0700.
    Private,
    /// Read-only by everyone who reaches the folder: 0444, executables 0555.
    ReadOnly,
}

/// A tree being written. Dropped without [`Staging::publish`], it leaves nothing behind.
pub(crate) struct Staging {
    dir: TempDir,
    root: OwnedFd,
    dest: PathBuf,
    access: Access,
}

impl Staging {
    /// Starts a tree that is to become `dest`, whose parent must exist.
    pub(crate) fn begin(dest: &Path, access: Access) -> Result<Self> {
        if dest.symlink_metadata().is_ok() {
            return Err(Error::internal(
                "the folder to unpack into exists already",
                io::Error::from(io::ErrorKind::AlreadyExists),
            ));
        }
        let parent = match dest.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let dir = tempfile::Builder::new()
            .prefix(".partial-")
            .tempdir_in(parent)
            .map_err(|error| disk_error("could not create a staging folder", error))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root = rustix::fs::open(dir.path(), flags, Mode::empty())
            .map_err(|error| disk_error("could not open the staging folder", error.into()))?;
        Ok(Self {
            dir,
            root,
            dest: dest.to_owned(),
            access,
        })
    }

    /// Creates directories, parents first.
    pub(crate) fn create_directories(&self, paths: &[String]) -> Result<()> {
        let mode = match self.access {
            Access::Private => Mode::RWXU,
            Access::ReadOnly => Mode::from_raw_mode(0o755),
        };
        for path in paths {
            rustix::fs::mkdirat(&self.root, path.as_str(), mode)
                .map_err(|error| disk_error("could not create a directory", error.into()))?;
        }
        Ok(())
    }

    /// A writer for one thread.
    pub(crate) fn writer(&self) -> TreeWriter<'_> {
        TreeWriter {
            staging: self,
            parent: None,
        }
    }

    /// Opens a file written before, to copy it.
    pub(crate) fn read(&self, path: &str) -> Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.root, path, flags, Mode::empty())
            .map(File::from)
            .map_err(|error| disk_error("could not read a staged file", error.into()))
    }

    /// Makes the tree appear as the target, whole.
    pub(crate) fn publish(self) -> Result<PathBuf> {
        let cwd = rustix::fs::CWD;
        let mode = match self.access {
            Access::Private => Mode::RWXU,
            Access::ReadOnly => Mode::from_raw_mode(0o755),
        };
        rustix::fs::fchmod(&self.root, mode)
            .map_err(|error| disk_error("could not open up the tree", error.into()))?;
        rustix::fs::renameat_with(
            cwd,
            self.dir.path(),
            cwd,
            &self.dest,
            RenameFlags::NOREPLACE,
        )
        .map_err(|error| disk_error("could not publish the tree", error.into()))?;
        // The folder has moved: nothing is left for the guard to remove.
        let _ = self.dir.keep();
        Ok(self.dest)
    }
}

/// Writes files of a tree; remembers the last directory, since neighbours come together.
pub(crate) struct TreeWriter<'a> {
    staging: &'a Staging,
    parent: Option<(String, OwnedFd)>,
}

impl TreeWriter<'_> {
    /// Creates a file that must not exist; its directory must.
    pub(crate) fn create(&mut self, path: &str, mode: FileMode) -> Result<File> {
        let permissions = match (self.staging.access, mode) {
            (Access::Private, FileMode::Executable) => 0o700,
            (Access::Private, _) => 0o600,
            (Access::ReadOnly, FileMode::Executable) => 0o555,
            (Access::ReadOnly, _) => 0o444,
        };
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let permissions = Mode::from_raw_mode(permissions);
        let failed = |error: rustix::io::Errno| disk_error("could not create a file", error.into());
        let Some((parent, name)) = path.rsplit_once('/') else {
            return rustix::fs::openat(&self.staging.root, path, flags, permissions)
                .map(File::from)
                .map_err(failed);
        };
        let directory = match &mut self.parent {
            Some((known, directory)) if known == parent => directory,
            slot => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let opened =
                    rustix::fs::openat(&self.staging.root, parent, flags, Mode::empty())
                        .map_err(|error| disk_error("could not open a directory", error.into()))?;
                &mut slot.insert((parent.to_owned(), opened)).1
            }
        };
        rustix::fs::openat(directory, name, flags, permissions)
            .map(File::from)
            .map_err(failed)
    }

    /// Writes a whole file and gives its line of the manifest.
    pub(crate) fn write(
        &mut self,
        path: String,
        mode: FileMode,
        content: &[u8],
    ) -> Result<ManifestEntry> {
        let mut file = self.create(&path, mode)?;
        file.write_all(content)
            .map_err(|error| disk_error("could not write a file", error))?;
        Ok(ManifestEntry {
            path,
            mode,
            size: content.len() as u64,
            sha256: hex::encode(Sha256::digest(content)),
        })
    }

    /// Starts a file whose content comes in pieces.
    pub(crate) fn begin(&mut self, path: String, mode: FileMode) -> Result<GrowingFile> {
        Ok(GrowingFile {
            file: self.create(&path, mode)?,
            hash: Sha256::new(),
            entry: ManifestEntry {
                path,
                mode,
                size: 0,
                sha256: String::new(),
            },
        })
    }
}

/// A file whose content comes in pieces.
pub(crate) struct GrowingFile {
    file: File,
    hash: Sha256,
    entry: ManifestEntry,
}

impl GrowingFile {
    /// Appends bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .map_err(|error| disk_error("could not write a file", error))?;
        self.hash.update(bytes);
        self.entry.size += bytes.len() as u64;
        Ok(())
    }

    /// Ends the file and gives its line of the manifest.
    pub(crate) fn finish(mut self) -> ManifestEntry {
        self.entry.sha256 = hex::encode(self.hash.finalize());
        self.entry
    }
}

/// A failure of the disk: full or failing is `dependency_unavailable`, anything else is ours.
pub(crate) fn disk_error(what: &str, error: io::Error) -> Error {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    match error.kind() {
        StorageFull | QuotaExceeded | ReadOnlyFilesystem | FileTooLarge => Error::new(
            ErrorCode::DependencyUnavailable,
            format!("The disk is full or cannot be written: {what}."),
        )
        .with_detail("dependency", "disk")
        .caused_by(error),
        _ => Error::internal(what, error),
    }
}

#[cfg(test)]
mod tests;
