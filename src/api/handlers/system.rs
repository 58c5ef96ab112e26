//! Health, readiness, public configuration.

use super::Ctx;
use crate::{
    api::{
        dto::system::{ConfigDto, DependencyDto, HealthDto, ReadinessDto},
        error::{ApiResult, ErrorEnvelope},
        extract::{Caller, OpsScope},
    },
    services::{health, metrics},
    settings::AuthProvider,
    telemetry::metrics::CONTENT_TYPE,
};
use actix_web::{HttpResponse, get, web::Json};

/// The process is alive.
#[utoipa::path(tag = "system", responses((status = 200, body = HealthDto)), security(()))]
#[get("/healthz")]
pub async fn get_health() -> Json<HealthDto> {
    Json(HealthDto {
        status: "ok".into(),
        role: "api".into(),
        version: env!("CARGO_PKG_VERSION").into(),
    })
}

/// Whether the metadata store and the object store answer.
#[utoipa::path(
    tag = "system",
    responses((status = 200, body = ReadinessDto), (status = 503, body = ReadinessDto)),
    security(())
)]
#[get("/readyz")]
pub async fn get_readiness(ctx: Ctx) -> HttpResponse {
    let states = health::check(&ctx.app).await;
    let ready = states.iter().all(|state| state.ok);
    let body = ReadinessDto {
        status: if ready { "ready" } else { "unavailable" }.into(),
        dependencies: states
            .into_iter()
            .map(|state| {
                let dependency = DependencyDto {
                    ok: state.ok,
                    latency_ms: state.latency.as_secs_f64() * 1000.0,
                };
                (state.name.to_owned(), dependency)
            })
            .collect(),
    };
    if ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}

/// Figures for operators, in the Prometheus text format. Not below the prefix, so not described.
#[get("/metrics")]
pub async fn get_metrics(ctx: Ctx, _: Caller<OpsScope>) -> ApiResult {
    let page = metrics::page(&ctx.app, ctx.scans.heartbeat_ttl).await?;
    Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).body(page))
}

/// What a client needs to know before sign-in.
#[utoipa::path(tag = "system", responses((status = 200, body = ConfigDto), (status = 500, body = ErrorEnvelope)), security(()))]
#[get("/config")]
pub async fn get_config(ctx: Ctx) -> ApiResult<Json<ConfigDto>> {
    let auth_provider = match ctx.auth.provider {
        AuthProvider::Custom => "custom",
        AuthProvider::Cognito => "cognito",
    };
    Ok(Json(ConfigDto {
        app_name: ctx.settings.name.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        auth_provider: auth_provider.into(),
        cognito: None,
        allowed_origins: ctx.cors_origins.to_vec(),
        features: vec![format!("scan_mode:{}", ctx.scans.mode.as_str())],
    }))
}
