//! What retention lets go, in one commit.

use super::{
    change::{Change, Decision, Deletion},
    sessions::ended_at,
    state::State,
    view::Moment,
};
use crate::domain::{
    ids::SnapshotId,
    retention::{LetGo, RetentionPolicy, RunMode},
    scan::{Scan, ScanStatus},
    time::Timestamp,
};
use std::{collections::BTreeSet, time::Duration};

pub fn let_go(
    state: &State,
    moment: &Moment<'_>,
    policy: &RetentionPolicy,
    mode: RunMode,
) -> Decision<LetGo> {
    let mut changes = Vec::new();
    let mut gone = LetGo::default();
    let over = |since: Timestamp, kept: Option<Duration>| {
        kept.is_some_and(|kept| moment.now.since(since) >= kept)
    };
    for scan in state.scans.values() {
        let ended = scan.completed_at.unwrap_or(scan.updated_at);
        let has_files = scan.artifacts_attempt.is_some() && scan.artifacts_published;
        if scan.status.is_final() && has_files && over(ended, policy.artifacts) {
            gone.artifacts.push(scan.id);
            changes.push(without_files(scan).into());
        }
    }
    let needed = needed_snapshots(state);
    for snapshot in state.snapshots.values() {
        if !needed.contains(&snapshot.id) && over(snapshot.created_at, policy.snapshots) {
            gone.snapshots.push(snapshot.clone());
            changes.push(Change::Delete(Deletion::Snapshot(snapshot.id)));
        }
    }
    for session in state.sessions.values() {
        if over(ended_at(session), policy.sessions) {
            gone.sessions += 1;
            changes.push(Change::Delete(Deletion::Session(session.id)));
        }
    }
    for job in state.jobs.values() {
        if job.status.is_final() && over(job.updated_at, policy.jobs) {
            gone.jobs += 1;
            changes.push(Change::Delete(Deletion::Job(job.id)));
        }
    }
    for upload in state.git_uploads.values() {
        if over(upload.expires_at, policy.git_uploads) && upload.expires_at <= moment.now {
            gone.git_uploads += 1;
            changes.push(Change::Delete(Deletion::GitUpload(upload.id)));
        }
    }
    for delivery in state.deliveries.rows().values() {
        if delivery.status.is_final() && over(delivery.updated_at, policy.deliveries) {
            gone.deliveries += 1;
            changes.push(Change::Delete(Deletion::Delivery(delivery.id)));
        }
    }
    for key in state.keys.values() {
        if key.expires_at <= moment.now {
            gone.keys += 1;
            changes.push(Change::Delete(Deletion::Key(key.id)));
        }
    }
    match mode {
        RunMode::DryRun => Decision::unchanged(gone),
        RunMode::Apply => Decision::new(gone, changes),
    }
}

fn without_files(scan: &Scan) -> Scan {
    Scan {
        artifacts_attempt: None,
        artifacts_published: false,
        ..scan.clone()
    }
}

/// Snapshots that something is, or will be, done with.
fn needed_snapshots(state: &State) -> BTreeSet<SnapshotId> {
    let newest = state
        .repositories
        .values()
        .filter_map(|repository| repository.latest_snapshot_id);
    let active = state.active_scans.iter();
    let active = active.filter_map(|id| state.scans.get(*id).map(|scan| scan.snapshot_id));
    // The next scan looks into this one for files that moved.
    let compared = state.repositories.ids().filter_map(|repository| {
        let scans = state.scans_of.of(&repository).rev();
        let mut scans = scans.filter_map(|id| state.scans.get(*id));
        let completed = scans.find(|scan| scan.status == ScanStatus::Completed);
        completed.map(|scan| scan.snapshot_id)
    });
    newest.chain(active).chain(compared).collect()
}
