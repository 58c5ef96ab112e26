//! Members of projects on the wire.

use crate::{
    domain::{project::ProjectRole, user::normalise_email},
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
        Ok((user_name(self.user_id, self.email)?, role))
    }
}

fn user_name(user_id: Option<String>, email: Option<String>) -> Result<UserName> {
    match (user_id, email) {
        (Some(id), None) => id
            .parse()
            .map(UserName::Id)
            .map_err(|_| Error::field("user_id", "must be an id like usr_…")),
        (None, Some(email)) => Ok(UserName::Email(normalise_email(&email))),
        _ => Err(Error::field("user_id", "give either user_id or email")),
    }
}

/// Whose role is taken away: named by id or by email.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RemoveMemberParams {
    /// The user (`usr_…`).
    pub user_id: Option<String>,
    /// The email the user signs in with.
    #[param(example = "maria@example.com")]
    pub email: Option<String>,
}

impl RemoveMemberParams {
    /// The user.
    pub fn check(self) -> Result<UserName> {
        user_name(self.user_id, self.email)
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
