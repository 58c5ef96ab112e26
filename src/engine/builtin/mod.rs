//! The `builtin` auditor: deterministic, offline, always there.
//!
//! Takes one file, gives findings and what it could not do. Detectors are grouped by what they
//! read: any text (`secrets`), infrastructure files and Python syntax (`checks`). Each runs behind
//! its own panic boundary. This is the only place that knows `tree_sitter`; lowering, the
//! intermediate representation and data flow will stand beside `syntax` here.

mod claim;
mod registry;
mod rule;
mod text;

pub use registry::{page, rule, rules, rules_version};
pub use rule::Rule;
pub(crate) use text::{LineIndex, SourceText, same_length_utf8, visible_parts};

use super::inventory::Language;
use crate::domain::finding::DetectedFinding;
use claim::Claim;
use std::panic::{AssertUnwindSafe, catch_unwind};
use text::Redaction;
use tokio_util::sync::CancellationToken;

/// What came of one file.
#[derive(Debug, Default)]
pub(crate) struct FileResult {
    pub(crate) findings: Vec<DetectedFinding>,
    /// Why the file was not looked at whole, as a fault.
    pub(crate) failure: Option<String>,
    /// Which part of the auditor does not apply to this kind of file.
    pub(crate) limited: Option<String>,
    pub(crate) warnings: Vec<String>,
}

/// Looks at one file.
pub(crate) fn audit_file(source: &SourceText, cancel: &CancellationToken) -> FileResult {
    let mut result = FileResult {
        limited: limits_of(source.language),
        ..FileResult::default()
    };
    let _ = cancel;
    let claims: Vec<Claim> = Vec::new();
    let secrets: Vec<Redaction> = Vec::new();
    result.findings = claim::to_findings(source, claims, &secrets);
    result
}

/// Languages whose code no check reads yet.
fn limits_of(language: Option<Language>) -> Option<String> {
    let language = language?;
    (language.is_code() && language != Language::Python)
        .then(|| format!("no code checks for {language}: only secrets were looked for"))
}

/// Runs one detector on one file; a panic costs a warning, not the scan.
fn contained(
    name: &str,
    path: &str,
    result: &mut FileResult,
    unit: impl FnOnce() -> Vec<Claim>,
) -> Vec<Claim> {
    catch_unwind(AssertUnwindSafe(unit)).unwrap_or_else(|_| {
        result.failure = Some(format!("the detector {name} broke"));
        result
            .warnings
            .push(format!("The detector {name} broke on {path}"));
        Vec::new()
    })
}
