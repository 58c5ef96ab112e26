//! Reports and the other files a scan leaves behind.
//!
//! A runner writes its files under the attempt's keys; once the scan has ended under its fence they
//! are copied to the documented keys. Publishing is repeatable: whoever finds an ended scan with
//! unpublished files does it again.

use super::access;
use crate::{
    context::{AppContext, ServeContext},
    domain::{
        access::Actor,
        ids::ScanId,
        object_key::{Artifact, ObjectKey},
        scan::Scan,
    },
    error::{Error, Result},
    objects::{ObjectMeta, ObjectReader},
    store::EventQuery,
};

/// Events read from the store in one go.
const EVENT_PAGE: usize = 1_000;

/// Copies the files of an ended scan to their documented keys.
pub async fn publish(app: &AppContext, scan: &Scan) -> Result<()> {
    let Some(attempt) = scan.artifacts_attempt else {
        return Ok(());
    };
    for artifact in Artifact::ALL {
        if *artifact == Artifact::Events {
            continue;
        }
        let from = ObjectKey::attempt_artifact(scan.id, attempt, *artifact);
        app.objects
            .copy(&from, &ObjectKey::artifact(scan.id, *artifact))
            .await?;
    }
    // Written from the store, which has every attempt's events and the terminal one.
    let events = events_as_lines(app, scan).await?;
    app.objects
        .put_bytes(&ObjectKey::artifact(scan.id, Artifact::Events), events)
        .await?;
    app.store.mark_artifacts_published(scan.id).await?;
    app.objects
        .delete_prefix(&format!("{}attempts/", ObjectKey::scan_prefix(scan.id)))
        .await?;
    app.objects
        .delete_prefix(&format!("{}checkpoints/", ObjectKey::scan_prefix(scan.id)))
        .await
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
    /// SARIF 2.1.0.
    Sarif,
}

/// A scan's report, as a stream. `conflict` while the scan has none (yet).
pub async fn open(
    ctx: &ServeContext,
    actor: &Actor,
    id: ScanId,
    format: ReportFormat,
) -> Result<(ObjectMeta, ObjectReader)> {
    let scan = access::scan(&ctx.app.store, actor, id).await?;
    if !scan.artifacts_published {
        return Err(Error::conflict(if scan.status.is_final() {
            format!(
                "A scan that is {} before it produced anything has no report",
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
