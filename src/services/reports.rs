//! Reports and the other files a scan leaves behind.
//!
//! A runner writes its files under the attempt's keys; once the scan has ended under its fence they
//! are copied to the documented keys. Publishing is repeatable: whoever finds an ended scan with
//! unpublished files does it again.

use super::{access, exports};
use crate::{
    context::{AppContext, ServeContext},
    domain::{
        access::Actor,
        finding::{DetectedFinding, Location},
        ids::ScanId,
        object_key::{Artifact, ObjectKey},
        scan::Scan,
    },
    engine::{
        Report,
        report::{self, FindingNote, ReportContext, SarifContext},
    },
    error::{Error, ErrorCode, Result},
    objects::{ObjectMeta, ObjectReader},
    shutdown::blocking,
    store::{EventQuery, FindingFilter, ObservedFinding, PageRequest},
};
use std::collections::BTreeMap;
use tokio::io::AsyncReadExt;

/// Events read from the store in one go.
const EVENT_PAGE: usize = 1_000;

/// Copies the files of an ended scan to their documented keys and removes what it worked with.
///
/// Two processes may do this at once, and one may die half way: what is gone from the attempt's
/// keys has reached the documented ones, and the mark that nothing is left to do comes last.
pub async fn publish(app: &AppContext, scan: &Scan) -> Result<()> {
    if let Some(attempt) = scan.artifacts_attempt {
        for artifact in Artifact::ALL {
            if *artifact != Artifact::Events {
                publish_one(app, scan, attempt, *artifact).await?;
            }
        }
        // Written from the store, which has every attempt's events and the terminal one.
        let events = events_as_lines(app, scan).await?;
        app.objects
            .put_bytes(&ObjectKey::artifact(scan.id, Artifact::Events), events)
            .await?;
    }
    let prefix = ObjectKey::scan_prefix(scan.id);
    app.objects
        .delete_prefix(&format!("{prefix}attempts/"))
        .await?;
    app.objects
        .delete_prefix(&format!("{prefix}checkpoints/"))
        .await?;
    match scan.artifacts_attempt {
        Some(_) => app.store.mark_artifacts_published(scan.id).await,
        None => Ok(()),
    }
}

async fn publish_one(
    app: &AppContext,
    scan: &Scan,
    attempt: u32,
    artifact: Artifact,
) -> Result<()> {
    let from = ObjectKey::attempt_artifact(scan.id, attempt, artifact);
    let to = ObjectKey::artifact(scan.id, artifact);
    match app.objects.copy(&from, &to).await {
        Err(error)
            if error.code() == ErrorCode::NotFound && app.objects.head(&to).await?.is_some() =>
        {
            Ok(())
        }
        copied => copied,
    }
}

async fn events_as_lines(app: &AppContext, scan: &Scan) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    let mut after = 0;
    loop {
        let query = EventQuery {
            scan_id: Some(scan.id),
            after: Some(after),
            limit: EVENT_PAGE,
            ..EventQuery::default()
        };
        let events = app.store.events(scan.repository_id, query).await?;
        let Some(last) = events.last() else {
            return Ok(lines);
        };
        after = last.seq;
        for event in &events {
            serde_json::to_writer(&mut lines, event)
                .map_err(|error| Error::internal("an event cannot be written", error))?;
            lines.push(b'\n');
        }
    }
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// `v16-report.json`.
    Json,
    /// SARIF 2.1.0, as the engine wrote it.
    Sarif,
}

/// A form that is made from the stored report when it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderedFormat {
    /// CommonMark.
    Markdown,
    /// One page that needs nothing else.
    Html,
    /// One line per finding.
    Csv,
    /// SARIF 2.1.0, with states and decisions.
    Sarif,
}

/// Larger reports are not rendered, only streamed as they are (bytes).
const MAX_RENDERED: u64 = 128 * 1_048_576;

/// What a rendered page may do, for the header it is served with.
pub fn page_policy() -> String {
    report::content_security_policy()
}

/// A scan's report in a form that says what that scan made of each finding and what people decided
/// since. Errors as [`open`]; `payload_too_large` when the report is too large to be held in memory.
pub async fn rendered(
    ctx: &ServeContext,
    actor: &Actor,
    id: ScanId,
    format: RenderedFormat,
) -> Result<String> {
    let (meta, mut reader) = open(ctx, actor, id, ReportFormat::Json).await?;
    if meta.size > MAX_RENDERED {
        return Err(Error::new(
            ErrorCode::PayloadTooLarge,
            "This report is too large for that form; take it as json or sarif",
        ));
    }
    let mut bytes = Vec::new();
    reader
        .read_to_end(&mut bytes)
        .await
        .map_err(|error| Error::internal("the report cannot be read", error))?;
    let store = &ctx.app.store;
    let scan = store.scan(id).await?;
    let repository = store.repository(scan.repository_id).await?;
    let snapshot = store.snapshot(scan.snapshot_id).await?;
    let filter = FindingFilter {
        repository_id: Some(scan.repository_id),
        scan_id: Some(id),
        ..FindingFilter::default()
    };
    let everything = PageRequest::first(usize::MAX);
    let seen = store.findings(filter, everything).await?.items;
    let mut about = vec![("Repository", repository.name)];
    about.extend(snapshot.commit.clone().map(|commit| ("Commit", commit)));
    about.push(("Scan", id.to_string()));
    about.extend(scan.completed_at.map(|time| ("Date", time.to_string())));
    blocking(move || {
        let report: Report = serde_json::from_slice(&bytes)
            .map_err(|error| Error::internal("the stored report cannot be parsed", error))?;
        let context = ReportContext {
            about,
            notes: notes(&report, &seen),
            stored: true,
            ..ReportContext::default()
        };
        Ok(match format {
            RenderedFormat::Markdown => report::to_markdown(&report, &context),
            RenderedFormat::Html => report::to_html(&report, &context),
            RenderedFormat::Csv => report::to_csv(&report, &context),
            RenderedFormat::Sarif => {
                let sarif = SarifContext {
                    revision: snapshot.commit,
                    repository_uri: repository.git_url,
                    extra: exports::sarif_extra(&report, &context),
                    ..SarifContext::default()
                };
                report::to_sarif(&report, &sarif).to_string()
            }
        })
    })
    .await
}

/// What the scan made of each finding of its report. It is recognised by the place the scan saw it
/// at: by now it may have moved, and its fingerprint with it.
fn notes(report: &Report, seen: &[ObservedFinding]) -> Vec<Option<FindingNote>> {
    let mut by_place = BTreeMap::new();
    let mut by_fingerprint = BTreeMap::new();
    for row in seen {
        let place = row.observation.as_ref().map(|it| &it.location);
        let place = place.unwrap_or(&row.finding.content.location);
        by_place.insert(key(&row.finding.content.rule_id, place), row);
        by_fingerprint.insert(row.finding.anchor.fingerprint.as_str(), row);
    }
    let note = |finding: &DetectedFinding| {
        let content = &finding.content;
        let row = by_place
            .get(&key(&content.rule_id, &content.location))
            .or_else(|| by_fingerprint.get(finding.anchor.fingerprint.as_str()))?;
        let observed = row.observation.as_ref().map(|it| it.state);
        let state = observed.unwrap_or(row.finding.state);
        Some(FindingNote::of(&row.finding, state))
    };
    report.findings.iter().map(note).collect()
}

fn key<'a>(rule: &'a str, place: &'a Location) -> (&'a str, &'a str, u32, u32, Option<u32>) {
    let path = place.file_path.as_str();
    let (start, end) = (place.start_line, place.end_line);
    (rule, path, start, end, place.start_column)
}

/// A scan's report, as a stream. `conflict` while the scan has none (yet).
pub async fn open(
    ctx: &ServeContext,
    actor: &Actor,
    id: ScanId,
    format: ReportFormat,
) -> Result<(ObjectMeta, ObjectReader)> {
    let scan = access::scan(&ctx.app.store, actor, id).await?;
    if scan.artifacts_attempt.is_some() && !scan.artifacts_published {
        // It ended a moment ago: do now what its runner or a dispatcher is about to do.
        publish(&ctx.app, &scan).await?;
    } else if !scan.artifacts_published {
        return Err(Error::conflict(if scan.status.is_final() {
            format!(
                "This {} scan has no report: it produced none, or its files are no longer kept",
                scan.status
            )
        } else {
            format!(
                "The scan is still {}; its report exists once it has ended",
                scan.status
            )
        }));
    }
    let artifact = match format {
        ReportFormat::Json => Artifact::Report,
        ReportFormat::Sarif => Artifact::Sarif,
    };
    ctx.app
        .objects
        .open(&ObjectKey::artifact(id, artifact))
        .await
}
