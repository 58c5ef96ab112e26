//! `.vegaignore` of the audited tree: gitignore-style patterns of files not to audit.
//!
//! Data of the tree like everything else in it: obeyed only when the caller says so, small, never a
//! link, and every file it leaves out is in the ledger with that reason. It changes nothing else.

use crate::engine::{
    IgnoreFile,
    inventory::{Inventory, SourceFile},
};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::path::Path;

/// The name of the file.
pub(crate) const NAME: &str = ".vegaignore";
/// The reason in the ledger.
pub(crate) const REASON: &str = "excluded by .vegaignore";
/// A larger file is not read (bytes).
const MAX_BYTES: u64 = 65_536;
/// A pattern costs time for every file, so there is an end.
const MAX_PATTERNS: usize = 1_000;

/// The files that the tree asks to leave out.
pub(crate) struct Excluded {
    /// The folder the patterns are relative to, with its slash.
    base: String,
    patterns: Option<Gitignore>,
}

impl Excluded {
    /// Reads the tree's file, and says what is wrong with it.
    pub(crate) fn read(
        root: &Path,
        inventory: &Inventory,
        obey: IgnoreFile,
    ) -> (Self, Vec<String>) {
        let nothing = Self {
            base: String::new(),
            patterns: None,
        };
        let file = match obey {
            IgnoreFile::Disregarded => None,
            IgnoreFile::Obeyed => find(inventory),
        };
        let Some((file, base)) = file else {
            return (nothing, Vec::new());
        };
        if file.unread.is_some() || file.size > MAX_BYTES {
            return (
                nothing,
                vec![format!(
                    "{} is not obeyed: no text file of at most 64 KiB",
                    file.path
                )],
            );
        }
        let text = match std::fs::read(file.on_disk(root)) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => return (nothing, vec![format!("{} cannot be read", file.path)]),
        };
        let (patterns, faults) = compile(&text, &file.path);
        (Self { base, patterns }, faults)
    }

    /// Whether the file at `path` is left out.
    pub(crate) fn has(&self, path: &str) -> bool {
        let within = path.strip_prefix(&self.base).unwrap_or(path);
        self.patterns.as_ref().is_some_and(|patterns| {
            patterns
                .matched_path_or_any_parents(within.trim_start_matches('/'), false)
                .is_ignore()
        })
    }
}

/// The file at the root, or in the one folder that holds everything (as archives have it).
fn find(inventory: &Inventory) -> Option<(&SourceFile, String)> {
    let top = inventory
        .files
        .first()?
        .path
        .split_once('/')
        .map(|(top, _)| format!("{top}/"));
    let base = top
        .filter(|top| {
            inventory
                .files
                .iter()
                .all(|file| file.path.starts_with(top))
        })
        .unwrap_or_default();
    let path = format!("{base}{NAME}");
    let at_root = |name: &str| inventory.files.iter().find(|file| file.path == name);
    at_root(&path).map(|file| (file, base))
}

fn compile(text: &str, path: &str) -> (Option<Gitignore>, Vec<String>) {
    let mut builder = GitignoreBuilder::new("");
    let mut faults = Vec::new();
    let lines = text.trim_start_matches('\u{feff}').lines();
    for (number, line) in (1..).zip(lines) {
        if number > MAX_PATTERNS {
            faults.push(format!("{path}: lines after {MAX_PATTERNS} are not read"));
            break;
        }
        if builder.add_line(None, line).is_err() {
            faults.push(format!("{path}:{number}: not a pattern, not obeyed"));
        }
    }
    match builder.build() {
        Ok(patterns) => (Some(patterns), faults),
        Err(_) => {
            faults.push(format!("{path}: the patterns cannot be used"));
            (None, faults)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excluded(text: &str) -> Excluded {
        let (patterns, faults) = compile(text, NAME);
        assert!(faults.is_empty(), "{faults:?}");
        Excluded {
            base: String::new(),
            patterns,
        }
    }

    #[test]
    fn patterns_mean_what_they_mean_to_git() {
        let excluded =
            excluded("# generated\nbuild/\n*.min.js\n/only-here.py\ndocs/**\n!docs/app.py\n");
        for path in [
            "build/a.py",
            "x/build/b.py",
            "web/a.min.js",
            "only-here.py",
            "docs/x.py",
        ] {
            assert!(excluded.has(path), "{path}");
        }
        for path in ["app.py", "x/only-here.py", "docs/app.py", "builds/a.py"] {
            assert!(!excluded.has(path), "{path}");
        }
    }

    #[test]
    fn a_line_that_is_no_pattern_is_told_and_the_rest_counts() {
        let (patterns, faults) = compile("[z-a]\nbuild/\n", NAME);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(patterns.is_some());
    }
}
