use super::{results::*, *};
use crate::domain::finding::{Severity, TraceRole};
use serde_json::{Value, json};
use std::{fs, sync::Mutex};

struct Heard(Mutex<Vec<EngineEvent>>);

impl EventSink for Heard {
    fn emit(&self, event: EngineEvent) {
        self.0.lock().unwrap().push(event);
    }
}

const SOURCE: &str = "import os\n\ndef run(name):\n    os.system('ls ' + name)\n";

/// What comes of importing `log` into a tree with `src/app.py`.
fn imported(log: &Value) -> ScanOutcome {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("tree");
    fs::create_dir_all(root.join("src")).unwrap();
    fs::write(root.join("src/app.py"), SOURCE).unwrap();
    fs::write(root.join("src/other.py"), "token = 'hunter2hunter2'\n").unwrap();
    fs::create_dir(root.join("c:")).unwrap();
    fs::write(root.join("c:/x\\y.py"), "pass\n").unwrap();
    let file = folder.path().join("in.sarif");
    fs::write(&file, serde_json::to_vec(log).unwrap()).unwrap();
    inspect_sarif(&file).unwrap();
    let heard = Heard(Mutex::new(Vec::new()));
    import_sarif(&root, &file, &heard, &CancellationToken::new()).unwrap()
}

fn place(uri: &str, line: u32) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri },
        "region": { "startLine": line },
    }})
}

fn log_with(results: &Value) -> Value {
    json!({ "version": "2.1.0", "runs": [{
        "tool": { "driver": { "name": "Some Tool", "semanticVersion": "1.2.3", "rules": [{
            "id": "py.cmd",
            "shortDescription": { "text": "Command built from input" },
            "help": { "text": "Pass a list." },
            "helpUri": "https://example.com/cmd",
            "properties": {
                "tags": ["security", "external/cwe/cwe-078"],
                "security-severity": "8.1",
                "precision": "high",
            },
        }]}},
        "results": results,
    }]})
}

fn refused(content: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.sarif");
    fs::write(&file, content).unwrap();
    let error = inspect_sarif(&file).unwrap_err();
    assert_eq!(error.code().as_str(), "validation_error");
    error.to_string()
}

#[test]
fn a_result_becomes_a_finding_with_the_tools_words_and_our_evidence() {
    let outcome = imported(&log_with(&json!([{
        "ruleId": "py.cmd", "ruleIndex": 0,
        "message": { "text": "The name reaches a shell." },
        "locations": [place("src/app.py", 4)],
    }])));
    let [finding] = outcome.report.findings.as_slice() else {
        panic!("{:?}", outcome.report.findings)
    };
    let content = &finding.content;
    assert_eq!(content.title, "Command built from input");
    assert_eq!(content.severity, Severity::High);
    assert_eq!(content.cwe, ["CWE-78"]);
    assert_eq!(content.auditors, ["import:some-tool"]);
    assert_eq!(content.rule_id, "some-tool/py.cmd");
    assert_eq!(content.summary, "The name reaches a shell.");
    assert_eq!(content.remediation, "Pass a list.");
    assert_eq!(content.references, ["https://example.com/cmd"]);
    assert_eq!(content.verification.verdict, "anchored");
    assert!(!content.lead);
    assert_eq!(content.evidence[0].snippet, "    os.system('ls ' + name)");
    assert!(!content.component.is_empty());
}

#[test]
fn what_does_not_stand_in_the_tree_is_a_lead_that_says_why() {
    let mut quoted = place("src/app.py", 4);
    quoted["physicalLocation"]["region"]["snippet"] = json!({ "text": "eval(name)" });
    let outcome = imported(&log_with(&json!([
        { "ruleId": "a", "message": { "text": "1" }, "locations": [place("src/gone.py", 1)] },
        { "ruleId": "b", "message": { "text": "2" }, "locations": [place("src/app.py", 99)] },
        { "ruleId": "c", "message": { "text": "3" }, "locations": [quoted] },
    ])));
    assert_eq!(outcome.report.summary.leads, 3);
    for finding in &outcome.report.findings {
        let content = &finding.content;
        assert!(content.lead && content.evidence.is_empty());
        assert_eq!(content.verification.verdict, "unanchored");
        assert!(!content.verification.note.is_empty());
    }
}

#[test]
fn what_is_left_out_is_counted() {
    let outcome = imported(&log_with(&json!([
        { "ruleId": "a", "kind": "pass", "message": { "text": "fine" }, "locations": [place("src/app.py", 1)] },
        { "ruleId": "a", "message": { "text": "nowhere" } },
        { "ruleId": "a", "message": { "text": "out" }, "locations": [place("../../etc/passwd", 1)] },
        { "ruleId": "a", "message": { "text": "out" }, "locations": [place("https://example.com/x", 1)] },
        { "ruleId": "a", "baselineState": "absent", "message": { "text": "gone" }, "locations": [place("src/app.py", 1)] },
    ])));
    assert_eq!(outcome.report.findings, []);
    let warnings = outcome.report.warnings.join("\n");
    assert!(
        warnings.contains("2 results: left out, their path leads out"),
        "{warnings}"
    );
    assert_eq!(outcome.report.warnings.len(), 4, "{warnings}");
}

#[test]
fn places_are_found_however_the_tool_writes_them() {
    let odd = json!([{ "ruleId": "a", "message": { "text": "m" },
        "locations": [place("c%3A/x%5Cy.py", 1)] }]);
    let findings = imported(&log_with(&odd)).report.findings;
    assert_eq!(findings[0].content.location.file_path, "c:/x\\y.py");
    for uri in [
        "src/app.py",
        "./src/app.py",
        "file:///home/ci/build/src/app.py",
        "/home/ci/build/src/app.py",
        "C:\\build\\src\\app.py",
        "file:///C:/build/src/app.py",
        "project-1.0/src/app.py",
        "src%2Fapp.py",
        "app.py",
    ] {
        let log = log_with(&json!([
            { "ruleId": "a", "message": { "text": "m" }, "locations": [place(uri, 4)] }
        ]));
        let outcome = imported(&log);
        let path = &outcome.report.findings[0].content.location.file_path;
        assert_eq!(path, "src/app.py", "{uri}");
    }
}

#[test]
fn a_credential_a_tool_found_is_not_shown() {
    let mut log = log_with(&json!([{
        "ruleId": "py.cmd",
        "message": { "text": "hunter2hunter2 is a password" },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": "src/other.py" },
            "region": { "startLine": 1, "startColumn": 10, "endColumn": 24 },
        }}],
    }]));
    log["runs"][0]["tool"]["driver"]["rules"][0]["properties"]["tags"] = json!(["CWE-798"]);
    let outcome = imported(&log);
    let shown = serde_json::to_string(&outcome.report).unwrap();
    assert!(!shown.contains("hunter2hunter2"), "{shown}");
    assert_eq!(
        outcome.report.findings[0].content.verification.verdict,
        "anchored"
    );
}

#[test]
fn a_code_flow_becomes_a_trace_and_one_with_a_hole_does_not() {
    let step = |uri: &str, line| json!({ "location": place(uri, line) });
    let flow = |steps: Value| json!([{ "threadFlows": [{ "locations": steps }] }]);
    let outcome = imported(&log_with(&json!([
        { "ruleId": "a", "message": { "text": "whole" }, "locations": [place("src/app.py", 4)],
          "codeFlows": flow(json!([step("src/app.py", 3), step("src/app.py", 4)])) },
        { "ruleId": "b", "message": { "text": "hole" }, "locations": [place("src/app.py", 4)],
          "codeFlows": flow(json!([step("src/app.py", 3), step("lib/gone.py", 4)])) },
    ])));
    let trace = |rule: &str| {
        let of_rule = |f: &&DetectedFinding| f.content.rule_id.ends_with(rule);
        outcome
            .report
            .findings
            .iter()
            .find(of_rule)
            .unwrap()
            .content
            .trace
            .clone()
    };
    let roles: Vec<_> = trace("/a")
        .iter()
        .map(|step| (step.line, step.role))
        .collect();
    assert_eq!(roles, [(3, TraceRole::Source), (4, TraceRole::Sink)]);
    assert_eq!(trace("/b"), []);
}

/// The trace that comes of `codeFlows`, as `file:line role note`.
fn way(flows: &Value) -> Vec<String> {
    let mut log = log_with(&json!([{
        "ruleId": "py.cmd",
        "message": { "text": "m" },
        "locations": [place("src/app.py", 4)],
        "codeFlows": flows,
    }]));
    log["runs"][0]["threadFlowLocations"] = json!([
        "junk",
        { "location": place("src/other.py", 1), "kinds": ["taint"] },
    ]);
    let findings = imported(&log).report.findings;
    let [finding] = findings.as_slice() else {
        panic!("a flow cost its result: {flows}")
    };
    assert!(!finding.content.lead, "{flows}");
    let trace = finding.content.trace.iter();
    let told = trace.map(|it| format!("{}:{} {} {}", it.file, it.line, it.role, it.note));
    told.map(|it| it.trim_end().to_owned()).collect()
}

#[test]
fn flows_of_other_tools_become_a_way_however_they_are_written() {
    let at = |uri: &str, line: u32| json!({ "location": place(uri, line) });
    let flow = |steps: Value| json!([{ "threadFlows": [{ "locations": steps }] }]);
    let own = json!([at("src/app.py", 3), at("src/app.py", 4)]);
    let whole = ["src/app.py:3 source", "src/app.py:4 sink"];
    assert_eq!(way(&flow(own.clone())), whole);
    let absolute = json!([
        at("file:///home/ci/build/src/app.py", 3),
        at("C:\\build\\src\\app.py", 4)
    ]);
    assert_eq!(way(&flow(absolute)), whole);
    // Of several flows, the first that lies in the tree as a whole and is more than a place.
    let outside = json!([at("src/app.py", 1), at("../../etc/passwd", 1)]);
    let remote = json!([at("https://example.com/src/app.py", 1), at("src/app.py", 4)]);
    let single = json!([at("src/app.py", 4)]);
    assert_eq!(way(&flow(single.clone())), ["src/app.py:4 source"]);
    for other in [outside, remote, single, json!([]), Value::Null] {
        let in_flows = json!([
            { "threadFlows": [{ "locations": other }] },
            { "threadFlows": [{ "locations": own }] },
        ]);
        assert_eq!(way(&in_flows), whole, "{other}");
        let in_threads = json!([{ "threadFlows": [{ "locations": other }, { "locations": own }] }]);
        assert_eq!(way(&in_threads), whole, "{other}");
    }
    // Steps that name no place say nothing of it; shared steps stand in the run.
    let sparse = json!([
        {}, at("src/app.py", 3), { "location": { "message": { "text": "calls" } } },
        { "index": 1 }, { "index": 0 }, { "index": 99 }, { "index": -1 }, { "location": null },
        { "location": { "physicalLocation": { "artifactLocation": { "uri": "src/app.py" } } } },
    ]);
    assert_eq!(
        way(&flow(sparse)),
        [
            "src/app.py:3 source",
            "src/other.py:1 step",
            "src/app.py:1 sink"
        ]
    );
    // What is said of a step counts more than where it stands; other tools' kinds say nothing.
    let mut marked = own;
    marked[0]["kinds"] = json!(["step"]);
    marked[0]["location"]["message"] =
        json!({ "markdown": "`{0}` goes on", "arguments": ["name"] });
    marked[1]["kinds"] = json!(["taint", "call"]);
    let told = ["src/app.py:3 step `name` goes on", "src/app.py:4 sink"];
    assert_eq!(way(&flow(marked)), told);
}

#[test]
fn a_flow_that_is_none_costs_only_itself() {
    let at = |line: u32| json!({ "location": place("src/app.py", line) });
    for broken in [
        json!("flow"),
        json!({ "threadFlows": [] }),
        json!([null, 1, "x", [], {}]),
        json!([{ "threadFlows": { "locations": [] } }]),
        json!([{ "threadFlows": [{ "locations": 7 }, null] }]),
        json!([{ "threadFlows": [{ "locations": [at(3), "x"] }] }]),
        json!([{ "threadFlows": [{ "locations": [at(3), { "kinds": "sink" }] }] }]),
        json!([{ "threadFlows": [{ "locations": [{ "locations": [at(3), at(4)] }] }] }]),
        json!([{ "threadFlows": [{ "locations": [{ "location": { "location": at(3) } }] }] }]),
    ] {
        assert_eq!(way(&broken), Vec::<String>::new(), "{broken}");
        let Value::Array(mut flows) = broken else {
            continue;
        };
        flows.push(json!({ "threadFlows": [{ "locations": [at(3), at(4)] }] }));
        let whole = ["src/app.py:3 source", "src/app.py:4 sink"];
        assert_eq!(way(&Value::Array(flows)), whole);
    }
    let mut odd = vec![at(3), at(4)];
    for (key, value) in [
        ("startLine", json!(-7)),
        ("startColumn", json!(1_u64 << 40)),
    ] {
        odd[0]["location"]["physicalLocation"]["region"][key] = value;
    }
    let flow = json!([{ "threadFlows": [{ "locations": odd }] }]);
    assert_eq!(way(&flow), ["src/app.py:1 source", "src/app.py:4 sink"]);
}

#[test]
fn a_very_long_flow_keeps_its_beginning_and_its_end_and_says_so() {
    let mut steps: Vec<Value> = (0..10_000)
        .map(|at| json!({ "location": place("src/app.py", at % 4 + 1) }))
        .collect();
    steps[9_900]["location"]["message"] = json!({ "text": "goes on" });
    let flows: Vec<Value> = (0..3)
        .map(|_| json!({ "threadFlows": [{ "locations": steps }] }))
        .collect();
    let way = way(&Value::Array(flows));
    assert_eq!(way.len(), 200);
    assert_eq!(way[0], "src/app.py:1 source");
    assert_eq!(
        way[100],
        "src/app.py:1 step 9800 steps before this one are left out. goes on"
    );
    assert_eq!(way[199], "src/app.py:4 sink");
}

#[test]
fn arguments_are_put_into_a_message_once() {
    let message = |text: &str, arguments: &[&str]| {
        let log = log_with(&json!([{
            "ruleId": "a",
            "message": { "text": text, "arguments": arguments },
            "locations": [place("src/app.py", 4)],
        }]));
        imported(&log).report.findings[0]
            .content
            .description
            .clone()
    };
    let told = message("{1} of {0}, {2} {x} {} {", &["{1}", "b"]);
    assert_eq!(told, "b of {1}, {2} {x} {} {");
    // Each argument would call for the next one sixty times.
    let growing: Vec<String> = (1..20)
        .map(|next| format!("{{{next}}}").repeat(60))
        .collect();
    let growing: Vec<&str> = growing.iter().map(String::as_str).collect();
    let told = message(&"{0}".repeat(6_000), &growing);
    assert!(told.chars().count() <= 20_001, "{}", told.len());
}

#[test]
fn the_tools_fingerprint_is_identity_and_equal_ones_are_counted() {
    let result = |line: u32, print: &str| {
        json!({ "ruleId": "a", "message": { "text": "m" },
            "locations": [place("src/app.py", line)], "partialFingerprints": { "k/v1": print } })
    };
    let hashes = |log: &Value| -> Vec<(String, u32)> {
        let findings = imported(log).report.findings;
        let anchors = findings.into_iter().map(|finding| finding.anchor);
        anchors
            .map(|anchor| (anchor.text_hash, anchor.occurrence))
            .collect()
    };
    let first = hashes(&log_with(&json!([result(3, "0123456789abcdef")])));
    let moved = hashes(&log_with(&json!([result(4, "0123456789abcdef")])));
    assert_eq!(first, moved);
    let twice = hashes(&log_with(&json!([
        result(3, "0123456789abcdef"),
        result(4, "0123456789abcdef")
    ])));
    assert_eq!(twice.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn silence_counts_for_rules_the_tool_lists_and_files_it_looked_at() {
    let mut log = log_with(&json!([]));
    let auditors = ["import:some-tool".to_owned()];
    let scope = imported(&log).scope;
    assert!(scope.covers(&auditors, "some-tool/py.cmd", "src/app.py"));
    assert!(!scope.covers(&auditors, "some-tool/other", "src/app.py"));
    log["runs"][0]["artifacts"] = json!([
        { "location": { "uri": "src/other.py" }, "roles": ["analysisTarget"] }
    ]);
    assert!(
        !imported(&log)
            .scope
            .covers(&auditors, "some-tool/py.cmd", "src/app.py")
    );
    log["runs"][0]["artifacts"] = json!([]);
    log["runs"][0]["invocations"] = json!([{ "executionSuccessful": false }]);
    assert!(
        !imported(&log)
            .scope
            .covers(&auditors, "some-tool/py.cmd", "src/app.py")
    );
}

#[test]
fn hostile_texts_and_numbers_are_tamed() {
    let outcome = imported(&log_with(&json!([{
        "ruleId": "x".repeat(100_000),
        "level": "nonsense",
        "ruleIndex": -7,
        "message": { "text": format!("a\u{202e}b\u{0}c{}", "d".repeat(1_000_000)) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": "src/app.py", "index": 1_u64 << 40 },
            "region": { "startLine": 4, "endLine": 2, "startColumn": 9_999_999, "endColumn": -1 },
        }}],
        "codeFlows": null, "suppressions": null, "rule": null,
    }])));
    let content = &outcome.report.findings[0].content;
    assert!(content.summary.starts_with("abcd") && content.summary.chars().count() < 2_100);
    assert!(content.rule_id.chars().count() < 300);
    assert_eq!(
        (content.location.start_line, content.location.end_line),
        (4, 4)
    );
}

#[test]
fn the_largest_log_is_taken_and_one_result_more_is_refused() {
    let result = |number: usize| {
        json!({
            "ruleId": "py.cmd",
            "message": { "text": "m" },
            "partialFingerprints": { "tool/v1": number.to_string() },
            "locations": [place("src/app.py", 4)],
        })
    };
    let results = |count| Value::from((0..count).map(result).collect::<Vec<_>>());
    let outcome = imported(&log_with(&results(MAX_RESULTS)));
    assert_eq!(outcome.report.findings.len(), MAX_RESULTS);
    let more = serde_json::to_vec(&log_with(&results(MAX_RESULTS + 1))).unwrap();
    let message = refused(&more);
    assert!(message.contains("100001"), "{message}");
}

#[test]
fn what_is_no_sarif_is_refused_with_the_reason() {
    assert!(refused(b"").contains("is not SARIF"));
    assert!(refused(b"PK\x03\x04").contains("is not SARIF"));
    assert!(refused(b"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":").contains("is not SARIF"));
    assert!(refused(b"{\"runs\":[]}").contains("no `version`"));
    assert!(refused(b"{\"version\":\"2.0.0\",\"runs\":[{}]}").contains("another `version`"));
    assert!(refused(b"{\"version\":\"2.1.0\",\"runs\":[]}").contains("1 to 20 runs"));
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    assert!(refused(&deep).contains("is not SARIF"));
    let many =
        json!({ "version": "2.1.0", "runs": [{ "results": vec![json!({}); MAX_RESULTS + 1] }] });
    assert!(refused(many.to_string().as_bytes()).contains("at most 100000"));
}

#[test]
fn names_of_tools_are_short_words() {
    for (name, word) in [
        ("Semgrep OSS", "semgrep-oss"),
        ("CodeQL", "codeql"),
        ("  ", "unnamed-tool"),
        ("../../x", "..-..-x"),
    ] {
        assert_eq!(slug(name), word);
    }
    assert_eq!(rule_id("t", ""), "t/unnamed-rule");
}
