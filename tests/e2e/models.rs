//! Models of the user's own: `VEGA_V16_ROOT/models/<language>/*.yaml`, in a scan and as a list.

use crate::support::{command, run};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A source to scan, and a folder of overrides beside it.
struct Bench {
    folder: tempfile::TempDir,
}

/// Made-up libraries: nobody but the user can know what they do.
const PYTHON: &str = "import acmeweb\nimport acmedb\n\n\ndef show():\n    name = acmeweb.query('name')\n    \
                      acmedb.run('SELECT * FROM people WHERE name = ' + name)\n";
const JAVA: &str = "package shop;\nimport com.acme.web.Request;\nimport com.acme.data.Store;\n\
                    class Shop {\n    void show(Request request, Store store) {\n        \
                    store.run(\"SELECT * FROM people WHERE name = \" + request.query(\"name\"));\n    }\n}\n";
const OF_PYTHON: &str = "docs: [https://acme.example/manual]\nrows:\n  - names: [\"acmeweb.query()\"]\n    \
                         source: {trust: remote, what: \"query parameters\"}\n  - names: [\"acmedb.run()\"]\n    \
                         sinks: [{arg: \"0 query\", context: sql, rule: sql-injection}]\n";
const OF_JAVA: &str = "rows:\n  - names: [\"com.acme.web.Request.query()\"]\n    \
                       source: {trust: remote, what: \"query parameters\"}\n  \
                       - names: [\"com.acme.data.Store.run()\"]\n    \
                       sinks: [{arg: \"0\", context: sql, rule: sql-injection}]\n";

impl Bench {
    fn new(source: &[(&str, &str)]) -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(bench.path("v16/models/python")).unwrap();
        for (path, text) in source {
            bench.write(&format!("source/{path}"), text);
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn with_root(&self, mut command: Command, root: &Path) -> Command {
        command
            .current_dir(self.folder.path())
            .env("VEGA_V16_ROOT", root);
        command
    }

    /// Scans the source with the overrides.
    fn scan(&self) -> Output {
        let source = self.path("source");
        let mut scan = command(&["runner", "--format", "json", "--source"]);
        scan.arg(source);
        run(&mut self.with_root(scan, &self.path("v16")))
    }

    /// The places of findings of the data flow, and the version of the rules that gave them.
    #[track_caller]
    fn found(&self) -> (Vec<String>, String) {
        let output = self.scan();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{stderr}"));
        let findings = report["findings"].as_array().unwrap().iter();
        let shown = findings
            .map(|it| &it["content"])
            .filter(|it| it["lead"] != true);
        let places = shown.map(|it| {
            let rule = it["rule_id"].as_str().unwrap();
            let at = &it["location"];
            format!(
                "{rule} {}:{}",
                at["file_path"].as_str().unwrap(),
                at["start_line"]
            )
        });
        let version = report["engine"]["rules_version"]
            .as_str()
            .unwrap()
            .to_owned();
        (places.collect(), version)
    }

    /// The list of models, which must be refused as a scan is.
    #[track_caller]
    fn refused(&self, words: &[&str]) {
        let list = command(&["maintenance", "engine", "models"]);
        let list = run(&mut self.with_root(list, &self.path("v16")));
        for output in [self.scan(), list] {
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{stderr}");
            assert!(output.stdout.is_empty());
            for word in words {
                assert!(stderr.contains(word), "'{word}' is not in: {stderr}");
            }
        }
    }
}

#[test]
fn a_flow_through_a_library_of_the_user_is_found_with_its_model_only() {
    let bench = Bench::new(&[("shop.py", PYTHON), ("Shop.java", JAVA)]);
    let (found, without) = bench.found();
    assert_eq!(found, [""; 0]);
    bench.write("v16/models/python/acme.yaml", OF_PYTHON);
    let (found, with) = bench.found();
    assert_eq!(found, ["python-sql-injection shop.py:7"]);
    assert_ne!(with, without, "the ledger tells by which models it was");
    bench.write("v16/models/java/ours/acme.yaml", OF_JAVA);
    let (found, both) = bench.found();
    let expected = [
        "java-sql-injection Shop.java:6",
        "python-sql-injection shop.py:7",
    ];
    assert_eq!(found, expected);
    assert_ne!(both, with);
}

#[test]
fn a_sanitizer_of_the_user_silences_what_it_makes_harmless() {
    let quoted = PYTHON.replace(
        "acmeweb.query('name')",
        "acmedb.quote(acmeweb.query('name'))",
    );
    let bench = Bench::new(&[("shop.py", &quoted)]);
    bench.write("v16/models/python/acme.yaml", OF_PYTHON);
    assert_eq!(bench.found().0, ["python-sql-injection shop.py:7"]);
    let more = "rows:\n  - names: [\"acmedb.quote()\"]\n    safe-for: [sql]\n";
    bench.write("v16/models/python/more.yaml", more);
    assert_eq!(bench.found().0, [""; 0]);
    let other = more.replace("[sql]", "[html]");
    bench.write("v16/models/python/more.yaml", other);
    assert_eq!(bench.found().0, ["python-sql-injection shop.py:7"]);
}

#[test]
fn what_the_user_says_of_a_name_replaces_what_vega_says() {
    let text =
        "import os\nfrom flask import request\n\n\ndef show():\n    os.system(request.args['q'])\n";
    let bench = Bench::new(&[("run.py", text)]);
    assert!(bench.found().0[0].ends_with("run.py:6"));
    let tame = "rows:\n  - names: [\"flask.request.args\"]\n    clean: true\n";
    bench.write("v16/models/python/tame.yaml", tame);
    bench.refused(&["models/python/tame.yaml:2", "'flask.request.args()'"]);
    let tame = "rows:\n  - names: [\"flask.request\"]\n    type: acme.Request\n";
    bench.write("v16/models/python/tame.yaml", tame);
    let list = command(&["maintenance", "engine", "models", "--format", "json"]);
    let list = run(&mut bench.with_root(list, &bench.path("v16")));
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let saying: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| {
            let rows = file["rows"].as_array().unwrap();
            let mut names = rows.iter().flat_map(|row| row["names"].as_array().unwrap());
            names.any(|name| name == "flask.request")
        })
        .map(|file| {
            (
                file["file"].as_str().unwrap(),
                file["origin"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(saying, [("models/python/tame.yaml", "own")]);
}

#[test]
fn the_models_in_force_are_listed_in_three_forms() {
    let bench = Bench::new(&[]);
    bench.write("v16/models/python/acme.yaml", OF_PYTHON);
    let list = |more: &[&str]| {
        let all = [&["maintenance", "engine", "models"], more].concat();
        let output = run(&mut bench.with_root(command(&all), &bench.path("v16")));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = list(&[]);
    for part in [
        "python flask (part of Vega)",
        "java servlet (part of Vega)",
        "python models/python/acme.yaml (your own)",
        "  acmedb.run()\n      sinks: [{\"arg\":\"0 query\",\"context\":\"sql\",\"rule\":\"sql-injection\"}]",
    ] {
        assert!(text.contains(part), "{part}");
    }
    let java = list(&["--language", "java"]);
    assert!(java.contains("java servlet") && !java.contains("python"));
    let json: Value = serde_json::from_str(&list(&["--format", "json"])).unwrap();
    let last = json
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["origin"] == "own")
        .unwrap();
    assert_eq!(last["rows"][0]["source"]["what"], "query parameters");
    // What is printed can be given back: the rows of Vega as a user's file say the same.
    let yaml = list(&["--format", "yaml", "--language", "python"]);
    let rows: Vec<Value> = json
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["language"] == "python")
        .flat_map(|file| file["rows"].as_array().unwrap().clone())
        .collect();
    assert!(yaml.contains("acmeweb.query()") && rows.len() > 100);
    let again = serde_json::json!({ "docs": [], "rows": rows }).to_string();
    bench.write("v16/models/python/acme.yaml", again);
    list(&["--format", "yaml"]);
}

#[test]
fn a_broken_file_fails_the_scan_and_says_where_and_what_to_do() {
    let bench = Bench::new(&[("shop.py", PYTHON)]);
    let row = |body: &str| format!("rows:\n  - names: [\"a.b()\"]\n    clean: true\n  - {body}\n");
    let long = format!(
        "names: [\"{}.x()\"]\n    clean: true",
        vec!["a"; 20].join(".")
    );
    for (text, words) in [
        ("".to_owned(), &["models/python/x.yaml"][..]),
        ("rows: [".to_owned(), &["models/python/x.yaml:"]),
        ("rows: 1\n".to_owned(), &["models/python/x.yaml:1"]),
        (row("names: [\"c()\"]\n    sink: []"), &["x.yaml:5", "sink", "docs/design/models.md"]),
        (row("names: []\n    clean: true"), &["x.yaml:4", "needs names"]),
        (row("names: [\"c()\"]"), &["x.yaml:4", "says something"]),
        (row("names: [\"c(x)\"]\n    clean: true"), &["x.yaml:4", "without arguments"]),
        (row("names: [\"c..d()\"]\n    clean: true"), &["x.yaml:4", "part without letters"]),
        (row("names: [\"c\\0d()\"]\n    clean: true"), &["x.yaml:4", "character"]),
        (row("names: [\"c\"]\n    clean: true"), &["x.yaml:4", "'c()'"]),
        (row(&long), &["x.yaml:4", "parts"]),
        (
            row("names: [\"c()\"]\n    sinks: [{arg: \"0\", context: sql, rule: python-sql-injection}]"),
            &["x.yaml:4", "without the language: sql-injection"],
        ),
        (
            row("names: [\"c()\"]\n    sinks: [{arg: \"0\", context: sql, rule: nonsense}]"),
            &["x.yaml:4", "no rule 'nonsense'"],
        ),
        (
            row("names: [\"c()\"]\n    sinks: [{arg: \"0\", context: sqll, rule: sql-injection}]"),
            &["x.yaml:5", "sqll"],
        ),
        (
            row("names: [\"c()\"]\n    flags: [{rule: weak-hash, if: [{arg: \"0\", matches: \"(\"}]}]"),
            &["x.yaml:5"],
        ),
        (
            row("names: [\"c()\"]\n    flags: [{rule: weak-hash, if: [{arg: \"0\"}]}]"),
            &["x.yaml:4", "asks nothing"],
        ),
        (
            row("names: [\"c()\"]\n    guard: {arg: name, when: true, contexts: [sql]}"),
            &["x.yaml:4", "place of the argument"],
        ),
        (row("names: [\"c()\"]\n    into: other"), &["x.yaml:4", "into is 'self'"]),
        (
            "a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nrows: [*c]\n"
                .to_owned(),
            &["models/python/x.yaml"],
        ),
        ("[".repeat(100_000), &["models/python/x.yaml"]),
        ("#".repeat(1_100_000), &["models/python/x.yaml", "larger than 1 MiB"]),
    ] {
        bench.write("v16/models/python/x.yaml", &text);
        bench.refused(words);
    }
    bench.write("v16/models/python/x.yaml", b"rows: [\xff]");
    bench.refused(&["models/python/x.yaml", "not UTF-8"]);
    fs::remove_file(bench.path("v16/models/python/x.yaml")).unwrap();
    for (path, words) in [
        ("v16/models/python/x.yml", "rename it"),
        ("v16/models/x.yaml", "which language"),
        ("v16/models/cobol/x.yaml", "no models for 'cobol'"),
        ("v16/models/python/x.yaml/y.txt", ""),
    ] {
        bench.write(path, "rows: []\n");
        if words.is_empty() {
            bench.found();
        } else {
            bench.refused(&[words]);
            fs::remove_file(bench.path(path)).unwrap();
        }
        let _ = fs::remove_dir(bench.path("v16/models/cobol"));
    }
    // All faults at once, and both files named.
    bench.write(
        "v16/models/python/a.yaml",
        row("names: []\n    clean: true"),
    );
    bench.write(
        "v16/models/python/b.yaml",
        row("names: []\n    clean: true"),
    );
    bench.refused(&["models/python/a.yaml:4", "models/python/b.yaml:4"]);
}

#[test]
fn overrides_inside_of_the_source_or_nowhere_are_refused() {
    let bench = Bench::new(&[
        ("shop.py", PYTHON),
        ("v16/models/python/acme.yaml", OF_PYTHON),
    ]);
    for (root, words) in [
        ("source/v16", "in the source that is audited"),
        ("nowhere", "is no folder"),
    ] {
        let mut scan = command(&["runner", "--source"]);
        scan.arg(bench.path("source"));
        let output = run(&mut bench.with_root(scan, &bench.path(root)));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.contains(words) && stderr.contains("VEGA_V16_ROOT"),
            "{stderr}"
        );
    }
}
