//! Who else works in a project, and as what.

use super::{access, audit};
use crate::{
    context::ServeContext,
    domain::{
        access::Actor,
        audit::AuditAction,
        ids::{ProjectId, UserId},
        project::{Project, ProjectRole},
        time::Timestamp,
        user::User,
    },
    error::{Error, ErrorCode, Result},
};

/// A user with a role in a project.
#[derive(Debug)]
pub struct Member {
    /// The user.
    pub user: User,
    /// Their role.
    pub role: ProjectRole,
    /// Since when.
    pub since: Timestamp,
}

/// How a user is named.
#[derive(Debug)]
pub enum UserName {
    /// By id.
    Id(UserId),
    /// By the email they sign in with.
    Email(String),
}

/// Everyone with a role in a project of the caller, the owner first.
pub async fn list(ctx: &ServeContext, actor: &Actor, id: ProjectId) -> Result<Vec<Member>> {
    let project = access::project(&ctx.app.store, actor, id).await?;
    let mut members = vec![member(ctx, &project, project.owner_user_id).await?];
    for entry in &project.members {
        members.push(member(ctx, &project, entry.user_id).await?);
    }
    Ok(members)
}

/// Gives a user a role in a project of the caller.
pub async fn set(
    ctx: &ServeContext,
    actor: &Actor,
    id: ProjectId,
    name: UserName,
    role: ProjectRole,
) -> Result<Member> {
    let store = &ctx.app.store;
    access::project_as(store, actor, id, ProjectRole::Admin).await?;
    let unknown = |field: &str| Error::field(field, "names no user");
    let user = match name {
        UserName::Id(id) => match store.user(id).await {
            Err(error) if error.code() == ErrorCode::NotFound => Err(unknown("user_id")),
            user => user,
        }?,
        UserName::Email(email) => store
            .user_by_email(&email)
            .await?
            .ok_or_else(|| unknown("email"))?,
    };
    let now = ctx.app.clock.now();
    let set = store.set_project_member(id, user.id, role, now);
    let project = audit::by(actor, AuditAction::MemberSet, id, set).await?;
    member(ctx, &project, user.id).await
}

/// Takes a user's role in a project of the caller away. Everyone may give up their own.
pub async fn remove(
    ctx: &ServeContext,
    actor: &Actor,
    id: ProjectId,
    name: UserName,
) -> Result<()> {
    let user = match name {
        UserName::Id(id) => Some(id),
        UserName::Email(email) => {
            let user = ctx.app.store.user_by_email(&email).await?;
            user.map(|user| user.id)
        }
    };
    let needed = if user == Some(actor.user_id) {
        ProjectRole::Viewer
    } else {
        ProjectRole::Admin
    };
    let project = access::project_as(&ctx.app.store, actor, id, needed).await?;
    // Only now: which emails exist is for administrators of a project to learn.
    let user = user.ok_or_else(|| Error::field("email", "names no user"))?;
    if user == project.owner_user_id {
        return Err(Error::conflict("The owner cannot be removed"));
    }
    let now = ctx.app.clock.now();
    let removed = ctx.app.store.remove_project_member(id, user, now);
    let removed = audit::by(actor, AuditAction::MemberRemoved, id, removed).await;
    removed.map(drop)
}

async fn member(ctx: &ServeContext, project: &Project, id: UserId) -> Result<Member> {
    let entry = project.members.iter().find(|member| member.user_id == id);
    Ok(Member {
        user: ctx.app.store.user(id).await?,
        role: entry.map_or(ProjectRole::Owner, |entry| entry.role),
        since: entry.map_or(project.created_at, |entry| entry.added_at),
    })
}
