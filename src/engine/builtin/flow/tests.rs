//! Every folder of `tests/fixtures/flow` is a small program. Lines marked `expect: <rule>` are to be
//! found, by that rule and with a way that begins at a source; their twins beside them are not.

mod changes;
mod hostile;
mod rescans;

use super::{Flow, Models};
use crate::engine::{cache::Cache, inventory};
use std::{collections::BTreeSet, path::Path};
use tokio_util::sync::CancellationToken;

fn flow_of(root: &Path) -> (Flow, Vec<String>) {
    flow_with(root, &Cache::default())
}

fn flow_with(root: &Path, cache: &Cache) -> (Flow, Vec<String>) {
    let cancel = CancellationToken::new();
    let inventory = inventory::take_inventory(root, &cancel).unwrap();
    let all: Vec<usize> = (0..inventory.files.len()).collect();
    let paths = inventory.files.iter().map(|file| file.path.clone());
    (
        Flow::analyse(
            root,
            &inventory,
            &all,
            &Models::default(),
            cache,
            &|_, _| {},
            &cancel,
        ),
        paths.collect(),
    )
}

/// Where findings are expected: file, line, rule.
fn marks(root: &Path, files: &[String]) -> BTreeSet<(String, usize, String)> {
    let mut marks = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        for (at, line) in text.lines().enumerate() {
            if let Some((_, rules)) = line.split_once("expect: ") {
                let rules = rules.trim_end_matches("*/").split_whitespace();
                marks.extend(rules.map(|rule| (file.clone(), at + 1, rule.to_owned())));
            }
        }
    }
    marks
}

fn found(root: &Path, flow: &Flow, files: &[String]) -> BTreeSet<(String, usize, String)> {
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        for claim in flow.of(file).into_iter().flat_map(|flow| &flow.claims) {
            if claim.lead {
                continue;
            }
            let line = text[..claim.span.start].matches('\n').count() + 1;
            found.insert((file.clone(), line, claim.rule.id.to_owned()));
        }
    }
    found
}

#[test]
fn what_is_marked_is_found_and_nothing_else() {
    let all = Path::new("tests/fixtures/flow");
    let mut programs = 0;
    let mut told = String::new();
    for entry in std::fs::read_dir(all).unwrap() {
        let root = entry.unwrap().path();
        let (flow, files) = flow_of(&root);
        let (expected, found) = (marks(&root, &files), found(&root, &flow, &files));
        let missed: Vec<_> = expected.difference(&found).collect();
        let wrong: Vec<_> = found.difference(&expected).collect();
        for (what, places) in [("missed", missed), ("wrong", wrong)] {
            for (file, line, rule) in places {
                let folder = root.display();
                told.push_str(&format!("{what}: {folder}/{file}:{line} {rule}\n"));
            }
        }
        programs += usize::from(!expected.is_empty());
    }
    assert!(told.is_empty(), "{told}");
    assert!(programs > 0, "there are programs to look at");
}

#[test]
fn cycles_and_depth_come_to_an_end() {
    let tree = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(tree.path().join(name), text).unwrap();
    write(
        "a.py",
        "from b import *\nimport b\nclass A(b.B): pass\n".to_owned(),
    );
    write(
        "b.py",
        "from a import *\nimport a\nclass B(a.A): pass\nclass C(C): pass\n".to_owned(),
    );
    let mutual = "def f(x):\n    return g(x + 1)\ndef g(x):\n    return f([x, f, g])\nf(g)\n";
    write("c.py", mutual.to_owned());
    let chain: String = (0..3_000)
        .map(|at| format!("def f{at}(x):\n    return f{}(x)\n", at + 1))
        .collect();
    write("d.py", chain);
    let growing =
        "x = []\nwhile x:\n    x = [x, x]\n    y = {'a': x}\n    x.append(y)\n    s += s\n";
    write("e.py", growing.to_owned());
    let (flow, _) = flow_of(tree.path());
    assert!(flow.of("a.py").is_some());
}
