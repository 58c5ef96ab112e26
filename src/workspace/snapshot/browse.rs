//! Looking into a snapshot without unpacking it: its folders, and one file at a time.

use super::{Listing, writer};
use crate::{
    error::Result,
    workspace::{FileMode, archive::zip},
};
use std::{collections::BTreeMap, path::Path};
use tokio_util::sync::CancellationToken;

/// An opened snapshot.
pub struct Browser(Listing);

/// What stands in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    /// The last segment of its path.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// A folder, a file, or a link kept as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder with this many files below it.
    Folder {
        /// Files at any depth.
        files: u64,
    },
    /// A file.
    File {
        /// Size in bytes.
        size: u64,
    },
    /// A symbolic link; its content is the path it points to.
    Link,
}

impl Browser {
    /// Opens a snapshot's zip. Blocking.
    ///
    /// # Errors
    /// `archive_rejected` when the file is not a snapshot.
    pub fn open(zip: &Path) -> Result<Self> {
        Listing::read(zip).map(Self)
    }

    /// What stands in `folder` (empty for the root), folders first, then by name. `None` when there
    /// is no such folder.
    pub fn folder(&self, folder: &str) -> Option<Vec<FolderEntry>> {
        let prefix = match folder.trim_matches('/') {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let mut folders: BTreeMap<&str, u64> = BTreeMap::new();
        let mut files = Vec::new();
        let below = self.0.files.range(prefix.clone()..);
        for (path, record) in below.take_while(|(path, _)| path.starts_with(&prefix)) {
            let rest = path.get(prefix.len()..).unwrap_or_default();
            match rest.split_once('/') {
                Some((name, _)) => *folders.entry(name).or_default() += 1,
                None if is_link(record) => files.push((rest, EntryKind::Link)),
                None => files.push((rest, EntryKind::File { size: record.size })),
            }
        }
        if folders.is_empty() && files.is_empty() && !prefix.is_empty() {
            return None;
        }
        let folders = folders
            .into_iter()
            .map(|(name, files)| (name, EntryKind::Folder { files }));
        let entries = folders.chain(files).map(|(name, kind)| FolderEntry {
            name: name.to_owned(),
            kind,
        });
        Some(entries.collect())
    }

    /// Size and kind of the file at `path`.
    pub fn file(&self, path: &str) -> Option<EntryKind> {
        let record = self.0.files.get(path)?;
        Some(if is_link(record) {
            EntryKind::Link
        } else {
            EntryKind::File { size: record.size }
        })
    }

    /// The content of the file at `path`, checked against its checksum; `None` when there is no
    /// such file. Blocking.
    pub fn content(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let Some(record) = self.0.files.get(path) else {
            return Ok(None);
        };
        let never = CancellationToken::new();
        let mut content = Vec::new();
        zip::content(&self.0.file, record, &never, |bytes| {
            content.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(Some(content))
    }
}

fn is_link(record: &zip::directory::Record) -> bool {
    record.unix_mode == Some(writer::unix_mode(FileMode::Symlink))
}
