//! Temporary remotes for `git push`.

use super::{
    JsonStore,
    change::{Change, Decision, Deletion},
    paging, projects, repositories,
    state::State,
    view::Moment,
};
use crate::{
    domain::{
        git_upload::{GitUpload, GitUploadStatus, LastPush, REVOKED},
        ids::{GitUploadId, RepositoryId},
        job::Job,
        project::ProjectRole,
        repository::Repository,
        time::Timestamp,
    },
    error::{Error, ErrorCode, Result},
    store::{GitUploadFilter, GitUploadStore, Page, PageRequest, SeenGitUpload},
};
use std::time::Duration;

#[async_trait::async_trait]
impl GitUploadStore for JsonStore {
    async fn insert_git_upload(
        &self,
        upload: GitUpload,
        lifetime: Duration,
        most: u32,
    ) -> Result<GitUpload> {
        self.commit(move |view, moment| insert(view.state, moment, upload, lifetime, most))
            .await
    }

    async fn git_upload(&self, id: GitUploadId) -> Result<SeenGitUpload> {
        let now = self.now();
        self.read(move |view| {
            let upload = view.state.git_uploads.find(id, "Git upload")?;
            Ok(seen(view.state, upload, now))
        })
        .await
    }

    async fn git_uploads(
        &self,
        filter: GitUploadFilter,
        page: PageRequest,
    ) -> Result<Page<SeenGitUpload>> {
        let now = self.now();
        self.read(move |view| {
            let state = view.state;
            let wanted = state.git_uploads.values().filter(|upload| {
                let named = filter
                    .repository
                    .is_none_or(|it| it == upload.repository_id);
                named && is_seen_by(state, filter, upload.repository_id)
            });
            paging::newest_first(wanted.map(|upload| upload.id), &page, |id| {
                let upload = state.git_uploads.get(id);
                upload.map(|upload| seen(state, upload, now))
            })
        })
        .await
    }

    async fn accept_push(
        &self,
        id: GitUploadId,
        push: LastPush,
        job: Job,
        now: Timestamp,
    ) -> Result<Repository> {
        self.commit(move |view, moment| accept(view.state, moment, id, push, job, now))
            .await
    }

    async fn remove_git_upload(&self, id: GitUploadId) -> Result<()> {
        self.commit(move |view, _| {
            view.state.git_uploads.find(id, "Git upload")?;
            let deletion = Change::Delete(Deletion::GitUpload(id));
            Ok(Decision::new((), vec![deletion]))
        })
        .await
    }
}

fn seen(state: &State, upload: &GitUpload, now: Timestamp) -> SeenGitUpload {
    SeenGitUpload {
        upload: upload.clone(),
        status: status(state, upload, now),
    }
}

fn status(state: &State, upload: &GitUpload, now: Timestamp) -> GitUploadStatus {
    let key = upload.api_key_id.and_then(|id| state.api_keys.get(id));
    upload.status(key, now)
}

fn is_seen_by(state: &State, filter: GitUploadFilter, repository: RepositoryId) -> bool {
    let repository = state.repositories.get(repository);
    repository.is_some_and(|repository| {
        projects::visible(state, repository.project_id)
            .is_ok_and(|project| project.role_of(filter.user).is_some())
    })
}

fn insert(
    state: &State,
    moment: &Moment<'_>,
    mut upload: GitUpload,
    lifetime: Duration,
    most: u32,
) -> Result<Decision<GitUpload>> {
    let repository = state
        .repositories
        .find(upload.repository_id, "Repository")?;
    projects::visible(state, repository.project_id)?;
    if state.git_uploads.get(upload.id).is_some() {
        let message = format!("Git upload {} already exists", upload.id);
        return Err(Error::conflict(message));
    }
    let own = state.git_uploads.values().filter(|other| {
        other.created_by == upload.created_by
            && status(state, other, moment.now) == GitUploadStatus::Open
    });
    if own.count() >= most as usize {
        let message = format!("You have {most} git uploads already; remove one, or use one again");
        return Err(Error::new(ErrorCode::QuotaExceeded, message).with_detail("limit", most));
    }
    upload.expires_at = moment.now.after(lifetime);
    Ok(Decision::new(upload.clone(), vec![upload.into()]))
}

fn accept(
    state: &State,
    moment: &Moment<'_>,
    id: GitUploadId,
    push: LastPush,
    job: Job,
    now: Timestamp,
) -> Result<Decision<Repository>> {
    let mut upload = state.git_uploads.find(id, "Git upload")?.clone();
    match status(state, &upload, moment.now) {
        GitUploadStatus::Open => check_maker(state, &upload)?,
        GitUploadStatus::Revoked => return Err(Error::new(ErrorCode::Forbidden, REVOKED)),
        GitUploadStatus::Expired => {
            return Err(Error::conflict(format!("Git upload {id} has expired")));
        }
    }
    let mut decision = repositories::begin_ingest(state, upload.repository_id, job, now)?;
    upload.pushes += 1;
    upload.last_push = Some(push);
    upload.updated_at = now;
    decision.changes.push(upload.into());
    Ok(decision)
}

/// A push takes as long as its client likes: its maker may have lost the right to it meanwhile.
fn check_maker(state: &State, upload: &GitUpload) -> Result<()> {
    let repository = state
        .repositories
        .find(upload.repository_id, "Repository")?;
    let project = projects::visible(state, repository.project_id)?;
    let maker = state.users.get(upload.created_by);
    let is_active = maker.is_some_and(|user| user.is_active);
    let role = project.role_of(upload.created_by);
    if is_active && role.is_some_and(|role| role >= ProjectRole::Admin) {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::Forbidden,
        "Whoever made this git upload may not push to its repository any more.",
    ))
}
