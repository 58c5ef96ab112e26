//! Temporary remotes for `git push`: making, listing and removing them, and who may push.

use super::{access, audit, git_push::PushRemotes};
use crate::{
    auth,
    clock::new_id,
    context::ServeContext,
    domain::{
        access::Actor,
        api_key::Scope,
        audit::AuditAction,
        git_upload::{GitUpload, GitUploadStatus, REVOKED, USERNAME},
        ids::{GitUploadId, RepositoryId},
        project::ProjectRole,
        repository::{Repository, SourceType},
    },
    error::{Error, ErrorCode, Result},
    store::{GitUploadFilter, Page, PageRequest, SeenGitUpload},
};
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// Makes a remote for a repository of the caller. Returns it with the password, which is never
/// shown again.
pub async fn create(
    ctx: &ServeContext,
    actor: &Actor,
    repository: RepositoryId,
) -> Result<(SeenGitUpload, String)> {
    let store = &ctx.app.store;
    let target = access::repository_as(store, actor, repository, ProjectRole::Admin).await?;
    if target.source_type != SourceType::GitPush {
        return Err(Error::conflict(format!(
            "A repository with source_type '{}' takes no pushes; make one with 'git_push'",
            target.source_type
        )));
    }
    let password = auth::new_upload_password();
    let now = ctx.app.clock.now();
    let upload = GitUpload {
        id: new_id(),
        repository_id: repository,
        created_by: actor.user_id,
        api_key_id: actor.api_key,
        password_hash: auth::sha256_hex(&password),
        // The store's clock decides.
        expires_at: now,
        pushes: 0,
        last_push: None,
        created_at: now,
        updated_at: now,
    };
    let id = upload.id;
    let limits = &ctx.limits;
    let inserted = store.insert_git_upload(upload, limits.git_upload_ttl, limits.max_git_uploads);
    let upload = audit::by(actor, AuditAction::GitUploadCreated, id, inserted).await?;
    let seen = SeenGitUpload {
        upload,
        status: GitUploadStatus::Open,
    };
    Ok((seen, password))
}

/// A remote of a repository the caller may see.
pub async fn get(ctx: &ServeContext, actor: &Actor, id: GitUploadId) -> Result<SeenGitUpload> {
    get_as(ctx, actor, id, ProjectRole::Viewer).await
}

async fn get_as(
    ctx: &ServeContext,
    actor: &Actor,
    id: GitUploadId,
    needed: ProjectRole,
) -> Result<SeenGitUpload> {
    let seen = ctx.app.store.git_upload(id).await?;
    let repository = seen.upload.repository_id;
    match access::repository_as(&ctx.app.store, actor, repository, needed).await {
        Ok(_) => Ok(seen),
        Err(error) if error.code() == ErrorCode::NotFound => {
            Err(Error::not_found("Git upload", id))
        }
        Err(error) => Err(error),
    }
}

/// The remotes of every repository the caller may see, or of one.
pub async fn list(
    ctx: &ServeContext,
    actor: &Actor,
    repository: Option<RepositoryId>,
    page: PageRequest,
) -> Result<Page<SeenGitUpload>> {
    if let Some(id) = repository {
        access::repository(&ctx.app.store, actor, id).await?;
    }
    let user = actor.user_id;
    let filter = GitUploadFilter { user, repository };
    ctx.app.store.git_uploads(filter, page).await
}

/// Removes a remote of the caller. Snapshots made from it stay.
pub async fn remove(
    ctx: &ServeContext,
    actor: &Actor,
    remotes: &PushRemotes,
    id: GitUploadId,
) -> Result<()> {
    get_as(ctx, actor, id, ProjectRole::Admin).await?;
    let removed = ctx.app.store.remove_git_upload(id);
    audit::by(actor, AuditAction::GitUploadDeleted, id, removed).await?;
    remotes.tidy(&ctx.app.store).await;
    Ok(())
}

/// A remote whose password was shown, and in whose name a push to it is made.
#[derive(Debug)]
pub struct PushAccess {
    /// The remote.
    pub upload: GitUpload,
    /// Where pushes go.
    pub repository: Repository,
    /// Who made the remote.
    pub actor: Actor,
}

/// Lets a push in. What does not exist and what has another password are one and the same refusal;
/// failures are counted like failed sign-ins.
///
/// # Errors
/// `invalid_token` without valid credentials, `rate_limited` after too many, `forbidden` when the
/// remote's time is over, its API key was revoked, or its maker lost the right to push.
pub async fn authenticate(
    ctx: &ServeContext,
    id: &str,
    credentials: Option<(String, String)>,
    address: Option<IpAddr>,
) -> Result<PushAccess> {
    // Git asks without credentials first: no guess, so nothing to count.
    let Some((username, password)) = credentials else {
        return Err(Error::new(
            ErrorCode::InvalidToken,
            "This remote needs the user name and the password of its git upload.",
        ));
    };
    let account = format!("git-upload/{id}");
    ctx.throttles.may_sign_in(&account, address)?;
    let id: Option<GitUploadId> = id.parse().ok();
    let seen = match id {
        Some(id) => match ctx.app.store.git_upload(id).await {
            Ok(seen) => Some(seen),
            Err(error) if error.code() == ErrorCode::NotFound => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let nobody = auth::sha256_hex("");
    let stored = seen.as_ref().map_or(&nobody, |it| &it.upload.password_hash);
    let shown = auth::sha256_hex(&password);
    let matches =
        stored.as_bytes().ct_eq(shown.as_bytes()) & username.as_bytes().ct_eq(USERNAME.as_bytes());
    let Some(seen) = seen.filter(|_| bool::from(matches)) else {
        ctx.throttles.sign_in_failed(&account, address);
        return Err(Error::new(
            ErrorCode::InvalidToken,
            "There is no such git upload, it was removed, or the user name or password is wrong.",
        ));
    };
    ctx.throttles.signed_in(&account);
    ctx.throttles.request(&account)?;
    if seen.status == GitUploadStatus::Revoked {
        return Err(Error::new(ErrorCode::Forbidden, REVOKED));
    }
    if seen.status == GitUploadStatus::Expired {
        return Err(Error::new(
            ErrorCode::Forbidden,
            format!(
                "This git upload expired at {}; make a new one with POST {}/git-uploads.",
                seen.upload.expires_at, ctx.settings.api_prefix
            ),
        ));
    }
    as_its_maker(ctx, seen.upload).await
}

/// A remote gives no more rights than its maker has now.
async fn as_its_maker(ctx: &ServeContext, upload: GitUpload) -> Result<PushAccess> {
    let lost = || {
        Error::new(
            ErrorCode::Forbidden,
            "Whoever made this git upload may not push to its repository any more.",
        )
    };
    let user = ctx.app.store.user(upload.created_by).await?;
    if !user.is_active {
        return Err(lost());
    }
    let actor = Actor {
        user_id: user.id,
        groups: user.groups,
        scopes: vec![Scope::Read, Scope::Write],
        api_key: upload.api_key_id,
    };
    let (store, id) = (&ctx.app.store, upload.repository_id);
    match access::repository_as(store, &actor, id, ProjectRole::Admin).await {
        Ok(repository) => Ok(PushAccess {
            upload,
            repository,
            actor,
        }),
        Err(error) if error.code().status() >= 500 => Err(error),
        Err(_) => Err(lost()),
    }
}
