//! Exports: a repository's findings as they are now, as one file to keep or hand on.
//!
//! An export is a job whose result is a file; it is listed as long as its job is. It holds what a
//! list with the same filter shows.

use super::{access, audit};
use crate::{
    clock::new_id,
    context::ServeContext,
    domain::{
        access::Actor,
        audit::AuditAction,
        finding::{DetectedFinding, Finding, SeverityCounts},
        ids::{ExportId, RepositoryId},
        job::{Job, JobKind, JobStatus},
        object_key::ObjectKey,
        project::ProjectRole,
        text_enum,
    },
    engine::report::{
        self, EngineInfo, FindingNote, Report, ReportContext, ReportSummary, SCHEMA_VERSION,
        SarifContext, SarifExtra,
    },
    error::{Error, Result},
    shutdown::blocking,
    store::{FindingFilter, ObservedFinding, PageRequest},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// How long a link to a finished export works.
const LINK_LIFETIME: Duration = Duration::from_secs(3600);
/// Exports of a repository that are listed.
const LISTED: usize = 200;

text_enum! {
    /// The form of an export.
    ExportFormat {
        /// Every field of every finding.
        Json = "json",
        /// SARIF 2.1.0.
        Sarif = "sarif",
        /// One line per finding.
        Csv = "csv",
        /// CommonMark.
        Markdown = "markdown",
        /// One page that needs nothing else.
        Html = "html",
    }
}

impl ExportFormat {
    const fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Json | Self::Sarif | Self::Csv | Self::Html => self.as_str(),
        }
    }
}

/// What an export job has to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ExportInput {
    export_id: ExportId,
    format: ExportFormat,
    filter: FindingFilter,
}

/// An export, finished or not.
#[derive(Debug)]
pub struct Export {
    /// Identity.
    pub id: ExportId,
    /// Its form.
    pub format: ExportFormat,
    /// The job that makes it.
    pub job: Job,
    /// Where to fetch it, once it is finished; below the API prefix for local storage.
    pub url: Option<String>,
    /// Its size in bytes, once it is finished.
    pub size_bytes: Option<u64>,
}

/// Queues an export of a repository the caller may see.
pub async fn create(
    ctx: &ServeContext,
    actor: &Actor,
    id: RepositoryId,
    format: ExportFormat,
    filter: FindingFilter,
) -> Result<Export> {
    access::repository_as(&ctx.app.store, actor, id, ProjectRole::Viewer).await?;
    let input = ExportInput {
        export_id: new_id(),
        format,
        filter: FindingFilter {
            repository_id: Some(id),
            ..filter
        },
    };
    let described = serde_json::to_value(&input)
        .map_err(|error| Error::internal("an export cannot be described", error))?;
    let now = ctx.app.clock.now();
    let job = Job::queued(new_id(), JobKind::Export, id, described, now);
    let queued = ctx.app.store.enqueue_job(job.clone());
    audit::by(actor, AuditAction::ExportRequested, id, queued).await?;
    ctx.job_queued.notify_one();
    export(ctx, id, job).await
}

/// The exports of a repository of the caller, newest first.
pub async fn list(ctx: &ServeContext, actor: &Actor, id: RepositoryId) -> Result<Vec<Export>> {
    access::repository(&ctx.app.store, actor, id).await?;
    let jobs = ctx.app.store.jobs_of(&id.to_string(), usize::MAX).await?;
    let mut exports = Vec::new();
    let made = jobs.into_iter().filter(|job| job.kind == JobKind::Export);
    for job in made.take(LISTED) {
        exports.push(export(ctx, id, job).await?);
    }
    Ok(exports)
}

async fn export(ctx: &ServeContext, id: RepositoryId, job: Job) -> Result<Export> {
    let input = input_of(&job)?;
    let key = ObjectKey::export(id, input.export_id, input.format.extension());
    let finished = job.status == JobStatus::Succeeded;
    let meta = match finished {
        true => ctx.app.objects.head(&key).await?,
        false => None,
    };
    let url = match &meta {
        Some(_) => Some(ctx.app.objects.presign_get(&key, LINK_LIFETIME).await?),
        None => None,
    };
    Ok(Export {
        id: input.export_id,
        format: input.format,
        job,
        url,
        size_bytes: meta.map(|meta| meta.size),
    })
}

fn input_of(job: &Job) -> Result<ExportInput> {
    serde_json::from_value(job.input.clone())
        .map_err(|error| Error::internal("an export job cannot be read", error))
}

/// Writes an export. Running it again writes the same file anew.
pub async fn run(ctx: &ServeContext, job: &Job) -> Result<()> {
    let ExportInput {
        export_id,
        format,
        filter,
    } = input_of(job)?;
    let id: RepositoryId = job
        .subject_id
        .parse()
        .map_err(|error| Error::internal("an export job names no repository", error))?;
    let everything = PageRequest::first(usize::MAX);
    let page = ctx.app.store.findings(filter, everything).await?;
    let notes = page.items.iter().map(note).collect();
    let findings: Vec<Finding> = page.items.into_iter().map(|row| row.finding).collect();
    let repository = ctx.app.store.repository(id).await?;
    let context = ReportContext {
        about: vec![
            ("Repository", repository.name),
            ("Date", job.created_at.to_string()),
        ],
        notes,
        stored: true,
        of_many_scans: true,
        include_leads: true,
    };
    let bytes = blocking(move || render(format, &findings, &context)).await?;
    let key = ObjectKey::export(id, export_id, format.extension());
    ctx.app.objects.put_bytes(&key, bytes).await.map(drop)
}

fn note(row: &ObservedFinding) -> Option<FindingNote> {
    let observed = row.observation.as_ref().map(|it| it.state);
    let state = observed.unwrap_or(row.finding.state);
    Some(FindingNote::of(&row.finding, state))
}

fn render(format: ExportFormat, findings: &[Finding], context: &ReportContext) -> Result<Vec<u8>> {
    let written = |error| Error::internal("an export cannot be written", error);
    let report = report_of(findings);
    match format {
        ExportFormat::Json => {
            let document = serde_json::json!({ "schema_version": 1, "findings": findings });
            serde_json::to_vec_pretty(&document).map_err(written)
        }
        ExportFormat::Sarif => {
            let sarif = SarifContext {
                extra: sarif_extra(&report, context),
                include_leads: true,
                ..SarifContext::default()
            };
            serde_json::to_vec(&report::to_sarif(&report, &sarif)).map_err(written)
        }
        ExportFormat::Csv => Ok(report::to_csv(&report, context).into_bytes()),
        ExportFormat::Markdown => Ok(report::to_markdown(&report, context).into_bytes()),
        ExportFormat::Html => Ok(report::to_html(&report, context).into_bytes()),
    }
}

/// What the store knows beyond the engine's words, by fingerprint.
pub(super) fn sarif_extra(
    report: &Report,
    context: &ReportContext,
) -> BTreeMap<String, SarifExtra> {
    let known = report.findings.iter().zip(&context.notes);
    let known = known.filter_map(|(finding, note)| {
        let extra = note.as_ref()?.to_sarif_extra();
        Some((finding.anchor.fingerprint.clone(), extra))
    });
    known.collect()
}

fn detected(finding: &Finding) -> DetectedFinding {
    DetectedFinding {
        content: finding.content.clone(),
        anchor: finding.anchor.clone(),
    }
}

/// The findings as a report without a ledger: they come from many scans.
fn report_of(findings: &[Finding]) -> Report {
    let mut counts = SeverityCounts::default();
    let mut leads = 0;
    for finding in findings {
        if finding.content.lead {
            leads += 1;
        } else {
            counts.add(finding.content.severity);
        }
    }
    Report {
        schema_version: SCHEMA_VERSION,
        engine: EngineInfo {
            name: "v16".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rules_version: String::new(),
        },
        partial: false,
        summary: ReportSummary {
            findings: counts,
            leads,
            ..ReportSummary::default()
        },
        auditors_used: Vec::new(),
        auditors_unused: Vec::new(),
        components: Vec::new(),
        findings: findings.iter().map(detected).collect(),
        suppressed: Vec::new(),
        baseline: None,
        coverage: Vec::new(),
        coverage_summary: Default::default(),
        warnings: Vec::new(),
    }
}
