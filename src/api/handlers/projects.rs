//! Projects and what lies in them.

use super::{Ctx, findings::list_filtered, scans::list_of};
use crate::{
    api::{
        dto::{
            JobDto,
            findings::{FindingDto, FindingListParams},
            projects::{ListParams, ProjectDto, ProjectPatch, ProjectRequest},
            repositories::{CreateRepositoryRequest, RepositoryDto, RepositoryWithJobDto},
            scans::{ScanDto, ScanListParams},
        },
        error::ApiResult,
        extract::{Caller, JsonBody, PathId, QueryParams, ReadScope, WriteScope},
        paging::{ALL_LIMIT, page_request, respond},
    },
    domain::ids::ProjectKind,
    services::{projects, repositories, scans::ScansOf},
    store::{FindingFilter, ProjectChange},
};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web::Json};

/// My projects, newest first.
#[utoipa::path(tag = "projects", params(ListParams), responses((status = 200, body = Vec<ProjectDto>)))]
#[get("/projects")]
pub async fn list_projects(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    query: QueryParams<ListParams>,
) -> ApiResult {
    let page = page_request(query.0.limit, query.0.cursor.as_deref(), ALL_LIMIT)?;
    let page = projects::list(&ctx, &caller.actor, page).await?;
    respond(&request, page, ProjectDto::from)
}

/// Create a project.
#[utoipa::path(tag = "projects", request_body = ProjectRequest, responses((status = 201, body = ProjectDto)))]
#[post("/projects")]
pub async fn create_project(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    body: JsonBody<ProjectRequest>,
) -> ApiResult {
    let (name, description) = body.0.check()?;
    let created = projects::create(&ctx, &caller.actor, name, description).await?;
    Ok(HttpResponse::Created().json(ProjectDto::from(created)))
}

/// A project with its counts.
#[utoipa::path(tag = "projects", params(("id" = String, Path, description = "prj_…")), responses((status = 200, body = ProjectDto)))]
#[get("/projects/{id}")]
pub async fn get_project(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<ProjectKind>,
) -> ApiResult<Json<ProjectDto>> {
    Ok(Json(projects::get(&ctx, &caller.actor, id.0).await?.into()))
}

/// Replace a project's name and description.
#[utoipa::path(tag = "projects", params(("id" = String, Path, description = "prj_…")), request_body = ProjectRequest, responses((status = 200, body = ProjectDto)))]
#[put("/projects/{id}")]
pub async fn replace_project(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<ProjectKind>,
    body: JsonBody<ProjectRequest>,
) -> ApiResult<Json<ProjectDto>> {
    let (name, description) = body.0.check()?;
    let change = ProjectChange {
        name: Some(name),
        description: Some(description),
    };
    Ok(Json(
        projects::change(&ctx, &caller.actor, id.0, change)
            .await?
            .into(),
    ))
}

/// Change a project.
#[utoipa::path(tag = "projects", params(("id" = String, Path, description = "prj_…")), request_body = ProjectPatch, responses((status = 200, body = ProjectDto)))]
#[patch("/projects/{id}")]
pub async fn update_project(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<ProjectKind>,
    body: JsonBody<ProjectPatch>,
) -> ApiResult<Json<ProjectDto>> {
    let change = body.0.check()?;
    Ok(Json(
        projects::change(&ctx, &caller.actor, id.0, change)
            .await?
            .into(),
    ))
}

/// Delete a project with everything in it. It is gone at once; a job clears up.
#[utoipa::path(tag = "projects", params(("id" = String, Path, description = "prj_…")), responses((status = 202, body = JobDto)))]
#[delete("/projects/{id}")]
pub async fn delete_project(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<ProjectKind>,
) -> ApiResult {
    let job = projects::delete(&ctx, &caller.actor, id.0).await?;
    Ok(HttpResponse::Accepted().json(JobDto::from(job)))
}

/// The repositories of a project, newest first.
#[utoipa::path(tag = "projects", params(("id" = String, Path, description = "prj_…"), ListParams), responses((status = 200, body = Vec<RepositoryDto>)))]
#[get("/projects/{id}/repositories")]
pub async fn list_project_repositories(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<ProjectKind>,
    query: QueryParams<ListParams>,
) -> ApiResult {
    let page = page_request(query.0.limit, query.0.cursor.as_deref(), 200)?;
    let page = repositories::list(&ctx, &caller.actor, id.0, page).await?;
    respond(&request, page, RepositoryDto::from)
}

/// Add a repository. A git source is fetched at once.
#[utoipa::path(tag = "repositories", params(("id" = String, Path, description = "prj_…")), request_body = CreateRepositoryRequest, responses((status = 201, body = RepositoryWithJobDto)))]
#[post("/projects/{id}/repositories")]
pub async fn create_repository(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<ProjectKind>,
    body: JsonBody<CreateRepositoryRequest>,
) -> ApiResult {
    let wish = body.0.check()?;
    let (repository, job) = repositories::create(&ctx, &caller.actor, id.0, wish).await?;
    Ok(HttpResponse::Created().json(RepositoryWithJobDto::new(repository, job)))
}

/// The scans of a project, newest first.
#[utoipa::path(tag = "projects", params(("id" = String, Path, description = "prj_…"), ScanListParams), responses((status = 200, body = Vec<ScanDto>)))]
#[get("/projects/{id}/scans")]
pub async fn list_project_scans(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<ProjectKind>,
    query: QueryParams<ScanListParams>,
) -> ApiResult {
    list_of(
        &ctx,
        &request,
        &caller.actor,
        ScansOf::Project(id.0),
        query.0,
    )
    .await
}

/// The findings of a project, worst first.
#[utoipa::path(tag = "projects", params(("id" = String, Path, description = "prj_…"), FindingListParams), responses((status = 200, body = Vec<FindingDto>)))]
#[get("/projects/{id}/findings")]
pub async fn list_project_findings(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<ProjectKind>,
    query: QueryParams<FindingListParams>,
) -> ApiResult {
    let filter = FindingFilter {
        project_id: Some(id.0),
        ..FindingFilter::default()
    };
    list_filtered(&ctx, &request, &caller.actor, filter, query.0).await
}
