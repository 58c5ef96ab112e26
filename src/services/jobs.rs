//! The job loop of `vega serve`: takes jobs, keeps their leases, runs several at once.
//!
//! A job that is interrupted goes back to the queue; one whose process dies is taken over by
//! another as soon as the store sees the death.

use super::{
    access, exports, imports, ingest, projects, threat_profiles, working_dir::WorkingRoot,
};
use crate::{
    context::ServeContext,
    domain::{
        access::Actor,
        ids::JobId,
        job::{Job, JobKind},
        lease::is_lease_lost,
    },
    error::{Error, ErrorCode, Result},
    store::ClaimedJob,
    telemetry::metrics,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// How many jobs one process runs at once.
const CONCURRENCY: usize = 2;
/// How often the queue is looked at without being rung.
const POLL: Duration = Duration::from_secs(1);
/// The kinds this version can run.
const KINDS: &[JobKind] = &[
    JobKind::Ingest,
    JobKind::GenerateThreatProfile,
    JobKind::DeleteProject,
    JobKind::Import,
    JobKind::Export,
];

/// A job, if the caller may see what it works on.
pub async fn get(ctx: &ServeContext, actor: &Actor, id: JobId) -> Result<Job> {
    let missing = || Error::not_found("Job", id);
    let job = ctx.app.store.job(id).await?;
    let visible = match job.kind {
        JobKind::Ingest | JobKind::GenerateThreatProfile | JobKind::Import | JobKind::Export => {
            let repository = job.subject_id.parse().map_err(|_| missing())?;
            access::repository(&ctx.app.store, actor, repository)
                .await
                .map(drop)
        }
        // What it deletes is gone for everyone already.
        JobKind::DeleteProject | JobKind::WebhookDelivery | JobKind::Cleanup => Err(missing()),
    };
    match visible {
        Ok(()) => Ok(job),
        Err(error) if error.code() == ErrorCode::NotFound => Err(missing()),
        Err(error) => Err(error),
    }
}

/// Takes and runs jobs until the process is to end.
pub async fn run_loop(ctx: ServeContext, working: Arc<WorkingRoot>) {
    let token = ctx.app.tasks.token();
    let slots = Arc::new(Semaphore::new(CONCURRENCY));
    while !token.is_cancelled() {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        let now = ctx.app.clock.now();
        match ctx.app.store.claim_job(KINDS, ctx.scans.lease, now).await {
            Ok(Some(claimed)) => {
                metrics::claimed("job");
                let (ctx, working) = (ctx.clone(), Arc::clone(&working));
                let tasks = ctx.app.tasks.clone();
                tasks.spawn(async move {
                    run_claimed(&ctx, &working, claimed).await;
                    drop(slot);
                });
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, cause = ?error, "jobs cannot be claimed"),
        }
        drop(slot);
        tokio::select! {
            () = token.cancelled() => {}
            () = ctx.job_queued.notified() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

async fn run_claimed(ctx: &ServeContext, working: &WorkingRoot, claimed: ClaimedJob) {
    let ClaimedJob { job, fence } = claimed;
    let cancel = ctx.app.tasks.token().child_token();
    let work = run_one(ctx, working, &job, fence, &cancel);
    let result = tokio::select! {
        result = work => result,
        lost = keep_lease(ctx, &job, fence, &cancel) => {
            cancel.cancel();
            Err(lost)
        }
    };
    let now = ctx.app.clock.now();
    let store = &ctx.app.store;
    let noted = match result {
        Ok(()) => Ok(()),
        Err(error) if is_lease_lost(&error) => {
            tracing::warn!(job_id = %job.id, "the lease on a job was lost");
            Ok(())
        }
        // Interrupted by shutdown: the next process starts it again.
        Err(_) if ctx.app.tasks.token().is_cancelled() => {
            store.release_job(job.id, fence, now).await
        }
        Err(error) if error.code().retryable() => {
            tracing::warn!(job_id = %job.id, %error, cause = ?error, "a job will be tried again");
            // Left to its lease, so that a store that is down is not hammered.
            Ok(())
        }
        Err(error) => {
            // What a user gave cannot be used: that is theirs to correct, not an operator's.
            if error.code().status() < 500 {
                tracing::info!(job_id = %job.id, %error, "a job was refused what it needs");
            } else {
                tracing::error!(job_id = %job.id, %error, cause = ?error, "a job failed");
            }
            store
                .finish_job(job.id, fence, Err(error.to_failure()), now)
                .await
        }
    };
    if let Err(error) = noted
        && !is_lease_lost(&error)
    {
        tracing::error!(job_id = %job.id, %error, cause = ?error, "a job's end cannot be stored");
    }
}

/// Renews the lease until it is lost, which is the only way this ends.
async fn keep_lease(
    ctx: &ServeContext,
    job: &Job,
    fence: crate::domain::lease::Fence,
    cancel: &CancellationToken,
) -> Error {
    loop {
        tokio::select! {
            () = cancel.cancelled() => std::future::pending::<()>().await,
            () = tokio::time::sleep(ctx.scans.lease / 3) => {}
        }
        match ctx
            .app
            .store
            .renew_job(job.id, fence, ctx.scans.lease, job.progress)
            .await
        {
            Ok(()) => {}
            Err(error) if is_lease_lost(&error) => {
                metrics::lease_lost("job");
                return error;
            }
            Err(error) => tracing::warn!(%error, cause = ?error, "a lease could not be renewed"),
        }
    }
}

async fn run_one(
    ctx: &ServeContext,
    working: &WorkingRoot,
    job: &Job,
    fence: crate::domain::lease::Fence,
    cancel: &CancellationToken,
) -> Result<()> {
    match job.kind {
        JobKind::Ingest => return ingest::run(ctx, working, job, fence, cancel).await,
        JobKind::GenerateThreatProfile => {
            threat_profiles::run(&ctx.app, working, job, cancel).await?;
        }
        JobKind::DeleteProject => projects::run_deletion(&ctx.app, job, cancel).await?,
        JobKind::Import => imports::run(ctx, working, job).await?,
        JobKind::Export => exports::run(ctx, job).await?,
        JobKind::WebhookDelivery | JobKind::Cleanup => {
            return Err(Error::new(
                ErrorCode::InternalError,
                format!("this version cannot run a job of kind '{}'", job.kind),
            ));
        }
    }
    ctx.app
        .store
        .finish_job(job.id, fence, Ok(()), ctx.app.clock.now())
        .await
}
