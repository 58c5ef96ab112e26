//! Addresses to put archives to.

use crate::services::archive_uploads::UploadPlace;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Where to put an archive.
#[derive(Serialize, ToSchema)]
pub struct UploadPlaceDto {
    /// What to complete afterwards (`up_…`).
    pub upload_id: String,
    /// The address; whoever has it can put a file there. Relative ones belong to this server.
    pub upload_url: String,
    /// The method.
    #[schema(example = "PUT")]
    pub method: String,
    /// Headers to send with it.
    pub headers: BTreeMap<String, String>,
    /// Until when it works (RFC 3339).
    pub expires_at: String,
    /// The most bytes it takes.
    pub max_bytes: u64,
}

impl UploadPlaceDto {
    /// With addresses of this server below `prefix`.
    pub fn new(place: UploadPlace, prefix: &str) -> Self {
        let url = place.put.url;
        let upload_url = if url.starts_with('/') {
            format!("{prefix}{url}")
        } else {
            url
        };
        Self {
            upload_id: place.id.to_string(),
            upload_url,
            method: "PUT".into(),
            headers: place.put.headers.into_iter().collect(),
            expires_at: place.expires_at.to_string(),
            max_bytes: place.max_bytes,
        }
    }
}

/// What is known of the archive.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CompleteUploadParams {
    /// The name it had, for people.
    #[param(example = "shop-1.4.tar.zst")]
    pub filename: Option<String>,
}
