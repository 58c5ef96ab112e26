//! Temporary remotes for `git push`: making, listing, removing. What git itself asks is in
//! `git_remote.rs`.

use super::Ctx;
use crate::{
    api::{
        dto::git_uploads::{CreateGitUploadRequest, GitUploadDto, GitUploadListParams},
        error::ApiResult,
        extract::{Caller, JsonBody, PathId, QueryParams, ReadScope, WriteScope, origin},
        paging::{MAX_LIMIT, page_request, respond},
    },
    domain::ids::GitUploadKind,
    services::{git_push::PushRemotes, git_uploads},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, post,
    web::{Data, Json},
};

/// This server's address below which the API lies, as the client wrote it.
fn base(ctx: &Ctx, request: &HttpRequest) -> String {
    let origin = origin(request).unwrap_or_default();
    format!("{origin}{}", ctx.settings.api_prefix)
}

/// Make a temporary remote for `git push`. The password is in this answer only.
#[utoipa::path(tag = "git uploads", request_body = CreateGitUploadRequest, responses((status = 201, body = GitUploadDto)))]
#[post("/git-uploads")]
pub async fn create_git_upload(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<WriteScope>,
    body: JsonBody<CreateGitUploadRequest>,
) -> ApiResult {
    let repository = body.0.check()?;
    let (seen, password) = git_uploads::create(&ctx, &caller.actor, repository).await?;
    let dto = GitUploadDto::new(seen, &base(&ctx, &request), Some(password));
    Ok(HttpResponse::Created().json(dto))
}

/// Temporary remotes of the repositories you see, newest first.
#[utoipa::path(tag = "git uploads", params(GitUploadListParams), responses((status = 200, body = Vec<GitUploadDto>)))]
#[get("/git-uploads")]
pub async fn list_git_uploads(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    query: QueryParams<GitUploadListParams>,
) -> ApiResult {
    let params = query.0;
    let page = page_request(params.limit, params.cursor.as_deref(), MAX_LIMIT)?;
    let page = git_uploads::list(&ctx, &caller.actor, params.repository()?, page).await?;
    let base = base(&ctx, &request);
    respond(&request, page, |seen| GitUploadDto::new(seen, &base, None))
}

/// One temporary remote.
#[utoipa::path(tag = "git uploads", params(("id" = String, Path, description = "up_…")), responses((status = 200, body = GitUploadDto)))]
#[get("/git-uploads/{id}")]
pub async fn get_git_upload(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<GitUploadKind>,
) -> ApiResult<Json<GitUploadDto>> {
    let seen = git_uploads::get(&ctx, &caller.actor, id.0).await?;
    Ok(Json(GitUploadDto::new(seen, &base(&ctx, &request), None)))
}

/// Remove a temporary remote before its time. Snapshots made from it stay.
#[utoipa::path(tag = "git uploads", params(("id" = String, Path, description = "up_…")), responses((status = 204)))]
#[delete("/git-uploads/{id}")]
pub async fn delete_git_upload(
    ctx: Ctx,
    remotes: Data<PushRemotes>,
    caller: Caller<WriteScope>,
    id: PathId<GitUploadKind>,
) -> ApiResult {
    git_uploads::remove(&ctx, &caller.actor, &remotes, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
