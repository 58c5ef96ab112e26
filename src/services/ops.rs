//! What operators see and do across all users. That the caller is one was checked by the extractor.

use super::{audit, cleanup};
use crate::{
    context::{AppContext, ServeContext},
    domain::{
        access::Actor,
        audit::{AuditAction, AuditActor},
        job::Job,
        retention::RunMode,
        scan::{RecoveryPolicy, Scan, ScanStatus},
        worker::Worker,
    },
    error::Result,
    services::cleanup::CleanedUp,
    store::{JobFilter, Page, PageRequest, ScanFilter, beside::audited},
};
use serde_json::{Map, Value};

/// The limits of this server: setting and value.
pub fn limits(ctx: &ServeContext) -> Map<String, Value> {
    let (limits, scans) = (&ctx.limits, &ctx.scans);
    let days = |kept: Option<std::time::Duration>| kept.map_or(0, |it| it.as_secs() / 86_400);
    let kept = &ctx.retention;
    let values: [(&str, u64); 17] = [
        (
            "max_active_scans_per_user",
            limits.max_active_scans_per_user.into(),
        ),
        ("max_source_bytes", limits.max_source_bytes),
        ("max_archive_entries", limits.max_archive_entries),
        ("max_archive_file_bytes", limits.max_archive_file_bytes),
        (
            "max_archive_uncompressed_bytes",
            limits.max_archive_uncompressed_bytes,
        ),
        ("git_timeout_seconds", limits.git_timeout.as_secs()),
        ("scan_lease_seconds", scans.lease.as_secs()),
        ("scan_max_attempts", scans.recovery.max_attempts.into()),
        ("scan_max_recoveries", scans.recovery.max_recoveries.into()),
        (
            "scan_running_stale_seconds",
            scans.recovery.running_stale.as_secs(),
        ),
        ("scan_max_local_runners", scans.max_local_runners.into()),
        (
            "worker_heartbeat_ttl_seconds",
            scans.heartbeat_ttl.as_secs(),
        ),
        ("body_stall_seconds", ctx.body_stall.as_secs()),
        ("retention_artifacts_days", days(kept.artifacts)),
        ("retention_snapshots_days", days(kept.snapshots)),
        ("retention_sessions_days", days(kept.sessions)),
        ("retention_jobs_days", days(kept.jobs)),
    ];
    let values = values.into_iter();
    values
        .map(|(name, it)| (name.to_owned(), it.into()))
        .collect()
}

/// Processes that run scans, and whether they were heard of lately.
pub async fn workers(ctx: &ServeContext) -> Result<Vec<(Worker, bool)>> {
    ctx.app.store.workers(ctx.scans.heartbeat_ttl).await
}

/// Scans of everyone, newest first.
pub async fn scans(
    ctx: &ServeContext,
    statuses: Vec<ScanStatus>,
    page: PageRequest,
) -> Result<Page<Scan>> {
    let filter = ScanFilter {
        statuses,
        ..ScanFilter::default()
    };
    ctx.app.store.scans(filter, page).await
}

/// Jobs of everyone, newest first.
pub async fn jobs(ctx: &ServeContext, filter: JobFilter, page: PageRequest) -> Result<Page<Job>> {
    ctx.app.store.all_jobs(filter, page).await
}

/// Clears up now.
pub async fn clean_up(ctx: &ServeContext, actor: &Actor, mode: RunMode) -> Result<CleanedUp> {
    cleanup::run(
        &ctx.app,
        &ctx.retention,
        mode,
        AuditActor::User(actor.user_id),
    )
    .await
}

/// Recovers scans without a living owner now, as dispatchers do all the time. `by` is who
/// asked for it.
pub async fn recover(
    app: &AppContext,
    policy: RecoveryPolicy,
    mode: RunMode,
    by: AuditActor,
) -> Result<Vec<Scan>> {
    let (store, now) = (&app.store, app.clock.now());
    let recovered = match mode {
        RunMode::DryRun => store.recoverable_scans(policy, now).await?,
        RunMode::Apply => {
            let entry = audit::draft(by, AuditAction::RecoveryRun, "scans");
            audited(entry, store.recover_scans(policy, now)).await?
        }
    };
    Ok(recovered.into_iter().map(|it| it.scan).collect())
}
