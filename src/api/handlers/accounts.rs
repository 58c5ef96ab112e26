//! Sign-in and API keys.

use super::Ctx;
use crate::{
    api::{
        dto::{
            accounts::{
                ApiKeyDto, CreateApiKeyRequest, LoginRequest, NewApiKeyDto, RefreshRequest,
                TokenResponse, UserDto,
            },
            projects::ListParams,
        },
        error::ApiResult,
        extract::{Caller, ClientAddress, JsonBody, PathId, QueryParams, ReadScope, WriteScope},
        paging::{ALL_LIMIT, page_request, respond},
    },
    domain::ids::ApiKeyKind,
    services::accounts,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web::Json};

/// Sign in with email and password.
#[utoipa::path(tag = "auth", request_body = LoginRequest, responses((status = 200, body = TokenResponse)), security(()))]
#[post("/auth/login")]
pub async fn create_session(
    ctx: Ctx,
    address: ClientAddress,
    body: JsonBody<LoginRequest>,
) -> ApiResult<Json<TokenResponse>> {
    let LoginRequest { email, password } = body.0;
    Ok(Json(
        accounts::sign_in(&ctx, &email, password, address.0)
            .await?
            .into(),
    ))
}

/// Exchange a refresh token for the next pair. Each works once; an old one ends the session.
#[utoipa::path(tag = "auth", request_body = RefreshRequest, responses((status = 200, body = TokenResponse)), security(()))]
#[post("/auth/refresh")]
pub async fn refresh_session(
    ctx: Ctx,
    body: JsonBody<RefreshRequest>,
) -> ApiResult<Json<TokenResponse>> {
    Ok(Json(
        accounts::refresh(&ctx, &body.0.refresh_token).await?.into(),
    ))
}

/// End the session of the access token at once, in every process.
#[utoipa::path(tag = "auth", responses((status = 204)))]
#[post("/auth/logout")]
pub async fn delete_session(ctx: Ctx, caller: Caller<ReadScope>) -> ApiResult {
    accounts::sign_out(&ctx, &caller.bearer).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Who I am.
#[utoipa::path(tag = "auth", responses((status = 200, body = UserDto)))]
#[get("/auth/me")]
pub async fn get_me(ctx: Ctx, caller: Caller<ReadScope>) -> ApiResult<Json<UserDto>> {
    Ok(Json(accounts::me(&ctx, &caller.actor).await?.into()))
}

/// My API keys, newest first.
#[utoipa::path(tag = "api-keys", params(ListParams), responses((status = 200, body = Vec<ApiKeyDto>)))]
#[get("/api-keys")]
pub async fn list_api_keys(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    query: QueryParams<ListParams>,
) -> ApiResult {
    let page = page_request(query.0.limit, query.0.cursor.as_deref(), ALL_LIMIT)?;
    let page = accounts::list_api_keys(&ctx, &caller.actor, page).await?;
    respond(&request, page, ApiKeyDto::from)
}

/// Make an API key. Its secret is shown this once.
#[utoipa::path(tag = "api-keys", request_body = CreateApiKeyRequest, responses((status = 201, body = NewApiKeyDto)))]
#[post("/api-keys")]
pub async fn create_api_key(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    body: JsonBody<CreateApiKeyRequest>,
) -> ApiResult {
    let (key, secret) = accounts::create_api_key(&ctx, &caller.actor, body.0.check()?).await?;
    Ok(HttpResponse::Created().json(NewApiKeyDto {
        key: key.into(),
        secret,
    }))
}

/// Revoke an API key at once.
#[utoipa::path(tag = "api-keys", params(("id" = String, Path, description = "key_…")), responses((status = 204)))]
#[delete("/api-keys/{id}")]
pub async fn delete_api_key(
    ctx: Ctx,
    caller: Caller<WriteScope>,
    id: PathId<ApiKeyKind>,
) -> ApiResult {
    accounts::revoke_api_key(&ctx, &caller.actor, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
