//! Object store on local files: each object a file at its key below the data folder.
//!
//! An object appears in one step: written to a staging file on the same file system, synced,
//! renamed over its key, and the folder synced. Folders are opened one by one without following
//! symbolic links, so a link planted in the way is refused, not followed. Files are 0600, folders
//! 0700. Each process stages in its own folder, held by a file lock, so that what a dead process
//! left can be told from what a living one is writing. Who may read is not known here.

mod list;
mod staging;

use super::{
    ListedObject, ObjectMeta, ObjectReader, ObjectStore, PresignedPut, signed_url::UrlSigner,
};
use crate::{
    domain::object_key::ObjectKey,
    error::{Error, ErrorCode, Result},
};
use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags},
    io::Errno,
};
use staging::ProcessStaging;
use std::{
    fs::File,
    io::{self, Write},
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Objects as files below a folder, each at its key.
pub struct LocalObjects {
    shared: Arc<Shared>,
    signer: UrlSigner,
}

struct Shared {
    root: OwnedFd,
    staging: ProcessStaging,
}

/// Whether missing folders are made on the way to a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Create,
    Fail,
}

impl LocalObjects {
    /// Opens the store below `data_dir`, creating the folder when needed.
    ///
    /// # Errors
    /// `dependency_unavailable` when the folder cannot be made or opened.
    pub fn open(data_dir: PathBuf, signer: UrlSigner) -> Result<Self> {
        let failed = |error: io::Error| failure("opening the data folder", error);
        std::fs::create_dir_all(&data_dir).map_err(failed)?;
        // The operator may have put the data folder behind a link; nothing below it may be one.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(&data_dir, flags, Mode::empty())
            .map_err(|error| failed(error.into()))?;
        let staging = ProcessStaging::begin(&root)?;
        drop(data_dir);
        Ok(Self {
            shared: Arc::new(Shared { root, staging }),
            signer,
        })
    }

    /// Removes what dead processes left in staging; returns how many folders went. Folders of
    /// living processes are left alone.
    ///
    /// # Errors
    /// `dependency_unavailable` when the staging folder cannot be read.
    pub fn sweep_staging(&self) -> Result<u64> {
        self.shared.staging.sweep()
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || work(&shared))
            .await
            .map_err(|error| Error::internal("a file operation did not end", error))?
    }
}

impl Shared {
    /// Opens the folder of a key, link by link, and splits off the file name.
    fn folder<'k>(&self, key: &'k ObjectKey, missing: Missing) -> Result<(OwnedFd, &'k str)> {
        let (folders, name) = key.as_str().rsplit_once('/').unwrap_or(("", key.as_str()));
        if key.as_str().split('/').next() == Some(staging::FOLDER) {
            return Err(Error::not_found("Object", key));
        }
        Ok((self.open_folder(folders, key.as_str(), missing)?, name))
    }

    fn open_folder(&self, folders: &str, what: &str, missing: Missing) -> Result<OwnedFd> {
        let mut current = rustix::io::fcntl_dupfd_cloexec(&self.root, 0)
            .map_err(|error| failure("opening the data folder", error.into()))?;
        for segment in folders.split('/').filter(|segment| !segment.is_empty()) {
            current = match rustix::fs::openat(&current, segment, DIRECTORY, Mode::empty()) {
                Ok(next) => next,
                Err(Errno::NOENT) if missing == Missing::Create => {
                    match rustix::fs::mkdirat(&current, segment, Mode::RWXU) {
                        // Another writer may have been faster.
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(error) => return Err(failure("making a folder", error.into())),
                    }
                    rustix::fs::fsync(&current)
                        .map_err(|error| failure("syncing a folder", error.into()))?;
                    rustix::fs::openat(&current, segment, DIRECTORY, Mode::empty())
                        .map_err(|error| failure("opening a folder", error.into()))?
                }
                Err(Errno::NOENT) => return Err(Error::not_found("Object", what)),
                Err(error) => return Err(failure("opening a folder", error.into())),
            };
        }
        Ok(current)
    }

    fn open_object(&self, key: &ObjectKey) -> Result<(ObjectMeta, File)> {
        let (folder, name) = self.folder(key, Missing::Fail)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&folder, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Err(Error::not_found("Object", key)),
            Err(error) => return Err(failure("opening an object", error.into())),
        };
        let metadata = file
            .metadata()
            .map_err(|error| failure("reading an object's size", error))?;
        if !metadata.is_file() {
            return Err(Error::not_found("Object", key));
        }
        let size = metadata.len();
        Ok((ObjectMeta { size }, file))
    }

    /// Fills a staging file, then publishes it under the key.
    fn put(
        &self,
        key: &ObjectKey,
        fill: impl FnOnce(&mut File) -> io::Result<u64>,
    ) -> Result<ObjectMeta> {
        let (folder, name) = self.folder(key, Missing::Create)?;
        let mut staged = self.staging.create()?;
        let size = fill(&mut staged.file).map_err(|error| failure("writing an object", error))?;
        staged
            .file
            .sync_all()
            .map_err(|error| failure("syncing an object", error))?;
        staged.publish(folder.as_fd(), name)?;
        Ok(ObjectMeta { size })
    }

    fn remove(&self, key: &ObjectKey) -> Result<()> {
        let found = self.folder(key, Missing::Fail);
        let (folder, name) = match found {
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(()),
            found => found?,
        };
        match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(failure("removing an object", error.into())),
        }
    }

    fn remove_prefix(&self, prefix: &str) -> Result<()> {
        let Some(folders) = prefix.strip_suffix('/') else {
            return Err(Error::internal(
                "a prefix must end with a slash",
                io::Error::from(io::ErrorKind::InvalidInput),
            ));
        };
        // The same rules as for keys; above all, no way up and not everything at once.
        let key = ObjectKey::parse(folders)?;
        let (parent, name) = match self.folder(&key, Missing::Fail) {
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(()),
            found => found?,
        };
        match rustix::fs::openat(&parent, name, DIRECTORY, Mode::empty()) {
            Ok(folder) => remove_content(&folder)?,
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(failure("opening a folder", error.into())),
        }
        match rustix::fs::unlinkat(&parent, name, AtFlags::REMOVEDIR) {
            // A writer may have put something there meanwhile: then the folder stays.
            Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY | Errno::EXIST) => Ok(()),
            Err(error) => Err(failure("removing a folder", error.into())),
        }
    }
}

/// Removes everything in a folder without following links.
fn remove_content(folder: &OwnedFd) -> Result<()> {
    let failed = |error: Errno| failure("removing a folder's content", error.into());
    for entry in Dir::read_from(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let is_folder = match entry.file_type() {
            FileType::Directory => true,
            FileType::Unknown => rustix::fs::openat(folder, name, DIRECTORY, Mode::empty()).is_ok(),
            _ => false,
        };
        let removed = if is_folder {
            match rustix::fs::openat(folder, name, DIRECTORY, Mode::empty()) {
                Ok(inner) => remove_content(&inner)?,
                Err(Errno::NOENT) => continue,
                Err(error) => return Err(failed(error)),
            }
            rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)
        } else {
            rustix::fs::unlinkat(folder, name, AtFlags::empty())
        };
        match removed {
            Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY | Errno::EXIST) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

#[async_trait::async_trait]
impl ObjectStore for LocalObjects {
    async fn ping(&self) -> Result<()> {
        self.blocking(|shared| {
            let mut staged = shared.staging.create()?;
            staged
                .file
                .write_all(b"ping")
                .map_err(|error| failure("writing to the data folder", error))
        })
        .await
    }

    async fn put_file(&self, key: &ObjectKey, source: &Path) -> Result<ObjectMeta> {
        let (key, source) = (key.clone(), source.to_owned());
        self.blocking(move |shared| {
            let mut from = File::open(&source)
                .map_err(|error| Error::internal("opening a file to store", error))?;
            shared.put(&key, |file| io::copy(&mut from, file))
        })
        .await
    }

    async fn put_bytes(&self, key: &ObjectKey, bytes: Vec<u8>) -> Result<ObjectMeta> {
        let key = key.clone();
        self.blocking(move |shared| {
            shared.put(&key, |file| {
                file.write_all(&bytes)?;
                Ok(bytes.len() as u64)
            })
        })
        .await
    }

    async fn open(&self, key: &ObjectKey) -> Result<(ObjectMeta, ObjectReader)> {
        let key = key.clone();
        let (meta, file) = self
            .blocking(move |shared| shared.open_object(&key))
            .await?;
        Ok((meta, Box::new(tokio::fs::File::from_std(file))))
    }

    async fn fetch_to(&self, key: &ObjectKey, target: &Path) -> Result<ObjectMeta> {
        let (key, target) = (key.clone(), target.to_owned());
        self.blocking(move |shared| {
            let (_, mut from) = shared.open_object(&key)?;
            let flags =
                OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mut file = rustix::fs::openat(CWD, &target, flags, Mode::RUSR | Mode::WUSR)
                .map(File::from)
                .map_err(|error| failure("creating a copy", error.into()))?;
            match io::copy(&mut from, &mut file) {
                Ok(size) => Ok(ObjectMeta { size }),
                Err(error) => {
                    // Half a copy must not look like a whole one.
                    let _ = std::fs::remove_file(&target);
                    Err(failure("writing a copy", error))
                }
            }
        })
        .await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>> {
        let key = key.clone();
        self.blocking(move |shared| match shared.open_object(&key) {
            Ok((meta, _)) => Ok(Some(meta)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn copy(&self, from: &ObjectKey, to: &ObjectKey) -> Result<()> {
        let (from, to) = (from.clone(), to.clone());
        self.blocking(move |shared| {
            let (_, mut source) = shared.open_object(&from)?;
            shared.put(&to, |file| io::copy(&mut source, file))?;
            Ok(())
        })
        .await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<()> {
        let key = key.clone();
        self.blocking(move |shared| shared.remove(&key)).await
    }

    async fn delete_prefix(&self, prefix: &str) -> Result<()> {
        let prefix = prefix.to_owned();
        self.blocking(move |shared| shared.remove_prefix(&prefix))
            .await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectKey>,
        limit: usize,
    ) -> Result<Vec<ListedObject>> {
        let (prefix, after) = (prefix.to_owned(), after.cloned());
        self.blocking(move |shared| shared.list(&prefix, after.as_ref(), limit))
            .await
    }

    async fn presign_get(&self, key: &ObjectKey, lifetime: Duration) -> Result<String> {
        Ok(self.signer.sign_for(key, lifetime))
    }

    async fn presign_put(&self, key: &ObjectKey, lifetime: Duration) -> Result<PresignedPut> {
        Ok(PresignedPut {
            url: self.signer.sign_put_for(key, lifetime),
            headers: Vec::new(),
        })
    }
}

/// A failing disk is a dependency that is not available.
fn failure(what: &str, error: io::Error) -> Error {
    Error::new(
        ErrorCode::DependencyUnavailable,
        format!("The local file store failed while {what}."),
    )
    .with_detail("dependency", "objects")
    .caused_by(error)
}
