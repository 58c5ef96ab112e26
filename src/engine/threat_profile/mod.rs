//! Threat profiles from what lies in the tree: what the application does and what matters in it.
//!
//! Deterministic and offline: manifests, imports, routes by syntax, infrastructure files. It states
//! what it saw and guesses nothing about the business; people and models refine it.

use super::inventory;
use crate::{domain::threat_profile::ThreatProfileContent, error::Result};
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// The profile of the tree below `source_root`. Blocking.
///
/// # Errors
/// `dependency_unavailable` when the root cannot be read.
pub fn generate_threat_profile(source_root: &Path) -> Result<ThreatProfileContent> {
    let inventory = inventory::take_inventory(source_root, &CancellationToken::new())?;
    Ok(ThreatProfileContent {
        languages: inventory
            .languages()
            .into_iter()
            .map(|(language, _)| language.as_str().to_owned())
            .collect(),
        ..ThreatProfileContent::default()
    })
}
