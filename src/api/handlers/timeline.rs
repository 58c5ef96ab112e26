//! What people say about a finding, what happened to it, and what is like it.

use super::Ctx;
use crate::{
    api::{
        dto::{
            findings::FindingDto,
            projects::ListParams,
            timeline::{CommentDto, CommentRequest, HistoryEntryDto},
        },
        error::ApiResult,
        extract::{Caller, JsonBody, PathId, QueryParams, ReadScope, WriteScope},
        paging::{page_request, respond},
    },
    domain::{ids::FindingKind, timeline::TimelineEntry},
    services::findings,
    store::{Page, TimelineOf},
};
use actix_web::{HttpRequest, HttpResponse, get, post, web::Json};

/// Comment on a finding.
#[utoipa::path(tag = "findings", params(("id" = String, Path, description = "fnd_…")), request_body = CommentRequest, responses((status = 201, body = CommentDto)))]
#[post("/findings/{id}/comments")]
pub async fn create_comment(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<FindingKind>,
    body: JsonBody<CommentRequest>,
) -> ApiResult {
    let text = body.0.check()?;
    let comment = findings::comment(&ctx, &caller.actor, id.0, text).await?;
    Ok(HttpResponse::Created().json(CommentDto::from(comment)))
}

/// Comments on a finding, oldest first.
#[utoipa::path(tag = "findings", params(("id" = String, Path, description = "fnd_…"), ListParams), responses((status = 200, body = Vec<CommentDto>)))]
#[get("/findings/{id}/comments")]
pub async fn list_comments(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<FindingKind>,
    query: QueryParams<ListParams>,
) -> ApiResult {
    let page = page_request(query.0.limit, query.0.cursor.as_deref(), 200)?;
    let of = TimelineOf::Comments;
    let page = findings::timeline(&ctx, &caller.actor, id.0, of, page).await?;
    let comments = page.items.into_iter().filter_map(|entry| match entry {
        TimelineEntry::Comment(comment) => Some(comment),
        TimelineEntry::Change(_) => None,
    });
    let page = Page {
        items: comments.collect(),
        next: page.next,
        total: page.total,
    };
    respond(&request, page, CommentDto::from)
}

/// What happened to a finding, oldest first: its first sight, decisions, what scans changed,
/// comments.
#[utoipa::path(tag = "findings", params(("id" = String, Path, description = "fnd_…"), ListParams), responses((status = 200, body = Vec<HistoryEntryDto>)))]
#[get("/findings/{id}/history")]
pub async fn get_finding_history(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<FindingKind>,
    query: QueryParams<ListParams>,
) -> ApiResult {
    let page = page_request(query.0.limit, query.0.cursor.as_deref(), 200)?;
    let of = TimelineOf::Everything;
    let page = findings::timeline(&ctx, &caller.actor, id.0, of, page).await?;
    respond(&request, page, HistoryEntryDto::from)
}

/// At most 50 findings like this one in everything the caller may read: of the same rule, or of a
/// common weakness class in the same text. Those in the same text come first, then the newest.
#[utoipa::path(tag = "findings", params(("id" = String, Path, description = "fnd_…")), responses((status = 200, body = Vec<FindingDto>)))]
#[get("/findings/{id}/similar")]
pub async fn list_similar_findings(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<FindingKind>,
) -> ApiResult<Json<Vec<FindingDto>>> {
    let similar = findings::similar(&ctx, &caller.actor, id.0).await?;
    Ok(Json(similar.into_iter().map(FindingDto::from).collect()))
}
