//! Triage over a history: thirty commits, each uploaded and scanned, and who is who after each.
//!
//! Faults carry labels in the script that are cut out before anything is uploaded, so that the
//! scanner sees nothing of them. What is expected follows from the labels: there before and now is
//! the same finding, there for the first time a new one, gone is resolved, back is reopened. Where
//! nobody could tell, the script says so, and then a new finding is right and a guess is wrong.

mod script;

use crate::support::{Client, TestApp, tar_gz};
use reqwest::Method;
use script::{Step, Tree};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const EXPECTED: [&str; 4] = ["same", "new", "resolved", "reopened"];
const GOT: [&str; 7] = [
    "same", "new", "resolved", "reopened", "other's", "unknown", "missed",
];

/// What is known about the labelled faults so far.
#[derive(Default)]
struct Ledger {
    /// The finding each label has.
    id_of: BTreeMap<String, String>,
    /// The label each finding belongs to.
    label_of: BTreeMap<String, String>,
    /// Labels there after the last step.
    present: BTreeSet<String>,
    /// What people decided: finding → status.
    decided: BTreeMap<String, &'static str>,
    table: BTreeMap<(&'static str, &'static str), u32>,
    wrong: Vec<String>,
}

#[tokio::test]
async fn identity_is_right_after_every_step_of_a_history() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let mut tree = Tree::first();
    let (_, repository) = client.repository_with(&[("README.md", "Soon.\n")]).await;
    let mut ledger = Ledger::default();
    let steps = script::steps();
    assert_eq!(steps.len(), 31, "the first upload and thirty commits");
    for (number, step) in steps.iter().enumerate() {
        (step.edit)(&mut tree);
        let source = tree.source();
        let files: Vec<_> = source
            .files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        client.ingest(&repository, tar_gz(&files)).await;
        let scan = client.scan(&repository, json!({})).await;
        assert_eq!(scan["status"], "completed", "{scan}");
        let path = format!("/v1/repositories/{repository}/findings?lead=any&limit=200");
        let findings = client.get(&path).await.expect_status(200).items();
        let seen = labelled(&findings, &scan["id"], &source.labels, step);
        ledger.judge(number, step, &source.labels, &seen, &findings);
        for (label, status) in step.decide {
            let id = ledger.id_of[*label].clone();
            decide(&client, &id, status).await;
            ledger.decided.insert(id, status);
        }
    }
    ledger.print();
    assert!(ledger.wrong.is_empty(), "{}", ledger.wrong.join("\n"));
    let others: u32 = EXPECTED
        .iter()
        .filter_map(|expected| ledger.table.get(&(*expected, "other's")))
        .sum();
    assert_eq!(others, 0, "a decision passed to another fault");
}

/// The findings of `scan` by label. Each finding of the project is labelled.
fn labelled(
    findings: &[Value],
    scan: &Value,
    labels: &BTreeMap<script::Place, String>,
    step: &Step,
) -> BTreeMap<String, Value> {
    let seen = findings
        .iter()
        .filter(|finding| finding["last_seen_scan_id"] == *scan);
    seen.map(|finding| {
        let place = script::Place {
            path: finding["file_path"].as_str().unwrap().to_owned(),
            line: finding["start_line"].as_u64().unwrap(),
            rule: finding["rule_id"].as_str().unwrap().to_owned(),
        };
        let label = labels
            .get(&place)
            .unwrap_or_else(|| panic!("{}: no label stands at {place:?}", step.what));
        (label.clone(), finding.clone())
    })
    .collect()
}

async fn decide(client: &Client, id: &str, status: &str) {
    let path = format!("/v1/findings/{id}");
    let tag = client.get(&path).await.header("etag").to_owned();
    let mut body = json!({"status": status});
    if status == "dismissed" {
        body["reason"] = json!("only operators come here");
    }
    let request = client
        .request(Method::PATCH, &path)
        .header("if-match", tag)
        .json(&body);
    client.send(request).await.expect_status(200);
}

impl Ledger {
    fn judge(
        &mut self,
        number: usize,
        step: &Step,
        labels: &BTreeMap<script::Place, String>,
        seen: &BTreeMap<String, Value>,
        findings: &[Value],
    ) {
        let by_id: BTreeMap<&str, &Value> = findings
            .iter()
            .map(|finding| (finding["id"].as_str().unwrap(), finding))
            .collect();
        let now: BTreeSet<String> = labels.values().cloned().collect();
        for label in step.ambiguous {
            assert!(self.present.contains(*label), "{label} was not there");
        }
        let mut taken = Vec::new();
        for label in &now {
            let expected = match (self.present.contains(label), self.id_of.contains_key(label)) {
                _ if step.ambiguous.contains(&label.as_str()) => "new",
                (true, _) => "same",
                (false, true) => "reopened",
                (false, false) => "new",
            };
            let got = self.identity(label, seen.get(label));
            self.count(number, step, label, expected, got);
            if let Some(finding) = seen.get(label) {
                taken.push((label.clone(), finding["id"].as_str().unwrap().to_owned()));
            }
        }
        let given_up = step.ambiguous.iter().map(|label| (*label).to_owned());
        let gone: Vec<String> = self
            .present
            .difference(&now)
            .cloned()
            .chain(given_up)
            .collect();
        for label in gone {
            let got = match self.id_of.get(&label).and_then(|id| by_id.get(id.as_str())) {
                None => "missed",
                Some(finding) => match finding["state"].as_str() {
                    Some("resolved") => "resolved",
                    Some("unknown") => "unknown",
                    _ => "other's",
                },
            };
            self.count(number, step, &label, "resolved", got);
        }
        for (label, id) in taken {
            self.label_of
                .entry(id.clone())
                .or_insert_with(|| label.clone());
            self.id_of.insert(label, id);
        }
        self.present = now;
        for (id, status) in &self.decided {
            let kept = by_id.get(id.as_str()).map(|finding| &finding["status"]);
            if kept != Some(&json!(status)) {
                let label = &self.label_of[id];
                self.wrong.push(format!(
                    "step {number} ({}): {label} was {status}, is {kept:?}",
                    step.what
                ));
            }
        }
        for finding in seen.values() {
            let id = finding["id"].as_str().unwrap();
            if finding["status"] != "open" && !self.decided.contains_key(id) {
                self.wrong
                    .push(format!("step {number}: nobody decided {finding}"));
            }
        }
    }

    fn identity(&self, label: &str, finding: Option<&Value>) -> &'static str {
        let Some(finding) = finding else {
            return "missed";
        };
        match self.label_of.get(finding["id"].as_str().unwrap()) {
            None => "new",
            Some(owner) if owner != label => "other's",
            Some(_) => match finding["state"].as_str() {
                Some("existing") => "same",
                Some("reopened") => "reopened",
                _ => "unknown",
            },
        }
    }

    fn count(
        &mut self,
        number: usize,
        step: &Step,
        label: &str,
        expected: &'static str,
        got: &'static str,
    ) {
        *self.table.entry((expected, got)).or_default() += 1;
        if expected != got {
            let what = step.what;
            self.wrong.push(format!(
                "step {number} ({what}): {label} should be {expected}, is {got}"
            ));
        }
    }

    fn print(&self) {
        let row = |name: &str, cells: Vec<String>| {
            let cells: String = cells.iter().map(|cell| format!("{cell:>10}")).collect();
            println!("{name:<12}{cells}");
        };
        row(
            "expected",
            GOT.iter().map(|got| (*got).to_owned()).collect(),
        );
        for expected in EXPECTED {
            let cell = |got| self.table.get(&(expected, got)).copied().unwrap_or(0);
            row(
                expected,
                GOT.iter().map(|got| cell(*got).to_string()).collect(),
            );
        }
    }
}
