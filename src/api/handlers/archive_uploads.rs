//! Large archives: put to the object store by a signed address, then completed.

use super::Ctx;
use crate::{
    api::{
        dto::{
            archive_uploads::{CompleteUploadParams, UploadPlaceDto},
            repositories::RepositoryWithJobDto,
        },
        error::ApiResult,
        extract::{Caller, PathId, QueryParams, WriteScope, clean_label},
    },
    domain::ids::{RepositoryKind, UploadId},
    error::Error,
    services::{archive_uploads, working_dir::WorkingRoot},
};
use actix_web::{
    HttpResponse, post,
    web::{Data, Path},
};

/// Get an address to put an archive to. It works for an hour.
#[utoipa::path(tag = "repositories", params(("id" = String, Path, description = "repo_…")), responses((status = 201, body = UploadPlaceDto)))]
#[post("/repositories/{id}/archive-uploads")]
pub async fn create_archive_upload(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<RepositoryKind>,
) -> ApiResult {
    let place = archive_uploads::begin(&ctx, &caller.actor, id.0).await?;
    let place = UploadPlaceDto::new(place, &ctx.settings.api_prefix);
    Ok(HttpResponse::Created().json(place))
}

/// Ingest an archive that was put. Completing it again gives the same job.
#[utoipa::path(
    tag = "repositories",
    params(
        ("id" = String, Path, description = "repo_…"),
        ("upload_id" = String, Path, description = "up_…"),
        CompleteUploadParams
    ),
    responses((status = 202, body = RepositoryWithJobDto))
)]
#[post("/repositories/{id}/archive-uploads/{upload_id}/complete")]
pub async fn complete_archive_upload(
    ctx: Ctx,
    working: Data<WorkingRoot>,
    caller: Caller<WriteScope>,
    id: PathId<RepositoryKind>,
    path: Path<(String, String)>,
    query: QueryParams<CompleteUploadParams>,
) -> ApiResult {
    let (_, upload) = path.into_inner();
    let upload: UploadId = upload
        .parse()
        .map_err(|_| Error::not_found("Upload", upload))?;
    let label = clean_label(query.0.filename);
    let ids = (id.0, upload);
    let (repository, job) =
        archive_uploads::complete(&ctx, &caller.actor, &working, ids, label).await?;
    Ok(HttpResponse::Accepted().json(RepositoryWithJobDto::new(repository, Some(job))))
}
