//! What a file is for: production code, tests, somebody else's code, …
//!
//! Decided from the path and the first bytes. Roles steer severity and what is looked at; nothing
//! the audited tree says about itself (ignore files, attributes) has a part in it, because a
//! hostile tree would hide behind it.

use super::Language;
use crate::domain::text_enum;

text_enum! {
    /// What a file is for.
    FileRole {
        /// Ships or runs.
        Production = "production",
        /// Tests, fixtures, examples of use in tests.
        Test = "test",
        /// A copy of somebody else's code.
        Vendored = "vendored",
        /// Written by a program, also lock files.
        Generated = "generated",
        /// Squeezed for download.
        Minified = "minified",
        /// For readers; also sample code that is not run.
        Documentation = "documentation",
        /// Settings, manifests, pipelines.
        Config = "config",
    }
}

const VENDORED_DIRS: &[&str] = &[
    "node_modules",
    "bower_components",
    "site-packages",
    "vendor",
    "vendored",
    "_vendor",
    "third_party",
    "third-party",
    "thirdparty",
    "external_libs",
    ".venv",
    "venv",
    ".tox",
];

const TEST_DIRS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "__tests__",
    "__mocks__",
    "spec",
    "specs",
    "e2e",
    "fixtures",
    "fixture",
    "testdata",
    "test_data",
    "test-data",
    "mocks",
    "testutils",
    "test_utils",
    "unittests",
    "integration_tests",
    "t",
];

const DOCUMENTATION_DIRS: &[&str] = &[
    "doc",
    "docs",
    "documentation",
    "example",
    "examples",
    "sample",
    "samples",
    "tutorial",
    "tutorials",
    "docs_src",
    "demo",
    "demos",
];

const LOCK_FILES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "poetry.lock",
    "pipfile.lock",
    "uv.lock",
    "pdm.lock",
    "cargo.lock",
    "composer.lock",
    "gemfile.lock",
    "go.sum",
    "mix.lock",
    "packages.lock.json",
    "flake.lock",
    ".terraform.lock.hcl",
];

/// The role of `path`, whose first bytes are `head`.
pub(crate) fn role_of(path: &str, language: Option<Language>, head: &[u8]) -> FileRole {
    let lower = path.to_ascii_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let in_any = |dirs: &[&str]| folders.split('/').any(|part| dirs.contains(&part));
    if in_any(VENDORED_DIRS) {
        return FileRole::Vendored;
    }
    if is_minified(name, language, head) {
        return FileRole::Minified;
    }
    if LOCK_FILES.contains(&name) || says_generated(head) {
        return FileRole::Generated;
    }
    if in_any(TEST_DIRS) || is_test_name(name) {
        return FileRole::Test;
    }
    if in_any(DOCUMENTATION_DIRS) || language == Some(Language::Markdown) && !is_config_text(name) {
        return FileRole::Documentation;
    }
    match language {
        Some(language) if language.is_code() => FileRole::Production,
        Some(Language::Html | Language::Css) => FileRole::Production,
        _ => FileRole::Config,
    }
}

fn is_config_text(name: &str) -> bool {
    name.starts_with("requirements") || name.starts_with("constraints") || name == "cmakelists.txt"
}

fn is_test_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || stem.ends_with("_spec")
        || stem == "conftest"
        || stem == "tests"
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.contains("-test.")
        || (name.ends_with("test.java") || name.ends_with("tests.java"))
        || (name.ends_with("test.php") || name.ends_with("tests.cs") || name.ends_with("test.cs"))
}

/// Long lines in a language that people write in short ones.
fn is_minified(name: &str, language: Option<Language>, head: &[u8]) -> bool {
    if name.contains(".min.") || name.contains("-min.") || name.ends_with(".bundle.js") {
        return true;
    }
    if !matches!(
        language,
        Some(Language::Javascript | Language::Css | Language::Typescript)
    ) || head.len() < 2_000
    {
        return false;
    }
    let lines = head.iter().filter(|byte| **byte == b'\n').count() + 1;
    head.len() / lines > 400
}

/// The usual marks that code generators leave in the first lines.
fn says_generated(head: &[u8]) -> bool {
    let head = &head[..head.len().min(1_024)];
    let text = String::from_utf8_lossy(head);
    text.lines().take(8).any(|line| {
        let line = line.trim_start();
        let comment = line.starts_with("//")
            || line.starts_with('#')
            || line.starts_with("/*")
            || line.starts_with('*')
            || line.starts_with("<!--")
            || line.starts_with("--");
        comment
            && (line.contains("@generated")
                || line.contains("DO NOT EDIT")
                || line.contains("Do not edit")
                || line.contains("Generated by the protocol buffer compiler")
                || line.contains("<auto-generated"))
    })
}
