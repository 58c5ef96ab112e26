//! What the audited tree says about its own audit: `.vegaignore` and `vega:ignore` comments.

use super::{Memory, scan, settings};
use serde_json::Value;
use std::path::Path;
use tokio_util::sync::CancellationToken;
use vega::engine::{
    EngineSettings, IgnoreFile, Report, SarifContext, TreeNotes,
    report::{Baseline, ReportContext, compare, to_csv, to_html, to_json, to_markdown},
    scan_source, to_sarif, to_text,
};

const FAULT: &str = "import tempfile\n\ndef f():\n    tempfile.mktemp()\n";
const RULE: &str = "python-temporary-file-race";

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn obeying(root: &Path) -> Report {
    let notes = TreeNotes {
        ignore_file: IgnoreFile::Obeyed,
        suppressions_on: Some("2026-06-15".to_owned()),
    };
    let settings = EngineSettings {
        notes,
        ..settings(1)
    };
    let memory = Memory::default();
    scan_source(
        root,
        None,
        &memory,
        &CancellationToken::new(),
        &memory,
        &settings,
    )
    .unwrap()
    .report
}

fn suppressing(comment: &str) -> Report {
    let code = format!("import tempfile\n\ndef f():\n    {comment}\n    tempfile.mktemp()\n");
    obeying(tree(&[("a.py", &code)]).path())
}

#[test]
fn excluded_files_are_counted_and_in_the_ledger() {
    let folder = tree(&[
        (".vegaignore", "old/\n"),
        ("old/a.py", FAULT),
        ("b.py", FAULT),
    ]);
    let report = obeying(folder.path());
    assert_eq!(report.summary.excluded, 1);
    assert_eq!(report.findings.len(), 1);
    let entry = report
        .coverage
        .iter()
        .find(|entry| entry.path == "old/a.py")
        .unwrap();
    assert_eq!(entry.reason, "excluded by .vegaignore");
    assert!(
        to_text(&report, vega::engine::Color::Never, false)
            .contains("1 file excluded by .vegaignore")
    );
    let whole = scan(folder.path(), &Memory::default(), 1).report;
    assert_eq!((whole.findings.len(), whole.summary.excluded), (2, 0));
}

#[test]
fn an_ignore_file_in_the_one_top_folder_of_an_archive_counts_too() {
    let folder = tree(&[
        ("app-1.0/.vegaignore", "/old/\n"),
        ("app-1.0/old/a.py", FAULT),
    ]);
    assert_eq!(obeying(folder.path()).summary.excluded, 1);
}

#[cfg(unix)]
#[test]
fn an_ignore_file_that_is_a_link_is_not_obeyed() {
    let outside = tree(&[("patterns", "*\n")]);
    let folder = tree(&[("a.py", FAULT)]);
    std::os::unix::fs::symlink(
        outside.path().join("patterns"),
        folder.path().join(".vegaignore"),
    )
    .unwrap();
    let report = obeying(folder.path());
    assert_eq!((report.findings.len(), report.summary.excluded), (1, 0));
    assert!(
        report
            .warnings
            .iter()
            .any(|line| line.contains("not obeyed")),
        "{:?}",
        report.warnings
    );
}

#[test]
fn a_comment_with_a_reason_suppresses_and_every_form_lists_it() {
    let report = suppressing(&format!(
        "# vega:ignore {RULE} only <b>root</b> writes here until=2026-12-31"
    ));
    assert!(report.findings.is_empty());
    assert_eq!(
        (report.summary.suppressed, report.summary.findings.total()),
        (1, 0)
    );
    let json: Value = serde_json::from_slice(&to_json(&report).unwrap()).unwrap();
    assert_eq!(json["suppressed"][0]["until"], "2026-12-31");
    let sarif = to_sarif(&report, &SarifContext::default());
    let suppression = &sarif["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!(suppression["kind"], "inSource");
    super::sarif::assert_valid(&report, &SarifContext::default());
    for text in [
        to_text(&report, vega::engine::Color::Never, false),
        to_markdown(&report, &ReportContext::default()),
        to_html(&report, &ReportContext::default()),
        to_csv(&report, &ReportContext::default()),
    ] {
        assert!(
            text.contains("writes here") && text.contains("2026-12-31"),
            "{text}"
        );
    }
    assert!(!to_html(&report, &ReportContext::default()).contains("<b>root"));
}

#[test]
fn expired_malformed_and_idle_comments_suppress_nothing_and_are_told() {
    for (comment, told) in [
        (
            format!("# vega:ignore {RULE} only root until=2026-06-14"),
            "expired on 2026-06-14",
        ),
        (format!("# vega:ignore {RULE}"), "gives no reason"),
        (
            format!("# vega:ignore {RULE} only root until=soon"),
            "no day",
        ),
        (
            "# vega:ignore python-weak-hash another rule".to_owned(),
            "meets no finding",
        ),
        (
            "# vega:ignore no-such-rule a reason".to_owned(),
            "is no rule",
        ),
    ] {
        let report = suppressing(&comment);
        assert_eq!(
            (report.findings.len(), report.suppressed.len()),
            (1, 0),
            "{comment}"
        );
        assert!(
            report.warnings.iter().any(|line| line.contains(told)),
            "{comment}: {:?}",
            report.warnings
        );
    }
    let last_day = suppressing(&format!("# vega:ignore {RULE} only root until=2026-06-15"));
    assert_eq!(last_day.suppressed.len(), 1);
}

#[test]
fn a_scan_for_a_server_obeys_nothing_of_the_tree() {
    let code = format!("import tempfile\ntempfile.mktemp() # vega:ignore {RULE} hide me\n");
    let folder = tree(&[(".vegaignore", "*\n"), ("a.py", &code)]);
    let report = scan(folder.path(), &Memory::default(), 1).report;
    assert_eq!(
        (
            report.findings.len(),
            report.suppressed.len(),
            report.summary.excluded
        ),
        (1, 0, 0)
    );
}

#[test]
fn a_secret_in_a_reason_is_cut_as_everywhere() {
    let secret = ["q7Zk2mWv9RtY", "4bNc6XsE8dHf"].concat();
    let code =
        format!("API_TOKEN = '{secret}' # vega:ignore secret-generic {secret} is for tests\n");
    let report = obeying(tree(&[("a.py", &code)]).path());
    assert_eq!(report.suppressed.len(), 1);
    assert!(
        !String::from_utf8(to_json(&report).unwrap())
            .unwrap()
            .contains(&secret)
    );
}

#[test]
fn a_baseline_in_json_or_sarif_marks_what_was_there() {
    let before = scan(tree(&[("a.py", FAULT)]).path(), &Memory::default(), 1).report;
    let moved = format!("# a line more\n{FAULT}\ndef g():\n    tempfile.mktemp()\n");
    let after = scan(tree(&[("a.py", &moved)]).path(), &Memory::default(), 1).report;
    let json = to_json(&before).unwrap();
    let sarif = serde_json::to_vec(&to_sarif(&before, &SarifContext::default())).unwrap();
    for bytes in [json, sarif] {
        let mut report = after.clone();
        compare(&mut report, &Baseline::parse(&bytes).unwrap());
        let summary = report.baseline.as_ref().unwrap();
        assert_eq!((summary.new, summary.existing, summary.gone), (1, 1, 0));
        let sarif = to_sarif(&report, &SarifContext::default());
        let states: Vec<_> = sarif["runs"][0]["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| result["baselineState"].as_str().unwrap())
            .collect();
        assert!(
            states.contains(&"new") && states.contains(&"unchanged"),
            "{states:?}"
        );
        super::sarif::assert_valid(&report, &SarifContext::default());
    }
    for other in [
        "",
        "[]",
        "{\"runs\":[{\"results\":[{\"ruleId\":\"x\"}]}]}",
        "{\"a\":1}",
    ] {
        assert!(Baseline::parse(other.as_bytes()).is_err(), "{other}");
    }
}

#[test]
fn what_an_ignore_file_leaves_out_is_not_gone() {
    let files = [("old/a.py", FAULT), ("b.py", FAULT), ("c.py", FAULT)];
    let before = scan(tree(&files).path(), &Memory::default(), 1).report;
    let baseline = Baseline::parse(&to_json(&before).unwrap()).unwrap();
    let files = [
        (".vegaignore", "old/\n"),
        ("old/a.py", FAULT),
        ("b.py", FAULT),
    ];
    let mut report = obeying(tree(&files).path());
    compare(&mut report, &baseline);
    let summary = report.baseline.as_ref().unwrap();
    assert_eq!(
        (summary.existing, summary.gone, summary.excluded),
        (1, 1, 1)
    );
    let text = to_text(&report, vega::engine::Color::Never, false);
    assert!(
        text.contains("1 finding of that in excluded files"),
        "{text}"
    );
}

#[test]
fn hostile_text_of_the_tree_is_dead_in_every_form() {
    let folder = tree(&[(
        "=cmd|'/x'/<script>alert(1)<!--.py",
        "import tempfile\ntempfile.mktemp('</pre><script>alert(1)</script>')\n",
    )]);
    let report = scan(folder.path(), &Memory::default(), 1).report;
    assert_eq!(report.findings.len(), 1);
    let html = to_html(&report, &ReportContext::default());
    assert!(!html.contains("<script"), "{html}");
    assert!(html.contains("&lt;/pre&gt;") && html.contains("prefers-color-scheme"));
    assert!(!to_csv(&report, &ReportContext::default()).contains("\"=cmd"));
}
