//! Local storage's signed, expiring links. The signature is the credential.

use super::Ctx;
use crate::{
    api::{
        error::ApiResult,
        extract::{ARCHIVE, QueryParams, receive_bytes},
    },
    domain::object_key::ObjectKey,
    services::{archive_uploads, working_dir::WorkingRoot},
};
use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header,
    put,
    web::{Data, Path, Payload},
};
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;

/// The proof that a link was made by Vega.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SignedParams {
    /// When the link ends (Unix seconds).
    pub expires: i64,
    /// The signature over key and end.
    pub signature: String,
}

/// Read a stored file through a signed link.
#[utoipa::path(
    tag = "system",
    params(("key" = String, Path, description = "The file's key"), SignedParams),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream")),
    security(())
)]
#[get("/objects/{key:.*}")]
pub async fn get_object(
    ctx: Ctx,
    key: Path<String>,
    query: QueryParams<SignedParams>,
) -> ApiResult {
    let key = ObjectKey::parse(&key)?;
    ctx.urls.verify(
        &key,
        query.0.expires,
        &query.0.signature,
        ctx.app.clock.now(),
    )?;
    let (meta, reader) = ctx.app.objects.open(&key).await?;
    let name = key.as_str().rsplit('/').next().unwrap_or("file").to_owned();
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        // Never shown in place: what is stored came from outside.
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .insert_header(("x-content-type-options", "nosniff"))
        .no_chunking(meta.size)
        .streaming(ReaderStream::new(reader)))
}

/// Store a file through a signed link.
#[utoipa::path(
    tag = "system",
    params(("key" = String, Path, description = "The file's key"), SignedParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204, description = "It is stored")),
    security(())
)]
#[put("/objects/{key:.*}")]
pub async fn put_object(
    ctx: Ctx,
    working: Data<WorkingRoot>,
    request: HttpRequest,
    key: Path<String>,
    query: QueryParams<SignedParams>,
    payload: Payload,
) -> ApiResult {
    let key = ObjectKey::parse(&key)?;
    let now = ctx.app.clock.now();
    let SignedParams { expires, signature } = query.0;
    ctx.urls.verify_put(&key, expires, &signature, now)?;
    archive_uploads::check_put(&ctx, &key).await?;
    let file = receive_bytes(&ctx, &ARCHIVE, &working, &request, payload).await?;
    archive_uploads::check_put(&ctx, &key).await?;
    ctx.app.objects.put_file(&key, file.path()).await?;
    Ok(HttpResponse::NoContent().finish())
}
