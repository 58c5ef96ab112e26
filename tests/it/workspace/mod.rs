//! Sources from strangers: archives, git, snapshots, walks.

mod forge;
mod git;
mod git_server;
mod hostile;
mod hostile_tar;
mod hostile_zip;
mod mutations;
mod round_trips;
mod walk;

use std::path::Path;
use tokio_util::sync::CancellationToken;
use vega::{
    error::{Error, Result},
    workspace::{SourceLimits, SourceTree, archive},
};

/// Limits small enough to be reached by small archives.
const SMALL: SourceLimits = SourceLimits {
    max_source_bytes: 64 * 1024 * 1024,
    max_entries: 100,
    max_file_bytes: 20 * 1024 * 1024,
    max_total_bytes: 32 * 1024 * 1024,
};

/// Unpacks bytes in a fresh folder and checks that a failure leaves nothing behind.
fn unpack(bytes: &[u8], limits: &SourceLimits) -> Result<SourceTree> {
    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("archive");
    std::fs::write(&archive, bytes).unwrap();
    let place = dir.path().join("place");
    std::fs::create_dir(&place).unwrap();
    let cancel = CancellationToken::new();
    let result = archive::unpack(&archive, &place.join("tree"), limits, &cancel);
    if result.is_err() {
        assert_eq!(
            names_in(&place),
            Vec::<String>::new(),
            "something is left behind"
        );
    }
    result
}

fn names_in(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn reason(error: &Error) -> String {
    error.details()["reason"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
