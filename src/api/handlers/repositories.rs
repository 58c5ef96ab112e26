//! Repositories: ingest, snapshots, threat profile, scans, events, findings.

use super::{
    Ctx,
    findings::list_filtered,
    scans::{event_query, list_of, respond_events},
};
use crate::{
    api::{
        dto::{
            JobDto,
            events::{EventDto, RepositoryEventParams},
            findings::{FindingDto, FindingListParams},
            projects::ListParams,
            repositories::{
                PutThreatProfileRequest, RepositoryDto, RepositoryPatch, RepositoryWithJobDto,
                SnapshotDto, ThreatProfileDto, UploadForm, UploadParams,
            },
            scans::{CreateScanRequest, ScanDto, ScanListParams},
        },
        error::ApiResult,
        extract::{
            ARCHIVE, Caller, JsonBody, PathId, QueryParams, ReadScope, WriteScope, receive_upload,
        },
        paging::{page_request, respond},
    },
    clock::new_id,
    domain::ids::{JobKindTag, RepositoryKind},
    error::Error,
    services::{
        git_push::PushRemotes,
        jobs, repositories,
        scans::{self, ScansOf},
        threat_profiles,
        working_dir::WorkingRoot,
    },
    store::{FindingFilter, Page},
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, patch, post, put,
    web::{Data, Json, Payload},
};

/// A repository.
#[utoipa::path(tag = "repositories", params(("id" = String, Path, description = "repo_…")), responses((status = 200, body = RepositoryDto)))]
#[get("/repositories/{id}")]
pub async fn get_repository(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<RepositoryKind>,
) -> ApiResult<Json<RepositoryDto>> {
    Ok(Json(
        repositories::get(&ctx, &caller.actor, id.0).await?.into(),
    ))
}

/// Change a repository.
#[utoipa::path(tag = "repositories", params(("id" = String, Path, description = "repo_…")), request_body = RepositoryPatch, responses((status = 200, body = RepositoryDto)))]
#[patch("/repositories/{id}")]
pub async fn update_repository(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<RepositoryKind>,
    body: JsonBody<RepositoryPatch>,
) -> ApiResult<Json<RepositoryDto>> {
    let edit = body.0.check()?;
    Ok(Json(
        repositories::change(&ctx, &caller.actor, id.0, edit)
            .await?
            .into(),
    ))
}

/// Remove a repository with its snapshots, scans and findings. Not while it is being scanned.
#[utoipa::path(tag = "repositories", params(("id" = String, Path, description = "repo_…")), responses((status = 204)))]
#[delete("/repositories/{id}")]
pub async fn delete_repository(
    ctx: Ctx,
    remotes: Data<PushRemotes>,
    caller: Caller<WriteScope>,
    id: PathId<RepositoryKind>,
) -> ApiResult {
    repositories::remove(&ctx, &caller.actor, id.0).await?;
    remotes.tidy(&ctx.app.store).await;
    Ok(HttpResponse::NoContent().finish())
}

/// Fetch a git repository again.
#[utoipa::path(tag = "repositories", params(("id" = String, Path, description = "repo_…")), responses((status = 202, body = RepositoryWithJobDto)))]
#[post("/repositories/{id}/ingest")]
pub async fn ingest_repository(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<RepositoryKind>,
) -> ApiResult {
    let (repository, job) = repositories::ingest(&ctx, &caller.actor, id.0).await?;
    Ok(HttpResponse::Accepted().json(RepositoryWithJobDto::new(repository, Some(job))))
}

/// Upload an archive (zip, tar, tar.gz, tar.zst, tar.xz): a form field `file`, or the bare bytes.
#[utoipa::path(
    tag = "repositories",
    params(("id" = String, Path, description = "repo_…"), UploadParams),
    request_body(content(
        (UploadForm = "multipart/form-data"),
        (Vec<u8> = "application/octet-stream")
    )),
    responses((status = 202, body = RepositoryWithJobDto))
)]
#[post("/repositories/{id}/archive")]
pub async fn upload_archive(
    ctx: Ctx,
    working: Data<WorkingRoot>,
    request: HttpRequest,
    caller: Caller<WriteScope>,
    id: PathId<RepositoryKind>,
    query: QueryParams<UploadParams>,
    payload: Payload,
) -> ApiResult {
    repositories::check_upload(&ctx, &caller.actor, id.0).await?;
    let upload = receive_upload(
        &ctx,
        &ARCHIVE,
        &working,
        &request,
        payload,
        query.0.filename,
    )
    .await?;
    let (repository, job) = repositories::accept_upload(
        &ctx,
        &caller.actor,
        id.0,
        upload.file.path(),
        upload.label,
        new_id(),
    )
    .await?;
    Ok(HttpResponse::Accepted().json(RepositoryWithJobDto::new(repository, Some(job))))
}

/// Background work of mine.
#[utoipa::path(tag = "repositories", params(("id" = String, Path, description = "job_…")), responses((status = 200, body = JobDto)))]
#[get("/jobs/{id}")]
pub async fn get_job(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<JobKindTag>,
) -> ApiResult<Json<JobDto>> {
    Ok(Json(jobs::get(&ctx, &caller.actor, id.0).await?.into()))
}

/// The snapshots of a repository, newest first.
#[utoipa::path(tag = "repositories", params(("id" = String, Path, description = "repo_…"), ListParams), responses((status = 200, body = Vec<SnapshotDto>)))]
#[get("/repositories/{id}/snapshots")]
pub async fn list_snapshots(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<RepositoryKind>,
    query: QueryParams<ListParams>,
) -> ApiResult {
    let page = page_request(query.0.limit, query.0.cursor.as_deref(), 200)?;
    let page = repositories::snapshots(&ctx, &caller.actor, id.0, page).await?;
    respond(&request, page, SnapshotDto::from)
}

/// The current threat profile.
#[utoipa::path(tag = "threat-profiles", params(("id" = String, Path, description = "repo_…")), responses((status = 200, body = ThreatProfileDto)))]
#[get("/repositories/{id}/threat-profile")]
pub async fn get_threat_profile(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<RepositoryKind>,
) -> ApiResult<Json<ThreatProfileDto>> {
    Ok(Json(
        threat_profiles::get(&ctx, &caller.actor, id.0)
            .await?
            .into(),
    ))
}

/// Store an edited threat profile as the next version.
#[utoipa::path(tag = "threat-profiles", params(("id" = String, Path, description = "repo_…")), request_body = PutThreatProfileRequest, responses((status = 200, body = ThreatProfileDto)))]
#[put("/repositories/{id}/threat-profile")]
pub async fn replace_threat_profile(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<RepositoryKind>,
    body: JsonBody<PutThreatProfileRequest>,
) -> ApiResult<Json<ThreatProfileDto>> {
    let content = body.0.content.check()?;
    Ok(Json(
        threat_profiles::put(&ctx, &caller.actor, id.0, content)
            .await?
            .into(),
    ))
}

/// Generate a new threat profile from the newest snapshot.
#[utoipa::path(tag = "threat-profiles", params(("id" = String, Path, description = "repo_…")), responses((status = 202, body = JobDto)))]
#[post("/repositories/{id}/threat-profile/generate")]
pub async fn generate_threat_profile(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<RepositoryKind>,
) -> ApiResult {
    let job = threat_profiles::generate(&ctx, &caller.actor, id.0).await?;
    Ok(HttpResponse::Accepted().json(JobDto::from(job)))
}

/// Start a scan.
#[utoipa::path(tag = "scans", params(("id" = String, Path, description = "repo_…")), request_body = CreateScanRequest, responses((status = 201, body = ScanDto)))]
#[post("/repositories/{id}/scans")]
pub async fn create_scan(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<RepositoryKind>,
    body: JsonBody<CreateScanRequest>,
) -> ApiResult {
    let scan = scans::create(&ctx, &caller.actor, id.0, body.0.check()?).await?;
    Ok(HttpResponse::Created().json(ScanDto::from(scan)))
}

/// The scans of a repository, newest first.
#[utoipa::path(tag = "scans", params(("id" = String, Path, description = "repo_…"), ScanListParams), responses((status = 200, body = Vec<ScanDto>)))]
#[get("/repositories/{id}/scans")]
pub async fn list_repository_scans(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<RepositoryKind>,
    query: QueryParams<ScanListParams>,
) -> ApiResult {
    list_of(
        &ctx,
        &request,
        &caller.actor,
        ScansOf::Repository(id.0),
        query.0,
    )
    .await
}

/// Events of a repository: of one scan in order, or of all, newest first.
#[utoipa::path(tag = "scans", params(("id" = String, Path, description = "repo_…"), RepositoryEventParams), responses((status = 200, body = Vec<EventDto>)))]
#[get("/repositories/{id}/events")]
pub async fn list_repository_events(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<RepositoryKind>,
    query: QueryParams<RepositoryEventParams>,
) -> ApiResult {
    let params = query.0;
    let page = page_request(params.limit, params.cursor.as_deref(), 200)?;
    let mut query = event_query(params.after, params.kind.as_deref(), page.limit);
    query.before_id = page.after;
    query.scan_id = match params.scan_id {
        None if params.after.is_some() => {
            return Err(Error::field("after", "needs scan_id").into());
        }
        None => None,
        Some(text) => {
            let id = text
                .parse()
                .map_err(|_| Error::field("scan_id", "must be an id like scan_…"))?;
            Some(id)
        }
    };
    if query.scan_id.is_some() && query.before_id.is_some() {
        return Err(Error::field("cursor", "is for all scans; with scan_id use after").into());
    }
    let (one_scan, limit) = (query.scan_id.is_some(), query.limit);
    let events = scans::events_of_repository(&ctx, &caller.actor, id.0, query).await?;
    if one_scan {
        return respond_events(&request, events, limit);
    }
    let next = events.last().filter(|_| events.len() == limit);
    let page = Page {
        next: next.map(|event| event.id.to_string()),
        items: events,
        total: None,
    };
    respond(&request, page, EventDto::from)
}

/// The findings of a repository, worst first.
#[utoipa::path(tag = "findings", params(("id" = String, Path, description = "repo_…"), FindingListParams), responses((status = 200, body = Vec<FindingDto>)))]
#[get("/repositories/{id}/findings")]
pub async fn list_repository_findings(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<RepositoryKind>,
    query: QueryParams<FindingListParams>,
) -> ApiResult {
    let filter = FindingFilter {
        repository_id: Some(id.0),
        ..FindingFilter::default()
    };
    list_filtered(&ctx, &request, &caller.actor, filter, query.0).await
}
