//! Webhooks and their deliveries.

use super::Ctx;
use crate::{
    api::{
        dto::{
            projects::ListParams,
            webhooks::{
                CreateWebhookRequest, DeliveryDto, DeliveryListParams, UpdateWebhookRequest,
                WebhookDto,
            },
        },
        error::ApiResult,
        extract::{Caller, JsonBody, PathId, QueryParams, ReadScope, WriteScope},
        paging::{MAX_LIMIT, page_request, respond},
    },
    domain::ids::{DeliveryId, WebhookId, WebhookKind},
    error::{Error, Result},
    services::webhooks,
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get, patch, post,
    web::{Json, Path},
};

/// My webhooks, newest first.
#[utoipa::path(tag = "webhooks", params(ListParams), responses((status = 200, body = Vec<WebhookDto>)))]
#[get("/webhooks")]
pub async fn list_webhooks(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    query: QueryParams<ListParams>,
) -> ApiResult {
    let page = page_request(query.0.limit, query.0.cursor.as_deref(), MAX_LIMIT)?;
    let page = webhooks::list(&ctx, &caller.actor, page).await?;
    respond(&request, page, WebhookDto::from)
}

/// Make a webhook. Its secret is shown this once.
#[utoipa::path(tag = "webhooks", request_body = CreateWebhookRequest, responses((status = 201, body = WebhookDto)))]
#[post("/webhooks")]
pub async fn create_webhook(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    body: JsonBody<CreateWebhookRequest>,
) -> ApiResult {
    let (webhook, secret) = webhooks::create(&ctx, &caller.actor, body.0.check()?).await?;
    Ok(HttpResponse::Created().json(WebhookDto::with_secret(webhook, Some(secret))))
}

/// A webhook.
#[utoipa::path(tag = "webhooks", params(("id" = String, Path, description = "whk_…")), responses((status = 200, body = WebhookDto)))]
#[get("/webhooks/{id}")]
pub async fn get_webhook(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<WebhookKind>,
) -> ApiResult<Json<WebhookDto>> {
    Ok(Json(webhooks::get(&ctx, &caller.actor, id.0).await?.into()))
}

/// Change a webhook, also its secret.
#[utoipa::path(tag = "webhooks", params(("id" = String, Path, description = "whk_…")), request_body = UpdateWebhookRequest, responses((status = 200, body = WebhookDto)))]
#[patch("/webhooks/{id}")]
pub async fn update_webhook(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<WebhookKind>,
    body: JsonBody<UpdateWebhookRequest>,
) -> ApiResult<Json<WebhookDto>> {
    let patch = body.0.check()?;
    let (webhook, secret) = webhooks::change(&ctx, &caller.actor, id.0, patch).await?;
    Ok(Json(WebhookDto::with_secret(webhook, secret)))
}

/// Remove a webhook with its deliveries.
#[utoipa::path(tag = "webhooks", params(("id" = String, Path, description = "whk_…")), responses((status = 204)))]
#[delete("/webhooks/{id}")]
pub async fn delete_webhook(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<WebhookKind>,
) -> ApiResult {
    webhooks::delete(&ctx, &caller.actor, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Send a test.
#[utoipa::path(tag = "webhooks", params(("id" = String, Path, description = "whk_…")), responses((status = 202, body = DeliveryDto)))]
#[post("/webhooks/{id}/ping")]
pub async fn ping_webhook(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<WebhookKind>,
) -> ApiResult {
    let delivery = webhooks::ping(&ctx, &caller.actor, id.0).await?;
    Ok(HttpResponse::Accepted().json(DeliveryDto::with_payload(delivery)))
}

/// The deliveries of a webhook, newest first.
#[utoipa::path(tag = "webhooks", params(("id" = String, Path, description = "whk_…"), DeliveryListParams), responses((status = 200, body = Vec<DeliveryDto>)))]
#[get("/webhooks/{id}/deliveries")]
pub async fn list_deliveries(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<WebhookKind>,
    query: QueryParams<DeliveryListParams>,
) -> ApiResult {
    let page = page_request(query.0.limit, query.0.cursor.as_deref(), MAX_LIMIT)?;
    let filter = query.0.filter()?;
    let page = webhooks::deliveries(&ctx, &caller.actor, id.0, filter, page).await?;
    respond(&request, page, DeliveryDto::from)
}

/// A delivery with what is sent.
#[utoipa::path(
    tag = "webhooks",
    params(
        ("id" = String, Path, description = "whk_…"),
        ("delivery_id" = String, Path, description = "whd_…")
    ),
    responses((status = 200, body = DeliveryDto))
)]
#[get("/webhooks/{id}/deliveries/{delivery_id}")]
pub async fn get_delivery(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<WebhookKind>,
    path: Path<(String, String)>,
) -> ApiResult<Json<DeliveryDto>> {
    let ids = delivery_ids(id.0, path)?;
    let delivery = webhooks::delivery(&ctx, &caller.actor, ids).await?;
    Ok(Json(DeliveryDto::with_payload(delivery)))
}

/// Send a delivery again, now; also one that succeeded.
#[utoipa::path(
    tag = "webhooks",
    params(
        ("id" = String, Path, description = "whk_…"),
        ("delivery_id" = String, Path, description = "whd_…")
    ),
    responses((status = 202, body = DeliveryDto))
)]
#[post("/webhooks/{id}/deliveries/{delivery_id}/retry")]
pub async fn retry_delivery(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<WebhookKind>,
    path: Path<(String, String)>,
) -> ApiResult {
    let ids = delivery_ids(id.0, path)?;
    let delivery = webhooks::retry(&ctx, &caller.actor, ids).await?;
    Ok(HttpResponse::Accepted().json(DeliveryDto::from(delivery)))
}

fn delivery_ids(
    webhook: WebhookId,
    path: Path<(String, String)>,
) -> Result<(WebhookId, DeliveryId)> {
    let (_, delivery) = path.into_inner();
    let id = delivery
        .parse()
        .map_err(|_| Error::not_found("Delivery", delivery))?;
    Ok((webhook, id))
}
