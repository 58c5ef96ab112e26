//! Walking a local folder nobody vouches for.

use super::SMALL;
use std::{fs, os::unix::fs::symlink};
use vega::{
    error::ErrorCode,
    workspace::{
        SourceLimits,
        walk::{IgnoreFiles, walk, walk_with},
    },
};

#[test]
fn links_metadata_and_special_files_are_passed_over_and_listed() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for folder in ["b", ".git", "sub/.git"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for (path, text) in [
        ("b/x.py", "1"),
        ("a.py", "12"),
        (".hidden", "123"),
        (".gitignore", "a.py\n"),
        (".git/config", "x"),
        ("sub/.git/config", "x"),
        ("back\\slash", "x"),
    ] {
        fs::write(root.join(path), text).unwrap();
    }
    symlink("/etc", root.join("etc")).unwrap();
    symlink("a.py", root.join("l.py")).unwrap();
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, root.join("pipe"), fifo, 0o600.into(), 0).unwrap();

    let found = walk(root, &SMALL).unwrap();
    let entries: Vec<_> = found
        .entries
        .iter()
        .map(|e| (e.path.as_str(), e.size))
        .collect();
    assert_eq!(
        entries,
        [
            (".gitignore", 5),
            (".hidden", 3),
            ("a.py", 2),
            ("b/x.py", 1)
        ]
    );
    let skipped: Vec<_> = found
        .skipped
        .iter()
        .map(|s| (s.path.as_str(), s.reason))
        .collect();
    assert_eq!(
        skipped,
        [
            (".git", "vcs_metadata"),
            ("back\\slash", "unsafe_name"),
            ("etc", "symlink"),
            ("l.py", "symlink"),
            ("pipe", "special_file"),
            ("sub/.git", "vcs_metadata"),
        ]
    );
    let honoured = walk_with(root, &SMALL, IgnoreFiles::HonourGitignore).unwrap();
    assert!(honoured.entries.iter().all(|entry| entry.path != "a.py"));
}

#[test]
fn a_walk_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..5 {
        fs::write(dir.path().join(n.to_string()), "12345").unwrap();
    }
    let entries = SourceLimits {
        max_entries: 4,
        ..SMALL
    };
    let total = SourceLimits {
        max_total_bytes: 24,
        ..SMALL
    };
    for limits in [entries, total] {
        let error = walk(dir.path(), &limits).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PayloadTooLarge);
    }
    let file = SourceLimits {
        max_file_bytes: 4,
        ..SMALL
    };
    assert_eq!(walk(dir.path(), &file).unwrap().skipped.len(), 5);
    let missing = walk(&dir.path().join("missing"), &SMALL).unwrap_err();
    assert_eq!(missing.code(), ErrorCode::ValidationError);
}
