//! SARIF output against the structure the standard prescribes
//! (`tests/fixtures/sarif-2.1.0.structure.json`).

use super::{Memory, fixture, scan};
use serde_json::Value;
use std::path::Path;
use vega::{
    domain::finding::{TraceRole, TraceStep},
    engine::{Report, SarifContext, SarifExtra, to_sarif},
};

pub(super) fn assert_valid(report: &Report, context: &SarifContext) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sarif-2.1.0.structure.json");
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // As published it has a stray bracket, which no ECMAScript engine in unicode mode reads.
    for holder in ["run", "toolComponent"] {
        schema["definitions"][holder]["properties"]["language"]["pattern"] =
            Value::from("^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    }
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let sarif = to_sarif(report, context);
    let faults: Vec<String> = validator
        .iter_errors(&sarif)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn everything(report: &Report) -> SarifContext {
    let extra = |index: usize| SarifExtra {
        finding_id: Some(format!("fnd_{index}")),
        suppressed: index.is_multiple_of(2).then(|| "accepted".to_owned()),
        baseline_state: Some(["new", "unchanged", "updated", "absent"][index % 4].to_owned()),
    };
    let findings = report.findings.iter().enumerate();
    SarifContext {
        automation_id: Some("vega/app/".to_owned()),
        revision: Some("8f4b7f84".to_owned()),
        repository_uri: Some("https://git.example.org/team/app".to_owned()),
        extra: findings
            .map(|(index, finding)| (finding.anchor.fingerprint.clone(), extra(index)))
            .collect(),
        include_leads: true,
    }
}

#[test]
fn an_empty_report_is_valid_sarif() {
    let tree = tempfile::tempdir().unwrap();
    let report = scan(tree.path(), &Memory::default(), 1).report;
    assert_valid(&report, &SarifContext::default());
}

#[test]
fn the_golden_scan_is_valid_sarif_with_and_without_what_a_store_adds() {
    let report = scan(&fixture(), &Memory::default(), 1).report;
    assert_valid(&report, &SarifContext::default());
    assert_valid(&report, &everything(&report));
}

#[test]
fn a_trace_is_a_valid_code_flow() {
    let mut report = scan(&fixture(), &Memory::default(), 1).report;
    let content = &mut report.findings[0].content;
    content.trace = [TraceRole::Source, TraceRole::Step, TraceRole::Sink]
        .into_iter()
        .zip(1..)
        .map(|(role, line)| TraceStep {
            file: content.location.file_path.clone(),
            line,
            role,
            symbol: "orders".to_owned(),
            note: "the value goes on".to_owned(),
        })
        .collect();
    let more = content.evidence[0].clone();
    content.evidence.push(more);
    let sarif = to_sarif(&report, &SarifContext::default());
    let flow = &sarif["runs"][0]["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"];
    assert_eq!(flow.as_array().unwrap().len(), 3);
    assert_valid(&report, &SarifContext::default());
}

#[test]
fn hostile_paths_are_valid_sarif() {
    let tree = tempfile::tempdir().unwrap();
    for folder in [
        "a b%20c",
        "q?x=1#y",
        "ümläut-日本",
        "back\\slash",
        "new\nline",
        "c:",
        "..x",
        "quote\"'",
    ] {
        let folder = tree.path().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join("a:b.py"),
            "import tempfile\ntempfile.mktemp()\n",
        )
        .unwrap();
    }
    let report = scan(tree.path(), &Memory::default(), 1).report;
    assert!(report.findings.len() >= 6, "{}", report.findings.len());
    assert_valid(&report, &everything(&report));
}
