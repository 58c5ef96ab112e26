//! Data flow: from where untrusted data enters to where it does harm, through all files of a language.
//!
//! Files are lowered on all threads, then looked at together on one, so that the result does not
//! depend on their number. What libraries do is data (`models`). Knows no grammar and no detector;
//! gives claims with the whole way, and what it thinks of the places that syntax checks flag.

mod analysis;
mod arithmetic;
mod bind;
mod call;
mod config;
mod context;
mod dispatch;
mod elements;
mod entries;
mod frame;
mod guards;
mod harmless;
mod kept;
mod known;
mod library;
mod members;
mod methods;
mod models;
mod names;
mod operation;
mod paths;
mod program;
mod report;
mod rules;
mod sinks;
mod state;
mod summary;
mod taint;
mod templates;
mod text;
mod texts;
#[cfg(test)]
pub(crate) mod trial;
mod value;

#[cfg(test)]
mod tests;

pub use models::ModelList;
pub(crate) use models::Models;
pub(crate) use report::{FileFlow, Judgement};
pub(crate) use rules::rules;

use super::{
    lower,
    text::{LineIndex, SourceText},
};
use crate::engine::inventory::{FileRole, Inventory, Language};
use analysis::Analysis;
use config::Config;
use program::{Program, SourceUnit};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};
use tokio_util::sync::CancellationToken;

/// What the data flow says of every file it looked at.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    files: BTreeMap<String, FileFlow>,
    /// Why files could not be read whole.
    gaps: BTreeMap<String, &'static str>,
    /// The hash of everything that was looked at together.
    inputs: String,
}

/// What became of a file before anything was followed.
enum Readable {
    Whole(SourceUnit, LineIndex),
    Partly(SourceUnit, LineIndex, &'static str),
    Not(&'static str),
}

/// What is said when something that cannot happen did.
const BROKE: &str = "the data flow broke";
const UNPARSABLE: &str = "too complex to parse within the budget";

/// Whether the reason of a gap is that a bound was met, not that something is wrong.
pub(crate) fn is_budget(gap: &str) -> bool {
    [UNPARSABLE, report::TOO_COMPLEX, lower::CUT_OFF].contains(&gap)
}

/// Lowers a file; `None` when no lowering is for it, or the scan was called off. A fault of the
/// lowering costs the file, not the scan.
fn read(source: SourceText, cancel: &CancellationToken) -> Option<Readable> {
    let lowered = match catch_unwind(AssertUnwindSafe(|| lower::lower(&source, cancel))) {
        Ok(lowered) => lowered?,
        Err(_) => return Some(Readable::Not(BROKE)),
    };
    if cancel.is_cancelled() {
        return None;
    }
    let Ok(lowered) = lowered else {
        return Some(Readable::Not(UNPARSABLE));
    };
    let unit = SourceUnit {
        path: source.path,
        unit: lowered.unit,
    };
    Some(match lowered.gap {
        None => Readable::Whole(unit, source.lines),
        Some(gap) => Readable::Partly(unit, source.lines, gap),
    })
}

/// Nested calls of the analysed program are nested calls here.
const STACK: usize = 512 * 1024 * 1024;

impl Flow {
    /// Looks at `files` of the inventory together.
    pub(crate) fn analyse(
        root: &Path,
        inventory: &Inventory,
        files: &[usize],
        models: &Models,
        cancel: &CancellationToken,
    ) -> Self {
        let mut flow = Self {
            inputs: inputs(inventory),
            ..Self::default()
        };
        let config = Config::read(root, inventory);
        for language in models::LANGUAGES {
            let is_template =
                |index: &usize| inventory.files[*index].language == Some(Language::Html);
            let of_language: Vec<usize> = files
                .iter()
                .copied()
                .filter(|index| inventory.files[*index].language == Some(language))
                .filter(|index| inventory.files[*index].role != FileRole::Minified)
                .collect();
            if of_language.is_empty() {
                continue;
            }
            let templates = files.iter().copied().filter(is_template);
            let of_language: Vec<usize> = of_language.into_iter().chain(templates).collect();
            let lowered: Vec<(String, Readable)> = of_language
                .par_iter()
                .filter_map(|index| {
                    let file = &inventory.files[*index];
                    let bytes = std::fs::read(file.on_disk(root)).ok()?;
                    let source = SourceText::new(&file.path, file.language, file.role, bytes);
                    if is_template(index) && lower::template::language(&source) != Some(language) {
                        return None;
                    }
                    Some((file.path.clone(), read(source, cancel)?))
                })
                .collect();
            let mut units = Vec::new();
            for (path, readable) in lowered {
                match readable {
                    Readable::Whole(unit, lines) => units.push((unit, lines)),
                    Readable::Partly(unit, lines, gap) => {
                        flow.gaps.insert(path, gap);
                        units.push((unit, lines));
                    }
                    Readable::Not(gap) => {
                        flow.gaps.insert(path, gap);
                    }
                }
            }
            if units.is_empty() || cancel.is_cancelled() {
                continue;
            }
            let paths: Vec<String> = units.iter().map(|(unit, _)| unit.path.clone()).collect();
            match look(language, units, models, &config, cancel) {
                Some(mut files) => flow.files.append(&mut files),
                None => flow
                    .gaps
                    .extend(paths.into_iter().map(|path| (path, BROKE))),
            }
        }
        for (path, gap) in &flow.gaps {
            flow.files.entry(path.clone()).or_default().gap = Some(gap);
        }
        flow
    }

    /// The hash of everything that what is said of any file may depend on.
    pub(crate) fn inputs(&self) -> &str {
        &self.inputs
    }

    /// What is said of a file.
    pub(crate) fn of(&self, path: &str) -> Option<&FileFlow> {
        self.files.get(path)
    }
}

/// The hash of all files that data flow reads: code, templates and settings.
fn inputs(inventory: &Inventory) -> String {
    let mut hasher = Sha256::new();
    let read = inventory.files.iter().filter(|file| {
        let code = |language| models::LANGUAGES.contains(&language) || language == Language::Html;
        file.language.is_some_and(code) || Config::is_read(&file.path)
    });
    for file in read {
        for part in [&file.path, &file.sha256] {
            hasher.update(part.as_bytes());
            hasher.update([0]);
        }
    }
    hex::encode(hasher.finalize())
}

/// Looks at the files of one language, on a thread with a deep stack; `None` when that broke.
fn look(
    language: Language,
    lowered: Vec<(SourceUnit, LineIndex)>,
    models: &Models,
    config: &Config,
    cancel: &CancellationToken,
) -> Option<BTreeMap<String, FileFlow>> {
    let (units, lines): (Vec<SourceUnit>, Vec<LineIndex>) = lowered.into_iter().unzip();
    let program = Program::new(units);
    std::thread::scope(|scope| {
        let run = || {
            let Ok(mut analysis) = Analysis::new(language, &program, models, config, cancel) else {
                return None;
            };
            analysis.run();
            Some(report::report(&analysis, &lines))
        };
        std::thread::Builder::new()
            .name("v16-flow".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, run)
            .ok()
            .and_then(|thread| thread.join().ok())
            .flatten()
    })
}
