//! Members of projects on the wire.

use crate::{
    domain::{ids::UserId, project::ProjectRole, user::normalise_email},
    error::{Error, Result},
    services::members::{Member, UserName},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A role for a user, who is named by id or by email.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMemberRequest {
    /// The user (`usr_…`).
    pub user_id: Option<String>,
    /// The email the user signs in with.
    #[schema(example = "maria@example.com")]
    pub email: Option<String>,
    /// `viewer` (see everything), `triager` (also decide about findings and comment) or `admin`
    /// (also change, scan, and choose members).
    #[schema(example = "triager")]
    pub role: String,
}

impl SetMemberRequest {
    /// Who, and what they may do.
    pub fn check(self) -> Result<(UserName, ProjectRole)> {
        let role = ProjectRole::parse(&self.role)
            .filter(|role| *role != ProjectRole::Owner)
            .ok_or_else(|| Error::field("role", "must be viewer, triager or admin"))?;
        let name = match (self.user_id, self.email) {
            (Some(id), None) => UserName::Id(user_id(&id)?),
            (None, Some(email)) => UserName::Email(normalise_email(&email)),
            _ => return Err(Error::field("user_id", "give either user_id or email")),
        };
        Ok((name, role))
    }
}

fn user_id(text: &str) -> Result<UserId> {
    text.parse()
        .map_err(|_| Error::field("user_id", "must be an id like usr_…"))
}

/// Whose role is taken away.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemoveMemberParams {
    /// The user (`usr_…`).
    pub user_id: String,
}

impl RemoveMemberParams {
    /// The user.
    pub fn check(&self) -> Result<UserId> {
        user_id(&self.user_id)
    }
}

/// Someone with a role in a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberDto {
    /// The user (`usr_…`).
    pub user_id: String,
    /// The email they sign in with.
    pub email: String,
    /// Their name.
    pub display_name: String,
    /// `owner`, `admin`, `triager` or `viewer`.
    pub role: String,
    /// Since when (RFC 3339).
    pub since: String,
}

impl From<Member> for MemberDto {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user.id.to_string(),
            email: member.user.email,
            display_name: member.user.display_name,
            role: member.role.to_string(),
            since: member.since.to_string(),
        }
    }
}
