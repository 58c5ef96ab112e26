//! Exports of a repository's findings.

use super::Ctx;
use crate::{
    api::{
        dto::exports::{CreateExportRequest, ExportDto},
        error::ApiResult,
        extract::{Caller, JsonBody, PathId, ReadScope},
    },
    domain::ids::RepositoryKind,
    services::exports,
};
use actix_web::{HttpResponse, get, post, web::Json};

/// Export the findings of a repository as one file. A job writes it; the list has its link.
#[utoipa::path(tag = "findings", params(("id" = String, Path, description = "repo_…")), request_body = CreateExportRequest, responses((status = 202, body = ExportDto)))]
#[post("/repositories/{id}/exports")]
pub async fn create_export(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<RepositoryKind>,
    body: JsonBody<CreateExportRequest>,
) -> ApiResult {
    let (format, filter) = body.0.check()?;
    let export = exports::create(&ctx, &caller.actor, id.0, format, filter).await?;
    let dto = ExportDto::new(export, &ctx.settings.api_prefix);
    Ok(HttpResponse::Accepted().json(dto))
}

/// The exports of a repository, newest first, with links to those that are finished.
#[utoipa::path(tag = "findings", params(("id" = String, Path, description = "repo_…")), responses((status = 200, body = Vec<ExportDto>)))]
#[get("/repositories/{id}/exports")]
pub async fn list_exports(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<RepositoryKind>,
) -> ApiResult<Json<Vec<ExportDto>>> {
    let exports = exports::list(&ctx, &caller.actor, id.0).await?;
    let prefix = &ctx.settings.api_prefix;
    let dtos = exports.into_iter().map(|it| ExportDto::new(it, prefix));
    Ok(Json(dtos.collect()))
}
