//! The engine as its callers see it: golden scans, determinism, resuming, cancelling, reports.

#![expect(
    clippy::unwrap_used,
    reason = "tests say what they expect by unwrapping"
)]

mod checks;
mod flow;
mod packages;
mod rescan;
mod sarif;
mod templates;
mod tree_notes;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Mutex,
};
use tokio_util::sync::CancellationToken;
use vega::{
    engine::{
        Checkpoints, Color, EngineEvent, EngineSettings, EventSink, SarifContext, ScanOutcome,
        builtin, check_auditors, generate_threat_profile, scan_source, to_json, to_sarif, to_text,
    },
    error::Result,
};

#[derive(Default)]
struct Memory {
    events: Mutex<Vec<EngineEvent>>,
    saved: Mutex<BTreeMap<String, Vec<u8>>>,
    cancel_after: Option<(usize, CancellationToken)>,
}

impl EventSink for Memory {
    fn emit(&self, event: EngineEvent) {
        let mut events = self.events.lock().unwrap();
        events.push(event);
        if let Some((after, token)) = &self.cancel_after
            && finished(&events) == *after
        {
            token.cancel();
        }
    }
}

impl Checkpoints for Memory {
    fn load(&self, component: &str) -> Option<Vec<u8>> {
        self.saved.lock().unwrap().get(component).cloned()
    }

    fn save(&self, component: &str, result: &[u8]) -> Result<()> {
        self.saved
            .lock()
            .unwrap()
            .insert(component.to_owned(), result.to_vec());
        Ok(())
    }
}

fn finished(events: &[EngineEvent]) -> usize {
    events
        .iter()
        .filter(|event| matches!(event, EngineEvent::ComponentFinished { .. }))
        .count()
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/app")
}

fn settings(threads: usize) -> EngineSettings {
    EngineSettings {
        threads,
        ..EngineSettings::default()
    }
}

fn scan(root: &Path, memory: &Memory, threads: usize) -> ScanOutcome {
    scan_source(
        root,
        None,
        memory,
        &CancellationToken::new(),
        memory,
        &settings(threads),
    )
    .unwrap()
}

#[test]
fn golden_scan_of_a_small_application() {
    let outcome = scan(&fixture(), &Memory::default(), 2);
    let lines: Vec<String> = outcome
        .report
        .findings
        .iter()
        .map(|finding| {
            let content = &finding.content;
            format!(
                "{}{} {} {}:{} in {}",
                if content.lead { "lead " } else { "" },
                content.severity,
                content.rule_id,
                content.location.file_path,
                content.location.start_line,
                finding.anchor.symbol,
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "high actions-script-injection .github/workflows/greet.yml:8 in greet",
            "high python-sql-injection app/main.py:20 in orders",
            "high python-tls-verification-off app/main.py:33 in stock",
            "high compose-docker-socket compose.yaml:6 in web",
            "medium dockerfile-pipe-to-shell Dockerfile:3 in stage0",
            "low dockerfile-unpinned-base Dockerfile:1 in ",
            "low compose-published-database compose.yaml:10 in db",
            "low dockerfile-root-user Dockerfile:1 in ",
            "info python-unsafe-deserialization tests/test_main.py:6 in test_shell",
        ]
    );
    assert_eq!(outcome.report.summary.unanchored, 0);
    assert!(outcome.scope.whole_tree);
    assert!(
        outcome
            .report
            .coverage_summary
            .gaps
            .keys()
            .any(|reason| reason.contains("for go"))
    );
}

#[test]
fn every_file_is_in_the_ledger_once() {
    let outcome = scan(&fixture(), &Memory::default(), 2);
    let paths: Vec<_> = outcome
        .report
        .coverage
        .iter()
        .map(|entry| &entry.path)
        .collect();
    let distinct: std::collections::BTreeSet<_> = paths.iter().collect();
    assert_eq!(paths.len(), distinct.len());
    assert_eq!(paths.len() as u64, outcome.report.coverage_summary.files);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let reports: Vec<_> = [1, 2, 4]
        .into_iter()
        .map(|threads| to_json(&scan(&fixture(), &Memory::default(), threads).report).unwrap())
        .collect();
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0], reports[2]);
}

#[test]
fn a_scan_resumed_from_checkpoints_gives_the_same_report_and_events() {
    let first = Memory::default();
    let whole = to_json(&scan(&fixture(), &first, 2).report).unwrap();
    let token = CancellationToken::new();
    let cut = Memory {
        cancel_after: Some((2, token.clone())),
        ..Memory::default()
    };
    let outcome = scan_source(&fixture(), None, &cut, &token, &cut, &settings(2)).unwrap();
    assert!(outcome.cancelled && outcome.report.partial && !outcome.scope.whole_tree);
    assert_eq!(cut.saved.lock().unwrap().len(), 2);
    let resumed = Memory {
        saved: Mutex::new(cut.saved.lock().unwrap().clone()),
        ..Memory::default()
    };
    assert_eq!(
        to_json(&scan(&fixture(), &resumed, 1).report).unwrap(),
        whole
    );
    assert_eq!(
        finished(&resumed.events.lock().unwrap()),
        finished(&first.events.lock().unwrap())
    );
}

#[test]
fn a_checkpoint_of_other_content_is_ignored() {
    let tree = tempfile::tempdir().unwrap();
    let file = tree.path().join("a.py");
    std::fs::write(&file, "import tempfile\ntempfile.mktemp()\n").unwrap();
    let memory = Memory::default();
    assert_eq!(scan(tree.path(), &memory, 1).report.findings.len(), 1);
    std::fs::write(&file, "x = 1\n").unwrap();
    assert_eq!(scan(tree.path(), &memory, 1).report.findings.len(), 0);
}

#[test]
fn a_cancelled_scan_ends_at_once_with_a_partial_report() {
    let token = CancellationToken::new();
    token.cancel();
    let memory = Memory::default();
    let outcome = scan_source(&fixture(), None, &memory, &token, &memory, &settings(2)).unwrap();
    assert!(outcome.cancelled);
    assert!(outcome.report.findings.is_empty());
}

#[test]
fn an_empty_tree_completes() {
    let tree = tempfile::tempdir().unwrap();
    let outcome = scan(tree.path(), &Memory::default(), 1);
    assert_eq!(outcome.report.summary.findings.total(), 0);
    let sarif = to_sarif(&outcome.report, &SarifContext::default());
    assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn paths_choose_what_is_looked_at_and_the_rest_is_a_gap() {
    let memory = Memory::default();
    let chosen = EngineSettings {
        paths: vec!["app/**".to_owned()],
        ..settings(1)
    };
    let outcome = scan_source(
        &fixture(),
        None,
        &memory,
        &CancellationToken::new(),
        &memory,
        &chosen,
    )
    .unwrap();
    assert!(
        outcome.report.findings.iter().all(|finding| finding
            .content
            .location
            .file_path
            .starts_with("app/"))
    );
    assert!(!outcome.scope.whole_tree);
    assert!(
        outcome
            .report
            .coverage_summary
            .gaps
            .contains_key("outside the selected paths")
    );
}

#[test]
fn moved_lines_do_not_change_fingerprints() {
    let tree = tempfile::tempdir().unwrap();
    let file = tree.path().join("a.py");
    let code = "import tempfile\ndef f():\n    tempfile.mktemp()\n";
    std::fs::write(&file, code).unwrap();
    let before = scan(tree.path(), &Memory::default(), 1).report.findings[0]
        .anchor
        .fingerprint
        .clone();
    std::fs::write(&file, format!("# moved\n\n\n{code}")).unwrap();
    let after = scan(tree.path(), &Memory::default(), 1).report.findings[0]
        .anchor
        .fingerprint
        .clone();
    assert_eq!(before, after);
}

#[test]
fn secrets_are_nowhere_in_what_leaves_the_engine() {
    let tree = tempfile::tempdir().unwrap();
    let secret = ["q7Zk2mWv9RtY", "4bNc6XsE8dHf"].concat();
    let code = format!("import tempfile\nAPI_TOKEN = '{secret}'; x = tempfile.mktemp()\n");
    std::fs::write(tree.path().join("a.py"), code).unwrap();
    let memory = Memory::default();
    let outcome = scan(tree.path(), &memory, 1);
    assert_eq!(outcome.report.findings.len(), 2);
    let mut all = String::from_utf8(to_json(&outcome.report).unwrap()).unwrap();
    all += &to_sarif(&outcome.report, &SarifContext::default()).to_string();
    all += &to_text(&outcome.report, Color::Never, false);
    all += &format!("{:?}", memory.events.lock().unwrap());
    for (_, bytes) in &outcome.debug.files {
        all += &String::from_utf8_lossy(bytes);
    }
    assert!(!all.contains(&secret));
}

#[test]
fn sarif_keeps_to_the_rules_of_code_scanning() {
    let outcome = scan(&fixture(), &Memory::default(), 1);
    let sarif = to_sarif(
        &outcome.report,
        &SarifContext {
            include_leads: true,
            ..SarifContext::default()
        },
    );
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            .as_str()
            .unwrap();
        assert!(!uri.starts_with('/') && !uri.contains(' '));
    }
    for rule in rules {
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 20);
        assert!(
            rule["properties"]["security-severity"]
                .as_str()
                .unwrap()
                .parse::<f64>()
                .is_ok()
        );
    }
}

#[test]
fn unknown_and_unusable_auditors_are_refused_with_what_exists() {
    assert!(check_auditors(&["auto".to_owned(), "builtin".to_owned()]).is_ok());
    let unknown = check_auditors(&["nessie".to_owned()]).unwrap_err();
    assert!(unknown.message().contains("builtin"));
    let codex = check_auditors(&["codex".to_owned()]).unwrap_err();
    assert!(codex.message().contains("AI provider"));
}

#[test]
fn a_profile_says_what_lies_in_the_tree() {
    let profile = generate_threat_profile(&fixture()).unwrap();
    assert_eq!(profile, generate_threat_profile(&fixture()).unwrap());
    assert_eq!(profile.application_type, "web_application");
    assert_eq!(
        profile.languages.first().map(String::as_str),
        Some("python")
    );
    assert!(profile.frameworks.contains(&"flask".to_owned()));
    assert!(
        profile
            .entry_points
            .iter()
            .any(|entry| entry.kind == "http_route" && entry.location == "app/main.py:16")
    );
    assert!(
        profile
            .entry_points
            .iter()
            .any(|entry| entry.kind == "container_port")
    );
    assert!(
        profile
            .focus_areas
            .iter()
            .all(|area| area.cwe.starts_with("CWE-") && area.weight <= 1.0)
    );
}

/// The pages derive from the rules; when they differ, the right ones lie in the build folder.
#[test]
fn every_rule_has_its_page() {
    let expected = Path::new(env!("CARGO_TARGET_TMPDIR")).join("checks");
    let actual = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks");
    let mut wrong = Vec::new();
    for rule in builtin::rules() {
        let page = builtin::page(rule);
        let place = Path::new(rule.area).join(format!("{}.md", rule.id));
        std::fs::create_dir_all(expected.join(rule.area)).unwrap();
        std::fs::write(expected.join(&place), &page).unwrap();
        if std::fs::read_to_string(actual.join(&place)).ok() != Some(page) {
            wrong.push(rule.id);
        }
    }
    assert!(
        wrong.is_empty(),
        "copy {} to docs/checks: {wrong:?}",
        expected.display()
    );
}

#[test]
fn rules_that_the_operator_switched_off_neither_claim_nor_resolve() {
    let overrides = tempfile::tempdir().unwrap();
    std::fs::create_dir(overrides.path().join("rules")).unwrap();
    std::fs::write(
        overrides.path().join("rules/disabled.txt"),
        "# ours\ndockerfile-root-user  # by design\n\nno-such-rule\n",
    )
    .unwrap();
    let memory = Memory::default();
    let whole = scan(&fixture(), &memory, 1);
    // The same checkpoints: they must not count for another set of rules.
    let less = scan_source(
        &fixture(),
        None,
        &memory,
        &CancellationToken::new(),
        &memory,
        &EngineSettings {
            overrides: Some(overrides.path().to_owned()),
            ..settings(1)
        },
    )
    .unwrap();
    let count = |outcome: &ScanOutcome| outcome.report.findings.len();
    assert_eq!(count(&less), count(&whole) - 1);
    assert!(
        less.report
            .warnings
            .iter()
            .any(|line| line.contains("no-such-rule"))
    );
    assert_ne!(
        less.report.engine.rules_version,
        whole.report.engine.rules_version
    );
    let builtin = ["builtin".to_owned()];
    let covers =
        |outcome: &ScanOutcome, rule: &str| outcome.scope.covers(&builtin, rule, "Dockerfile");
    assert!(covers(&whole, "dockerfile-root-user"));
    assert!(!covers(&less, "dockerfile-root-user"));
    assert!(covers(&less, "dockerfile-unpinned-base"));
}

#[test]
fn a_checkpoint_of_other_models_is_ignored() {
    let tree = tempfile::tempdir().unwrap();
    let text = "import acme\nacme.run('ls ' + acme.ask())\n";
    std::fs::write(tree.path().join("a.py"), text).unwrap();
    let overrides = tempfile::tempdir().unwrap();
    let models = overrides.path().join("models/python");
    std::fs::create_dir_all(&models).unwrap();
    let memory = Memory::default();
    let with = EngineSettings {
        overrides: Some(overrides.path().to_owned()),
        ..settings(1)
    };
    let found = || {
        let cancel = CancellationToken::new();
        let outcome = scan_source(tree.path(), None, &memory, &cancel, &memory, &with);
        outcome.map(|outcome| outcome.report.findings.len())
    };
    assert_eq!(found().unwrap(), 0);
    let source = "rows: [{names: [acme.ask()], source: {trust: remote, what: form}}]\n";
    std::fs::write(models.join("a.yaml"), source).unwrap();
    assert_eq!(found().unwrap(), 0);
    let sink = "{arg: '0', context: shell, rule: command-injection}";
    let sink = format!("rows: [{{names: [acme.run()], sinks: [{sink}]}}]\n");
    std::fs::write(models.join("b.yaml"), &sink).unwrap();
    assert_eq!(found().unwrap(), 1);
    std::fs::remove_file(models.join("b.yaml")).unwrap();
    assert_eq!(found().unwrap(), 0);
    std::fs::write(models.join("b.yaml"), sink.replace("shell", "shel")).unwrap();
    let error = found().unwrap_err();
    assert_eq!(error.code(), vega::error::ErrorCode::ValidationError);
    assert!(
        error.message().contains("models/python/b.yaml:1"),
        "{error}"
    );
}

#[test]
fn silence_resolves_only_what_was_looked_for() {
    let tree = tempfile::tempdir().unwrap();
    std::fs::write(tree.path().join("a.py"), "x = 1\n").unwrap();
    std::fs::write(tree.path().join("broken.py"), "def (:\n  = 1\n").unwrap();
    std::fs::write(tree.path().join("A.kt"), "class A\n").unwrap();
    let scope = scan(tree.path(), &Memory::default(), 1).scope;
    let builtin = ["builtin".to_owned()];
    let covers = |rule: &str, path: &str| scope.covers(&builtin, rule, path);
    assert!(covers("python-sql-injection", "a.py"));
    assert!(covers("secret-generic", "a.py"));
    assert!(
        covers("secret-generic", "A.kt"),
        "secrets are looked for in any text"
    );
    assert!(covers("secret-generic", "gone.py"), "the file is gone");
    assert!(!covers("python-sql-injection", "broken.py"));
    assert!(!covers("kotlin-sql-injection", "A.kt"), "no such rule ran");
    assert!(!scope.covers(&["import:other".to_owned()], "secret-generic", "a.py"));
}
