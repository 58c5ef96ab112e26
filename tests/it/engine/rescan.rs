//! A scan that knows what the last one worked out says exactly what one says that starts from nothing,
//! whatever changed in between, and looks only at what changed.

use super::{
    Memory,
    flow::{write, write_programs},
    settings,
};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};
use tokio_util::sync::CancellationToken;
use vega::{
    engine::{EngineEvent, EngineSettings, ScanCache, ScanOutcome, scan_source, to_json},
    error::{Error, ErrorCode, Result},
};

/// What scans leave for each other.
#[derive(Debug, Default)]
struct Shelf {
    entries: Mutex<Option<Vec<u8>>>,
    saved: Mutex<usize>,
    is_full: bool,
}

impl ScanCache for Shelf {
    fn load(&self) -> Option<Vec<u8>> {
        self.entries.lock().unwrap().clone()
    }

    fn save(&self, entries: Vec<u8>) -> Result<()> {
        if self.is_full {
            return Err(Error::new(ErrorCode::DependencyUnavailable, "no room"));
        }
        *self.saved.lock().unwrap() += 1;
        *self.entries.lock().unwrap() = Some(entries);
        Ok(())
    }
}

fn scan_with(root: &Path, memory: &Memory, settings: &EngineSettings) -> ScanOutcome {
    let cancel = CancellationToken::new();
    scan_source(root, None, memory, &cancel, memory, settings).unwrap()
}

/// The report of a scan that knows `shelf`, and how many steps of how many it knew.
fn rescan(root: &Path, shelf: &Arc<Shelf>, chosen: &[&str]) -> (Vec<u8>, (u64, u64)) {
    let memory = Memory::default();
    let with = EngineSettings {
        cache: Some(Arc::clone(shelf) as Arc<dyn ScanCache>),
        paths: chosen.iter().map(|path| (*path).to_owned()).collect(),
        ..settings(2)
    };
    let outcome = scan_with(root, &memory, &with);
    let events = memory.events.lock().unwrap();
    let told = events.iter().find_map(|event| match event {
        EngineEvent::Log { message, .. } => message.strip_prefix("Known from the last scan: "),
        _ => None,
    });
    let (known, asked) = told.unwrap().split_once(" of ").unwrap();
    let asked = asked.strip_suffix(" steps").unwrap();
    (
        to_json(&outcome.report).unwrap(),
        (known.parse().unwrap(), asked.parse().unwrap()),
    )
}

fn from_nothing(root: &Path) -> Vec<u8> {
    let outcome = scan_with(root, &Memory::default(), &settings(2));
    to_json(&outcome.report).unwrap()
}

/// A change of a tree.
type Edit = (&'static str, fn(&Path));

/// Changes that no report tells of.
const SILENT: [&str; 2] = ["nothing", "what it leads to changes"];

fn edits() -> Vec<Edit> {
    vec![
        ("nothing", |_| {}),
        ("a line before a sink moves it", |root| {
            prepend(root, "web/store1.py", "# moved\n");
        }),
        ("what a function is called with is harmless now", |root| {
            replace(
                root,
                "web/service2.py",
                "{\"name\": name}",
                "{\"name\": \"all\"}",
            );
        }),
        ("a new fault in a new file", |root| {
            let view = "import os\nfrom web.view1 import app\nfrom flask import request\n\n\n\
                        @app.route(\"/more\")\ndef more():\n    os.system(request.args[\"x\"])\n";
            write(root, "web/more.py", view);
        }),
        ("a file goes", |root| {
            std::fs::remove_file(root.join("web/store3.py")).unwrap();
        }),
        ("a file has another name", |root| {
            let from = root.join("web/store4.py");
            std::fs::rename(from, root.join("web/place4.py")).unwrap();
        }),
        ("a template escapes", |root| {
            replace(root, "web/templates/page5.html", "|safe", "");
        }),
        ("a class checks what it is given", |root| {
            let store = "shop/src/main/java/shop/Store6.java";
            let check =
                "if (!java.util.Arrays.asList(\"a\", \"b\").contains(name)) return;\n    Runtime";
            replace(root, store, "Runtime", check);
        }),
        ("a setting is there", |root| {
            write(root, "shop/app.properties", "mode=fast\n");
        }),
        ("a setting leads elsewhere", |root| {
            let to = root.join("shop/app.properties");
            std::os::unix::fs::symlink(to, root.join("shop/more.properties")).unwrap();
        }),
        ("what it leads to changes", |root| {
            write(root, "shop/app.properties", "mode=slow\n");
        }),
        ("a file cannot be read whole", |root| {
            write(root, "web/view7.py", "def view(:\n    eval(input())\n");
        }),
        ("a file is empty", |root| write(root, "web/view8.py", "")),
        ("a secret in a text", |root| {
            write(
                root,
                "notes.txt",
                "token = \"ghp_0123456789abcdefghijABCDEFGHIJ012345\"\n",
            );
        }),
        ("a comment passes over a finding", |root| {
            replace(
                root,
                "web/store9.py",
                "\n    os.system",
                "\n    # vega:ignore python-command-injection known\n    os.system",
            );
        }),
    ]
}

fn prepend(root: &Path, path: &str, text: &str) {
    let before = std::fs::read_to_string(root.join(path)).unwrap();
    write(root, path, &format!("{text}{before}"));
}

fn replace(root: &Path, path: &str, from: &str, to: &str) {
    let before = std::fs::read_to_string(root.join(path)).unwrap();
    let after = before.replace(from, to);
    assert_ne!(before, after, "{path} holds no {from}");
    write(root, path, &after);
}

#[test]
fn whatever_changes_a_rescan_says_what_a_scan_from_nothing_says() {
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path();
    write_programs(root);
    let shelf = Arc::new(Shelf::default());
    let (first, (known, files)) = rescan(root, &shelf, &[]);
    assert_eq!(known, 0, "there was no scan before");
    assert!(
        first == from_nothing(root),
        "the first scan says something else"
    );
    let mut last = first;
    for (change, edit) in edits() {
        edit(root);
        let (said, (known, asked)) = rescan(root, &shelf, &[]);
        assert!(said == from_nothing(root), "{change}: another report");
        assert_eq!(said == last, SILENT.contains(&change), "{change}");
        // A change reaches few of the files; what of them was worked out is asked for twice.
        assert!(
            asked - known < 30,
            "{change}: {known} of {asked}, {files} at first"
        );
        last = said;
    }
}

#[test]
fn what_did_not_change_is_not_looked_at() {
    let tree = tempfile::tempdir().unwrap();
    write_programs(tree.path());
    let shelf = Arc::new(Shelf::default());
    let (first, _) = rescan(tree.path(), &shelf, &[]);
    let (second, (known, asked)) = rescan(tree.path(), &shelf, &[]);
    assert!(first == second);
    assert_eq!(known, asked);
    assert_eq!(*shelf.saved.lock().unwrap(), 1, "it was all there");
}

#[test]
fn a_scan_of_some_paths_leaves_what_is_known_of_the_others() {
    let tree = tempfile::tempdir().unwrap();
    write_programs(tree.path());
    let shelf = Arc::new(Shelf::default());
    rescan(tree.path(), &shelf, &[]);
    prepend(tree.path(), "web/view1.py", "# moved\n");
    rescan(tree.path(), &shelf, &["web/view1.py"]);
    let (said, (known, asked)) = rescan(tree.path(), &shelf, &[]);
    assert!(said == from_nothing(tree.path()));
    assert!(asked - known < 10, "{known} of {asked}");
}

#[test]
fn what_was_kept_and_is_broken_costs_time_only() {
    let tree = tempfile::tempdir().unwrap();
    write_programs(tree.path());
    let expected = from_nothing(tree.path());
    let shelf = Arc::new(Shelf::default());
    rescan(tree.path(), &shelf, &[]);
    let whole = shelf.load().unwrap();
    let middle = whole.len() / 2;
    let mut changed = whole.clone();
    changed[middle] ^= 1;
    for broken in [
        &whole[..middle],
        &changed,
        b"",
        b"vega-scan-cache 1\n",
        b"text",
    ] {
        *shelf.entries.lock().unwrap() = Some(broken.to_vec());
        let (said, (known, _)) = rescan(tree.path(), &shelf, &[]);
        assert!(said == expected);
        assert_eq!(known, 0);
    }
    assert_eq!(shelf.load().unwrap(), whole, "the same is kept every time");
}

#[test]
fn what_cannot_be_kept_is_a_warning() {
    let shelf = Arc::new(Shelf {
        is_full: true,
        ..Shelf::default()
    });
    let memory = Memory::default();
    let with = EngineSettings {
        cache: Some(shelf),
        ..settings(1)
    };
    let tree = tempfile::tempdir().unwrap();
    write(tree.path(), "a.py", "import os\n");
    let outcome = scan_with(tree.path(), &memory, &with);
    assert!(outcome.report.warnings.is_empty(), "the result is whole");
    let events = memory.events.lock().unwrap();
    let warned = events.iter().any(|event| {
        matches!(event, EngineEvent::Log { message, .. } if message.contains("could not be kept"))
    });
    assert!(warned);
}

#[test]
fn a_scan_that_was_called_off_keeps_nothing() {
    let tree = tempfile::tempdir().unwrap();
    write_programs(tree.path());
    let shelf = Arc::new(Shelf::default());
    let cancel = CancellationToken::new();
    let memory = Memory {
        cancel_after: Some((1, cancel.clone())),
        ..Memory::default()
    };
    let with = EngineSettings {
        cache: Some(Arc::clone(&shelf) as Arc<dyn ScanCache>),
        ..settings(2)
    };
    let outcome = scan_source(tree.path(), None, &memory, &cancel, &memory, &with).unwrap();
    assert!(outcome.cancelled);
    assert_eq!(*shelf.saved.lock().unwrap(), 0);
}
