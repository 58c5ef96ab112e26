//! What the caller's scans used.

use super::Ctx;
use crate::{
    api::{
        dto::billing::{BillingSummaryDto, UsageParams, UsageRowDto},
        error::ApiResult,
        extract::{Caller, QueryParams, ReadScope},
    },
    services::billing,
};
use actix_web::{get, web::Json};

/// Use by day, project, scan or model.
#[utoipa::path(tag = "billing", params(UsageParams), responses((status = 200, body = Vec<UsageRowDto>)))]
#[get("/billing/usage")]
pub async fn list_usage(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    query: QueryParams<UsageParams>,
) -> ApiResult<Json<Vec<UsageRowDto>>> {
    let (period, group) = query.0.check()?;
    let rows = billing::usage(&ctx, &caller.actor, period, group).await?;
    let rows = rows.into_iter().map(|(key, usage)| UsageRowDto {
        key,
        usage: usage.into(),
    });
    Ok(Json(rows.collect()))
}

/// Use in all, and of the current month.
#[utoipa::path(tag = "billing", responses((status = 200, body = BillingSummaryDto)))]
#[get("/billing/summary")]
pub async fn get_billing_summary(
    ctx: Ctx,
    caller: Caller<ReadScope>,
) -> ApiResult<Json<BillingSummaryDto>> {
    let (total, month) = billing::summary(&ctx, &caller.actor).await?;
    Ok(Json(BillingSummaryDto {
        current_month: month.into(),
        total: total.into(),
    }))
}
