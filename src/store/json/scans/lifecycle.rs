//! A scan from its claim to its end: leases, fencing numbers, runner jobs, terminal events.

use super::reconcile;
use crate::{
    domain::{
        coverage::{CoverageSummary, ScanScope},
        event::{Event, kind},
        ids::{ScanId, UserId},
        lease::{Fence, lease_lost},
        runner_job::{RunnerJob, RunnerJobStatus},
        scan::{Scan, ScanStatus, ScanTransition, transition},
        time::Timestamp,
    },
    error::{Failure, Result},
    store::{
        Artifacts, ClaimRequest, ClaimedScan, ScanEnd,
        json::{
            change::{Change, Decision},
            findings::history,
            state::State,
            view::{Moment, View},
        },
    },
};
use serde_json::{Value, json};
use std::time::Duration;

/// The scan, if `fence` belongs to its current holder.
pub fn held(state: &State, id: ScanId, fence: Fence) -> Result<Scan> {
    let scan = state.scans.find(id, "Scan")?;
    if scan.is_held_by(fence) {
        Ok(scan.clone())
    } else {
        Err(lease_lost("scan", id))
    }
}

/// The number of the last event that is there. What a scan itself says is more while it is being
/// imported, or when its import was cut off: an event numbered by that could not be read back.
pub fn last_event(state: &State, scan: ScanId) -> u64 {
    state.events.of_scan(scan).len() as u64
}

/// The oldest queued scan, or `wanted` if that one is queued. Ids sort by creation, so a recovered
/// scan keeps its place before everything that was asked for after it. One whose events have not
/// all come yet is left alone: what it found before has not come either.
pub fn next_queued(state: &State, wanted: Option<ScanId>) -> Option<&Scan> {
    let active = state.active_scans.iter();
    active
        .filter(|id| wanted.is_none_or(|wanted| **id == wanted))
        .filter_map(|id| state.scans.get(*id))
        .filter(|scan| scan.status == ScanStatus::Queued)
        .filter(|scan| scan.last_seq == last_event(state, scan.id))
        .min_by_key(|scan| scan.id)
}

pub fn claim(
    state: &State,
    moment: &Moment<'_>,
    request: &ClaimRequest,
) -> Result<Decision<Option<ClaimedScan>>> {
    let Some(scan) = next_queued(state, request.scan_id) else {
        return Ok(Decision::unchanged(None));
    };
    let mut scan = scan.clone();
    scan.status = transition(scan.status, ScanTransition::Claim)?;
    scan.attempt += 1;
    scan.fencing += 1;
    scan.components_at_claim = u32::try_from(scan.finished_components.len()).unwrap_or(u32::MAX);
    scan.lease = Some(moment.lease(request.lease));
    scan.claimed_at = Some(request.now);
    scan.updated_at = request.now;
    let job = RunnerJob {
        id: request.runner_job_id,
        scan_id: scan.id,
        attempt: scan.attempt,
        launcher: request.launcher,
        ecs_task_arn: None,
        status: RunnerJobStatus::Launching,
        exit_code: None,
        stop_reason: None,
        created_at: request.now,
        updated_at: request.now,
    };
    let changes = vec![scan.clone().into(), job.into()];
    Ok(Decision::new(Some(claimed(scan)), changes))
}

pub fn adopt(
    state: &State,
    moment: &Moment<'_>,
    id: ScanId,
    fence: Fence,
    lease: Duration,
    now: Timestamp,
) -> Result<Decision<ClaimedScan>> {
    let mut scan = held(state, id, fence)?;
    scan.status = transition(scan.status, ScanTransition::Start)?;
    scan.fencing += 1;
    scan.lease = Some(moment.lease(lease));
    scan.started_at = scan.started_at.or(Some(now));
    scan.updated_at = now;
    let mut changes: Vec<Change> = vec![scan.clone().into()];
    let job = current_job(state, &scan).map(|job| noted(job, RunnerJobStatus::Running, None, now));
    changes.extend(job.map(Change::from));
    Ok(Decision::new(claimed(scan), changes))
}

fn claimed(scan: Scan) -> ClaimedScan {
    let fence = Fence {
        attempt: scan.attempt,
        number: scan.fencing,
    };
    ClaimedScan { scan, fence }
}

/// Hands a scan back. One that was asked to stop meanwhile stops here: nobody else would end it.
pub fn release(
    state: &State,
    moment: &Moment<'_>,
    id: ScanId,
    fence: Fence,
    reason: &str,
    now: Timestamp,
) -> Result<Decision<Scan>> {
    let scan = held(state, id, fence)?;
    if scan.cancel_requested_at.is_some() {
        let stopped = (RunnerJobStatus::Stopped, reason);
        let (decision, _) = end(state, moment, scan, Ending::Cancelled, stopped, now)?;
        return Ok(decision);
    }
    let job = current_job(state, &scan)
        .map(|job| noted(job, RunnerJobStatus::Stopped, Some(reason), now));
    let scan = requeued(scan, now)?;
    let mut changes: Vec<Change> = vec![scan.clone().into()];
    changes.extend(job.map(Change::from));
    Ok(Decision::new(scan, changes))
}

/// The scan back in the queue, with what it has finished.
pub fn requeued(mut scan: Scan, now: Timestamp) -> Result<Scan> {
    scan.status = transition(scan.status, ScanTransition::Requeue)?;
    scan.lease = None;
    scan.queued_at = now;
    scan.updated_at = now;
    Ok(scan)
}

pub fn finish(
    view: View<'_>,
    moment: &Moment<'_>,
    id: ScanId,
    fence: Fence,
    end: ScanEnd,
    artifacts: Artifacts,
    now: Timestamp,
) -> Result<Decision<Scan>> {
    let mut scan = held(view.state, id, fence)?;
    if artifacts == Artifacts::Written {
        scan.artifacts_attempt = Some(scan.attempt);
    }
    let mut scope: Option<Box<ScanScope>> = None;
    let ending = match end {
        ScanEnd::Completed {
            coverage,
            scope: covered,
            summary,
        } => {
            scope = Some(covered);
            Ending::Completed { coverage, summary }
        }
        ScanEnd::Failed(failure) => Ending::Failed(failure),
        ScanEnd::Cancelled => Ending::Cancelled,
    };
    let stopped = (RunnerJobStatus::Stopped, "the scan ended");
    let (mut decision, _) = self::end(view.state, moment, scan, ending, stopped, now)?;
    if let Some(scope) = scope {
        let unseen = reconcile::unseen(view, &decision.answer, &scope, now)?;
        for finding in unseen {
            let told = history::scanned(view.state, &finding, id);
            decision.changes.push(finding.into());
            decision.changes.extend(told);
        }
    }
    Ok(decision)
}

/// Asks a scan to stop; what is queued stops at once.
pub fn cancel(
    state: &State,
    moment: &Moment<'_>,
    scan: &Scan,
    by: UserId,
    now: Timestamp,
) -> Result<Decision<Scan>> {
    let mut scan = scan.clone();
    if scan.status.is_final() || scan.cancel_requested_at.is_some() {
        return Ok(Decision::unchanged(scan));
    }
    scan.cancel_requested_at = Some(now);
    scan.cancelled_by = Some(by);
    scan.updated_at = now;
    if scan.status != ScanStatus::Queued {
        return Ok(Decision::new(scan.clone(), vec![scan.into()]));
    }
    let stopped = (RunnerJobStatus::Stopped, "the scan was cancelled");
    let (decision, _) = end(state, moment, scan, Ending::Cancelled, stopped, now)?;
    Ok(decision)
}

/// How a scan ends, without what belongs to findings.
pub enum Ending {
    Completed {
        coverage: CoverageSummary,
        summary: Value,
    },
    Failed(Failure),
    Cancelled,
}

/// Ends a scan: status, terminal event and runner job. Returns the runner job as well.
pub fn end(
    state: &State,
    moment: &Moment<'_>,
    mut scan: Scan,
    ending: Ending,
    (job_status, stop_reason): (RunnerJobStatus, &str),
    now: Timestamp,
) -> Result<(Decision<Scan>, Option<RunnerJob>)> {
    let by_transition = match ending {
        Ending::Completed { .. } => ScanTransition::Complete,
        Ending::Failed(_) => ScanTransition::Fail,
        Ending::Cancelled => ScanTransition::Cancel,
    };
    scan.status = transition(scan.status, by_transition)?;
    scan.lease = None;
    scan.completed_at = Some(now);
    scan.updated_at = now;
    let (kind, payload) = match ending {
        Ending::Completed { coverage, summary } => {
            let payload = json!({ "summary": summary, "coverage": coverage });
            scan.progress = 100;
            scan.coverage = coverage;
            (kind::SCAN_COMPLETED, payload)
        }
        Ending::Failed(failure) => {
            let payload = json!({
                "reason": failure.message,
                "code": failure.code,
                "retryable": failure.code.retryable(),
            });
            scan.failure_reason = Some(failure);
            (kind::SCAN_FAILED, payload)
        }
        Ending::Cancelled => (kind::SCAN_CANCELLED, json!({ "by": scan.cancelled_by })),
    };
    scan.last_seq = last_event(state, scan.id) + 1;
    let event = Event {
        id: (moment.event_id)(),
        scan_id: scan.id,
        seq: scan.last_seq,
        attempt: scan.attempt,
        kind: kind.to_owned(),
        payload,
        created_at: now,
    };
    let job = current_job(state, &scan).map(|job| noted(job, job_status, Some(stop_reason), now));
    let mut changes: Vec<Change> = vec![scan.clone().into(), event.into()];
    changes.extend(job.clone().map(Change::from));
    Ok((Decision::new(scan, changes), job))
}

/// The launch of the current attempt, if there was one.
pub fn current_job<'a>(state: &'a State, scan: &Scan) -> Option<&'a RunnerJob> {
    let jobs = state.runner_jobs_of.of(&scan.id).rev();
    let mut jobs = jobs.filter_map(|id| state.runner_jobs.get(*id));
    jobs.find(|job| job.attempt == scan.attempt)
}

/// Whether nothing more can become of a launch.
pub fn is_over(job: &RunnerJob) -> bool {
    match job.status {
        RunnerJobStatus::Stopped | RunnerJobStatus::Failed => true,
        RunnerJobStatus::Launching
        | RunnerJobStatus::Pending
        | RunnerJobStatus::Running
        | RunnerJobStatus::Unknown => false,
    }
}

/// The launch with its new status, unless it is over already.
pub fn noted(
    job: &RunnerJob,
    status: RunnerJobStatus,
    stop_reason: Option<&str>,
    now: Timestamp,
) -> RunnerJob {
    let mut job = job.clone();
    if !is_over(&job) {
        job.status = status;
        job.stop_reason = stop_reason.map(str::to_owned).or(job.stop_reason);
        job.updated_at = now;
    }
    job
}
