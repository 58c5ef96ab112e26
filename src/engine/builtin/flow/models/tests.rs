//! Every model against its fixtures: `tests/fixtures/models/<language>/<file>/*`.
//!
//! A line where something must be found ends in a comment, `flow: sql-injection`, with `?` behind the
//! rule where a step of the way is not known and `~` where it is a lead. Every other line is a safe
//! twin: nothing may be found there. A row without which everything would be found as before is not
//! held by any fixture. Files of settings beside them are the settings of each.

use super::{embedded::FILES, *};
use crate::engine::{
    builtin::{
        flow::{config::Config, trial},
        text::SourceText,
    },
    inventory::FileRole,
};
use rayon::prelude::*;
use std::{cell::Cell, collections::BTreeSet, fmt::Write as _, path::Path};
use tokio_util::sync::CancellationToken;

/// What is about several files is held by trees in `tests/it/engine/templates.rs`.
const IN_TREES: [&str; 2] = ["templates", "output"];

thread_local! {
    /// The file and the row that are left out on this thread.
    static LEFT_OUT: Cell<Option<(&'static str, usize)>> = const { Cell::new(None) };
}

/// A file without the row that is left out.
pub(super) fn lessened(name: &str, mut file: ModelFile) -> ModelFile {
    if let Some((of, row)) = LEFT_OUT.get()
        && of == name
    {
        file.rows.remove(row);
    }
    file
}

fn folder(language: Language, name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/models")
        .join(language.as_str())
        .join(name)
}

/// The fixtures of a model file.
struct Fixtures {
    sources: Vec<SourceText>,
    config: Config,
}

impl Fixtures {
    fn of(language: Language, name: &str) -> Self {
        let extension = match language {
            Language::Java => ".java",
            _ => ".py",
        };
        let mut fixtures = Self {
            sources: Vec::new(),
            config: Config::default(),
        };
        for entry in std::fs::read_dir(folder(language, name))
            .into_iter()
            .flatten()
        {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let bytes = std::fs::read(&path).unwrap();
            if name.ends_with(extension) {
                let role = FileRole::Production;
                let source = SourceText::new(name, Some(language), role, bytes);
                fixtures.sources.push(source);
            } else {
                fixtures.config.add(name, bytes, &CancellationToken::new());
            }
        }
        fixtures.sources.sort_by(|a, b| a.path.cmp(&b.path));
        fixtures
    }

    /// What is found in one of them.
    fn found(
        &self,
        source: &SourceText,
        language: Language,
        without: Option<(&'static str, usize)>,
    ) -> BTreeSet<(u32, String)> {
        let flow = trial::beside(&self.config, source, || LEFT_OUT.set(without)).unwrap();
        let claims = flow.claims.iter().map(|claim| {
            let rule = claim.rule.id.strip_prefix(language.as_str()).unwrap();
            let mut said = rule.trim_start_matches('-').to_owned();
            if !claim.proved {
                said.push('?');
            }
            if claim.lead {
                said.push('~');
            }
            (source.lines.line_of(claim.span.start), said)
        });
        claims.collect()
    }
}

/// What the comments of a fixture say: line and rules.
fn expected(source: &SourceText) -> BTreeSet<(u32, String)> {
    let lines = source.text.lines().zip(1..);
    lines
        .flat_map(|(line, number)| {
            let said = line.split_once(" flow: ").map_or("", |(_, said)| said);
            said.split_whitespace()
                .map(move |rule| (number, rule.to_owned()))
        })
        .collect()
}

#[test]
fn every_file_can_be_read_and_names_rules_that_exist() {
    let mut wrong = Vec::new();
    for (language, name, text) in FILES {
        let file = match parse(text) {
            Ok(file) => file,
            Err(fault) => {
                wrong.push(format!("{name}: {fault}"));
                continue;
            }
        };
        if file.docs.is_empty() || file.docs.iter().any(|url| !url.starts_with("https://")) {
            wrong.push(format!("{name} does not say where its facts come from"));
        }
        // What a user's file is held to holds of these as well.
        for row in &file.rows {
            for fault in check::faults(*language, row) {
                wrong.push(format!("{name}: {fault}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_page_about_models_has_every_member_and_valid_examples() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/design/models.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut examples = String::new();
    for example in page.split("```yaml\n").skip(1) {
        let (example, _) = example.split_once("```").unwrap();
        let language = match example.starts_with("# java") {
            true => Language::Java,
            false => Language::Python,
        };
        for row in parse(example).unwrap().rows {
            assert_eq!(check::faults(language, &row), [""; 0], "{:?}", row.names);
        }
        examples.push_str(example);
    }
    // An unknown member is refused with the names of those that exist.
    let refusal = parse("rows: [{names: [], nonsense: 1}]")
        .unwrap_err()
        .to_string();
    let (_, members) = refusal.split_once("expected one of").unwrap();
    let members: Vec<&str> = members
        .split(|c: char| !c.is_ascii_lowercase() && c != '-')
        .filter(|word| page.contains(&format!("| `{word}` |")))
        .collect();
    assert_eq!(members.len(), 22, "{refusal}");
    for member in members {
        assert!(examples.contains(&format!("{member}: ")), "{member}");
    }
}

#[test]
fn every_fixture_is_judged_as_it_says() {
    let mut wrong = String::new();
    for (language, name, _) in FILES.iter().filter(|file| !IN_TREES.contains(&file.1)) {
        let fixtures = Fixtures::of(*language, name);
        if fixtures.sources.is_empty() {
            let _ = writeln!(wrong, "{} {name}: fixtures?", language.as_str());
        }
        for source in &fixtures.sources {
            let found = fixtures.found(source, *language, None);
            let expected = expected(source);
            let twins = source.text.lines().count() > expected.len();
            assert!(twins && !expected.is_empty(), "{}", source.path);
            for (line, rule) in expected.difference(&found) {
                let _ = writeln!(wrong, "{name}/{}:{line} misses {rule}", source.path);
            }
            for (line, rule) in found.difference(&expected) {
                let _ = writeln!(wrong, "{name}/{}:{line} must not have {rule}", source.path);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Rows that no fixture would miss.
fn idle(language: Language, name: &'static str, text: &str) -> Vec<String> {
    let rows = parse(text).unwrap().rows;
    let fixtures = Fixtures::of(language, name);
    let found = |without| {
        let sources = fixtures.sources.iter();
        let found = sources.map(|source| fixtures.found(source, language, without));
        found.collect::<Vec<_>>()
    };
    let whole = found(None);
    let rows = rows.par_iter().enumerate();
    let rows = rows.filter(|(row, _)| found(Some((name, *row))) == whole);
    rows.map(|(_, row)| format!("{} {name}: {}", language.as_str(), row.names[0]))
        .collect()
}

#[test]
fn every_row_is_missed_when_it_is_left_out() {
    let idle: Vec<String> = FILES
        .iter()
        .filter(|file| !IN_TREES.contains(&file.1))
        .flat_map(|(language, name, text)| idle(*language, name, text))
        .collect();
    assert!(idle.is_empty(), "{}: {idle:#?}", idle.len());
}
