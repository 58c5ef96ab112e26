//! Around a scan: estimate before it, repeat it, compare it with another.

use super::Ctx;
use crate::{
    api::{
        dto::{
            projects::ListParams,
            repositories::ThreatProfileDto,
            scan_tools::{ComparisonDto, EstimateDto},
            scans::{CreateScanRequest, ScanDto},
        },
        error::ApiResult,
        extract::{Caller, JsonBody, PathId, QueryParams, ReadScope, WriteScope},
        paging::{page_request, respond},
    },
    domain::ids::{RepositoryKind, ScanId, ScanKind},
    error::Error,
    services::{compare, estimates, scans, threat_profiles, working_dir::WorkingRoot},
};
use actix_web::{
    HttpRequest, HttpResponse, get, post,
    web::{Data, Json, Path},
};

/// What a scan would look at and cost. Nothing is spent.
#[utoipa::path(tag = "scans", params(("id" = String, Path, description = "repo_…")), request_body = CreateScanRequest, responses((status = 200, body = EstimateDto)))]
#[post("/repositories/{id}/scans/estimate")]
pub async fn estimate_scan(
    ctx: Ctx,
    working: Data<WorkingRoot>,
    caller: Caller<ReadScope>,
    id: PathId<RepositoryKind>,
    body: JsonBody<CreateScanRequest>,
) -> ApiResult<Json<EstimateDto>> {
    let wish = body.0.check()?;
    let estimate = estimates::estimate(&ctx, &working, &caller.actor, id.0, wish).await?;
    Ok(Json(estimate.into()))
}

/// Start a scan like one that has ended: same snapshot, paths, auditors and limits.
#[utoipa::path(tag = "scans", params(("id" = String, Path, description = "scan_…")), responses((status = 201, body = ScanDto)))]
#[post("/scans/{id}/retry")]
pub async fn retry_scan(ctx: Ctx, caller: Caller<WriteScope>, id: PathId<ScanKind>) -> ApiResult {
    let scan = scans::retry(&ctx, &caller.actor, id.0).await?;
    Ok(HttpResponse::Created().json(ScanDto::from(scan)))
}

/// Two scans of one repository side by side, in whichever order they are named.
#[utoipa::path(
    tag = "scans",
    params(
        ("id" = String, Path, description = "scan_…"),
        ("other_id" = String, Path, description = "scan_…")
    ),
    responses((status = 200, body = ComparisonDto))
)]
#[get("/scans/{id}/compare/{other_id}")]
pub async fn compare_scans(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    ids: Path<(String, String)>,
) -> ApiResult<Json<ComparisonDto>> {
    let (one, other) = ids.into_inner();
    let (one, other) = (scan_id(&one)?, scan_id(&other)?);
    let compared = compare::compare(&ctx, &caller.actor, one, other).await?;
    Ok(Json(ComparisonDto::new(compared)))
}

/// What is no id of a scan names no scan.
fn scan_id(text: &str) -> Result<ScanId, Error> {
    text.parse().map_err(|_| Error::not_found("Scan", text))
}

/// Every version of a repository's threat profile, newest first.
#[utoipa::path(tag = "threat-profiles", params(("id" = String, Path, description = "repo_…"), ListParams), responses((status = 200, body = Vec<ThreatProfileDto>)))]
#[get("/repositories/{id}/threat-profile/history")]
pub async fn list_threat_profiles(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<RepositoryKind>,
    query: QueryParams<ListParams>,
) -> ApiResult {
    let page = page_request(query.0.limit, query.0.cursor.as_deref(), 200)?;
    let page = threat_profiles::history(&ctx, &caller.actor, id.0, page).await?;
    respond(&request, page, ThreatProfileDto::from)
}
