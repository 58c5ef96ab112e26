//! The staging folder of one process: `staging/<id>/`, held by a lock on a file in it.
//!
//! A process that dies loses its locks but not its files; [`ProcessStaging::sweep`] removes the
//! folders nobody holds. Names of staged files are numbers, unique within the process.

use super::{DIRECTORY, failure, remove_content};
use crate::error::Result;
use rustix::{
    fs::{AtFlags, Dir, FlockOperation, Mode, OFlags},
    io::Errno,
};
use std::{
    fs::File,
    io,
    os::fd::{BorrowedFd, OwnedFd},
    sync::atomic::{AtomicU64, Ordering},
};

/// Name of the folder all processes stage in; no object key may lie there.
pub(super) const FOLDER: &str = "staging";
const LOCK: &str = "lock";

/// This process's staging folder.
pub(super) struct ProcessStaging {
    all: OwnedFd,
    own: OwnedFd,
    own_name: String,
    next: AtomicU64,
    /// Held as long as this lives.
    _lock: OwnedFd,
}

/// A file being written; dropped unpublished, it is removed.
pub(super) struct Staged<'a> {
    pub(super) file: File,
    folder: &'a OwnedFd,
    name: String,
    published: bool,
}

fn staging_failure(error: Errno) -> crate::error::Error {
    failure("using the staging folder", io::Error::from(error))
}

fn open_lock(folder: &OwnedFd) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder, LOCK, flags, Mode::RUSR | Mode::WUSR)
}

impl ProcessStaging {
    pub(super) fn begin(root: &OwnedFd) -> Result<Self> {
        match rustix::fs::mkdirat(root, FOLDER, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(staging_failure(error)),
        }
        let open = |parent: &OwnedFd, name: &str| {
            rustix::fs::openat(parent, name, DIRECTORY, Mode::empty()).map_err(staging_failure)
        };
        let all = open(root, FOLDER)?;
        // Against a sweep that could take the new folder before its lock is held.
        rustix::fs::flock(&all, FlockOperation::LockShared).map_err(staging_failure)?;
        let own_name = hex::encode(crate::clock::random_bytes::<16>());
        rustix::fs::mkdirat(&all, own_name.as_str(), Mode::RWXU).map_err(staging_failure)?;
        let own = open(&all, &own_name)?;
        let lock = open_lock(&own).map_err(staging_failure)?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(staging_failure)?;
        rustix::fs::flock(&all, FlockOperation::Unlock).map_err(staging_failure)?;
        Ok(Self {
            all,
            own,
            own_name,
            next: AtomicU64::new(0),
            _lock: lock,
        })
    }

    pub(super) fn create(&self) -> Result<Staged<'_>> {
        let name = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let file =
            rustix::fs::openat(&self.own, name.as_str(), flags, mode).map_err(staging_failure)?;
        Ok(Staged {
            file: file.into(),
            folder: &self.own,
            name,
            published: false,
        })
    }

    /// Removes the folders of dead processes and gives their number.
    pub(super) fn sweep(&self) -> Result<u64> {
        rustix::fs::flock(&self.all, FlockOperation::LockExclusive).map_err(staging_failure)?;
        let swept = self.sweep_locked();
        rustix::fs::flock(&self.all, FlockOperation::Unlock).map_err(staging_failure)?;
        swept
    }

    fn sweep_locked(&self) -> Result<u64> {
        let mut swept = 0;
        for entry in Dir::read_from(&self.all).map_err(staging_failure)? {
            let entry = entry.map_err(staging_failure)?;
            let name = entry.file_name();
            let known = matches!(name.to_bytes(), b"." | b"..");
            if known || name.to_bytes() == self.own_name.as_bytes() {
                continue;
            }
            let folder = match rustix::fs::openat(&self.all, name, DIRECTORY, Mode::empty()) {
                Ok(folder) => folder,
                Err(Errno::NOENT) => continue,
                // A stray file or link: nobody's.
                Err(_) => {
                    rustix::fs::unlinkat(&self.all, name, AtFlags::empty())
                        .map_err(staging_failure)?;
                    continue;
                }
            };
            let lock = open_lock(&folder).map_err(staging_failure)?;
            match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => continue,
                Err(error) => return Err(staging_failure(error)),
            }
            remove_content(&folder)?;
            rustix::fs::unlinkat(&self.all, name, AtFlags::REMOVEDIR).map_err(staging_failure)?;
            swept += 1;
        }
        Ok(swept)
    }
}

impl Drop for ProcessStaging {
    fn drop(&mut self) {
        // What remains after a failure here is swept at the next start.
        let _ = remove_content(&self.own);
        let _ = rustix::fs::unlinkat(&self.all, self.own_name.as_str(), AtFlags::REMOVEDIR);
    }
}

impl Staged<'_> {
    /// Moves the file to its place and makes that durable.
    pub(super) fn publish(mut self, folder: BorrowedFd<'_>, name: &str) -> Result<()> {
        // A rename would replace a planted link, never follow it.
        rustix::fs::renameat(self.folder, self.name.as_str(), folder, name)
            .map_err(|error| failure("publishing an object", error.into()))?;
        self.published = true;
        rustix::fs::fsync(folder).map_err(|error| failure("syncing a folder", error.into()))
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.published {
            let _ = rustix::fs::unlinkat(self.folder, self.name.as_str(), AtFlags::empty());
        }
    }
}
