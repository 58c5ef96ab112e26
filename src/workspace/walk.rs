//! A bounded walk over a local directory nobody vouches for (`vega runner --source DIR`).
//!
//! Never follows a symbolic link, never opens a device or fifo, never reads configuration from the
//! tree unless asked to honour its `.gitignore` files. What is passed over is listed with the
//! reason, so that no file is missing silently. File contents are not read here.

use super::{SourceLimits, paths};
use crate::error::{Error, ErrorCode, Result};
use ignore::WalkBuilder;
use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

/// A file found by a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkEntry {
    /// Path relative to the root, separated by `/`.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Whether the owner may execute it.
    pub executable: bool,
}

/// Something a walk passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedEntry {
    /// Path relative to the root; bytes that are not text are replaced.
    pub path: String,
    /// Why: `symlink`, `special_file`, `vcs_metadata`, `too_large`, `unreadable` or `unsafe_name`
    /// (not UTF-8, control characters, backslashes).
    pub reason: &'static str,
}

/// The result of a walk, both lists sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceWalk {
    /// The files.
    pub entries: Vec<WalkEntry>,
    /// What was passed over. Files excluded by a honoured `.gitignore` are not listed.
    pub skipped: Vec<SkippedEntry>,
}

/// Whether `.gitignore` files of the tree are honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IgnoreFiles {
    /// Nothing in the tree decides what is scanned.
    #[default]
    Disregard,
    /// Files that `.gitignore` excludes are left out.
    HonourGitignore,
}

/// Walks `root` without following links, disregarding the tree's ignore files.
///
/// # Errors
/// `payload_too_large` above `max_entries` or `max_total_bytes`; `validation_error` on `source`
/// when `root` is not a directory.
pub fn walk(root: &Path, limits: &SourceLimits) -> Result<SourceWalk> {
    walk_with(root, limits, IgnoreFiles::Disregard)
}

/// As [`walk`], with a say in whether `.gitignore` files count.
///
/// # Errors
/// As [`walk`].
pub fn walk_with(root: &Path, limits: &SourceLimits, ignore: IgnoreFiles) -> Result<SourceWalk> {
    if !root.is_dir() {
        return Err(Error::field("source", "is not a readable directory"));
    }
    let mut builder = WalkBuilder::new(root);
    builder
        .standard_filters(false)
        .follow_links(false)
        // `.gitignore` of this tree only: not of folders above, not of the user.
        .git_ignore(ignore == IgnoreFiles::HonourGitignore)
        .require_git(false)
        .filter_entry(|entry| {
            // `.git` itself is listed as skipped; nothing below it is looked at.
            let parent = entry.path().parent().and_then(Path::file_name);
            entry.depth() < 2 || parent.is_none_or(|name| name != ".git")
        });
    let mut found = SourceWalk::default();
    let (mut count, mut total) = (0_u64, 0_u64);
    for item in builder.build() {
        let entry = match item {
            Ok(entry) if entry.depth() == 0 => continue,
            Ok(entry) => entry,
            Err(error) => {
                found.skip(&path_of(&error, root), "unreadable");
                continue;
            }
        };
        count += 1;
        if count > limits.max_entries {
            return Err(too_large("entries", limits.max_entries));
        }
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let shown = relative.to_string_lossy();
        let Some(kind) = entry.file_type() else {
            found.skip(&shown, "special_file");
            continue;
        };
        if entry.file_name() == ".git" {
            found.skip(&shown, "vcs_metadata");
        } else if kind.is_dir() {
        } else if kind.is_symlink() {
            found.skip(&shown, "symlink");
        } else if !kind.is_file() {
            found.skip(&shown, "special_file");
        } else if let Ok(metadata) = entry.path().symlink_metadata() {
            match relative.to_str() {
                // The cleaned path must be the one on disk, or nobody could open it.
                Some(path)
                    if paths::clean(path.as_bytes()).ok().flatten().as_deref() == Some(path) =>
                {
                    if metadata.size() > limits.max_file_bytes {
                        found.skip(&shown, "too_large");
                        continue;
                    }
                    total = total.saturating_add(metadata.size());
                    if total > limits.max_total_bytes {
                        return Err(too_large("bytes", limits.max_total_bytes));
                    }
                    found.entries.push(WalkEntry {
                        path: path.to_owned(),
                        size: metadata.size(),
                        executable: metadata.permissions().mode() & 0o100 != 0,
                    });
                }
                _ => found.skip(&shown, "unsafe_name"),
            }
        } else {
            found.skip(&shown, "unreadable");
        }
    }
    found.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    found.skipped.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

impl SourceWalk {
    fn skip(&mut self, path: &str, reason: &'static str) {
        self.skipped.push(SkippedEntry {
            path: path.to_owned(),
            reason,
        });
    }
}

fn too_large(what: &str, limit: u64) -> Error {
    Error::new(
        ErrorCode::PayloadTooLarge,
        format!("The source has more than {limit} {what}."),
    )
    .with_detail("limit", limit)
}

/// The path an error of the walk is about, relative to the root.
fn path_of(error: &ignore::Error, root: &Path) -> String {
    match error {
        ignore::Error::WithPath { path, .. } => path
            .strip_prefix(root)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned(),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err, root)
        }
        _ => String::new(),
    }
}
