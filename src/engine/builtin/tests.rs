use super::*;
use crate::engine::inventory::FileRole;

/// Where an example of an area would stand.
fn path_of(rule: &Rule) -> &'static str {
    match rule.area {
        "dockerfile" => "Dockerfile",
        "compose" => "compose.yaml",
        "github_actions" => ".github/workflows/ci.yml",
        "kubernetes" => "deploy/shop.yaml",
        "terraform" => "infra/main.tf",
        "javascript" => "app/main.jsx",
        "java" => "src/main/java/shop/Shop.java",
        "helm" if rule.id == "helm-shell-interpolation" => "chart/templates/pod.yaml",
        "helm" => "chart/values.yaml",
        _ => "app/main.py",
    }
}

fn audit(path: &str, text: &str) -> FileResult {
    let source = SourceText::new(
        path,
        Language::of_path(path),
        FileRole::Production,
        text.as_bytes().to_vec(),
    );
    let flow = flow::trial::alone(&source);
    let examined = examine(&source, None, &CancellationToken::new());
    conclude(&source, examined, &RuleSet::default(), flow.as_ref())
}

/// Rules whose claims wait for something.
fn waits(rule: &Rule) -> bool {
    let lowered = dump_ir(path_of(rule), Vec::new()).is_some();
    rule.area == "java" && !lowered
}

#[test]
fn every_rule_flags_its_bad_example_and_not_its_good_one() {
    let rules = rules().iter().filter(|rule| rule.area != "secrets");
    let mut wrong = Vec::new();
    for rule in rules.filter(|rule| !waits(rule)) {
        for (what, text, expected) in [("bad", rule.bad, 1), ("good", rule.good, 0)] {
            let result = audit(path_of(rule), text);
            assert_eq!(result.failure, None, "{}: {text}", rule.id);
            let of_rule = |it: &&DetectedFinding| it.content.rule_id == rule.id;
            let (leads, findings): (Vec<_>, Vec<_>) = result
                .findings
                .iter()
                .filter(of_rule)
                .partition(|finding| finding.content.lead);
            // Beside a finding its setting may be a lead; the good example has neither.
            let found = match (findings.len(), expected) {
                (0, _) | (_, 0) => leads.len() + findings.len(),
                (count, _) => count,
            };
            if found != expected {
                wrong.push(format!("{found} on the {what} example of {}", rule.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn typed_checks_do_not_show_the_credential_either() {
    for id in [
        "dockerfile-secret-in-environment",
        "compose-secret-in-environment",
        "python-hardcoded-secret-key",
    ] {
        let rule = rule(id).unwrap();
        let result = audit(path_of(rule), rule.bad);
        let shown = format!("{:?}", result.findings);
        assert!(
            !shown.contains("s3cretw0rd9") && !shown.contains("b83f0d7a51"),
            "{shown}"
        );
    }
}

#[test]
fn numbers_made_of_request_values_are_no_injection() {
    let code = "from flask import request\ndef f(c):\n    q = request.args['q']\n    c.execute('SELECT 1 FROM t WHERE id = ' + str(int(q)))\n";
    assert!(audit("app/main.py", code).findings.is_empty());
}

#[test]
fn every_rule_is_complete() {
    for rule in rules() {
        assert!(!rule.cwe.is_empty() && rule.cwe.iter().all(|cwe| cwe.starts_with("CWE-")));
        for text in [
            rule.title,
            rule.description,
            rule.impact,
            rule.remediation,
            rule.bad,
            rule.good,
        ] {
            assert!(!text.is_empty(), "{}", rule.id);
        }
    }
}

#[test]
fn a_detector_that_panics_is_contained() {
    let mut result = FileResult::default();
    contained("trial", "a.py", &mut result, |_| panic!("on purpose"));
    assert_eq!(result.failure.as_deref(), Some("the detector trial broke"));
    assert_eq!(result.warnings.len(), 1);
}

#[test]
fn hostile_files_end_without_a_panic() {
    let deep = "[".repeat(100_000);
    let nested = (0..20_000).fold(String::new(), |text, _| text + "if a:\n");
    let long = "password = '".to_owned() + &"ab1".repeat(300_000);
    for (path, text) in [
        ("a.py", deep.as_str()),
        ("a.py", &nested),
        ("a.py", &long),
        ("compose.yaml", &deep),
        ("compose.yaml", "a: &a [*a, *a]\nservices: *a\n<<: *a\n"),
        (
            ".github/workflows/x.yml",
            "on: [pull_request_target\njobs:\n - - - -\n",
        ),
        ("Dockerfile", "FROM a AS a\nFROM a\nRUN <<EOF\nfoo \\"),
        (
            "Dockerfile",
            "\u{feff}from x\r\nrun y \\\r\n\r\n# c\r\n z\r\n",
        ),
        (".env", "A=\u{0}\u{1}://:@:@://\n"),
        ("a.js", &deep),
        ("a.tsx", &"a(".repeat(50_000)),
        ("a.js", &("x = ".to_owned() + &"`${".repeat(20_000))),
        (
            "a.js",
            "const a = b, b = a; eval(a + `${b}`); let c = c + c; exec(c)",
        ),
        ("main.tf", &("x = ".to_owned() + &deep)),
        (
            "main.tf",
            "locals {\n a = local.b\n b = local.a\n}\nresource \"aws_s3_bucket\" \"b\" {\n acl = local.a\n}\n",
        ),
        (
            "main.tf",
            "resource \"aws_iam_policy\" \"p\" {\n policy = <<EOF\n{\"Statement\": [[[[\nEOF\n}\nresource {}\n",
        ),
        (
            "k8s.yaml",
            "apiVersion: v1\nkind: List\nitems: &a [{apiVersion: v1, kind: List, items: *a}]\n",
        ),
        (
            "k8s.yaml",
            &("apiVersion: v1\nkind: Pod\n".to_owned() + &"{{ if x }}\n{{".repeat(5_000)),
        ),
        (
            "k8s.yaml",
            &"---\napiVersion: v1\nkind: Pod\n".repeat(10_000),
        ),
        ("chart/values.yaml", &("a:\n".to_owned() + &deep)),
    ] {
        audit(path, text);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_breaks_a_detector(text in r#"([ \n\t:='"\[\]{}()\\<>&*|-]|[a-z]{1,6}|services|FROM |RUN |password|://|eyJ|-----BEGIN |\$\{\{|def |import |execute|apiVersion: v1|kind: Pod|resource |eval|=>|`|\PC){0,80}"#) {
        for path in ["a.py", "compose.yml", ".github/workflows/a.yml", "Dockerfile", ".env", "a.js", "a.tsx", "main.tf", "k8s.yaml", "chart/values.yaml"] {
            let result = audit(path, &text);
            proptest::prop_assert!(result.warnings.is_empty(), "{:?}", result.warnings);
        }
    }
}
