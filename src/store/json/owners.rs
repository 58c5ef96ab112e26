//! Which processes are alive: each holds an exclusive lock on a file of its own.
//!
//! The operating system drops the lock when the process ends, however it ends, so an owner is dead
//! when its file is missing or can be locked. The file is locked before it gets its final name:
//! nobody can meet the named file of a living owner unlocked. Who loses its unnamed one makes another.

use super::{
    error::storage,
    folder::{create_dir, private_file},
};
use crate::{domain::ids::WorkerId, error::Result};
use std::{
    fs::{self, File, OpenOptions},
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The folder of owner files, and this process's own.
#[derive(Debug)]
pub struct Owners {
    folder: PathBuf,
    own: WorkerId,
    _held: File,
}

impl Owners {
    /// Announces `own` as alive, and removes the files of dead owners.
    pub fn announce(data_dir: &Path, own: WorkerId) -> Result<Self> {
        let folder = data_dir.join("owners");
        create_dir(&folder)?;
        let unnamed = folder.join(format!("{own}.tmp"));
        let named = folder.join(format!("{own}.lock"));
        let _held = loop {
            let file = private_file(
                &unnamed,
                OpenOptions::new().write(true).create(true).truncate(true),
            )?;
            match file.lock().and_then(|()| fs::rename(&unnamed, &named)) {
                Ok(()) => break file,
                // Another process took it for what a dead one left, before it was locked.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(storage("lock", &named, error)),
            }
        };
        let owners = Self { folder, own, _held };
        owners.remove_dead()?;
        Ok(owners)
    }

    /// This process.
    pub fn own(&self) -> WorkerId {
        self.own
    }

    /// Whether `owner` is known to be dead.
    pub fn is_dead(&self, owner: WorkerId) -> bool {
        owner != self.own && is_unlocked(&self.path_of(owner))
    }

    /// How many others are alive, or cannot be told to be dead.
    pub fn others(&self) -> Result<usize> {
        let entries = fs::read_dir(&self.folder).map_err(|e| storage("list", &self.folder, e))?;
        let others = entries.flatten().map(|entry| entry.path()).filter(|path| {
            let is_lock = path.extension().is_some_and(|kind| kind == "lock");
            is_lock && *path != self.path_of(self.own) && !is_unlocked(path)
        });
        Ok(others.count())
    }

    fn path_of(&self, owner: WorkerId) -> PathBuf {
        self.folder.join(format!("{owner}.lock"))
    }

    fn remove_dead(&self) -> Result<()> {
        let entries = fs::read_dir(&self.folder).map_err(|e| storage("list", &self.folder, e))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            // One that was killed before it was named left an unnamed file.
            let is_owners = path
                .extension()
                .is_some_and(|kind| kind == "lock" || kind == "tmp");
            if is_owners && path != self.path_of(self.own) && is_unlocked(&path) {
                // Another process may do the same at this moment.
                let _ = fs::remove_file(&path);
            }
        }
        Ok(())
    }
}

impl Drop for Owners {
    fn drop(&mut self) {
        // An orderly end leaves nothing behind; if this fails, the unlocked file says the same.
        let _ = fs::remove_file(self.path_of(self.own));
    }
}

/// Whether nobody holds the file. What cannot be told counts as held: then the lease decides.
fn is_unlocked(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => file.try_lock().is_ok(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::new_id;

    #[test]
    fn whoever_starts_beside_others_is_announced() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let owners = Owners::announce(folder.path(), new_id()).unwrap();
                        assert!(owners.path_of(owners.own()).exists());
                    }
                });
            }
        });
        let left = fs::read_dir(folder.path().join("owners")).unwrap();
        assert_eq!(left.count(), 0);
    }
}
