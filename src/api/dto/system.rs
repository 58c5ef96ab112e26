//! Health and public configuration.

use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The process is alive.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthDto {
    /// Always `ok`.
    pub status: String,
    /// `api`.
    pub role: String,
    /// Vega's version.
    pub version: String,
}

/// Whether what Vega depends on answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadinessDto {
    /// `ready` or `unavailable`.
    pub status: String,
    /// Each dependency.
    pub dependencies: BTreeMap<String, DependencyDto>,
}

/// One dependency.
#[derive(Debug, Serialize, ToSchema)]
pub struct DependencyDto {
    /// Whether it answered.
    pub ok: bool,
    /// How long that took, in milliseconds.
    pub latency_ms: f64,
}

/// What a client needs to know before sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfigDto {
    /// The name to show.
    pub app_name: String,
    /// Vega's version.
    pub version: String,
    /// `custom` or `cognito`.
    pub auth_provider: String,
    /// The user pool, for `cognito`.
    pub cognito: Option<CognitoDto>,
    /// Origins browsers may call from, besides the own one.
    pub allowed_origins: Vec<String>,
    /// What this server can do.
    pub features: Vec<String>,
}

/// A Cognito user pool.
#[derive(Debug, Serialize, ToSchema)]
pub struct CognitoDto {
    /// The AWS region.
    pub region: String,
    /// The user pool.
    pub user_pool_id: String,
    /// The app client.
    pub app_client_id: String,
}
