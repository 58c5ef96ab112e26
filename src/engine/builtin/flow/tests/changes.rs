//! Whatever changes between two scans, the second one says what one says that knows nothing.

use super::rescans::Tree;
use proptest::{prelude::*, test_runner::TestRunner};
use std::fs;

/// A change of one file: which, where in it, what.
type Edit = (prop::sample::Index, prop::sample::Index, u8);

fn edit(tree: &Tree, (file, line, kind): &Edit) {
    let files = tree.files();
    if files.is_empty() {
        return;
    }
    let path = &files[file.index(files.len())];
    let text = fs::read_to_string(path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let at = line.index(lines.len().max(1));
    match kind {
        0 => fs::remove_file(path).unwrap(),
        1 => {
            let new = path.with_file_name(format!("a{}", path.file_name().unwrap().display()));
            fs::rename(path, new).unwrap();
        }
        2 => fs::write(path.with_extension("copy.py"), &text).unwrap(),
        3 | 4 if at < lines.len() => {
            lines.remove(at);
            fs::write(path, lines.join("\n")).unwrap();
        }
        5 | 6 if at + 1 < lines.len() => {
            lines.swap(at, at + 1);
            fs::write(path, lines.join("\n")).unwrap();
        }
        7 => fs::write(path, format!("{text}\n")).unwrap(),
        _ => fs::write(path, format!("\n{text}")).unwrap(),
    }
}

fn edits() -> impl Strategy<Value = Vec<Vec<Edit>>> {
    let edit = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0..9_u8,
    );
    prop::collection::vec(prop::collection::vec(edit, 1..3), 3)
}

fn scan_after(mut tree: Tree, rounds: &[Vec<Edit>]) {
    tree.scan();
    for edits in rounds {
        edits.iter().for_each(|it| edit(&tree, it));
        tree.scan();
    }
}

/// Whatever changes in the programs of a language. A case is eight scans of all of them, so there is one
/// for twenty of other properties.
fn check(language: &str) {
    let given = ProptestConfig::with_source_file(file!());
    let mut runner = TestRunner::new(ProptestConfig {
        cases: given.cases / 20,
        ..given
    });
    let checked = runner.run(&edits(), |rounds| {
        scan_after(Tree::of_programs(language), &rounds);
        Ok(())
    });
    checked.unwrap();
}

#[test]
fn whatever_changes_in_python_the_report_is_the_same() {
    check("python");
}

#[test]
fn whatever_changes_in_java_the_report_is_the_same() {
    check("java");
}
