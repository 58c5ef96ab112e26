//! Many findings at once: the inbox, the facets beside every list, one decision about several.

use super::{Ctx, findings::list_narrowed};
use crate::{
    api::{
        dto::{
            bulk::{BulkTriageDto, BulkTriageRequest},
            finding_facets::FindingFacetsDto,
            finding_filters::{
                self, FacetParams, FindingFilterBody, InboxFacetParams, InboxParams,
            },
            findings::FindingDto,
        },
        error::ApiResult,
        extract::{Caller, JsonBody, PathId, QueryParams, ReadScope, WriteScope},
        paging::page_request,
    },
    context::ServeContext,
    domain::{
        access::Actor,
        ids::{ProjectKind, RepositoryKind, ScanKind},
    },
    services::{findings, triage},
    store::FindingFilter,
};
use actix_web::{HttpRequest, get, post, web::Json};

/// The caller's findings, over all projects.
#[utoipa::path(tag = "findings", params(InboxParams), responses((status = 200, body = Vec<FindingDto>)))]
#[get("/findings")]
pub async fn list_findings(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    query: QueryParams<InboxParams>,
) -> ApiResult {
    let params = query.0;
    let page = page_request(params.limit, params.cursor.as_deref(), 200)?;
    let filter = FindingFilter {
        sort: finding_filters::sort(params.sort.as_deref())?,
        ..params.filter().narrow(FindingFilter::default())?
    };
    list_narrowed(&ctx, &request, &caller.actor, filter, page).await
}

async fn facets(
    ctx: &ServeContext,
    actor: &Actor,
    base: FindingFilter,
    filter: FindingFilterBody,
) -> ApiResult<Json<FindingFacetsDto>> {
    let filter = filter.narrow(base)?;
    Ok(Json(findings::facets(ctx, actor, filter).await?.into()))
}

/// What the findings of the inbox have in common, in numbers.
#[utoipa::path(tag = "findings", params(InboxFacetParams), responses((status = 200, body = FindingFacetsDto)))]
#[get("/findings/facets")]
pub async fn get_finding_facets(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    query: QueryParams<InboxFacetParams>,
) -> ApiResult<Json<FindingFacetsDto>> {
    let base = FindingFilter::default();
    facets(&ctx, &caller.actor, base, query.0.filter()).await
}

/// What a project's findings have in common, in numbers.
#[utoipa::path(tag = "findings", params(("id" = String, Path, description = "prj_…"), FacetParams), responses((status = 200, body = FindingFacetsDto)))]
#[get("/projects/{id}/findings/facets")]
pub async fn get_project_finding_facets(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<ProjectKind>,
    query: QueryParams<FacetParams>,
) -> ApiResult<Json<FindingFacetsDto>> {
    let base = FindingFilter {
        project_id: Some(id.0),
        ..FindingFilter::default()
    };
    facets(&ctx, &caller.actor, base, query.0.filter()).await
}

/// What a repository's findings have in common, in numbers.
#[utoipa::path(tag = "findings", params(("id" = String, Path, description = "repo_…"), FacetParams), responses((status = 200, body = FindingFacetsDto)))]
#[get("/repositories/{id}/findings/facets")]
pub async fn get_repository_finding_facets(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<RepositoryKind>,
    query: QueryParams<FacetParams>,
) -> ApiResult<Json<FindingFacetsDto>> {
    let base = FindingFilter {
        repository_id: Some(id.0),
        ..FindingFilter::default()
    };
    facets(&ctx, &caller.actor, base, query.0.filter()).await
}

/// What the findings a scan saw have in common, in numbers.
#[utoipa::path(tag = "findings", params(("id" = String, Path, description = "scan_…"), FacetParams), responses((status = 200, body = FindingFacetsDto)))]
#[get("/scans/{id}/findings/facets")]
pub async fn get_scan_finding_facets(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<ScanKind>,
    query: QueryParams<FacetParams>,
) -> ApiResult<Json<FindingFacetsDto>> {
    let base = FindingFilter {
        scan_id: Some(id.0),
        ..FindingFilter::default()
    };
    facets(&ctx, &caller.actor, base, query.0.filter()).await
}

/// Decide about several findings at once. Each stands for itself: one that cannot be decided has
/// an error in its result and leaves the others.
#[utoipa::path(tag = "findings", request_body = BulkTriageRequest, responses((status = 200, body = BulkTriageDto)))]
#[post("/findings/bulk")]
pub async fn triage_findings(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    body: JsonBody<BulkTriageRequest>,
) -> ApiResult<Json<BulkTriageDto>> {
    let (chosen, decision) = body.0.check()?;
    let outcomes = triage::many(&ctx, &caller.actor, chosen, decision).await?;
    Ok(Json(outcomes.into()))
}
