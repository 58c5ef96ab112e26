//! The stages in order: inventory → plan → selection → audit → verify → rank → report.
//!
//! Each stage is a function from typed input to typed output; this file only strings them together,
//! says where it stands, and keeps and resumes finished components.

use super::{
    Checkpoints, EngineEvent, EngineSettings, EventSink, Phase,
    audit::{self, AuditUnit, ComponentResult, ExaminedFiles, checkpoint},
    auditors::{self, Chosen},
    builtin::{
        RuleSet,
        flow::{Flow, Models},
    },
    cache::{Cache, MAX_SCAN_CACHE},
    inventory::{self, Inventory},
    log::Log,
    packages::{self, Packages},
    plan::{self, Plan},
    rank,
    report::{EngineInfo, Report, ReportComponent, ReportSummary, SCHEMA_VERSION},
    select::{self, Excluded, Selection},
    suppress, verify,
};
use crate::{
    domain::{
        coverage::{CoverageEntry, CoverageOutcome, CoverageSummary, ScanScope},
        finding::SeverityCounts,
        threat_profile::ThreatProfileContent,
    },
    error::{Error, Result},
};
use serde::Serialize;
use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};
use tokio_util::sync::CancellationToken;

/// What a run of the engine gives.
#[derive(Debug, Clone)]
pub struct ScanOutcome {
    /// The report; partial when `cancelled`.
    pub report: Report,
    /// Where silence means that a finding is gone. Empty of reviewed files when `cancelled` early.
    pub scope: ScanScope,
    /// Whether the scan was called off.
    pub cancelled: bool,
    /// The packages of others that the tree uses.
    pub packages: Packages,
    /// What helps to understand the run afterwards.
    pub debug: DebugBundle,
}

/// Files of `v16-debug-bundle.zip`. Contains no source code and no secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DebugBundle {
    /// Name inside the bundle and content.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Audits the tree below `source_root`. Blocking.
///
/// # Errors
/// `validation_error` for unusable auditors, paths or models of the user's own, `dependency_unavailable` when the root cannot
/// be read, `internal_error` when threads cannot be started. Everything else that goes wrong is a
/// warning and a line in the coverage ledger.
pub fn scan_source(
    source_root: &Path,
    threat_profile: Option<&ThreatProfileContent>,
    sink: &dyn EventSink,
    cancel: &CancellationToken,
    checkpoints: &dyn Checkpoints,
    settings: &EngineSettings,
) -> Result<ScanOutcome> {
    let chosen = auditors::choose(&settings.auditors)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.threads)
        .thread_name(|index| format!("v16-{index}"))
        .build()
        .map_err(|error| Error::internal("The engine's threads cannot be started", error))?;
    let log = Log::new(sink);
    refuse_overrides_of_the_tree(source_root, settings.overrides.as_deref())?;
    let (rules, mut faults) = RuleSet::read(settings.overrides.as_deref());
    for fault in &faults {
        log.warn(fault.clone());
    }
    if rules.disabled() > 0 {
        log.info(format!("{} rules are switched off", rules.disabled()));
    }
    let models = Models::read(settings.overrides.as_deref())?;
    let rules = rules.with_models(models.own_version());
    for file in models.own_files() {
        log.info(format!("Models of your own: {file}"));
    }
    for unused in &chosen.unused {
        log.info(format!(
            "Auditor {} is not used: {}",
            unused.name, unused.reason
        ));
    }
    pool.install(|| {
        log.progress(Phase::Inventory, None, 0, "Listing files".to_owned());
        let inventory = inventory::take_inventory(source_root, cancel)?;
        log.progress(
            Phase::Plan,
            None,
            5,
            format!("Planning over {} files", inventory.files.len()),
        );
        if inventory.files.is_empty() && inventory.unlisted.is_empty() {
            let empty = "The source holds no files: nothing was looked at".to_owned();
            log.warn(empty.clone());
            faults.push(empty);
        }
        let packages = packages::read_packages(source_root, &inventory);
        for (path, reason) in &packages.faults {
            faults.push(format!("The packages of {path} are not known: {reason}"));
        }
        let plan = plan::make_plan(&inventory, threat_profile);
        log.progress(
            Phase::Selection,
            None,
            8,
            format!("Choosing from {} components", plan.components.len()),
        );
        let (excluded, wrong) = Excluded::read(source_root, &inventory, settings.notes.ignore_file);
        for fault in &wrong {
            log.warn(fault.clone());
        }
        faults.extend(wrong);
        let selection = select::select(&inventory, &plan, &settings.paths, &excluded)?;
        if selection.misses_everything() {
            let patterns = settings.paths.join(", ");
            let missed = format!("The paths match no file, nothing was looked at: {patterns}");
            log.warn(missed.clone());
            faults.push(missed);
        }
        log.progress(Phase::Audit, None, 9, "Following data".to_owned());
        let taken = selection.taken();
        let cache = Cache::open(settings.cache.as_deref());
        let examined = ExaminedFiles::default();
        let flow = Flow::analyse(
            source_root,
            &inventory,
            &taken,
            &models,
            &cache,
            &|source, tree| examined.examine(source, tree, cancel),
            cancel,
        );
        let run = Run {
            models: &models,
            flow: &flow,
            cache: &cache,
            examined: &examined,
            settings,
            source_root,
            inventory: &inventory,
            plan: &plan,
            selection: &selection,
            chosen: &chosen,
            rules: &rules,
            faults: &faults,
            cancel,
            checkpoints,
            resumed: AtomicBool::new(false),
            log: &log,
        };
        let results = run.components();
        log.progress(Phase::Rank, None, 92, "Ordering findings".to_owned());
        let cancelled = cancel.is_cancelled();
        let report = run.report(&results, cancelled);
        let scope = run.scope(&results, settings.paths.is_empty() && !cancelled);
        log.progress(Phase::Report, None, 96, "Writing the report".to_owned());
        if !cancelled {
            run.keep();
        }
        let debug = run.debug();
        Ok(ScanOutcome {
            report,
            scope,
            cancelled,
            packages,
            debug,
        })
    })
}

/// What is audited must not decide what is found.
fn refuse_overrides_of_the_tree(root: &Path, overrides: Option<&Path>) -> Result<()> {
    let inside = overrides.and_then(|folder| {
        let (folder, root) = (folder.canonicalize().ok()?, root.canonicalize().ok()?);
        folder.starts_with(root).then_some(())
    });
    match inside {
        None => Ok(()),
        Some(()) => Err(Error::field(
            "VEGA_V16_ROOT",
            "lies in the source that is audited, which must not decide what is found: move it \
             elsewhere",
        )),
    }
}

/// One run's fixed inputs.
struct Run<'a> {
    models: &'a Models,
    flow: &'a Flow,
    cache: &'a Cache,
    examined: &'a ExaminedFiles,
    settings: &'a EngineSettings,
    source_root: &'a Path,
    inventory: &'a Inventory,
    plan: &'a Plan,
    selection: &'a Selection,
    chosen: &'a Chosen,
    rules: &'a RuleSet,
    /// What is wrong with the overrides and the tree's ignore file.
    faults: &'a [String],
    cancel: &'a CancellationToken,
    checkpoints: &'a dyn Checkpoints,
    /// Whether a component was taken over from an attempt that ended early.
    resumed: AtomicBool,
    log: &'a Log<'a>,
}

impl Run<'_> {
    /// Audits component after component; `None` for those that cancellation left out.
    fn components(&self) -> Vec<Option<ComponentResult>> {
        let count = self.plan.components.len().max(1);
        self.plan
            .components
            .iter()
            .zip(&self.selection.components)
            .enumerate()
            .map(|(index, (component, selected))| {
                let progress = (10 + index * 80 / count).min(90) as u8;
                self.log.progress(
                    Phase::Audit,
                    Some(component.id.clone()),
                    progress,
                    format!("Auditing {}", component.id),
                );
                let unit = AuditUnit {
                    root: self.source_root,
                    inventory: self.inventory,
                    component,
                    selected,
                    auditors: &self.chosen.used,
                    rules: self.rules,
                    models: self.models,
                    flow: self.flow,
                    cache: self.cache,
                    examined: self.examined,
                    cancel: self.cancel,
                };
                let result = self.component(&unit)?;
                for warning in &result.warnings {
                    self.log.warn(warning.clone());
                }
                self.log.sink.emit(EngineEvent::ComponentFinished {
                    component: component.id.clone(),
                    findings: result.findings.clone(),
                });
                Some(result)
            })
            .collect()
    }

    /// One component: resumed, or audited, verified, ranked and saved.
    fn component(&self, unit: &AuditUnit<'_>) -> Option<ComponentResult> {
        if unit.cancel.is_cancelled() {
            return None;
        }
        let id = &unit.component.id;
        let key = checkpoint::key(unit);
        let saved = self.checkpoints.load(id);
        if let Some(result) = saved.and_then(|bytes| checkpoint::decode(&key, &bytes)) {
            self.resumed.store(true, Ordering::Relaxed);
            return Some(result);
        }
        let mut result = audit::audit(unit)?;
        let claims = std::mem::take(&mut result.findings);
        let verified = verify::verify(self.source_root, self.inventory, claims);
        result.unanchored = verified.unanchored;
        result.findings = verified.findings;
        result.duplicates = rank::rank(&mut result.findings);
        let saved = checkpoint::encode(key, &result)
            .map_err(|error| Error::internal("A checkpoint cannot be written", error))
            .and_then(|bytes| self.checkpoints.save(id, &bytes));
        if let Err(error) = saved {
            self.log
                .warn(format!("Component {id} could not be saved: {error}"));
        }
        Some(result)
    }

    fn report(&self, results: &[Option<ComponentResult>], cancelled: bool) -> Report {
        let mut findings = Vec::new();
        let mut coverage = self.unlisted();
        let mut warnings = self.faults.to_vec();
        let mut summary = ReportSummary {
            excluded: self.selection.left_for(select::EXCLUDED),
            ..ReportSummary::default()
        };
        let mut marks = Vec::new();
        for (component, result) in self.plan.components.iter().zip(results) {
            match result {
                Some(result) => {
                    findings.extend(result.findings.iter().cloned());
                    coverage.extend(result.coverage.iter().cloned());
                    warnings.extend(result.warnings.iter().cloned());
                    marks.extend(result.marks.iter().cloned());
                    summary.unanchored += result.unanchored;
                    summary.duplicates += result.duplicates;
                }
                None => coverage.extend(self.cut_short(component)),
            }
        }
        findings.sort_by(rank::by_rank);
        let mut suppressed = Vec::new();
        if let Some(today) = &self.settings.notes.suppressions_on {
            let (passed_over, more) = suppress::apply(&mut findings, &marks, today);
            summary.suppressed = passed_over.len() as u64;
            suppressed = passed_over;
            warnings.extend(more);
        }
        coverage.sort();
        let mut counts = SeverityCounts::default();
        for finding in &findings {
            if finding.content.lead {
                summary.leads += 1;
            } else {
                counts.add(finding.content.severity);
            }
        }
        summary.findings = counts;
        Report {
            schema_version: SCHEMA_VERSION,
            engine: EngineInfo {
                name: "v16".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                rules_version: self.rules.version().to_owned(),
            },
            partial: cancelled,
            summary,
            auditors_used: self.chosen.used.clone(),
            auditors_unused: self.chosen.unused.clone(),
            components: self.report_components(),
            findings,
            suppressed,
            baseline: None,
            coverage_summary: CoverageSummary::of(&coverage, self.inventory.files.len() as u64),
            coverage,
            warnings,
        }
    }

    fn report_components(&self) -> Vec<ReportComponent> {
        self.plan
            .components
            .iter()
            .zip(&self.selection.components)
            .map(|(component, selected)| ReportComponent {
                id: component.id.clone(),
                folder: component.folder.clone(),
                files: component.files.len() as u64,
                selected: selected.take.len() as u64,
                languages: component
                    .languages
                    .iter()
                    .map(|language| language.as_str().to_owned())
                    .collect(),
                questions: component.questions.clone(),
            })
            .collect()
    }

    /// Ledger lines for what the walk could not list.
    fn unlisted(&self) -> Vec<CoverageEntry> {
        let entries = self.chosen.used.iter().flat_map(|auditor| {
            self.inventory.unlisted.iter().map(|place| CoverageEntry {
                component: String::new(),
                path: place.path.clone(),
                auditor: auditor.clone(),
                rules_version: self.rules.version().to_owned(),
                outcome: CoverageOutcome::Failed,
                reason: place.reason.clone(),
            })
        });
        entries.collect()
    }

    /// Ledger lines for a component that cancellation left out.
    fn cut_short(&self, component: &plan::Component) -> Vec<CoverageEntry> {
        let entries = self.chosen.used.iter().flat_map(|auditor| {
            component.files.iter().map(|index| CoverageEntry {
                component: component.id.clone(),
                path: self.inventory.files[*index].path.clone(),
                auditor: auditor.clone(),
                rules_version: self.rules.version().to_owned(),
                outcome: CoverageOutcome::Skipped,
                reason: "scan cancelled".to_owned(),
            })
        });
        entries.collect()
    }

    fn scope(&self, results: &[Option<ComponentResult>], whole_tree: bool) -> ScanScope {
        let mut scope = ScanScope {
            // Something the walk could not list may hold files that are thought gone.
            whole_tree: whole_tree && self.inventory.unlisted.is_empty(),
            ..ScanScope::default()
        };
        scope
            .present
            .extend(self.inventory.files.iter().map(|file| file.path.clone()));
        for auditor in &self.chosen.used {
            let reviewed = scope.reviewed.entry(auditor.clone()).or_default();
            for result in results.iter().flatten() {
                reviewed.extend(result.whole.iter().cloned());
            }
            let rules = self.rules.ids().map(str::to_owned).collect();
            scope.rules.insert(auditor.clone(), rules);
        }
        scope
    }

    /// Keeps for the next scan what this one worked out.
    fn keep(&self) {
        let Some(to) = &self.settings.cache else {
            return;
        };
        let (known, asked) = self.cache.reuse();
        self.log.info(format!(
            "Known from the last scan: {known} of {asked} steps"
        ));
        // What was resumed was not asked for, but is no less in use.
        let is_part = !self.settings.paths.is_empty() || self.resumed.load(Ordering::Relaxed);
        let Some(bytes) = self.cache.to_bytes(is_part) else {
            return;
        };
        let failure = match bytes.len() {
            length if length > MAX_SCAN_CACHE => Some(format!("{length} bytes are too many")),
            _ => to.save(bytes).err().map(|error| error.to_string()),
        };
        if let Some(failure) = failure {
            self.log.warn(format!(
                "The next scan starts from nothing, this one could not be kept: {failure}"
            ));
        }
    }

    fn debug(&self) -> DebugBundle {
        let mut bundle = DebugBundle::default();
        let mut add = |name: &str, value: &dyn erased::Json| {
            if let Some(bytes) = value.json() {
                bundle.files.push((name.to_owned(), bytes));
            }
        };
        add("inventory.json", self.inventory);
        add("plan.json", self.plan);
        add("selection.json", self.selection);
        bundle
            .files
            .push(("log.txt".to_owned(), self.log.lines().into_bytes()));
        bundle
    }
}

/// Serialising through a trait object.
mod erased {
    use super::Serialize;

    pub(super) trait Json {
        fn json(&self) -> Option<Vec<u8>>;
    }

    impl<T: Serialize> Json for T {
        fn json(&self) -> Option<Vec<u8>> {
            serde_json::to_vec_pretty(self).ok()
        }
    }
}
