//! Members of projects.

use super::Ctx;
use crate::{
    api::{
        dto::members::{MemberDto, RemoveMemberParams, SetMemberRequest},
        error::ApiResult,
        extract::{Caller, JsonBody, PathId, QueryParams, ReadScope, WriteScope},
    },
    domain::ids::ProjectKind,
    services::members,
};
use actix_web::{HttpResponse, delete, get, put, web::Json};

/// Everyone with a role in a project, the owner first.
#[utoipa::path(tag = "projects", params(("id" = String, Path, description = "prj_…")), responses((status = 200, body = Vec<MemberDto>)))]
#[get("/projects/{id}/members")]
pub async fn list_members(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<ProjectKind>,
) -> ApiResult<Json<Vec<MemberDto>>> {
    let members = members::list(&ctx, &caller.actor, id.0).await?;
    Ok(Json(members.into_iter().map(MemberDto::from).collect()))
}

/// Give a user a role, as a new member or in place of an earlier one.
#[utoipa::path(tag = "projects", params(("id" = String, Path, description = "prj_…")), request_body = SetMemberRequest, responses((status = 200, body = MemberDto)))]
#[put("/projects/{id}/members")]
pub async fn set_member(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<ProjectKind>,
    body: JsonBody<SetMemberRequest>,
) -> ApiResult<Json<MemberDto>> {
    let (name, role) = body.0.check()?;
    let member = members::set(&ctx, &caller.actor, id.0, name, role).await?;
    Ok(Json(member.into()))
}

/// Take a user's role away. Everyone may give up their own.
#[utoipa::path(tag = "projects", params(("id" = String, Path, description = "prj_…"), RemoveMemberParams), responses((status = 204)))]
#[delete("/projects/{id}/members")]
pub async fn remove_member(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<ProjectKind>,
    query: QueryParams<RemoveMemberParams>,
) -> ApiResult {
    members::remove(&ctx, &caller.actor, id.0, query.0.check()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
