//! Findings of other tools.

use super::Ctx;
use crate::{
    api::{
        dto::{
            JobDto,
            repositories::{UploadForm, UploadParams},
        },
        error::ApiResult,
        extract::{Caller, PathId, QueryParams, SARIF, WriteScope, receive_upload},
    },
    domain::ids::RepositoryKind,
    services::{imports, working_dir::WorkingRoot},
};
use actix_web::{
    HttpRequest, HttpResponse, post,
    web::{Data, Payload},
};

/// Import the findings of another tool from SARIF 2.1.0: a form field `file`, or the bare bytes.
/// The job becomes a scan (`scan_id`) whose auditors are called `import:<tool>`.
#[utoipa::path(
    tag = "findings",
    params(("id" = String, Path, description = "repo_…"), UploadParams),
    request_body(content(
        (UploadForm = "multipart/form-data"),
        (serde_json::Value = "application/sarif+json"),
        (Vec<u8> = "application/octet-stream")
    )),
    responses((status = 202, body = JobDto))
)]
#[post("/repositories/{id}/findings/import")]
pub async fn import_findings(
    ctx: Ctx,
    working: Data<WorkingRoot>,
    request: HttpRequest,
    caller: Caller<WriteScope>,
    id: PathId<RepositoryKind>,
    query: QueryParams<UploadParams>,
    payload: Payload,
) -> ApiResult {
    imports::check(&ctx, &caller.actor, id.0).await?;
    let name = query.0.filename;
    let upload = receive_upload(&ctx, &SARIF, &working, &request, payload, name).await?;
    let (file, label) = (upload.file.path(), upload.label);
    let job = imports::accept(&ctx, &caller.actor, id.0, file, label).await?;
    Ok(HttpResponse::Accepted().json(JobDto::from(job)))
}
