//! The `builtin` auditor: deterministic, offline, always there.
//!
//! Takes one file, gives findings and what it could not do: first what it says by itself (`examine`),
//! then, knowing where data flows through all of them, what is to be said of it (`conclude`).
//! Detectors are grouped by what they read: any text (`secrets`), infrastructure files and Python
//! syntax (`checks`). Each runs behind its own panic boundary. `lower` turns a syntax tree into the
//! representation of `ir`, on which data flow stands. This is the only place that knows `tree_sitter`.

mod checks;
mod claim;
pub(crate) mod flow;
mod gap;
pub mod highlight;
mod ir;
mod lower;
mod registry;
mod rule;
mod ruleset;
mod secrets;
mod syntax;
mod text;

pub use flow::ModelList;
pub use lower::{IrDump, dump_ir};
pub use registry::{page, rule, rules, rules_version};
pub use rule::Rule;
pub(crate) use ruleset::RuleSet;
pub(crate) use syntax::tree::Tree;
pub(crate) use text::{LineIndex, Redaction, SourceText, same_length_utf8, slice, visible_parts};

use super::{
    inventory::{FileRole, Language},
    suppress::{self, Mark},
};
use crate::domain::finding::DetectedFinding;
use checks::{github_actions::Workflow, helm::Values, kubernetes::Manifests};
use claim::{Claim, Method};
use flow::{FileFlow, Judgement};
use gap::Gap;
use secrets::Scan;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};
use syntax::{
    dockerfile::Dockerfile, hcl::Hcl, helm, javascript::Script, python::Module, yaml::Yaml,
};
use tokio_util::sync::CancellationToken;

/// What came of one file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FileResult {
    pub(crate) findings: Vec<DetectedFinding>,
    /// Why the file was not looked at whole, as a fault.
    pub(crate) failure: Option<String>,
    /// Which bound was met: what was found holds, but silence tells nothing.
    pub(crate) exhausted: Option<String>,
    /// Which part of the auditor does not apply to this kind of file.
    pub(crate) limited: Option<String>,
    pub(crate) warnings: Vec<String>,
    /// Comments that ask to pass over findings; credentials are cut from them.
    pub(crate) marks: Vec<Mark>,
}

/// What a file says by itself, before anything is known of the others.
#[derive(Debug, Default)]
pub(crate) struct Examined {
    claims: Vec<Claim>,
    redactions: Vec<Redaction>,
    /// What was not looked at.
    result: FileResult,
}

/// Looks at one file alone, with the syntax tree that whoever lowered it had made, if anyone did.
/// What comes of a file after cancellation is not whole.
pub(crate) fn examine(
    source: &SourceText,
    tree: Option<Tree>,
    cancel: &CancellationToken,
) -> Examined {
    let mut result = FileResult {
        limited: limits_of(source.language),
        ..FileResult::default()
    };
    let mut secrets = Scan::default();
    contained("secrets", &source.path, &mut result, |_| {
        secrets = secrets::scan(source, &|| cancel.is_cancelled());
    });
    let mut claims = secrets.claims;
    match source.language {
        Some(Language::Python) => python(source, tree, cancel, &mut claims, &mut result),
        Some(Language::Dockerfile) => dockerfile(source, &mut claims, &mut result),
        Some(Language::Javascript | Language::Typescript) => {
            javascript(source, cancel, &mut claims, &mut result);
        }
        Some(Language::Terraform) => terraform(source, cancel, &mut claims, &mut result),
        Some(Language::Yaml) => yaml(source, cancel, &mut claims, &mut result),
        _ => {}
    }
    Examined {
        claims,
        redactions: secrets.redactions,
        result,
    }
}

/// What is said of a file that was examined, with `rules`, knowing where data flows.
pub(crate) fn conclude(
    source: &SourceText,
    examined: Examined,
    rules: &RuleSet,
    flow: Option<&FileFlow>,
) -> FileResult {
    let Examined {
        mut claims,
        redactions,
        mut result,
    } = examined;
    if let Some(flow) = flow {
        follow(flow, &mut claims);
        match flow.gap {
            Some(gap) if gap.is_budget() => result.exhausted = Some(gap.reason().to_owned()),
            Some(gap) => {
                result
                    .failure
                    .get_or_insert_with(|| gap.reason().to_owned());
            }
            None => {}
        }
    }
    drop_echoes(&mut claims);
    // Places to cut come from all claims, also those of rules that are off.
    let redactions = with_hidden(source, &claims, redactions);
    claims.retain(|claim| rules.has(claim.rule.id));
    result.findings = claim::to_findings(source, claims, &redactions);
    result.marks = marks(source, &redactions);
    result
}

/// Lets the data flow judge what syntax alone flagged: where it followed the data, what it says is
/// what counts. Of two findings of a setting, the one of syntax stays: names around it told it more.
fn follow(flow: &FileFlow, claims: &mut Vec<Claim>) {
    let within = |inner: &Range<usize>, outer: &Range<usize>| {
        outer.start <= inner.start && inner.end <= outer.end
    };
    claims.retain(|claim| {
        let overruled = |(rule, span, judgement): &(String, Range<usize>, Judgement)| {
            rule == claim.rule.id
                && (within(&claim.span, span) || within(span, &claim.span))
                && match judgement {
                    Judgement::Unknown => false,
                    Judgement::Harmless => true,
                    Judgement::Claimed => flow.claims.iter().any(|it| {
                        it.rule.id == rule && it.span == *span && (!it.lead || claim.lead)
                    }),
                }
        };
        let is_dead = |span: &Range<usize>| within(&claim.span, span);
        let about_code = claim.method == Method::Syntax;
        let is_moot = about_code && flow.dead.iter().any(is_dead);
        !is_moot && !flow.judged.iter().any(overruled)
    });
    let told = |claim: &Claim| {
        let same = |it: &Claim| it.rule.id == claim.rule.id && within(&it.span, &claim.span);
        claims.iter().any(same)
    };
    let new: Vec<Claim> = flow.claims.iter().filter(|it| !told(it)).cloned().collect();
    claims.extend(new);
}

/// The comments of a file that ask to pass over findings.
fn marks(source: &SourceText, redactions: &[Redaction]) -> Vec<Mark> {
    if !source.text.contains(suppress::WORD) {
        return Vec::new();
    }
    let text = source.cut(&(0..source.text.len()), redactions);
    suppress::read(&source.path, text.lines())
}

/// More credentials of one file than this are cut only where they were found.
const MAX_REPEATED: usize = 64;

/// The places to cut, with those of credentials that typed checks found, in order. A credential is
/// cut wherever it stands in the file, also in a comment beside it.
fn with_hidden(
    source: &SourceText,
    claims: &[Claim],
    mut redactions: Vec<Redaction>,
) -> Vec<Redaction> {
    for claim in claims.iter().filter(|claim| !claim.hidden.is_empty()) {
        let quoted = text::slice(&source.text, claim.span.clone());
        for (at, hidden) in quoted.match_indices(&claim.hidden) {
            let start = claim.span.start + at;
            redactions.push(Redaction::new(hidden.as_bytes(), start, 0));
        }
    }
    let found: BTreeMap<&str, usize> = redactions
        .iter()
        .map(|redaction| {
            (
                text::slice(&source.text, redaction.span.clone()),
                redaction.visible,
            )
        })
        .filter(|(secret, _)| secret.len() >= 8)
        .take(MAX_REPEATED)
        .collect();
    for (secret, visible) in found {
        for (start, _) in source.text.match_indices(secret) {
            if !redactions.iter().any(|known| known.span.start == start) {
                redactions.push(Redaction::new(secret.as_bytes(), start, visible));
            }
        }
    }
    redactions.sort_by_key(|redaction| (redaction.span.start, redaction.span.end));
    redactions
}

/// Where credentials stand in a file, to be cut from quotations.
pub(crate) fn redactions(source: &SourceText) -> Vec<Redaction> {
    secrets::scan(source, &|| false).redactions
}

/// The number of secrets in a file, for the speed comparison in `benches/secrets.rs`.
pub fn count_secrets(path: &str, content: Vec<u8>) -> usize {
    let source = SourceText::new(path, Language::of_path(path), FileRole::Production, content);
    secrets::scan(&source, &|| false).claims.len()
}

/// A free-form secret at a place that a typed check claims as well is the same fault.
fn drop_echoes(claims: &mut Vec<Claim>) {
    let typed: Vec<_> = claims
        .iter()
        .filter(|claim| claim.rule.area != "secrets" && claim.rule.category == "secrets")
        .map(|claim| claim.span.clone())
        .collect();
    claims.retain(|claim| {
        claim.rule.id != "secret-generic"
            || !typed
                .iter()
                .any(|span| span.start <= claim.span.end && claim.span.start <= span.end)
    });
}

fn python(
    source: &SourceText,
    tree: Option<Tree>,
    cancel: &CancellationToken,
    claims: &mut Vec<Claim>,
    result: &mut FileResult,
) {
    contained("python syntax", &source.path, result, |result| {
        match tree.map_or_else(
            || Module::parse(source, cancel),
            |tree| Ok(Module::of(source, tree)),
        ) {
            Ok(module) => {
                if module.tree.has_error {
                    result.failure = Some(Gap::SyntaxErrors.reason().to_owned());
                }
                drop_documented(&module, claims);
                for check in checks::python::CHECKS {
                    contained(check.name, &source.path, result, |_| {
                        (check.run)(&module, claims);
                    });
                }
            }
            Err(failure) => result.failure = Some(Gap::from(failure).reason().to_owned()),
        }
    });
}

/// Free-form secrets in docstrings are examples; exact token formats stay.
fn drop_documented(module: &Module<'_>, claims: &mut Vec<Claim>) {
    let docstrings: Vec<_> = module.docstrings().collect();
    claims.retain(|claim| {
        !secrets::is_free_form(claim.rule)
            || !docstrings
                .iter()
                .any(|span| span.start <= claim.span.start && claim.span.end <= span.end)
    });
}

fn dockerfile(source: &SourceText, claims: &mut Vec<Claim>, result: &mut FileResult) {
    contained("dockerfile syntax", &source.path, result, |result| {
        let file = Dockerfile::parse(source);
        for check in checks::dockerfile::CHECKS {
            contained(check.name, &source.path, result, |_| {
                (check.run)(&file, claims);
            });
        }
    });
}

fn javascript(
    source: &SourceText,
    cancel: &CancellationToken,
    claims: &mut Vec<Claim>,
    result: &mut FileResult,
) {
    // Squeezed code is somebody's output: its names and places tell nothing.
    if source.role == FileRole::Minified {
        result.limited = Some("minified code: only secrets were looked for".to_owned());
        return;
    }
    contained("javascript syntax", &source.path, result, |result| {
        let script = match Script::parse(source, cancel) {
            Ok(script) => script,
            Err(failure) => {
                result.failure = Some(Gap::from(failure).reason().to_owned());
                return;
            }
        };
        if script.tree.has_error {
            result.failure = Some(Gap::SyntaxErrors.reason().to_owned());
        }
        for check in checks::javascript::CHECKS {
            contained(check.name, &source.path, result, |_| {
                (check.run)(&script, claims);
            });
        }
    });
}

fn terraform(
    source: &SourceText,
    cancel: &CancellationToken,
    claims: &mut Vec<Claim>,
    result: &mut FileResult,
) {
    if !checks::terraform::is_terraform(&source.path) {
        return;
    }
    contained("terraform syntax", &source.path, result, |result| {
        let file = match Hcl::parse(source, cancel) {
            Ok(file) => file,
            Err(failure) => {
                result.failure = Some(Gap::from(failure).reason().to_owned());
                return;
            }
        };
        if file.has_error {
            result.failure = Some(Gap::SyntaxErrors.reason().to_owned());
        }
        for check in checks::terraform::CHECKS {
            contained(check.name, &source.path, result, |_| {
                (check.run)(&file, claims);
            });
        }
    });
}

fn yaml(
    source: &SourceText,
    cancel: &CancellationToken,
    claims: &mut Vec<Claim>,
    result: &mut FileResult,
) {
    let compose = checks::compose::is_compose(&source.path);
    let workflow = checks::github_actions::is_workflow(&source.path);
    let values = checks::helm::is_values(&source.path);
    let kubernetes = checks::kubernetes::may_be_kubernetes(&source.text);
    if !compose && !workflow && !values && !kubernetes {
        return;
    }
    // Actions of templates are no YAML; also other tools than Helm write them so.
    let template = kubernetes && !workflow && source.text.contains("{{");
    contained("yaml syntax", &source.path, result, |result| {
        let masked = template.then(|| helm::mask(&source.text));
        let text = masked.as_ref().map_or(&source.text, |masked| &masked.text);
        let yaml = match Yaml::parse_text(text, cancel) {
            Ok(yaml) => yaml,
            Err(failure) => {
                result.failure = Some(Gap::from(failure).reason().to_owned());
                return;
            }
        };
        match (yaml.has_error, template) {
            (true, true) => {
                result.limited = Some("template: only the readable parts were checked".to_owned());
            }
            (true, false) => {
                result.failure = Some(Gap::SyntaxErrors.reason().to_owned());
            }
            (false, _) => {}
        }
        if compose {
            for check in checks::compose::CHECKS {
                contained(check.name, &source.path, result, |_| {
                    (check.run)(&yaml, claims);
                });
            }
        }
        if workflow {
            let workflow = Workflow::new(&yaml);
            for check in checks::github_actions::CHECKS {
                contained(check.name, &source.path, result, |_| {
                    (check.run)(&workflow, claims);
                });
            }
        }
        if values {
            let values = Values::new(&yaml);
            for check in checks::helm::CHECKS {
                contained(check.name, &source.path, result, |_| {
                    (check.run)(&values, claims);
                });
            }
        }
        if kubernetes {
            let actions = masked.as_ref().map_or(&[][..], |masked| &masked.actions);
            let manifests = Manifests::new(&yaml, actions);
            for check in checks::kubernetes::CHECKS {
                contained(check.name, &source.path, result, |_| {
                    (check.run)(&manifests, claims);
                });
            }
            contained("shell_interpolation", &source.path, result, |_| {
                checks::helm::shell_interpolation::check(&manifests, &source.text, claims);
            });
        }
    });
}

/// Languages whose code no check reads yet.
fn limits_of(language: Option<Language>) -> Option<String> {
    let language = language?;
    let read = matches!(
        language,
        Language::Python | Language::Java | Language::Javascript | Language::Typescript
    );
    (language.is_code() && !read)
        .then(|| format!("no code checks for {language}: only secrets were looked for"))
}

/// Runs one unit on one file; a panic costs a warning and the file's `reviewed`, not the scan.
fn contained(name: &str, path: &str, result: &mut FileResult, unit: impl FnOnce(&mut FileResult)) {
    if catch_unwind(AssertUnwindSafe(|| unit(result))).is_err() {
        result.failure = Some(format!("the detector {name} broke"));
        result
            .warnings
            .push(format!("The detector {name} broke on {path}"));
    }
}

#[cfg(test)]
mod tests;
