//! The rules of `ARCHITECTURE.md` that a plain test can check: who imports whom, which names may
//! stand where, how long a file may be. Reads source as text; knows nothing of its meaning.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what it expects by unwrapping"
)]

use regex::Regex;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// What each top-level module may import besides itself. What is not listed is forbidden.
/// `error`, `clock` and `telemetry` are open to everyone but `domain`; `shutdown` to those who
/// spawn tasks.
const IMPORTS: &[(&str, &[&str])] = &[
    ("error", &[]),
    // The clock makes timestamps and ids, whose types are the domain's.
    ("clock", &["domain"]),
    ("domain", &["error"]),
    ("settings", &["domain", "clock", "error"]),
    // Log lines name the role, and read the level and form of logs.
    ("telemetry", &["domain", "clock", "settings"]),
    ("net", &["domain", "clock", "error"]),
    ("shutdown", &["domain", "clock", "error"]),
    ("store", &["domain", "net", "clock", "error", "shutdown"]),
    ("objects", &["domain", "net", "clock", "error", "shutdown"]),
    ("launcher", &["domain", "net", "clock", "error", "shutdown"]),
    ("auth", &["domain", "net", "clock", "error"]),
    ("workspace", &["domain", "net", "clock", "error"]),
    ("engine", &["domain", "workspace", "clock", "error"]),
    (
        "context",
        &[
            "auth", "objects", "store", "settings", "shutdown", "clock", "error", "domain",
        ],
    ),
    (
        "services",
        &[
            "domain",
            "store",
            "objects",
            "launcher",
            "auth",
            "workspace",
            "net",
            "context",
            "engine",
            "settings",
            "shutdown",
            "clock",
            "error",
        ],
    ),
    // `store` is here for the traits' request types (pages, filters); `auth` for the lifetime
    // shown in answers.
    (
        "api",
        &[
            "services", "context", "domain", "settings", "store", "auth", "clock", "error",
        ],
    ),
    ("cli", &["*"]),
    ("roles", &["*"]),
];

/// Words that may stand only in some places.
const FENCES: &[(&str, &[&str])] = &[
    (r"\bactix_web\b", &["src/api/", "src/roles/"]),
    (r"\bactix_multipart\b", &["src/api/"]),
    (r"\butoipa", &["src/api/"]),
    (r"\bdiesel", &["src/store/postgres"]),
    (
        r"\baws_sdk_|\baws_config",
        &[
            "src/objects/s3.rs",
            "src/queue/sqs.rs",
            "src/launcher/ecs.rs",
            "src/context/build.rs",
        ],
    ),
    // Requests leave through the egress guard.
    (r"\b(reqwest|rustls)", &["src/net/"]),
    (r"\btree_sitter", &["src/engine/builtin/"]),
    (
        r"\benv::(var|vars|var_os|vars_os)\b",
        &["src/settings/", "src/main.rs"],
    ),
    (
        r"\b(SystemTime|Instant)::now\b|\bUtc::now\b|\bnow_v7\b|\bnew_v4\b|\bgetrandom\b",
        &["src/clock.rs"],
    ),
    (
        r"\btokio::spawn\b|\btokio::task::spawn\b",
        &["src/shutdown.rs"],
    ),
    (r"\bclap\b", &["src/cli.rs", "src/roles/"]),
    (
        r"\bJsonStore\b",
        &["src/store/json", "src/context/build.rs"],
    ),
    (
        r"\bLocalObjects\b",
        &["src/objects/local", "src/context/build.rs"],
    ),
];

/// Longest source file, in lines; unit tests (`tests.rs`) do not count.
const MAX_LINES: usize = 500;

/// Files that may be longer, and why. This list may only shrink.
const LONG_FILES: &[(&str, &str)] = &[(
    "src/engine/builtin/secrets/formats.rs",
    "a table of data: one row per token format",
)];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Production sources: path below the root, and text without comments.
fn sources() -> Vec<(String, String)> {
    let comment = Regex::new(r"(?m)//.*$").unwrap();
    rust_files(&root().join("src"))
        .into_iter()
        .filter(|path| path.file_name().is_none_or(|name| name != "tests.rs"))
        .map(|path| {
            let name = path
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let text = fs::read_to_string(&path).unwrap();
            (name, comment.replace_all(&text, "").into_owned())
        })
        .collect()
}

/// The top-level modules a file names after `crate::`, in paths and in grouped imports.
fn imported(text: &str) -> Vec<String> {
    let plain = Regex::new(r"\bcrate::([a-z_]+)").unwrap();
    let mut names: Vec<String> = plain
        .captures_iter(text)
        .map(|it| it[1].to_owned())
        .collect();
    let leading = Regex::new(r"^\s*([a-z_]+)").unwrap();
    for (start, _) in text.match_indices("crate::{") {
        for item in group_items(&text[start + "crate::{".len()..]) {
            if let Some(found) = leading.captures(item) {
                names.push(found[1].to_owned());
            }
        }
    }
    names
}

/// The comma-separated items of a group whose opening brace was just read.
fn group_items(text: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (index, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                items.push(&text[start..index]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    items
}

fn top_module(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap_or(path);
    below
        .split('/')
        .next()
        .unwrap_or(below)
        .trim_end_matches(".rs")
}

#[test]
fn modules_import_only_what_they_may() {
    let rules: BTreeMap<_, _> = IMPORTS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = top_module(&path);
        if matches!(module, "main" | "lib") {
            continue;
        }
        let Some(allowed) = rules.get(module) else {
            wrong.push(format!(
                "{path}: module '{module}' has no rule in tests/architecture.rs"
            ));
            continue;
        };
        for name in imported(&text) {
            let common =
                module != "domain" && matches!(name.as_str(), "telemetry" | "error" | "clock");
            let fine = name == module
                || common
                || allowed.contains(&"*")
                || allowed.contains(&name.as_str());
            if !fine {
                wrong.push(format!("{path}: may not import crate::{name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn services_see_the_engine_through_its_public_face_only() {
    let inner = Regex::new(r"engine::(builtin|inventory|plan|select|audit|verify|rank|pipeline)\b")
        .unwrap();
    for (path, text) in sources() {
        if !path.starts_with("src/engine/") {
            assert!(!inner.is_match(&text), "{path} looks inside the engine");
        }
    }
}

#[test]
fn fenced_names_stay_inside_their_fences() {
    let mut wrong = Vec::new();
    for (pattern, places) in FENCES {
        let pattern = Regex::new(pattern).unwrap();
        for (path, text) in sources() {
            let inside = places.iter().any(|place| path.starts_with(place));
            if !inside && let Some(found) = pattern.find(&text) {
                wrong.push(format!(
                    "{path}: '{}' may stand in {places:?} only",
                    found.as_str()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_enough_to_be_read() {
    let mut wrong = Vec::new();
    for path in rust_files(&root().join("src")) {
        let name = path
            .strip_prefix(root())
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let excepted = LONG_FILES.iter().any(|(file, _)| *file == name);
        if lines > MAX_LINES && !name.ends_with("/tests.rs") && !excepted {
            wrong.push(format!("{name}: {lines} lines"));
        }
        if excepted && lines <= MAX_LINES {
            wrong.push(format!("{name}: is short now; take it off the list"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    for path in rust_files(&root().join("src")) {
        if path.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("//!"),
            "{} has no module text",
            path.display()
        );
    }
}

#[test]
fn nothing_is_left_unfinished() {
    let mark = Regex::new(r"\b(TODO|FIXME|XXX)\b|\btodo!|\bunimplemented!|#\[ignore").unwrap();
    for folder in ["src", "tests", "benches"] {
        for path in rust_files(&root().join(folder)) {
            if path.ends_with("architecture.rs") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                !mark.is_match(&text),
                "{} has an unfinished mark",
                path.display()
            );
        }
    }
}

/// Names of published suites that measure scanners, and of classes that only they have.
const SUITES: &str = r"(?i)benchmark_?(test|java|python)|owasp[._ -]?benchmark|securibench|\bjuliet\b|\bCWE\d+_\w+__|\bdvwa\b|webgoat|nodegoat|railsgoat|mutillidae|\bbwapp\b|juice.?shop|thing(factory|interface|1|2)\b|separateclassrequest|safe_?requestwrapper|testcasesupport|\bIO\.static(Returns|Five)";

/// A rule or model that knows a suite by its names would measure well and find nothing elsewhere.
/// The scorer and pages that state figures name suites, and nothing else does.
#[test]
fn nothing_is_keyed_to_the_names_of_a_benchmark() {
    let suites = Regex::new(SUITES).unwrap();
    let excepted = ["benches/owasp_benchmark.py", "tests/architecture.rs"];
    let mut waiting: Vec<PathBuf> = ["src", "tests", "benches", "scripts", "docs/checks"]
        .iter()
        .map(|folder| root().join(folder))
        .collect();
    let (mut looked_at, mut wrong) = (0, Vec::new());
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let name = path
            .strip_prefix(root())
            .unwrap()
            .to_string_lossy()
            .into_owned();
        if excepted.contains(&name.as_str()) {
            continue;
        }
        looked_at += 1;
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for found in suites.find_iter(&name).chain(suites.find_iter(&text)) {
            wrong.push(format!("{name}: {}", found.as_str()));
        }
    }
    assert!(looked_at > 500, "{looked_at} files");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn names_of_benchmarks_are_recognised() {
    let suites = Regex::new(SUITES).unwrap();
    for name in [
        "BenchmarkTest00042",
        "org.owasp.benchmark.helpers",
        "helpers.ThingFactory",
        "SeparateClassRequest(request)",
        "securibench.micro",
        "CWE89_SQL_Injection__connect_tcp_01",
        "WebGoat",
        "vulnerabilities of DVWA",
    ] {
        assert!(suites.is_match(name), "{name}");
    }
    for name in ["something", "benchmark", "owasp.esapi", "factory"] {
        assert!(!suites.is_match(name), "{name}");
    }
}

#[test]
fn the_import_reader_reads_groups() {
    let text = "use crate::{\n    a::{b, c},\n    d,\n    e::f,\n};\nlet x = crate::g::h();";
    let mut names = imported(text);
    names.sort();
    assert_eq!(names, ["a", "d", "e", "g"]);
}
