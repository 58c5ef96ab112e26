//! One step of a runner: events, findings, progress and the finished component, all or nothing.

use super::{
    lifecycle,
    reconcile::{self, Sighting},
};
use crate::{
    domain::{
        event::{Event, kind},
        ids::{EventId, ScanId},
        lease::Fence,
        scan::Scan,
        time::Timestamp,
    },
    error::{Error, Result},
    store::{
        ScanBatch,
        json::{
            change::{Change, Decision, FindingPayload, FindingUpdated, Record},
            findings::history,
            view::{Moment, View},
        },
    },
};
use serde_json::Value;

/// Kinds that only the end of a scan writes.
const TERMINAL: [&str; 3] = [
    kind::SCAN_COMPLETED,
    kind::SCAN_FAILED,
    kind::SCAN_CANCELLED,
];

pub fn append(
    view: View<'_>,
    moment: &Moment<'_>,
    id: ScanId,
    fence: Fence,
    batch: ScanBatch,
) -> Result<Decision<u64>> {
    let mut scan = lifecycle::held(view.state, id, fence)?;
    let repeated = batch.finished_component.as_ref();
    if repeated.is_some_and(|component| scan.finished_components.contains(component)) {
        return Ok(Decision::unchanged(scan.last_seq));
    }
    if let Some(event) = batch
        .events
        .iter()
        .find(|event| TERMINAL.contains(&event.kind.as_str()))
    {
        return Err(Error::conflict(format!(
            "{} is written by the end of a scan only",
            event.kind
        )));
    }
    let now = batch.now.unwrap_or(moment.now);
    let mut changes = Vec::new();
    let sightings = reconcile::sightings(view, &scan, &batch.findings, &batch.renames, now)?;
    for event in batch.events {
        let happened = event.created_at;
        changes.push(numbered(
            &mut scan,
            event.id,
            event.kind,
            event.payload,
            happened,
        ));
    }
    for Sighting {
        finding,
        observation,
        lead,
    } in sightings
    {
        if !lead {
            scan.finding_counts.add(observation.severity);
        }
        let text = serde_json::value::to_raw_value(&finding)
            .map_err(|e| Error::internal("a finding cannot be written as JSON", e))?;
        scan.last_seq += 1;
        let event = FindingUpdated {
            id: (moment.event_id)(),
            scan_id: scan.id,
            seq: scan.last_seq,
            attempt: scan.attempt,
            kind: kind::FINDING_UPDATED,
            payload: FindingPayload {
                finding: text.clone(),
            },
            created_at: now,
        };
        changes.push(Change::Put(Box::new(Record::FindingUpdated(event))));
        changes.push(Change::Put(Box::new(Record::FindingText(text))));
        changes.extend(history::scanned(view.state, &finding, scan.id));
        changes.push(observation.into());
    }
    if let Some(update) = batch.progress {
        scan.progress = scan.progress.max(update.progress.min(100));
        scan.phase = update.phase;
        scan.message = update.message;
    }
    scan.finished_components.extend(batch.finished_component);
    scan.usage = batch.usage.unwrap_or(scan.usage);
    scan.updated_at = now;
    let last_seq = scan.last_seq;
    // The scan stands first, so that its events find it when the line is read.
    changes.insert(0, scan.into());
    Ok(Decision::new(last_seq, changes))
}

/// The next event of `scan`.
fn numbered(
    scan: &mut Scan,
    id: EventId,
    kind: String,
    payload: Value,
    created_at: Timestamp,
) -> Change {
    scan.last_seq += 1;
    Change::from(Event {
        id,
        scan_id: scan.id,
        seq: scan.last_seq,
        attempt: scan.attempt,
        kind,
        payload,
        created_at,
    })
}
