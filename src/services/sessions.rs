//! Legacy sessions: upload, analyse, read the result. A thin view and no storage of its own.
//!
//! Each user has one project for them, with the user's own number; a session is an archive
//! repository in it, and has that repository's number. Everything else is what projects,
//! repositories and scans do. The limit on sessions is checked before one is made, not inside the
//! commit: racing requests can exceed it by as many as race.

use super::{access, findings, projects, repositories, scans};
use crate::{
    context::ServeContext,
    domain::{
        access::Actor,
        ids::{ProjectId, RepositoryId, SessionId},
        repository::{IngestStatus, Repository, SourceType},
        scan::{Scan, ScanStatus},
        text_enum,
    },
    error::{Error, ErrorCode, Result},
    services::{repositories::NewRepository, scans::NewScan},
    store::{FindingFilter, ObservedFinding, Page, PageRequest, ScanFilter},
};
use std::path::Path;

const PROJECT: &str = "Sessions";
const DESCRIPTION: &str = "Uploads through the sessions API.";
/// Findings a result shows at most, the worst first.
const MAX_FINDINGS: usize = 1_000;

text_enum! {
    /// How far a session has come.
    SessionStatus {
        /// Nothing uploaded yet.
        Created = "created",
        /// An upload is being taken in.
        Uploading = "uploading",
        /// Ready to be analysed.
        Uploaded = "uploaded",
        /// A scan is queued or running.
        Analyzing = "analyzing",
        /// The result is there.
        Completed = "completed",
        /// The upload or the scan failed.
        Failed = "failed",
        /// The scan was called off.
        Cancelled = "cancelled",
    }
}

/// A session: a repository and its newest scan.
#[derive(Debug)]
pub struct Session {
    /// The repository.
    pub repository: Repository,
    /// The newest scan; perhaps of an earlier upload.
    pub scan: Option<Scan>,
}

impl Session {
    /// The session's own name for itself.
    pub fn id(&self) -> SessionId {
        SessionId::from_uuid(self.repository.id.uuid())
    }

    /// The newest scan, if it is of what was uploaded last or still runs.
    fn current_scan(&self) -> Option<&Scan> {
        self.scan.as_ref().filter(|scan| {
            Some(scan.snapshot_id) == self.repository.latest_snapshot_id || !scan.status.is_final()
        })
    }

    /// How far it has come. A newer upload counts more than an older scan.
    pub fn status(&self) -> SessionStatus {
        let current = self.current_scan();
        match (self.repository.ingest_status, current.map(|it| it.status)) {
            (IngestStatus::Pending, _) => SessionStatus::Created,
            (IngestStatus::Ingesting, _) => SessionStatus::Uploading,
            (IngestStatus::Failed, _) => SessionStatus::Failed,
            (IngestStatus::Ready, None) => SessionStatus::Uploaded,
            (IngestStatus::Ready, Some(status)) => match status {
                ScanStatus::Queued | ScanStatus::Claimed | ScanStatus::Running => {
                    SessionStatus::Analyzing
                }
                ScanStatus::Completed => SessionStatus::Completed,
                ScanStatus::Failed => SessionStatus::Failed,
                ScanStatus::Cancelled => SessionStatus::Cancelled,
            },
        }
    }
}

/// Where a user's sessions lie.
fn project_of(actor: &Actor) -> ProjectId {
    ProjectId::from_uuid(actor.user_id.uuid())
}

fn repository_of(id: SessionId) -> RepositoryId {
    RepositoryId::from_uuid(id.uuid())
}

/// Makes a session.
pub async fn create(ctx: &ServeContext, actor: &Actor, name: String) -> Result<Session> {
    let project = project_of(actor);
    match access::project(&ctx.app.store, actor, project).await {
        Ok(_) => {}
        Err(error) if error.code() == ErrorCode::NotFound => begin(ctx, actor, project).await?,
        Err(error) => return Err(error),
    }
    let first = PageRequest::first(1);
    let held = ctx.app.store.repositories(project, first).await?.total;
    let most = ctx.limits.max_sessions;
    if held.unwrap_or_default() >= u64::from(most) {
        let message = format!("You have {most} sessions, the most there may be; delete one first");
        return Err(Error::new(ErrorCode::QuotaExceeded, message).with_detail("limit", most));
    }
    let wish = NewRepository {
        name,
        source_type: SourceType::Archive,
        git_url: None,
        git_ref: None,
        git_token: None,
    };
    let (repository, _) = repositories::create(ctx, actor, project, wish).await?;
    Ok(Session {
        repository,
        scan: None,
    })
}

/// Makes the project of a user's sessions; another request may do the same.
async fn begin(ctx: &ServeContext, actor: &Actor, id: ProjectId) -> Result<()> {
    match projects::create_as(ctx, actor, id, PROJECT.into(), DESCRIPTION.into()).await {
        Err(error) if error.code() == ErrorCode::Conflict => {
            match access::project(&ctx.app.store, actor, id).await {
                Err(error) if error.code() == ErrorCode::NotFound => Err(Error::conflict(
                    "Your sessions are being deleted with their project; try again in a moment",
                )),
                found => found.map(drop),
            }
        }
        created => created.map(drop),
    }
}

/// A session of the caller.
pub async fn get(ctx: &ServeContext, actor: &Actor, id: SessionId) -> Result<Session> {
    let missing = || Error::not_found("Session", id);
    let found = access::repository(&ctx.app.store, actor, repository_of(id)).await;
    match found {
        Ok(repository) if repository.project_id == project_of(actor) => {
            with_scan(ctx, repository).await
        }
        Ok(_) => Err(missing()),
        Err(error) if error.code() == ErrorCode::NotFound => Err(missing()),
        Err(error) => Err(error),
    }
}

async fn with_scan(ctx: &ServeContext, repository: Repository) -> Result<Session> {
    let filter = ScanFilter {
        repository_id: Some(repository.id),
        ..ScanFilter::default()
    };
    let scans = ctx.app.store.scans(filter, PageRequest::first(1)).await?;
    Ok(Session {
        repository,
        scan: scans.items.into_iter().next(),
    })
}

/// The caller's sessions, newest first.
pub async fn list(ctx: &ServeContext, actor: &Actor, page: PageRequest) -> Result<Page<Session>> {
    let found = repositories::list(ctx, actor, project_of(actor), page).await;
    let page = match found {
        // Nobody has made one yet.
        Err(error) if error.code() == ErrorCode::NotFound => Page {
            items: Vec::new(),
            next: None,
            total: Some(0),
        },
        found => found?,
    };
    let mut items = Vec::with_capacity(page.items.len());
    for repository in page.items {
        items.push(with_scan(ctx, repository).await?);
    }
    Ok(Page {
        items,
        next: page.next,
        total: page.total,
    })
}

/// Checks that the caller may upload now, before any byte is read.
pub async fn check_upload(ctx: &ServeContext, actor: &Actor, id: SessionId) -> Result<()> {
    get(ctx, actor, id).await?;
    repositories::check_upload(ctx, actor, repository_of(id)).await
}

/// Takes an uploaded archive, which lies in `file`.
pub async fn upload(
    ctx: &ServeContext,
    actor: &Actor,
    id: SessionId,
    file: &Path,
    label: String,
) -> Result<Session> {
    let job = crate::clock::new_id();
    let repository = repository_of(id);
    repositories::accept_upload(ctx, actor, repository, file, label, job).await?;
    get(ctx, actor, id).await
}

/// Starts a scan of what was uploaded.
pub async fn analyze(ctx: &ServeContext, actor: &Actor, id: SessionId) -> Result<Session> {
    let session = get(ctx, actor, id).await?;
    if session.status() == SessionStatus::Analyzing {
        return Err(Error::conflict("This session is being analysed already"));
    }
    let scan = scans::create(ctx, actor, repository_of(id), NewScan::default()).await?;
    Ok(Session {
        repository: session.repository,
        scan: Some(scan),
    })
}

/// What the scan of the newest upload found, the worst first; `conflict` while there is none that has
/// ended. What an earlier upload's scan found is no result of the session any more.
pub async fn result(
    ctx: &ServeContext,
    actor: &Actor,
    id: SessionId,
) -> Result<(Session, Vec<ObservedFinding>)> {
    let session = get(ctx, actor, id).await?;
    let status = session.status();
    let is_taken_in = session.repository.ingest_status == IngestStatus::Ready;
    let ended = session.current_scan().filter(|it| it.status.is_final());
    let Some(scan) = ended.filter(|_| is_taken_in) else {
        let message = format!("The session is {status}; it has a result once it is completed");
        return Err(Error::conflict(message));
    };
    let filter = FindingFilter {
        scan_id: Some(scan.id),
        ..FindingFilter::default()
    };
    let page = PageRequest::first(MAX_FINDINGS);
    let found = findings::list(ctx, actor, filter, page).await?;
    Ok((session, found.items))
}

/// Removes a session with all it has. Not while it is being analysed.
pub async fn remove(ctx: &ServeContext, actor: &Actor, id: SessionId) -> Result<()> {
    get(ctx, actor, id).await?;
    repositories::remove(ctx, actor, repository_of(id)).await
}
