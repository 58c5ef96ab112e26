//! Projects.

use super::SeverityCountsDto;
use crate::{
    domain::{
        project::{Project, ProjectRollup},
        scan::ScanStatus,
    },
    error::Result,
    store::ProjectChange,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

const MAX_DESCRIPTION: usize = 10_000;

/// A new project, or (with PUT) its whole new content.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectRequest {
    /// 1–200 characters.
    #[schema(example = "Web shop")]
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
}

impl ProjectRequest {
    /// Name and description, checked.
    pub fn check(self) -> Result<(String, String)> {
        Ok((
            super::name("name", &self.name)?,
            super::text("description", self.description, MAX_DESCRIPTION)?,
        ))
    }
}

/// What is to be changed; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectPatch {
    /// 1–200 characters.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
}

impl ProjectPatch {
    /// The change, checked.
    pub fn check(self) -> Result<ProjectChange> {
        Ok(ProjectChange {
            name: self
                .name
                .map(|name| super::name("name", &name))
                .transpose()?,
            description: self
                .description
                .map(|text| super::text("description", text, MAX_DESCRIPTION))
                .transpose()?,
        })
    }
}

/// A project with counts over all its repositories.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectDto {
    /// Identity (`prj_…`).
    pub id: String,
    /// Name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The owner (`usr_…`).
    pub owner_user_id: String,
    /// Number of repositories.
    pub repository_count: u64,
    /// Scans by status.
    pub scan_counts: BTreeMap<String, u64>,
    /// Open findings by severity.
    pub finding_counts: SeverityCountsDto,
    /// When the newest scan was created (RFC 3339).
    pub last_scan_at: Option<String>,
    /// When it was created (RFC 3339).
    pub created_at: String,
    /// When it was last changed (RFC 3339).
    pub updated_at: String,
}

impl From<(Project, ProjectRollup)> for ProjectDto {
    fn from((project, rollup): (Project, ProjectRollup)) -> Self {
        let scan_counts = ScanStatus::ALL
            .iter()
            .map(|status| {
                let count = rollup.scan_counts.get(status).copied().unwrap_or(0);
                (status.to_string(), count)
            })
            .collect();
        Self {
            id: project.id.to_string(),
            name: project.name,
            description: project.description,
            owner_user_id: project.owner_user_id.to_string(),
            repository_count: rollup.repository_count,
            scan_counts,
            finding_counts: rollup.finding_counts.into(),
            last_scan_at: rollup.last_scan_at.map(|time| time.to_string()),
            created_at: project.created_at.to_string(),
            updated_at: project.updated_at.to_string(),
        }
    }
}

/// Parameters of plain lists.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// At most this many items (1–200).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// Continue here; from the `Link` header.
    pub cursor: Option<String>,
}
