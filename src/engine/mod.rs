//! The v16 engine: audits a source tree and says what it found, and what it did not look at.
//!
//! Knows `domain` and `workspace` only: no store, no queue, no HTTP. One call, [`scan_source`],
//! runs the pipeline; events leave through an [`EventSink`] as they happen. The same input gives
//! byte-equal output, whatever the number of threads.

mod audit;
mod auditors;
pub mod builtin;
mod cache;
pub mod events;
mod fingerprint;
mod import;
mod inventory;
mod log;
pub mod packages;
mod pipeline;
mod plan;
mod preview;
mod rank;
pub mod report;
mod select;
mod suppress;
mod threat_profile;
mod verify;

pub use auditors::{AuditorInfo, available_auditors, check_auditors};
pub use builtin::highlight::{HighlightSpan, can_highlight, highlight};
pub use builtin::{IrDump, ModelList, dump_ir};
pub use cache::{MAX_SCAN_CACHE, ScanCache, is_scan_cache};
pub use events::{EngineEvent, EventSink, LogLevel, Phase};
pub use import::{ImportSummary, import_sarif, inspect_sarif};
pub use inventory::{FileRole, Inventory, Language, SourceFile};
pub use pipeline::{DebugBundle, ScanOutcome, scan_source};
pub use preview::{Preview, preview};
pub use report::{Color, Report, SarifContext, SarifExtra, to_json, to_sarif, to_text};
pub use select::check_pattern;
pub use suppress::Suppressed;
pub use threat_profile::generate_threat_profile;

use crate::error::Result;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_util::sync::CancellationToken;

/// Those of the gitignore-style `patterns` that match no file below `source_root`; all of them where
/// together they leave nothing, none without patterns. Blocking; reads names only.
///
/// # Errors
/// `validation_error` on the field `paths` for a pattern that cannot be read.
pub fn unmatched_patterns(
    source_root: &Path,
    patterns: &[String],
    cancel: &CancellationToken,
) -> Result<Vec<String>> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    select::unmatched(patterns, &inventory::list_paths(source_root, cancel))
}

/// How one run of the engine is to be done. Filled by roles; the engine reads no environment.
#[derive(Debug, Clone, Default)]
pub struct EngineSettings {
    /// gitignore-style patterns of what to look at; empty = everything.
    pub paths: Vec<String>,
    /// The auditors to use; empty = `auto`.
    pub auditors: Vec<String>,
    /// Worker threads; 0 = one per core.
    pub threads: usize,
    /// The folder of overrides (`VEGA_V16_ROOT`), never inside an audited tree. Read from it:
    /// `rules/disabled.txt`, the ids of rules that are off, one per line, and the user's models of
    /// libraries, `models/<language>/*.yaml`.
    pub overrides: Option<PathBuf>,
    /// What the audited tree may say about its own audit.
    pub notes: TreeNotes,
    /// What the last scan of the same source left for this one; without it, everything is looked at.
    pub cache: Option<Arc<dyn ScanCache>>,
}

/// What the audited tree may say about its own audit: nothing, unless the caller allows it. What it
/// does say is shown in the report, with numbers and reasons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeNotes {
    /// Whether `.vegaignore` limits what is audited.
    pub ignore_file: IgnoreFile,
    /// The day (`YYYY-MM-DD`) on which `vega:ignore` comments are judged; without it they do not
    /// count.
    pub suppressions_on: Option<String>,
}

/// Whether the tree's `.vegaignore` counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IgnoreFile {
    /// It is a file like any other.
    #[default]
    Disregarded,
    /// Files it names are left out, and counted.
    Obeyed,
}

/// Where results of finished components are kept, so that a recovered scan resumes from them.
pub trait Checkpoints: Send + Sync {
    /// The saved result of a component, if there is one.
    fn load(&self, component: &str) -> Option<Vec<u8>>;
    /// Saves the result of a component. A failure costs only the work of repeating it.
    fn save(&self, component: &str, result: &[u8]) -> Result<()>;
}
