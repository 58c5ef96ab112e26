//! Findings of other tools, from SARIF 2.1.0: read, held against the source tree, and reported as
//! the engine's own are.
//!
//! What a tool says is foreign data. A result that does not stand in this tree (no such file, no
//! such line, other text than quoted) becomes a lead, never a finding, and never vanishes without a
//! warning. Credentials are cut from every quotation. Files come in path order and their results in
//! the order of the tool, so equal input gives byte-equal output.

mod flows;
mod places;
mod results;
mod sarif;
mod texts;
mod weight;

use super::{
    EngineEvent, EventSink, LogLevel, Phase,
    inventory::{self, Inventory},
    packages::Packages,
    pipeline::{DebugBundle, ScanOutcome},
    plan, rank,
    report::{EngineInfo, Report, ReportSummary, SCHEMA_VERSION},
};
use crate::{
    domain::{
        coverage::{CoverageEntry, CoverageOutcome, CoverageSummary, ScanScope},
        finding::{DetectedFinding, SeverityCounts},
        scan::IMPORT_PREFIX,
    },
    error::{Error, Result},
};
use places::Places;
use serde::{Deserialize, de::IgnoredAny};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::BufReader,
    path::Path,
};
use tokio_util::sync::CancellationToken;

/// So many findings go out together; all of one file stay together.
const CHUNK: usize = 500;
/// So many runs are read from one file (GitHub's limit).
const MAX_RUNS: usize = 20;
/// So many results are read from one file.
pub const MAX_RESULTS: usize = 100_000;

/// What a SARIF file holds, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSummary {
    /// The auditors the import stands for, as `import:<tool>`, each once.
    pub auditors: Vec<String>,
    /// How many results there are in all runs.
    pub results: usize,
}

/// Reads as much of a SARIF file as is needed to accept or refuse it. Blocking.
///
/// # Errors
/// `validation_error` on the field `file` when it is no SARIF 2.1.0, has no run, or holds more than
/// `MAX_RESULTS` results.
pub fn inspect_sarif(file: &Path) -> Result<ImportSummary> {
    #[derive(Deserialize)]
    struct Log {
        #[serde(default)]
        version: String,
        #[serde(default)]
        runs: Option<Vec<Run>>,
    }
    #[derive(Deserialize)]
    struct Run {
        #[serde(default)]
        tool: Option<sarif::Tool>,
        #[serde(default)]
        results: Option<Vec<IgnoredAny>>,
    }
    let log: Log = read(file)?;
    check_version(&log.version)?;
    let runs = log.runs.unwrap_or_default();
    if runs.is_empty() || runs.len() > MAX_RUNS {
        let message = format!("must hold 1 to {MAX_RUNS} runs, not {}", runs.len());
        return Err(Error::field("file", message));
    }
    let results = runs.iter().flat_map(|run| &run.results).map(Vec::len).sum();
    if results > MAX_RESULTS {
        let message = format!("holds {results} results; at most {MAX_RESULTS} are taken");
        return Err(Error::field("file", message));
    }
    let auditors: BTreeSet<String> = runs
        .iter()
        .map(|run| auditor_name(run.tool.as_ref().map_or("", |tool| &tool.driver.name)))
        .collect();
    Ok(ImportSummary {
        auditors: auditors.into_iter().collect(),
        results,
    })
}

fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> Result<T> {
    let file =
        File::open(file).map_err(|error| Error::internal("an import cannot be opened", error))?;
    serde_json::from_reader(BufReader::with_capacity(256 * 1024, file)).map_err(|error| {
        if error.is_io() {
            Error::internal("an import cannot be read", error)
        } else {
            // The parser's words name places and kinds, never contents.
            Error::field("file", format!("is not SARIF 2.1.0: {error}"))
        }
    })
}

fn check_version(version: &str) -> Result<()> {
    match version {
        "2.1.0" => Ok(()),
        "" => Err(Error::field(
            "file",
            "has no `version`; expected SARIF 2.1.0",
        )),
        _ => Err(Error::field(
            "file",
            "has another `version` than 2.1.0, which is the one that can be imported",
        )),
    }
}

/// The name under which a tool's results are kept: `import:` and the tool in lower case.
fn auditor_name(tool: &str) -> String {
    let slug = slug(tool);
    format!("{IMPORT_PREFIX}{slug}")
}

/// A tool's name as one short word of `[a-z0-9.-]`.
fn slug(tool: &str) -> String {
    let plain: String = tool
        .chars()
        .take(60)
        .map(|c| match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() || c == '.' => c,
            _ => '-',
        })
        .collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        "unnamed-tool".to_owned()
    } else {
        words.join("-")
    }
}

/// Takes the results in `file` as claims about the tree below `source_root`. Blocking.
///
/// # Errors
/// As [`inspect_sarif`], and `dependency_unavailable` when the root cannot be read.
pub fn import_sarif(
    source_root: &Path,
    file: &Path,
    sink: &dyn EventSink,
    cancel: &CancellationToken,
) -> Result<ScanOutcome> {
    progress(sink, Phase::Inventory, 0, "Listing files".to_owned());
    let inventory = inventory::take_inventory(source_root, cancel)?;
    let plan = plan::make_plan(&inventory, None);
    progress(sink, Phase::Plan, 10, "Reading the import".to_owned());
    let log: sarif::Log = read(file)?;
    check_version(&log.version)?;
    let component_of: BTreeMap<&str, &str> = plan
        .components
        .iter()
        .flat_map(|component| {
            let files = component.files.iter();
            files.map(|index| (inventory.files[*index].path.as_str(), component.id.as_str()))
        })
        .collect();
    let mut import = Import {
        places: Places::new(&inventory),
        warnings: BTreeMap::new(),
        by_file: BTreeMap::new(),
        scope: ScanScope {
            present: inventory
                .files
                .iter()
                .map(|file| file.path.clone())
                .collect(),
            whole_tree: true,
            ..ScanScope::default()
        },
        coverage: Vec::new(),
    };
    for run in log.runs.iter().take(MAX_RUNS) {
        import.run(run, &inventory, &component_of);
    }
    let left_out: u64 = import.warnings.values().sum();
    let left_out = usize::try_from(left_out).unwrap_or(usize::MAX);
    let findings = results::settle(source_root, &inventory, import.by_file, cancel);
    let mut emitted = Emitter::new(sink, findings.values().map(Vec::len).sum(), left_out);
    let mut all = Vec::new();
    for (path, mut findings) in findings {
        if cancel.is_cancelled() {
            break;
        }
        let component = component_of.get(path.as_str()).copied().unwrap_or_default();
        for finding in &mut findings {
            finding.content.component = component.to_owned();
        }
        emitted.add(&findings);
        all.append(&mut findings);
    }
    let cancelled = cancel.is_cancelled();
    emitted.finish(&import.warnings);
    Ok(import_outcome(
        all,
        import.scope,
        import.coverage,
        import.warnings,
        &inventory,
        cancelled,
    ))
}

fn import_outcome(
    mut findings: Vec<DetectedFinding>,
    mut scope: ScanScope,
    mut coverage: Vec<CoverageEntry>,
    warnings: BTreeMap<String, u64>,
    inventory: &Inventory,
    cancelled: bool,
) -> ScanOutcome {
    findings.sort_by(rank::by_rank);
    coverage.sort();
    let mut summary = ReportSummary::default();
    let mut counts = SeverityCounts::default();
    for finding in &findings {
        if finding.content.lead {
            summary.leads += 1;
        } else {
            counts.add(finding.content.severity);
        }
    }
    summary.findings = counts;
    let auditors = scope.rules.keys().cloned().collect();
    scope.whole_tree = !cancelled;
    if cancelled {
        scope.reviewed.clear();
    }
    let report = Report {
        schema_version: SCHEMA_VERSION,
        engine: EngineInfo {
            name: "v16".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rules_version: String::new(),
        },
        partial: cancelled,
        summary,
        auditors_used: auditors,
        auditors_unused: Vec::new(),
        components: Vec::new(),
        findings,
        suppressed: Vec::new(),
        baseline: None,
        coverage_summary: CoverageSummary::of(&coverage, inventory.files.len() as u64),
        coverage,
        warnings: warnings
            .into_iter()
            .map(|(warning, count)| in_words(&warning, count))
            .collect(),
    };
    ScanOutcome {
        report,
        scope,
        cancelled,
        debug: DebugBundle::default(),
        packages: Packages::default(),
    }
}

fn in_words(warning: &str, count: u64) -> String {
    format!("{count} results: {warning}")
}

/// An import while it is read.
struct Import<'a> {
    places: Places<'a>,
    /// What was left out or changed, and how often.
    warnings: BTreeMap<String, u64>,
    /// What the tools claim, by file.
    by_file: BTreeMap<String, Vec<results::Claimed>>,
    scope: ScanScope,
    coverage: Vec<CoverageEntry>,
}

impl Import<'_> {
    fn run(
        &mut self,
        run: &sarif::Run,
        inventory: &Inventory,
        component_of: &BTreeMap<&str, &str>,
    ) {
        let tool = slug(&run.tool.driver.name);
        let auditor = auditor_name(&run.tool.driver.name);
        let rules = self.scope.rules.entry(auditor.clone()).or_default();
        let listed = std::iter::once(&run.tool.driver).chain(&run.tool.extensions);
        rules.extend(
            listed
                .flat_map(|component| &component.rules)
                .map(|rule| results::rule_id(&tool, &rule.id)),
        );
        for result in &run.results {
            match results::read(result, run, &tool, &auditor, &self.places) {
                Ok(claimed) => {
                    rules.insert(claimed.finding.anchor.rule_id.clone());
                    let path = claimed.finding.content.location.file_path.clone();
                    self.by_file.entry(path).or_default().push(claimed);
                }
                Err(reason) => *self.warnings.entry(reason.to_owned()).or_default() += 1,
            }
        }
        self.cover(run, &auditor, inventory, component_of);
    }

    /// Which files the tool looked at: those it lists as analysed, all of them when it lists none,
    /// and none when it says that it broke.
    fn cover(
        &mut self,
        run: &sarif::Run,
        auditor: &str,
        inventory: &Inventory,
        component_of: &BTreeMap<&str, &str>,
    ) {
        let broke = run
            .invocations
            .iter()
            .any(|invocation| invocation.execution_successful == Some(false));
        let listed: BTreeSet<String> = run
            .artifacts
            .iter()
            .filter(|artifact| artifact.roles.iter().any(|role| role == "analysisTarget"))
            .filter_map(|artifact| self.places.path(&artifact.location.uri))
            .collect();
        let driver = &run.tool.driver;
        let version = [&driver.semantic_version, &driver.version]
            .into_iter()
            .find(|version| !version.is_empty());
        let version: String = version.map_or("", |text| text).chars().take(60).collect();
        let reviewed = self.scope.reviewed.entry(auditor.to_owned()).or_default();
        for file in &inventory.files {
            let (outcome, reason) = if broke {
                (CoverageOutcome::Failed, "the tool says that it failed")
            } else if listed.is_empty() || listed.contains(&file.path) {
                reviewed.insert(file.path.clone());
                (CoverageOutcome::Reviewed, "")
            } else {
                (
                    CoverageOutcome::Skipped,
                    "not listed as analysed by the tool",
                )
            };
            let component = component_of.get(file.path.as_str()).copied();
            self.coverage.push(CoverageEntry {
                component: component.unwrap_or_default().to_owned(),
                path: file.path.clone(),
                auditor: auditor.to_owned(),
                rules_version: version.clone(),
                outcome,
                reason: reason.to_owned(),
            });
        }
    }
}

/// Sends findings in chunks that a recovered scan recognises by their number.
struct Emitter<'a> {
    sink: &'a dyn EventSink,
    chunk: Vec<DetectedFinding>,
    sent: usize,
    number: usize,
    total: usize,
    left_out: usize,
}

impl<'a> Emitter<'a> {
    fn new(sink: &'a dyn EventSink, total: usize, left_out: usize) -> Self {
        Self {
            sink,
            chunk: Vec::new(),
            sent: 0,
            number: 0,
            total,
            left_out,
        }
    }

    fn add(&mut self, findings: &[DetectedFinding]) {
        if !self.chunk.is_empty() && self.chunk.len() + findings.len() > CHUNK {
            self.send();
        }
        self.chunk.extend_from_slice(findings);
    }

    fn send(&mut self) {
        self.sent += self.chunk.len();
        self.number += 1;
        let share = (self.sent * 70)
            .checked_div(self.total)
            .unwrap_or(70)
            .min(70);
        progress(
            self.sink,
            Phase::Audit,
            20 + share as u8,
            format!("Taken over {} of {} results", self.sent, self.of()),
        );
        self.sink.emit(EngineEvent::ComponentFinished {
            component: format!("import-{:05}", self.number),
            findings: std::mem::take(&mut self.chunk),
        });
    }

    /// How many results the file holds.
    fn of(&self) -> usize {
        self.total.saturating_add(self.left_out)
    }

    fn finish(mut self, warnings: &BTreeMap<String, u64>) {
        if !self.chunk.is_empty() {
            self.send();
        }
        for (warning, count) in warnings {
            self.sink.emit(EngineEvent::Log {
                level: LogLevel::Warn,
                message: in_words(warning, *count),
            });
        }
        let message = format!("{} of {} results taken over", self.sent, self.of());
        self.sink.emit(EngineEvent::Log {
            level: LogLevel::Info,
            message,
        });
    }
}

fn progress(sink: &dyn EventSink, phase: Phase, progress: u8, message: String) {
    sink.emit(EngineEvent::Progress {
        phase,
        component: None,
        progress,
        message,
    });
}

#[cfg(test)]
mod tests;
