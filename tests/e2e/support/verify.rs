//! What must hold of a scan and of the data folder, whatever happened on the way.

use super::{Client, wait_for};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const TERMINAL: &[&str] = &["scan_completed", "scan_failed", "scan_cancelled"];

/// A finding as one line: rule, place and fingerprint.
pub fn identity(finding: &Value) -> String {
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    format!(
        "{} {}:{} {}",
        text("rule_id"),
        text("file_path"),
        finding["start_line"],
        text("fingerprint")
    )
}

/// The identities of findings; fails on a duplicate.
pub fn distinct(findings: &[Value]) -> BTreeSet<String> {
    let distinct: BTreeSet<_> = findings.iter().map(identity).collect();
    assert_eq!(distinct.len(), findings.len(), "duplicate findings");
    distinct
}

/// Events are numbered 1..n, begin with the start and end with the one terminal event.
pub fn check_events(events: &[Value], terminal: &str) {
    let numbers: Vec<_> = events
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(
        numbers,
        (1..=events.len() as u64).collect::<Vec<_>>(),
        "gaps or duplicates"
    );
    let ids: BTreeSet<_> = events
        .iter()
        .map(|event| event["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), events.len(), "an event's id occurs twice");
    let kinds: Vec<_> = events
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds.first(), Some(&"scan_started"));
    assert_eq!(
        kinds.iter().filter(|kind| **kind == "scan_started").count(),
        1
    );
    assert_eq!(kinds.last(), Some(&terminal));
    assert_eq!(
        kinds.iter().filter(|kind| TERMINAL.contains(kind)).count(),
        1,
        "{kinds:?}"
    );
}

/// A scan that ended with `status` is whole: events, findings, artifacts. Gives its findings.
pub async fn check_scan(client: &Client, scan: &str, status: &str) -> BTreeSet<String> {
    let state = client.ended(scan).await;
    assert_eq!(state["status"], status, "{state}");
    let events = client.events(scan).await;
    check_events(&events, &format!("scan_{status}"));
    let findings = client.findings(scan).await;
    let told = events
        .iter()
        .filter(|event| event["kind"] == "finding_updated");
    let told: Vec<_> = told
        .map(|event| event["payload"]["finding"].clone())
        .collect();
    let found = distinct(&findings);
    assert_eq!(distinct(&told), found, "events and findings differ");
    if state["artifacts"]
        .as_object()
        .is_some_and(|it| !it.is_empty())
    {
        let artifacts = state["artifacts"].as_object().unwrap();
        let names: Vec<_> = artifacts.keys().map(String::as_str).collect();
        for (name, url) in artifacts {
            let url = url.as_str().or_else(|| url["url"].as_str()).unwrap();
            let path = url.find("/v1/").map_or(url, |at| &url[at..]);
            let answer = client.get(path).await.expect_status(200);
            assert!(!answer.body.is_empty(), "{name} is empty");
            if name.contains("events") {
                let lines = answer
                    .body
                    .split(|byte| *byte == b'\n')
                    .filter(|it| !it.is_empty());
                assert_eq!(lines.count(), events.len(), "the events' file is not whole");
            }
        }
        assert_eq!(names.len(), 5, "{names:?}");
    }
    found
}

/// Every file below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Waits until nothing temporary is left but what `living` processes hold: a lock each.
pub async fn no_leftovers(data_dir: &Path, living: usize) {
    wait_for("the end of every upload", async || {
        files_below(&data_dir.join("uploads"))
            .is_empty()
            .then_some(())
    })
    .await;
    no_leftovers_but_uploads(data_dir, living).await;
}

/// As [`no_leftovers`], without a look at uploads: a process killed just before it acknowledged
/// one, or just after it ingested one, leaves the file to the repository's removal.
pub async fn no_leftovers_but_uploads(data_dir: &Path, living: usize) {
    let mut seen = Vec::new();
    let deadline = std::time::Instant::now() + super::PATIENCE;
    wait_for("a tidy data folder", async || {
        seen = leftovers(data_dir, living);
        let late = std::time::Instant::now() + std::time::Duration::from_secs(1) > deadline;
        assert!(!late || seen.is_empty(), "left over: {seen:#?}");
        seen.is_empty().then_some(())
    })
    .await;
}

fn leftovers(data_dir: &Path, living: usize) -> Vec<PathBuf> {
    let is_lock = |path: &PathBuf| {
        path.extension().is_some_and(|it| it == "lock")
            || path.file_name().is_some_and(|it| it == "lock")
    };
    let mut left = Vec::new();
    for folder in ["runtime", "staging", "owners"] {
        let (locks, others): (Vec<_>, Vec<_>) = files_below(&data_dir.join(folder))
            .into_iter()
            .partition(is_lock);
        left.extend(others);
        if locks.len() > living {
            left.extend(locks);
        }
        let folders = fs::read_dir(data_dir.join(folder))
            .into_iter()
            .flatten()
            .flatten();
        let folders: Vec<_> = folders
            .map(|it| it.path())
            .filter(|it| it.is_dir())
            .collect();
        if folders.len() > living {
            left.extend(folders);
        }
    }
    for scan in fs::read_dir(data_dir.join("scans"))
        .into_iter()
        .flatten()
        .flatten()
    {
        for folder in ["attempts", "checkpoints"] {
            let folder = scan.path().join(folder);
            if folder.exists() {
                left.push(folder);
            }
        }
    }
    left
}

/// Right after an orderly end nothing of the ended process is left.
pub fn no_leftovers_of_processes(data_dir: &Path) {
    for folder in ["runtime", "staging", "owners"] {
        let left: Vec<_> = fs::read_dir(data_dir.join(folder))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        assert!(left.is_empty(), "left over: {left:?}");
    }
}
