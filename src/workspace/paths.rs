//! The rules every foreign path has to pass before it names a file on this machine.
//!
//! [`clean`] judges one name; [`PathSet`] judges names against each other. Both are pure. What
//! passes is a relative UTF-8 path of plain segments, unique in its tree even after Unicode
//! composition and percent-encoding. Names that differ only in case may stand side by side: real
//! source trees (Linux, for one) contain them, and Vega unpacks on case-sensitive file systems.

use super::rejection::Reason;
use crate::error::Result;
use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
};

/// Longest path, in bytes. Together with the folder it is unpacked into it must stay below
/// Linux's `PATH_MAX` (4096), or later readers could not open the file.
const MAX_PATH_BYTES: usize = 2048;
/// Most folders above one file: each takes a byte and a slash.
pub(crate) const MAX_FOLDERS: u64 = MAX_PATH_BYTES as u64 / 2;
/// Longest segment, in bytes (`NAME_MAX`).
const MAX_SEGMENT_BYTES: usize = 255;
/// Longest target of a symbolic link, in bytes.
pub(crate) const MAX_LINK_BYTES: u64 = 4096;

/// Judges a raw name and gives its stored form: `.` and empty segments dropped, bytes that are not
/// UTF-8 percent-encoded. `None` stands for the root itself (`./`).
pub(crate) fn clean(raw: &[u8]) -> Result<Option<String>> {
    if raw.is_empty() {
        return Err(Reason::EmptyName.at(raw));
    }
    if raw.len() > MAX_PATH_BYTES {
        return Err(Reason::NameTooLong.at(raw));
    }
    let text = encode(raw);
    if text.chars().any(char::is_control) {
        return Err(Reason::ControlCharacter.at(raw));
    }
    if text.contains('\\') {
        return Err(Reason::BackslashPath.at(raw));
    }
    if text.starts_with('/') {
        return Err(Reason::AbsolutePath.at(raw));
    }
    if matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic()) {
        return Err(Reason::DrivePath.at(raw));
    }
    let mut path = String::with_capacity(text.len());
    for segment in text.split('/') {
        match segment {
            "" | "." => continue,
            ".." => return Err(Reason::PathTraversal.at(raw)),
            _ if segment.len() > MAX_SEGMENT_BYTES => return Err(Reason::NameTooLong.at(raw)),
            _ => {}
        }
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(segment);
    }
    if path.len() > MAX_PATH_BYTES {
        return Err(Reason::NameTooLong.at(raw));
    }
    Ok((!path.is_empty()).then_some(path))
}

/// Text as it is, other bytes as `%XX`.
fn encode(raw: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(raw) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(raw.len() + 16);
    for chunk in raw.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Cow::Owned(out)
}

/// Whether a link at `path` with this target stays inside the root, judged without the disk.
pub(crate) fn link_stays_inside(path: &str, target: &[u8]) -> bool {
    if target.starts_with(b"/") || target.starts_with(b"\\") {
        return false;
    }
    if matches!(target, [letter, b':', ..] if letter.is_ascii_alphabetic()) {
        return false;
    }
    let mut depth = path.split('/').count().saturating_sub(1);
    for segment in target.split(|byte| matches!(byte, b'/' | b'\\')) {
        match segment {
            b"" | b"." => {}
            b".." => match depth.checked_sub(1) {
                Some(up) => depth = up,
                None => return false,
            },
            _ => depth += 1,
        }
    }
    true
}

/// Whether a path lies in git's own data. Such files are judged but never written: a hostile
/// `.git/config` runs commands in whoever calls `git` in that folder.
pub(crate) fn is_vcs_metadata(path: &str) -> bool {
    path.split('/').any(|segment| segment == ".git")
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    File { size: u64 },
    Directory { on_disk: bool },
}

#[derive(Debug)]
struct Known {
    kind: Kind,
    /// The path as spelled, where it differs from the composed key.
    spelled: Option<String>,
}

/// The names of one tree and what they stand for.
#[derive(Debug, Default)]
pub(crate) struct PathSet {
    known: HashMap<String, Known>,
    directories: u64,
}

impl PathSet {
    /// Adds a directory the source names. Whether it ever holds a file is seen later.
    pub(crate) fn add_directory(&mut self, path: &str) -> Result<()> {
        self.enter_directories(path, path, None)
    }

    /// Adds a file and the directories above it. Directories that have to be created for it (in
    /// order, parents first) are appended to `new_directories`.
    pub(crate) fn add_file(
        &mut self,
        path: &str,
        size: u64,
        new_directories: &mut Vec<String>,
    ) -> Result<()> {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.enter_directories(parent, path, Some(new_directories))?;
        }
        self.add_leaf(path, size)
    }

    /// Adds a file that is judged but not written.
    pub(crate) fn add_unwritten_file(&mut self, path: &str, size: u64) -> Result<()> {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.enter_directories(parent, path, None)?;
        }
        self.add_leaf(path, size)
    }

    /// The size of a file already added under exactly this path.
    pub(crate) fn file_size(&self, path: &str) -> Option<u64> {
        match self.known.get(key(path).as_ref()) {
            Some(Known {
                kind: Kind::File { size },
                spelled,
            }) if spelled.as_deref().unwrap_or(path) == path => Some(*size),
            _ => None,
        }
    }

    /// Number of directories, named or implied.
    pub(crate) fn directories(&self) -> u64 {
        self.directories
    }

    fn add_leaf(&mut self, path: &str, size: u64) -> Result<()> {
        match self.known.entry(key(path).into_owned()) {
            Entry::Vacant(slot) => {
                let spelled = (slot.key() != path).then(|| path.to_owned());
                slot.insert(Known {
                    kind: Kind::File { size },
                    spelled,
                });
                Ok(())
            }
            Entry::Occupied(slot) => match slot.get().kind {
                Kind::File { .. } => Err(Reason::DuplicateEntry.at(path)),
                Kind::Directory { .. } => Err(Reason::PathConflict.at(path)),
            },
        }
    }

    /// Enters `directory` and everything above it, from the bottom up, until one is found that is
    /// known (and on disk, when files are to be written there).
    fn enter_directories(
        &mut self,
        directory: &str,
        blamed: &str,
        mut created: Option<&mut Vec<String>>,
    ) -> Result<()> {
        let first_new = created.as_ref().map_or(0, |list| list.len());
        let mut current = Some(directory);
        while let Some(path) = current {
            let on_disk = created.is_some();
            let settled = match self.known.entry(key(path).into_owned()) {
                Entry::Vacant(slot) => {
                    let spelled = (slot.key() != path).then(|| path.to_owned());
                    slot.insert(Known {
                        kind: Kind::Directory { on_disk },
                        spelled,
                    });
                    self.directories += 1;
                    false
                }
                Entry::Occupied(mut slot) => {
                    let key_is_path = slot.key() == path;
                    let known = slot.get_mut();
                    let same_spelling = match &known.spelled {
                        Some(spelled) => spelled == path,
                        None => key_is_path,
                    };
                    match &mut known.kind {
                        Kind::File { .. } => return Err(Reason::PathConflict.at(blamed)),
                        _ if !same_spelling => return Err(Reason::DuplicateEntry.at(blamed)),
                        Kind::Directory { on_disk: known } => {
                            let settled = *known || !on_disk;
                            *known |= on_disk;
                            settled
                        }
                    }
                }
            };
            if settled {
                break;
            }
            if let Some(list) = created.as_deref_mut() {
                list.push(path.to_owned());
            }
            current = path.rsplit_once('/').map(|(parent, _)| parent);
        }
        if let Some(list) = created {
            list[first_new..].reverse();
        }
        Ok(())
    }
}

/// The form under which names count as equal: composed Unicode (NFC).
fn key(path: &str) -> Cow<'_, str> {
    if path.is_ascii() {
        return Cow::Borrowed(path);
    }
    icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(path)
}

#[cfg(test)]
mod tests;
