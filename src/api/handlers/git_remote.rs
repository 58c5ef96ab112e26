//! Git's smart HTTP protocol at a temporary remote (gitprotocol-http(5)), as far as a push needs it.
//!
//! The credential is the remote's own, by HTTP Basic, so handlers here have no `Caller`. Refusals are
//! plain text: git shows those to its user behind `remote:`, and would show JSON to nobody. Faults of
//! the server stay in the envelope, which logs them.

use super::Ctx;
use crate::{
    api::{
        error::{ApiError, ApiResult, ErrorEnvelope},
        extract::{ClientAddress, QueryParams, basic, spool},
    },
    error::{Error, ErrorCode, Result},
    services::{
        git_push::{self, Body, BodyEncoding, PushRemotes},
        git_uploads::{self, PushAccess},
        working_dir::WorkingRoot,
    },
};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, get,
    http::{StatusCode, header},
    post,
    web::{Data, Path, Payload},
};
use serde::Deserialize;
use utoipa::IntoParams;

const REQUEST_TYPE: &str = "application/x-git-receive-pack-request";
const RESULT_TYPE: &str = "application/x-git-receive-pack-result";
const ADVERTISEMENT_TYPE: &str = "application/x-git-receive-pack-advertisement";

/// What git asks for first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServiceParams {
    /// `git-receive-pack`; nothing else is served.
    #[param(example = "git-receive-pack")]
    pub service: Option<String>,
}

/// What a remote has, for git's eyes: the first request of a push.
#[utoipa::path(
    tag = "git uploads",
    params(("id" = String, Path, description = "up_…"), ServiceParams),
    responses(
        (status = 200, description = "The remote's references", body = Vec<u8>, content_type = "application/x-git-receive-pack-advertisement"),
        (status = 401, description = "No, or wrong, credentials", body = String, content_type = "text/plain"),
        (status = 403, description = "Expired, or not a push", body = String, content_type = "text/plain"),
        (status = 409, description = "A push is under way, or being ingested", body = String, content_type = "text/plain"),
        (status = 429, description = "Too many wrong passwords", body = String, content_type = "text/plain"),
        (status = 503, description = "Git works on too many other pushes; Retry-After says when to push again", body = ErrorEnvelope)
    ),
    security(("basic" = []))
)]
#[get("/git-uploads/{id}/repo.git/info/refs")]
pub async fn get_git_refs(
    ctx: Ctx,
    remotes: Data<PushRemotes>,
    request: HttpRequest,
    id: Path<String>,
    address: ClientAddress,
    query: QueryParams<ServiceParams>,
) -> ApiResult {
    let answer = async {
        let access = let_in(&ctx, &request, &id, address).await?;
        if query.0.service.as_deref() != Some("git-receive-pack") {
            return Err(write_only());
        }
        let cancel = ctx.app.tasks.token().child_token();
        let _dropped = cancel.clone().drop_guard();
        git_push::advertise(&ctx, &remotes, &access, cancel).await
    };
    told(answer.await, ADVERTISEMENT_TYPE)
}

/// A push, as git sends it. Refusals of its references are in the answer's body.
#[utoipa::path(
    tag = "git uploads",
    params(("id" = String, Path, description = "up_…")),
    request_body(content = Vec<u8>, content_type = "application/x-git-receive-pack-request"),
    responses(
        (status = 200, description = "How it went, for each reference", body = Vec<u8>, content_type = "application/x-git-receive-pack-result"),
        (status = 400, description = "Not a push", body = String, content_type = "text/plain"),
        (status = 401, description = "No, or wrong, credentials", body = String, content_type = "text/plain"),
        (status = 403, description = "Expired", body = String, content_type = "text/plain"),
        (status = 409, description = "A push is under way, or being ingested", body = String, content_type = "text/plain"),
        (status = 413, description = "Far too large", body = String, content_type = "text/plain"),
        (status = 415, description = "Not sent by git", body = String, content_type = "text/plain"),
        (status = 429, description = "Too many wrong passwords", body = String, content_type = "text/plain"),
        (status = 503, description = "Git works on too many other pushes; Retry-After says when to push again", body = ErrorEnvelope)
    ),
    security(("basic" = []))
)]
#[post("/git-uploads/{id}/repo.git/git-receive-pack")]
pub async fn receive_git_push(
    ctx: Ctx,
    remotes: Data<PushRemotes>,
    working: Data<WorkingRoot>,
    request: HttpRequest,
    id: Path<String>,
    address: ClientAddress,
    payload: Payload,
) -> ApiResult {
    let answer = async {
        let access = let_in(&ctx, &request, &id, address).await?;
        let encoding = encoding(&request)?;
        let cancel = ctx.app.tasks.token().child_token();
        // A client that goes away ends git's work, wherever it is; what comes after is carried out.
        let _dropped = cancel.clone().drop_guard();
        let turn = remotes.turn(&access).await?;
        let permit = remotes.permit(&cancel).await?;
        let (file, is_cut) = spool(&working, payload, ctx.limits.max_source_bytes).await?;
        let body = Body {
            file,
            encoding,
            is_cut,
        };
        let (context, remotes) = (ctx.clone(), remotes.clone());
        let at = (turn, permit);
        let work =
            async move { git_push::receive(&context, &remotes, &access, at, body, cancel).await };
        let ended = ctx.app.tasks.spawn(work).await;
        ended.map_err(|error| Error::internal("a push did not end", error))?
    };
    told(answer.await, RESULT_TYPE)
}

/// Refused: a remote only takes pushes.
#[utoipa::path(
    tag = "git uploads",
    params(("id" = String, Path, description = "up_…")),
    request_body(content = Vec<u8>, content_type = "application/x-git-upload-pack-request"),
    responses(
        (status = 401, description = "No, or wrong, credentials", body = String, content_type = "text/plain"),
        (status = 403, description = "Nothing can be fetched", body = String, content_type = "text/plain"),
        (status = 429, description = "Too many wrong passwords", body = String, content_type = "text/plain")
    ),
    security(("basic" = []))
)]
#[post("/git-uploads/{id}/repo.git/git-upload-pack")]
pub async fn refuse_git_fetch(
    ctx: Ctx,
    request: HttpRequest,
    id: Path<String>,
    address: ClientAddress,
) -> ApiResult {
    let access = let_in(&ctx, &request, &id, address).await;
    told(access.and_then(|_| Err(write_only())), RESULT_TYPE)
}

async fn let_in(
    ctx: &Ctx,
    request: &HttpRequest,
    id: &str,
    address: ClientAddress,
) -> Result<PushAccess> {
    let credentials = basic(request.headers());
    let access = git_uploads::authenticate(ctx, id, credentials, address.0).await?;
    let user = access.actor.user_id;
    tracing::Span::current().record("user_id", tracing::field::display(user));
    Ok(access)
}

fn write_only() -> Error {
    Error::new(
        ErrorCode::Forbidden,
        "This remote only takes pushes: nothing can be cloned or fetched from it. Use git push.",
    )
}

fn encoding(request: &HttpRequest) -> Result<BodyEncoding> {
    let unsupported = |message: &str| Error::new(ErrorCode::UnsupportedMediaType, message);
    if !request.content_type().eq_ignore_ascii_case(REQUEST_TYPE) {
        return Err(unsupported(
            "This is for git: push to it with git push (application/x-git-receive-pack-request).",
        ));
    }
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    match encoding.map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase()) {
        None => Ok(BodyEncoding::Plain),
        Some(name) if name == "identity" => Ok(BodyEncoding::Plain),
        Some(name) if name == "gzip" || name == "x-gzip" => Ok(BodyEncoding::Gzip),
        Some(_) => Err(unsupported(
            "The body may be sent as it is, or with Content-Encoding gzip.",
        )),
    }
}

/// The answer, or a refusal in plain text.
fn told(answer: Result<Vec<u8>>, content_type: &str) -> ApiResult {
    let (mut response, text) = match answer {
        Ok(body) => {
            return Ok(HttpResponse::Ok()
                .content_type(content_type)
                .insert_header((header::CACHE_CONTROL, "no-cache"))
                .body(body));
        }
        Err(error) if error.code().status() >= 500 => return Err(ApiError::from(error)),
        Err(error) => {
            let status = error.code().status();
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            let mut response = HttpResponse::build(status);
            match error.code() {
                ErrorCode::InvalidToken => {
                    let challenge = "Basic realm=\"Vega git upload\", charset=\"UTF-8\"";
                    response.insert_header((header::WWW_AUTHENTICATE, challenge));
                }
                ErrorCode::RateLimited => {
                    let wait = error.details().get("retry_after_seconds");
                    let wait = wait.and_then(serde_json::Value::as_u64).unwrap_or(60);
                    response.insert_header((header::RETRY_AFTER, wait));
                }
                _ => {}
            }
            (response, format!("{}\n", error.public_message()))
        }
    };
    Ok(response
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(text))
}
