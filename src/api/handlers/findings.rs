//! Findings: lists and triage.

use super::Ctx;
use crate::{
    api::{
        dto::{
            finding_filters,
            findings::{FindingDto, FindingListParams, TriageRequest},
        },
        error::ApiResult,
        extract::{Caller, JsonBody, PathId, ReadScope, WriteScope},
        paging::{page_request, respond},
    },
    context::ServeContext,
    domain::{access::Actor, finding::Finding, ids::FindingKind},
    error::{Error, ErrorCode, Result},
    services::{findings, triage},
    store::{FindingFilter, PageRequest},
};
use actix_web::{HttpRequest, HttpResponse, get, http::header, patch};

/// Findings of what `filter` names, narrowed by the query.
pub async fn list_filtered(
    ctx: &ServeContext,
    request: &HttpRequest,
    actor: &Actor,
    filter: FindingFilter,
    params: FindingListParams,
) -> ApiResult {
    let page = page_request(params.limit, params.cursor.as_deref(), 200)?;
    let filter = FindingFilter {
        sort: finding_filters::sort(params.sort.as_deref())?,
        ..params.filter().narrow(filter)?
    };
    list_narrowed(ctx, request, actor, filter, page).await
}

/// One part of the findings that `filter` chooses.
pub async fn list_narrowed(
    ctx: &ServeContext,
    request: &HttpRequest,
    actor: &Actor,
    filter: FindingFilter,
    page: PageRequest,
) -> ApiResult {
    let page = findings::list(ctx, actor, filter, page).await?;
    respond(request, page, FindingDto::from)
}

fn with_etag(finding: Finding) -> HttpResponse {
    let tag = format!("\"{}\"", finding.version);
    HttpResponse::Ok()
        .insert_header((header::ETAG, tag))
        .json(FindingDto::from(finding))
}

/// A finding.
#[utoipa::path(tag = "findings", params(("id" = String, Path, description = "fnd_…")), responses((status = 200, body = FindingDto)))]
#[get("/findings/{id}")]
pub async fn get_finding(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<FindingKind>,
) -> ApiResult {
    Ok(with_etag(findings::get(&ctx, &caller.actor, id.0).await?))
}

/// Decide about a finding. With `If-Match`, only if nobody else did meanwhile.
#[utoipa::path(
    tag = "findings",
    params(
        ("id" = String, Path, description = "fnd_…"),
        ("If-Match" = Option<String>, Header, description = "The ETag the decision is based on")
    ),
    request_body = TriageRequest,
    responses((status = 200, body = FindingDto))
)]
#[patch("/findings/{id}")]
pub async fn triage_finding(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<WriteScope>,
    id: PathId<FindingKind>,
    body: JsonBody<TriageRequest>,
) -> ApiResult {
    let expected = expected_version(&request)?;
    let decision = body.0.check()?;
    Ok(with_etag(
        triage::one(&ctx, &caller.actor, id.0, decision, expected).await?,
    ))
}

/// The version of `If-Match`; `*` matches any, a foreign tag none.
fn expected_version(request: &HttpRequest) -> Result<Option<u64>> {
    let Some(value) = request.headers().get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    match version.and_then(|version| version.parse().ok()) {
        Some(version) => Ok(Some(version)),
        None => Err(Error::new(
            ErrorCode::PreconditionFailed,
            "If-Match must be the ETag of the finding, like \"3\"",
        )),
    }
}
