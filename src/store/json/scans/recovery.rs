//! What becomes of scans whose owner is gone, and of those that run too long.

use super::lifecycle::{self, Ending};
use crate::{
    domain::{
        ids::ScanId,
        lease::{Fence, lease_lost},
        runner_job::RunnerJobStatus,
        scan::{Recovery, RecoveryPolicy, Scan, ScanStatus, recovery},
        time::Timestamp,
    },
    error::{Error, ErrorCode, Result},
    store::{
        RecoveredScan,
        json::{
            change::{Change, Decision},
            state::State,
            view::Moment,
        },
    },
};

pub fn recover(
    state: &State,
    moment: &Moment<'_>,
    policy: &RecoveryPolicy,
    now: Timestamp,
) -> Result<Decision<Vec<RecoveredScan>>> {
    let mut changes = Vec::new();
    let mut recovered = Vec::new();
    let taken = state
        .active_scans
        .iter()
        .filter_map(|id| state.scans.get(*id))
        .filter(|scan| scan.status != ScanStatus::Queued);
    for scan in taken {
        let remedy = if moment.has_ended(scan.lease.as_ref()) {
            recovery(scan, policy)
        } else if runs_too_long(scan, moment, policy) {
            Recovery::Fail(timeout(policy).to_failure())
        } else {
            continue;
        };
        let outcome = apply(state, moment, scan, remedy, now)?;
        changes.extend(outcome.changes);
        recovered.push(outcome.answer);
    }
    Ok(Decision::new(recovered, changes))
}

/// Treats a claimed scan as one whose owner is dead.
pub fn abandon(
    state: &State,
    moment: &Moment<'_>,
    id: ScanId,
    fence: Fence,
    policy: &RecoveryPolicy,
    now: Timestamp,
) -> Result<Decision<RecoveredScan>> {
    let scan = state.scans.find(id, "Scan")?;
    if !scan.is_held_by(fence) {
        return Err(lease_lost("scan", id));
    }
    apply(state, moment, scan, recovery(scan, policy), now)
}

/// Whether the current attempt runs longer than it may. `started_at` is the first attempt's, so
/// the later of that and the claim counts.
fn runs_too_long(scan: &Scan, moment: &Moment<'_>, policy: &RecoveryPolicy) -> bool {
    let since = scan.started_at.max(scan.claimed_at);
    scan.status == ScanStatus::Running
        && since.is_some_and(|since| moment.now.since(since) > policy.running_stale)
}

fn timeout(policy: &RecoveryPolicy) -> Error {
    let seconds = policy.running_stale.as_secs();
    Error::new(
        ErrorCode::Timeout,
        format!("the scan ran longer than {seconds} s"),
    )
    .with_detail("running_stale_seconds", seconds)
}

fn apply(
    state: &State,
    moment: &Moment<'_>,
    scan: &Scan,
    remedy: Recovery,
    now: Timestamp,
) -> Result<Decision<RecoveredScan>> {
    let mut scan = scan.clone();
    let timed_out = matches!(&remedy, Recovery::Fail(why) if why.code == ErrorCode::Timeout);
    let failed = if timed_out {
        (RunnerJobStatus::Failed, "it ran too long")
    } else {
        (RunnerJobStatus::Failed, "its owner was lost")
    };
    let ending = match remedy {
        Recovery::Requeue => {
            let job = lifecycle::current_job(state, &scan)
                .map(|job| lifecycle::noted(job, failed.0, Some(failed.1), now));
            if scan.made_progress() {
                scan.recoveries += 1;
            } else {
                scan.fruitless_attempts += 1;
            }
            let scan = lifecycle::requeued(scan, now)?;
            let mut changes: Vec<Change> = vec![scan.clone().into()];
            changes.extend(job.clone().map(Change::from));
            let answer = RecoveredScan {
                scan,
                runner_job: job,
            };
            return Ok(Decision::new(answer, changes));
        }
        Recovery::Fail(failure) => {
            if !timed_out && !scan.made_progress() {
                scan.fruitless_attempts += 1;
            }
            Ending::Failed(failure)
        }
        Recovery::Cancel => Ending::Cancelled,
    };
    let (ended, runner_job) = lifecycle::end(state, moment, scan, ending, failed, now)?;
    let answer = RecoveredScan {
        scan: ended.answer,
        runner_job,
    };
    Ok(Decision::new(answer, ended.changes))
}
