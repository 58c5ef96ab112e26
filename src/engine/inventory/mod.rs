//! Stage 1: what lies in the tree.
//!
//! Lists every regular file below the root in path order, with language, role, size and content
//! hash. Never follows a link, never obeys an ignore file of the audited tree: what is left out is
//! left out by Vega's own rules and shows up in the coverage ledger. Knows nothing of components,
//! auditors or rules.

mod language;
mod role;

pub use language::Language;
pub use role::FileRole;
pub(crate) use role::role_of;

use crate::error::{Error, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};
use tokio_util::sync::CancellationToken;

/// Larger files are listed but not read (bytes).
pub(crate) const MAX_FILE_BYTES: u64 = 1_048_576;
/// The walk stops listing after so many entries; the rest is a gap.
const MAX_FILES: usize = 1_000_000;
/// Deeper folders are not entered.
const MAX_DEPTH: usize = 255;
/// How much of a file decides on its role and whether it is text.
const HEAD_BYTES: usize = 8_192;

/// Everything found below the root.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The files, in path order.
    pub files: Vec<SourceFile>,
    /// What the walk could not list, with the reason, in path order.
    pub unlisted: Vec<Unlisted>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Path below the root with `/`; bytes that are no UTF-8 are percent-encoded.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// The language, where the name tells.
    pub language: Option<Language>,
    /// What it is for.
    pub role: FileRole,
    /// Why the content is not looked at; `None` for readable text.
    pub unread: Option<Unread>,
    /// SHA-256 (hex) of the content; empty when it was not read.
    pub sha256: String,
    /// The name on disk, where `path` is not it.
    #[serde(skip)]
    pub(crate) os_path: Option<PathBuf>,
}

impl SourceFile {
    /// Whether the inventory saw this content.
    pub(crate) fn holds(&self, bytes: &[u8]) -> bool {
        hex::encode(Sha256::digest(bytes)) == self.sha256
    }

    /// The file's place on disk.
    pub(crate) fn on_disk(&self, root: &Path) -> PathBuf {
        match &self.os_path {
            Some(path) => root.join(path),
            None => root.join(&self.path),
        }
    }
}

/// Why a file's content is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unread {
    /// Contains NUL bytes or is no text otherwise.
    Binary,
    /// Larger than 1 MiB.
    TooLarge,
    /// Opening or reading it failed.
    Unreadable,
    /// A symbolic link.
    Link,
}

impl Unread {
    /// The reason as written in the ledger.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Binary => "binary file",
            Self::TooLarge => "larger than 1 MiB",
            Self::Unreadable => "cannot be read",
            Self::Link => "symbolic link, not followed",
        }
    }
}

/// A place the walk could not list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlisted {
    /// The place, as far as known.
    pub path: String,
    /// Why.
    pub reason: String,
}

impl Inventory {
    /// Code files by language, most files first.
    pub fn languages(&self) -> Vec<(Language, usize)> {
        let mut counts: BTreeMap<Language, usize> = BTreeMap::new();
        for file in &self.files {
            let own = !matches!(file.role, FileRole::Vendored | FileRole::Minified);
            if let Some(language) = file.language.filter(|_| own) {
                *counts.entry(language).or_default() += 1;
            }
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(language, count)| (std::cmp::Reverse(*count), *language));
        counts
    }
}

/// Lists the tree below `root`.
///
/// # Errors
/// `dependency_unavailable` when the root itself is no readable folder.
pub fn take_inventory(root: &Path, cancel: &CancellationToken) -> Result<Inventory> {
    if !root.is_dir() {
        return Err(Error::new(
            crate::error::ErrorCode::DependencyUnavailable,
            format!("The source root {} is not a folder", root.display()),
        ));
    }
    let (paths, mut unlisted) = walk(root, cancel);
    let wrapper = wrapper(&paths);
    let mut files: Vec<SourceFile> = paths
        .into_par_iter()
        .filter(|_| !cancel.is_cancelled())
        .map(|found| look_at(root, &found, &wrapper))
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    unlisted.sort_by(|a, b| (&a.path, &a.reason).cmp(&(&b.path, &b.reason)));
    Ok(Inventory { files, unlisted })
}

/// The paths of the files below `root`, unsorted and unread.
pub(crate) fn list_paths(root: &Path, cancel: &CancellationToken) -> Vec<String> {
    let (found, _) = walk(root, cancel);
    found.iter().map(|found| text_of(&found.path)).collect()
}

/// A path below the root, and whether it is a link.
struct Found {
    path: PathBuf,
    link: bool,
}

fn walk(root: &Path, cancel: &CancellationToken) -> (Vec<Found>, Vec<Unlisted>) {
    let mut paths = Vec::new();
    let mut unlisted = Vec::new();
    let walker = ignore::WalkBuilder::new(root)
        .standard_filters(false)
        .follow_links(false)
        .max_depth(Some(MAX_DEPTH))
        .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git")
        .build();
    for entry in walker {
        if cancel.is_cancelled() {
            break;
        }
        match entry {
            Ok(entry) => {
                let Some(kind) = entry.file_type() else {
                    continue;
                };
                let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
                if kind.is_dir() {
                    if entry.depth() == MAX_DEPTH {
                        unlisted.push(Unlisted {
                            path: text_of(relative),
                            reason: "folder nested too deeply".to_owned(),
                        });
                    }
                } else if paths.len() == MAX_FILES {
                    unlisted.push(Unlisted {
                        path: text_of(relative),
                        reason: "too many files".to_owned(),
                    });
                    break;
                } else if kind.is_file() || kind.is_symlink() {
                    paths.push(Found {
                        path: relative.to_owned(),
                        link: kind.is_symlink(),
                    });
                }
            }
            Err(error) => unlisted.push(Unlisted {
                path: unreadable_path(&error, root),
                reason: "cannot be listed".to_owned(),
            }),
        }
    }
    (paths, unlisted)
}

/// The path an error of the walk names, if any.
fn unreadable_path(error: &ignore::Error, root: &Path) -> String {
    let mut error = error;
    loop {
        match error {
            ignore::Error::WithPath { path, .. } => {
                return text_of(path.strip_prefix(root).unwrap_or(path));
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
                error = err;
            }
            _ => return String::new(),
        }
    }
}

/// The one folder that holds everything, with its slash, as archives of a project have it. It is
/// the project's name and says nothing about what its files are for.
fn wrapper(found: &[Found]) -> String {
    let mut tops = found.iter().map(|found| {
        let mut parts = found.path.components();
        let top = parts.next().map(|part| text_of(part.as_os_str().as_ref()));
        top.filter(|_| parts.next().is_some())
    });
    match tops.next().flatten() {
        Some(top) if tops.all(|other| other.as_ref() == Some(&top)) => top + "/",
        _ => String::new(),
    }
}

fn look_at(root: &Path, found: &Found, wrapper: &str) -> SourceFile {
    let path = text_of(&found.path);
    let language = Language::of_path(&path);
    let within = path.strip_prefix(wrapper).unwrap_or(&path).to_owned();
    let mut file = SourceFile {
        size: 0,
        language,
        role: FileRole::Config,
        unread: None,
        sha256: String::new(),
        os_path: (Path::new(&path) != found.path).then(|| found.path.clone()),
        path,
    };
    if found.link {
        file.unread = Some(Unread::Link);
        file.role = role::role_of(&within, language, &[]);
        return file;
    }
    let mut content = Vec::new();
    match read_up_to_limit(&root.join(&found.path), &mut content) {
        Ok(size) => {
            file.size = size;
            let head = &content[..content.len().min(HEAD_BYTES)];
            file.role = role::role_of(&within, language, head);
            if is_binary(head) {
                file.unread = Some(Unread::Binary);
            } else if size > MAX_FILE_BYTES {
                file.unread = Some(Unread::TooLarge);
            } else {
                file.sha256 = hex::encode(Sha256::digest(&content));
            }
        }
        Err(_) => {
            file.unread = Some(Unread::Unreadable);
            file.role = role::role_of(&within, language, &[]);
        }
    }
    file
}

/// Reads a file, of a large one only the head; gives its size.
fn read_up_to_limit(path: &Path, content: &mut Vec<u8>) -> std::io::Result<u64> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let take = if size > MAX_FILE_BYTES {
        HEAD_BYTES as u64
    } else {
        MAX_FILE_BYTES
    };
    file.take(take).read_to_end(content)?;
    Ok(size)
}

/// NUL bytes say binary, except in UTF-16 text, which announces itself by a byte order mark (and
/// is left out all the same: no check reads it).
fn is_binary(head: &[u8]) -> bool {
    head.contains(&0) || head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff])
}

/// The path as text with `/`; bytes that are no UTF-8 come out percent-encoded.
fn text_of(path: &Path) -> String {
    let mut text = String::new();
    for part in path.components() {
        if !text.is_empty() {
            text.push('/');
        }
        for chunk in part.as_os_str().as_encoded_bytes().utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests;
