//! Files that cannot be followed whole: the scan ends, and the ledger of the report says which and why.

use crate::support::{command, run};
use serde_json::Value;
use std::{collections::BTreeMap, fs};

/// Outcome and reason of each file.
fn ledger(files: &[(&str, Vec<u8>)]) -> (BTreeMap<String, (String, String)>, Value) {
    let source = tempfile::tempdir().unwrap();
    for (path, text) in files {
        fs::write(source.path().join(path), text).unwrap();
    }
    let mut scan = command(&["runner", "--format", "json", "--source"]);
    let output = run(scan.arg(source.path()));
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{stderr}"));
    let text = |entry: &Value, member: &str| entry[member].as_str().unwrap_or_default().to_owned();
    let entries = report["coverage"].as_array().unwrap().iter();
    let entries = entries
        .map(|it| (text(it, "path"), (text(it, "outcome"), text(it, "reason"))))
        .collect();
    (entries, report)
}

#[test]
fn files_that_are_too_deep_or_too_large_to_follow_are_gaps_that_say_why() {
    let deep = 100_000;
    let java = |body: &str| format!("class A {{ void f(String q) {{ {body} }} }}\n").into_bytes();
    let many: String = (0..12_000)
        .map(|at| format!("int v{at} = 0; if (g({at})) v{at} = 1;\n"))
        .collect();
    let (ledger, _) = ledger(&[
        (
            "deep.py",
            format!("x = {}1{}\n", "(".repeat(deep), ")".repeat(deep)).into_bytes(),
        ),
        (
            "Deep.java",
            java(&format!(
                "int x = {}1{};",
                "(".repeat(deep),
                ")".repeat(deep)
            )),
        ),
        (
            "Blocks.java",
            java(&format!("{}{}", "{".repeat(deep), "}".repeat(deep))),
        ),
        ("Many.java", java(&many)),
        ("Broken.java", b"class A { void f( { = ; }".to_vec()),
        ("broken.py", b"def f(:\n  = 1\n".to_vec()),
        ("fine.py", b"x = 1\n".to_vec()),
    ]);
    for (path, outcome, reason) in [
        ("deep.py", "out_of_budget", "too deeply"),
        ("Deep.java", "out_of_budget", "too deeply"),
        ("Blocks.java", "out_of_budget", "too deeply"),
        ("Many.java", "out_of_budget", "too complex to follow data"),
        ("Broken.java", "failed", "syntax errors"),
        ("broken.py", "failed", "syntax errors"),
        ("fine.py", "reviewed", ""),
    ] {
        let (is, why) = &ledger[path];
        assert_eq!(is, outcome, "{path}: {why}");
        assert!(why.contains(reason), "{path}: {why}");
    }
}

#[test]
fn odd_bytes_and_endings_of_lines_hide_nothing() {
    let text = "import os\nfrom flask import request\nos.system(request.args['q'])\n";
    let odd = text.replace("import os", "import os # \u{e9}");
    let latin: Vec<u8> = odd.chars().map(|c| c as u8).collect();
    let (ledger, report) = ledger(&[
        ("crlf.py", text.replace('\n', "\r\n").into_bytes()),
        ("bom.py", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("latin.py", latin),
        ("nul.py", text.replace("'q'", "'\0'").into_bytes()),
    ]);
    assert_eq!(ledger["nul.py"].0, "skipped", "binary");
    let findings = report["findings"].as_array().unwrap();
    for file in ["crlf.py", "bom.py", "latin.py"] {
        let at = |it: &&Value| it["content"]["location"]["file_path"] == file;
        let found = findings.iter().find(at).unwrap();
        assert_eq!(found["content"]["location"]["start_line"], 3, "{file}");
        assert_eq!(ledger[file].0, "reviewed", "{file}");
    }
}

#[test]
fn classes_and_calls_in_circles_end() {
    let python = "class A(A): pass\nclass B(C): x = 1\nclass C(B): x = B.x\nclass D(E):\n    \
                  def m(self): return self.m().z.m()\nclass E(D): pass\nD().m()\n\
                  def f(x): return g([x])\ndef g(x): return f({'a': x})\nf(f)(g)\n";
    let java = "class A extends A { A a = new A(); }\nclass B extends C { static int y = C.z; }\n\
                class C extends B { static int z = B.y; C q; void f() { q.q.f(); f(); } }\n\
                interface I extends J { }\ninterface J extends I { default void m() { m(); } }\n\
                class G<T extends G<T>> extends H<G<T>> { T t; }\n\
                class H<T extends H<T>> extends G<H<T>> { T u; Object f() { return t.u.t.f(); } }\n";
    let (ledger, _) = ledger(&[
        ("a.py", python.as_bytes().to_vec()),
        ("A.java", java.as_bytes().to_vec()),
    ]);
    assert_eq!(ledger["a.py"].0, "reviewed");
    assert_ne!(ledger["A.java"].0, "failed");
}
