//! Golden dumps per construct, and lowerings of hostile and of random text.

use crate::engine::builtin::lower::dump_ir;
use std::{fs, path::Path};

fn fixtures(language: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ir");
    let mut found: Vec<_> = fs::read_dir(folder.join(language))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    found.sort();
    found
}

fn dump(name: &str, content: &[u8]) -> String {
    let dump = dump_ir(name, content.to_vec()).unwrap().unwrap();
    match dump.gap {
        Some(gap) => format!("gap: {gap}\n{}", dump.text),
        None => dump.text,
    }
}

#[test]
fn every_python_construct_has_its_golden_form() {
    for (name, content) in fixtures("python") {
        let source = String::from_utf8_lossy(&content);
        let form = format!("{source}\n---\n{}", dump(&name, &content));
        insta::assert_snapshot!(name.replace(".py", ""), form);
    }
}

#[test]
fn every_java_construct_has_its_golden_form() {
    for (name, content) in fixtures("java") {
        let source = String::from_utf8_lossy(&content);
        let form = format!("{source}\n---\n{}", dump(&name, &content));
        let name = name.replace(".java", "").to_lowercase();
        insta::assert_snapshot!(format!("java_{name}"), form);
    }
}

/// Texts whose depth or width would overflow a stack or never end.
fn hostile() -> Vec<(&'static str, String)> {
    let deep = 100_000;
    vec![
        (
            "parentheses",
            format!("x = {}1{}", "(".repeat(deep), ")".repeat(deep)),
        ),
        ("lists", "[".repeat(deep)),
        ("sum", format!("x = {}", vec!["a"; deep].join(" + "))),
        (
            "and",
            format!("if {}: pass", vec!["a"; 20_000].join(" and ")),
        ),
        ("not", format!("x = {} a", "not ".repeat(deep))),
        ("chain", format!("x = a{}", ".b()".repeat(50_000))),
        ("ternary", format!("x = {}0", "1 if a else ".repeat(20_000))),
        ("lambda", format!("x = {}0", "lambda: ".repeat(20_000))),
        (
            "blocks",
            (0..500)
                .map(|level| format!("{}if a:\n", " ".repeat(level)))
                .collect(),
        ),
        (
            "finally",
            (0..60).fold("return 1".to_owned(), |inner, _| {
                let inner = inner.replace('\n', "\n ");
                format!("try:\n {inner}\nfinally:\n g()")
            }),
        ),
        (
            "finally in finally",
            (0..40).fold("return 1".to_owned(), |inner, _| {
                let inner = inner.replace('\n', "\n ");
                format!("try:\n f()\nfinally:\n {inner}")
            }),
        ),
        ("nul", "x = '\0'\n\u{feff}y = \"\u{202e}\"".to_owned()),
    ]
}

#[test]
fn hostile_text_is_lowered_or_given_up_in_bounds() {
    for (name, text) in hostile() {
        let Some(dump) = dump_ir("a.py", text.into_bytes()) else {
            panic!("{name} is Python");
        };
        let length = dump.map_or(0, |dump| dump.text.len());
        assert!(length < 100_000_000, "{name}: {length}");
    }
}

mod random {
    use super::*;
    use proptest::prelude::*;

    /// Pieces of the fixtures in any order, cut anywhere.
    fn shuffled() -> impl Strategy<Value = String> {
        let text: String = fixtures("python")
            .into_iter()
            .map(|(_, content)| String::from_utf8(content).unwrap())
            .collect();
        let pieces: Vec<String> = text
            .split_inclusive([' ', '\n', '(', ':'])
            .map(str::to_owned)
            .collect();
        prop::collection::vec(prop::sample::select(pieces), 0..120)
            .prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_text_is_lowered_without_a_panic(text in shuffled(), cut in 0_usize..200) {
            let mut text = text;
            let at = text.len().saturating_sub(cut);
            if text.is_char_boundary(at) {
                text.truncate(at);
            }
            let first = dump_ir("a.py", text.clone().into_bytes()).unwrap();
            let again = dump_ir("a.py", text.into_bytes()).unwrap();
            let text = |dump: Result<crate::engine::IrDump, String>| dump.map(|it| it.text);
            prop_assert_eq!(text(first), text(again));
        }
    }
}
