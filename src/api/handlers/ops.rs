//! For operators: the audit log, the state of the whole system, clearing up and recovery.

use super::Ctx;
use crate::{
    api::{
        dto::{
            JobDto,
            ops::{
                AuditEntryDto, AuditParams, CleanupDto, JobListParams, OpsRequest, RecoveryDto,
                WorkerDto,
            },
            scans::{ScanDto, ScanListParams},
        },
        error::ApiResult,
        extract::{Caller, JsonBody, OpsScope, QueryParams, one_of},
        paging::{MAX_LIMIT, page_request, respond},
    },
    domain::{audit::AuditActor, retention::RunMode, scan::ScanStatus},
    services::{audit, git_push::PushRemotes, ops},
};
use actix_web::{
    HttpRequest, get, post,
    web::{Data, Json},
};
use serde_json::{Map, Value};

/// Who changed what, newest first.
#[utoipa::path(tag = "ops", params(AuditParams), responses((status = 200, body = Vec<AuditEntryDto>)))]
#[get("/audit-log")]
pub async fn list_audit_log(
    ctx: Ctx,
    request: HttpRequest,
    _: Caller<OpsScope>,
    query: QueryParams<AuditParams>,
) -> ApiResult {
    let page = page_request(query.0.limit, query.0.cursor.as_deref(), MAX_LIMIT)?;
    let page = audit::list(&ctx, query.0.filter()?, page).await?;
    respond(&request, page, AuditEntryDto::from)
}

/// The limits this server works with.
#[utoipa::path(tag = "ops", responses((status = 200, body = std::collections::BTreeMap<String, u64>)))]
#[get("/ops/limits")]
pub async fn get_limits(ctx: Ctx, _: Caller<OpsScope>) -> Json<Map<String, Value>> {
    Json(ops::limits(&ctx))
}

/// Processes that run scans.
#[utoipa::path(tag = "ops", responses((status = 200, body = Vec<WorkerDto>)))]
#[get("/ops/workers")]
pub async fn list_workers(ctx: Ctx, _: Caller<OpsScope>) -> ApiResult<Json<Vec<WorkerDto>>> {
    let workers = ops::workers(&ctx).await?;
    Ok(Json(workers.into_iter().map(Into::into).collect()))
}

/// Scans of everyone, newest first.
#[utoipa::path(tag = "ops", params(ScanListParams), responses((status = 200, body = Vec<ScanDto>)))]
#[get("/ops/scans")]
pub async fn list_all_scans(
    ctx: Ctx,
    request: HttpRequest,
    _: Caller<OpsScope>,
    query: QueryParams<ScanListParams>,
) -> ApiResult {
    let params = query.0;
    let words: Vec<_> = ScanStatus::ALL.iter().map(|it| it.as_str()).collect();
    let wanted = params.status.as_deref();
    let statuses = one_of("status", wanted, ScanStatus::parse, &words)?;
    let page = page_request(params.limit, params.cursor.as_deref(), MAX_LIMIT)?;
    let page = ops::scans(&ctx, statuses, page).await?;
    respond(&request, page, ScanDto::from)
}

/// Jobs of everyone, newest first.
#[utoipa::path(tag = "ops", params(JobListParams), responses((status = 200, body = Vec<JobDto>)))]
#[get("/ops/jobs")]
pub async fn list_all_jobs(
    ctx: Ctx,
    request: HttpRequest,
    _: Caller<OpsScope>,
    query: QueryParams<JobListParams>,
) -> ApiResult {
    let page = page_request(query.0.limit, query.0.cursor.as_deref(), MAX_LIMIT)?;
    let page = ops::jobs(&ctx, query.0.filter()?, page).await?;
    respond(&request, page, JobDto::from)
}

/// Remove what retention lets go, and files that nothing refers to. Servers do it daily.
#[utoipa::path(tag = "ops", request_body = OpsRequest, responses((status = 200, body = CleanupDto)))]
#[post("/ops/cleanup")]
pub async fn run_cleanup(
    ctx: Ctx,
    remotes: Data<PushRemotes>,
    caller: Caller<OpsScope>,
    body: JsonBody<OpsRequest>,
) -> ApiResult<Json<CleanupDto>> {
    let dry_run = body.0.dry_run;
    let mode = RunMode::from_dry_run(dry_run);
    let done = ops::clean_up(&ctx, &caller.actor, mode).await?;
    if mode == RunMode::Apply {
        remotes.tidy(&ctx.app.store).await;
    }
    Ok(Json(CleanupDto::new(done, dry_run)))
}

/// Recover scans without a living owner. Dispatchers do it all the time.
#[utoipa::path(tag = "ops", request_body = OpsRequest, responses((status = 200, body = RecoveryDto)))]
#[post("/ops/recover")]
pub async fn run_recovery(
    ctx: Ctx,
    caller: Caller<OpsScope>,
    body: JsonBody<OpsRequest>,
) -> ApiResult<Json<RecoveryDto>> {
    let dry_run = body.0.dry_run;
    let mode = RunMode::from_dry_run(dry_run);
    let by = AuditActor::User(caller.actor.user_id);
    let scans = ops::recover(&ctx.app, ctx.scans.recovery, mode, by).await?;
    ctx.scan_queued.notify_one();
    let scans = scans.into_iter().map(Into::into).collect();
    Ok(Json(RecoveryDto { dry_run, scans }))
}
