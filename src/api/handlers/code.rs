//! The code viewer.

use super::Ctx;
use crate::{
    api::{
        dto::code::{FileDto, FileParams, TreeEntryDto, TreeParams},
        error::ApiResult,
        extract::{Caller, PathId, QueryParams, ReadScope},
    },
    domain::ids::SnapshotKind,
    error::Error,
    services::code::{self, OpenSnapshots},
};
use actix_web::{
    get,
    web::{Data, Json},
};

/// What stands in a folder of a snapshot: folders first, then files by name.
#[utoipa::path(tag = "repositories", params(("id" = String, Path, description = "snap_…"), TreeParams), responses((status = 200, body = Vec<TreeEntryDto>)))]
#[get("/snapshots/{id}/tree")]
pub async fn get_snapshot_tree(
    ctx: Ctx,
    open: Data<OpenSnapshots>,
    caller: Caller<ReadScope>,
    id: PathId<SnapshotKind>,
    query: QueryParams<TreeParams>,
) -> ApiResult<Json<Vec<TreeEntryDto>>> {
    let path = query.0.path.unwrap_or_default();
    let entries = code::folder(&ctx, &open, &caller.actor, id.0, path.clone()).await?;
    let entries = entries.into_iter();
    Ok(Json(
        entries
            .map(|entry| TreeEntryDto::new(&path, entry))
            .collect(),
    ))
}

/// Lines of a file in a snapshot, with the pieces to colour. Binary files say so.
#[utoipa::path(tag = "repositories", params(("id" = String, Path, description = "snap_…"), FileParams), responses((status = 200, body = FileDto)))]
#[get("/snapshots/{id}/file")]
pub async fn get_snapshot_file(
    ctx: Ctx,
    open: Data<OpenSnapshots>,
    caller: Caller<ReadScope>,
    id: PathId<SnapshotKind>,
    query: QueryParams<FileParams>,
) -> ApiResult<Json<FileDto>> {
    let FileParams { path, start, end } = query.0;
    let start = start.unwrap_or(1);
    let end = end.unwrap_or(u32::MAX);
    if start == 0 || end < start {
        return Err(Error::field("start", "must be at least 1 and at most end").into());
    }
    let view = code::file(&ctx, &open, &caller.actor, id.0, path.clone(), (start, end)).await?;
    Ok(Json(FileDto::new(path, view)))
}
