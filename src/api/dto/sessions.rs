//! Legacy sessions.

use super::{FailureDto, findings::FindingDto, scans::ScanDto};
use crate::{error::Result, services::sessions::Session, store::ObservedFinding};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The wish for a session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSessionRequest {
    /// 1–200 characters; `session` when absent.
    #[schema(example = "shop 1.4")]
    pub name: Option<String>,
}

impl CreateSessionRequest {
    /// The name, checked.
    pub fn check(self) -> Result<String> {
        super::name("name", self.name.as_deref().unwrap_or("session"))
    }
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionDto {
    /// Identity (`ses_…`).
    pub id: String,
    /// Its name.
    pub name: String,
    /// `created`, `uploading`, `uploaded`, `analyzing`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// The project behind it.
    pub project_id: String,
    /// The repository behind it.
    pub repository_id: String,
    /// The newest scan.
    pub scan_id: Option<String>,
    /// 0–100, of the newest scan.
    pub progress: u8,
    /// Why the upload or the scan failed.
    pub error: Option<FailureDto>,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// When its upload last changed (RFC 3339).
    pub updated_at: String,
}

impl From<Session> for SessionDto {
    fn from(session: Session) -> Self {
        let (id, status) = (session.id(), session.status());
        let Session { repository, scan } = session;
        let failed = scan.as_ref().and_then(|scan| scan.failure_reason.clone());
        Self {
            id: id.to_string(),
            name: repository.name,
            status: status.to_string(),
            project_id: repository.project_id.to_string(),
            repository_id: repository.id.to_string(),
            scan_id: scan.as_ref().map(|scan| scan.id.to_string()),
            progress: scan.map_or(0, |scan| scan.progress),
            error: repository.ingest_error.or(failed).map(Into::into),
            created_at: repository.created_at.to_string(),
            updated_at: repository.updated_at.to_string(),
        }
    }
}

/// What the newest scan of a session found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionResultDto {
    /// The session.
    pub session: SessionDto,
    /// The scan.
    pub scan: Option<ScanDto>,
    /// Its findings, the worst first, at most 1,000; all are at `/scans/{id}/findings`.
    pub findings: Vec<FindingDto>,
}

impl From<(Session, Vec<ObservedFinding>)> for SessionResultDto {
    fn from((session, findings): (Session, Vec<ObservedFinding>)) -> Self {
        Self {
            scan: session.scan.clone().map(Into::into),
            session: session.into(),
            findings: findings.into_iter().map(Into::into).collect(),
        }
    }
}
