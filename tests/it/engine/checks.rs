//! Every rule against its fixtures: `tests/fixtures/checks/<area>/<rule>/{bad,lead,good}[.<name>].<ext>`.
//!
//! `bad` must be flagged, `lead` must give leads only, `good` nothing by that rule. What is said of
//! `bad` and `lead` stands in `findings.snap` beside them. Secret formats have no files: tokens are
//! made in code, in `builtin/secrets/formats_tests.rs`.

use super::{Memory, scan};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};
use vega::{domain::finding::DetectedFinding, engine::builtin};

/// A fixture and the place where such a file would stand in a project.
struct Fixture {
    name: String,
    place: &'static str,
    text: String,
}

impl Fixture {
    fn kind(&self) -> &str {
        self.name.split('.').next().unwrap()
    }

    /// What `rule` says of the file; an error when the file could not be read whole.
    fn findings(&self, rule: &str) -> Result<Vec<DetectedFinding>, String> {
        let tree = tempfile::tempdir().unwrap();
        let file = tree.path().join(self.place);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &self.text).unwrap();
        let report = scan(tree.path(), &Memory::default(), 1).report;
        let gaps = &report.coverage_summary.gaps;
        if !gaps.is_empty() {
            return Err(format!("{rule} {}: {gaps:?}", self.name));
        }
        let mut findings = report.findings;
        findings.retain(|finding| finding.content.rule_id == rule);
        findings.sort_by_key(|finding| {
            let location = &finding.content.location;
            (location.start_line, location.start_column)
        });
        Ok(findings)
    }
}

fn folder(area: &str, rule: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/checks")
        .join(area)
        .join(rule)
}

fn fixtures(area: &str, rule: &str) -> Vec<Fixture> {
    let mut fixtures: Vec<Fixture> = std::fs::read_dir(folder(area, rule))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .filter(|(name, _)| !name.contains(".snap"))
        .map(|(name, path)| Fixture {
            place: match area {
                "python" if name.ends_with(".settings.py") => "app/settings.py",
                "python" => "app/main.py",
                "java" => "src/main/java/shop/Shop.java",
                "dockerfile" => "Dockerfile",
                "compose" => "compose.yaml",
                "github_actions" => ".github/workflows/ci.yml",
                "kubernetes" => "deploy/shop.yaml",
                "terraform" => "infra/main.tf",
                "javascript" => "app/main.jsx",
                "helm" if name.ends_with(".template.yaml") => "chart/templates/pod.yaml",
                "helm" => "chart/values.yaml",
                other => panic!("no place is known for files of {other}"),
            },
            text: std::fs::read_to_string(path).unwrap(),
            name,
        })
        .collect();
    fixtures.sort_by(|a, b| a.name.cmp(&b.name));
    fixtures
}

fn described(fixtures: &[Fixture], rule: &str) -> String {
    let mut text = String::new();
    for fixture in fixtures.iter().filter(|fixture| fixture.kind() != "good") {
        for finding in fixture.findings(rule).unwrap_or_default() {
            let content = &finding.content;
            let evidence = &content.evidence[0];
            let _ = writeln!(
                text,
                "{}:{} {}{} {:.2} in [{}] at [{}]\n  {}",
                fixture.name,
                content.location.start_line,
                if content.lead { "lead " } else { "" },
                content.severity,
                content.confidence,
                finding.anchor.symbol,
                finding.anchor.sink_symbol,
                content.summary,
            );
            for line in evidence.snippet.lines() {
                let _ = writeln!(text, "  | {line}");
            }
        }
    }
    text
}

/// Rules whose claims wait for something: the representation of Java, and data flow that tells whether
/// a page got stored data.
fn waits(rule: &builtin::Rule) -> bool {
    let lowered = builtin::dump_ir("Shop.java", Vec::new()).is_some();
    rule.area == "java" && !lowered || rule.id.ends_with("-stored-xss")
}

#[test]
fn every_rule_is_held_by_its_fixtures_and_snapshot() {
    let mut wrong = Vec::new();
    for rule in builtin::rules()
        .iter()
        .filter(|rule| rule.area != "secrets" && !waits(rule))
    {
        let fixtures = fixtures(rule.area, rule.id);
        for kind in ["bad", "good"] {
            if !fixtures.iter().any(|fixture| fixture.kind() == kind) {
                wrong.push(format!("{} has no {kind} fixture", rule.id));
            }
        }
        for fixture in &fixtures {
            let findings = match fixture.findings(rule.id) {
                Ok(findings) => findings,
                Err(fault) => {
                    wrong.push(fault);
                    continue;
                }
            };
            let lines: Vec<u32> = findings
                .iter()
                .map(|finding| finding.content.location.start_line)
                .collect();
            let right = match fixture.kind() {
                "bad" => !findings.is_empty(),
                "lead" => {
                    !findings.is_empty() && findings.iter().all(|finding| finding.content.lead)
                }
                "good" => findings.is_empty(),
                _ => false,
            };
            if !right {
                wrong.push(format!("{} {}: lines {lines:?}", rule.id, fixture.name));
            }
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder(rule.area, rule.id));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("findings", described(&fixtures, rule.id)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_fixture_is_left_without_its_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checks");
    for area in std::fs::read_dir(root).unwrap() {
        for entry in std::fs::read_dir(area.unwrap().path()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name == "formats.snap" {
                continue;
            }
            assert!(builtin::rule(&name).is_some(), "{name}");
        }
    }
}
