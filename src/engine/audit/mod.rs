//! Stage 4: every chosen auditor looks at every chosen file of one component.
//!
//! Files are independent units: they run on rayon's threads and their results are merged in
//! inventory order, so the number of threads changes nothing. What the last scan said of a file is
//! taken over where neither the file changed nor what data flow says of it. A unit that fails or
//! panics costs a warning and a `failed` line of the ledger, never the scan. A component that was cut short by
//! cancellation yields no result at all: half a component is never saved or shown.

pub(crate) mod checkpoint;

use super::{
    auditors::BUILTIN,
    builtin::{
        self, Examined, FileResult, RuleSet, SourceText, Tree,
        flow::{Flow, Models},
    },
    cache::{Cache, Key, KeyOf},
    inventory::{Inventory, Language, SourceFile},
    plan::Component,
    select::SelectedComponent,
    suppress::Mark,
};
use crate::domain::{
    coverage::{CoverageEntry, CoverageOutcome},
    finding::DetectedFinding,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio_util::sync::CancellationToken;

/// What one component is audited with.
pub(crate) struct AuditUnit<'a> {
    pub(crate) root: &'a Path,
    pub(crate) inventory: &'a Inventory,
    pub(crate) component: &'a Component,
    pub(crate) selected: &'a SelectedComponent,
    pub(crate) auditors: &'a [String],
    pub(crate) rules: &'a RuleSet,
    /// What libraries do; results for other models are others.
    pub(crate) models: &'a Models,
    /// What following data through all files gave.
    pub(crate) flow: &'a Flow,
    pub(crate) cache: &'a Cache,
    pub(crate) examined: &'a ExaminedFiles,
    pub(crate) cancel: &'a CancellationToken,
}

impl AuditUnit<'_> {
    /// The key of what the built-in auditor says of a file; `None` when something broke, which is
    /// to be tried again. What data flow says of it came from models and other files, so that neither
    /// is part of it.
    fn key(&self, file: &SourceFile) -> Option<Key> {
        let key = KeyOf::new("file").and(self.rules.digest()).and_file(file);
        Some(key.and(self.flow.digest(&file.path)?).key())
    }
}

/// Files that were examined while they were lowered, by path.
#[derive(Default)]
pub(crate) struct ExaminedFiles(Mutex<BTreeMap<String, Examined>>);

impl ExaminedFiles {
    /// Examines a file whose syntax tree is there.
    pub(crate) fn examine(&self, source: &SourceText, tree: Tree, cancel: &CancellationToken) {
        if source.language == Some(Language::Python) {
            let examined = builtin::examine(source, Some(tree), cancel);
            self.files().insert(source.path.clone(), examined);
        }
    }

    fn take(&self, path: &str) -> Option<Examined> {
        self.files().remove(path)
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Examined>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of one component.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ComponentResult {
    /// The claims, in (path, line, rule) order; ranked once they are verified.
    pub(crate) findings: Vec<DetectedFinding>,
    /// The ledger of this component, by path.
    pub(crate) coverage: Vec<CoverageEntry>,
    /// Files in which silence of a rule means that there is nothing.
    pub(crate) whole: Vec<String>,
    /// What went wrong.
    pub(crate) warnings: Vec<String>,
    /// Claims whose evidence did not hold.
    pub(crate) unanchored: u64,
    /// Claims merged into others.
    pub(crate) duplicates: u64,
    /// Comments that ask to pass over findings.
    #[serde(default)]
    pub(crate) marks: Vec<Mark>,
}

/// Audits a component; `None` when the scan was called off meanwhile.
pub(crate) fn audit(unit: &AuditUnit<'_>) -> Option<ComponentResult> {
    let mut result = ComponentResult::default();
    for auditor in unit.auditors {
        // Only `builtin` exists as code; `auditors::choose` lets no other name through.
        if auditor == BUILTIN {
            audit_builtin(unit, &mut result)?;
        }
    }
    result
        .coverage
        .sort_by(|a, b| (&a.path, &a.auditor).cmp(&(&b.path, &b.auditor)));
    (!unit.cancel.is_cancelled()).then_some(result)
}

fn audit_builtin(unit: &AuditUnit<'_>, result: &mut ComponentResult) -> Option<()> {
    let entry = |file: &SourceFile, outcome, reason: String| CoverageEntry {
        component: unit.component.id.clone(),
        path: file.path.clone(),
        auditor: BUILTIN.to_owned(),
        rules_version: unit.rules.version().to_owned(),
        outcome,
        reason,
    };
    for (index, reason) in &unit.selected.leave {
        let file = &unit.inventory.files[*index];
        result
            .coverage
            .push(entry(file, CoverageOutcome::Skipped, reason.clone()));
    }
    let looked_at: Vec<Option<Outcome>> = unit
        .selected
        .take
        .par_iter()
        .map(|index| {
            let file = &unit.inventory.files[*index];
            (!unit.cancel.is_cancelled()).then(|| audit_file(unit, file))
        })
        .collect();
    for (index, outcome) in unit.selected.take.iter().zip(looked_at) {
        let file = &unit.inventory.files[*index];
        match outcome? {
            Outcome::Unreadable => {
                result.coverage.push(entry(
                    file,
                    CoverageOutcome::Failed,
                    "cannot be read".to_owned(),
                ));
            }
            Outcome::Done(done) => {
                let told = [
                    (CoverageOutcome::Failed, &done.failure),
                    (CoverageOutcome::OutOfBudget, &done.exhausted),
                    (CoverageOutcome::Skipped, &done.limited),
                ];
                let told = told
                    .into_iter()
                    .find_map(|(outcome, reason)| Some((outcome, reason.clone()?)));
                let (outcome, reason) = told.unwrap_or((CoverageOutcome::Reviewed, String::new()));
                if done.failure.is_none() && done.exhausted.is_none() {
                    result.whole.push(file.path.clone());
                }
                result.coverage.push(entry(file, outcome, reason));
                result.warnings.extend(done.warnings);
                result.marks.extend(done.marks);
                result
                    .findings
                    .extend(done.findings.into_iter().map(|mut finding| {
                        finding.content.component.clone_from(&unit.component.id);
                        finding
                    }));
            }
        }
    }
    Some(())
}

enum Outcome {
    Unreadable,
    Done(FileResult),
}

fn audit_file(unit: &AuditUnit<'_>, file: &SourceFile) -> Outcome {
    let key = unit.key(file);
    // As JSON, in which findings leave fields out: postcard cannot read what is not there.
    let known = key.and_then(|key| unit.cache.get::<String>(key));
    if let Some(known) = known.and_then(|known| serde_json::from_str(&known).ok()) {
        return Outcome::Done(known);
    }
    let Ok(bytes) = std::fs::read(file.on_disk(unit.root)) else {
        return Outcome::Unreadable;
    };
    let is_same = unit.cache.is_kept() && file.holds(&bytes);
    let source = SourceText::new(&file.path, file.language, file.role, bytes);
    let flow = unit.flow.of(&file.path);
    let examined = unit.examined.take(&file.path);
    let examined = examined.unwrap_or_else(|| builtin::examine(&source, None, unit.cancel));
    let result = builtin::conclude(&source, examined, unit.rules, flow);
    // What broke, or was called off, is tried again.
    let is_whole = result.warnings.is_empty() && !unit.cancel.is_cancelled();
    if is_same
        && is_whole
        && let Some(key) = key
        && let Ok(written) = serde_json::to_string(&result)
    {
        unit.cache.put(key, &written);
    }
    Outcome::Done(result)
}

#[cfg(test)]
mod tests;
