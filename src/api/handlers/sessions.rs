//! Legacy sessions. New clients use projects, repositories and scans.

use super::Ctx;
use crate::{
    api::{
        dto::{
            projects::ListParams,
            repositories::{UploadForm, UploadParams},
            sessions::{CreateSessionRequest, SessionDto, SessionResultDto},
        },
        error::ApiResult,
        extract::{
            ARCHIVE, Caller, JsonBody, PathId, QueryParams, ReadScope, WriteScope, receive_upload,
        },
        paging::{MAX_LIMIT, page_request, respond},
    },
    domain::ids::SessionKind,
    services::{sessions, working_dir::WorkingRoot},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, post,
    web::{Data, Json, Payload},
};

/// My sessions, newest first.
#[utoipa::path(tag = "sessions", params(ListParams), responses((status = 200, body = Vec<SessionDto>)))]
#[get("/sessions")]
pub async fn list_sessions(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    query: QueryParams<ListParams>,
) -> ApiResult {
    let page = page_request(query.0.limit, query.0.cursor.as_deref(), MAX_LIMIT)?;
    let page = sessions::list(&ctx, &caller.actor, page).await?;
    respond(&request, page, SessionDto::from)
}

/// Make a session.
#[utoipa::path(operation_id = "create_legacy_session", tag = "sessions", request_body = CreateSessionRequest, responses((status = 201, body = SessionDto)))]
#[post("/sessions")]
pub async fn create_session(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    body: JsonBody<CreateSessionRequest>,
) -> ApiResult {
    let session = sessions::create(&ctx, &caller.actor, body.0.check()?).await?;
    Ok(HttpResponse::Created().json(SessionDto::from(session)))
}

/// A session.
#[utoipa::path(tag = "sessions", params(("id" = String, Path, description = "ses_…")), responses((status = 200, body = SessionDto)))]
#[get("/sessions/{id}")]
pub async fn get_session(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<SessionKind>,
) -> ApiResult<Json<SessionDto>> {
    let session = sessions::get(&ctx, &caller.actor, id.0).await?;
    Ok(Json(session.into()))
}

/// Upload the source of a session: a form field `file`, or the bare bytes of an archive.
#[utoipa::path(
    tag = "sessions",
    params(("id" = String, Path, description = "ses_…"), UploadParams),
    request_body(content(
        (UploadForm = "multipart/form-data"),
        (Vec<u8> = "application/octet-stream")
    )),
    responses((status = 202, body = SessionDto))
)]
#[post("/sessions/{id}/upload")]
pub async fn upload_session(
    ctx: Ctx,
    working: Data<WorkingRoot>,
    request: HttpRequest,
    caller: Caller<WriteScope>,
    id: PathId<SessionKind>,
    query: QueryParams<UploadParams>,
    payload: Payload,
) -> ApiResult {
    let actor = &caller.actor;
    sessions::check_upload(&ctx, actor, id.0).await?;
    let upload = receive_upload(
        &ctx,
        &ARCHIVE,
        &working,
        &request,
        payload,
        query.0.filename,
    )
    .await?;
    let session = sessions::upload(&ctx, actor, id.0, upload.file.path(), upload.label).await?;
    Ok(HttpResponse::Accepted().json(SessionDto::from(session)))
}

/// Scan what was uploaded.
#[utoipa::path(tag = "sessions", params(("id" = String, Path, description = "ses_…")), responses((status = 202, body = SessionDto)))]
#[post("/sessions/{id}/analyze")]
pub async fn analyze_session(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<SessionKind>,
) -> ApiResult {
    let session = sessions::analyze(&ctx, &caller.actor, id.0).await?;
    Ok(HttpResponse::Accepted().json(SessionDto::from(session)))
}

/// What the newest scan of a session found.
#[utoipa::path(tag = "sessions", params(("id" = String, Path, description = "ses_…")), responses((status = 200, body = SessionResultDto)))]
#[get("/sessions/{id}/result")]
pub async fn get_session_result(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<SessionKind>,
) -> ApiResult<Json<SessionResultDto>> {
    let result = sessions::result(&ctx, &caller.actor, id.0).await?;
    Ok(Json(result.into()))
}

/// Remove a session with all it has. Not while it is being analysed.
#[utoipa::path(operation_id = "delete_legacy_session", tag = "sessions", params(("id" = String, Path, description = "ses_…")), responses((status = 204)))]
#[delete("/sessions/{id}")]
pub async fn delete_session(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<SessionKind>,
) -> ApiResult {
    sessions::remove(&ctx, &caller.actor, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
