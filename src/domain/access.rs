//! Who is asking, and what they may touch.
//!
//! What a caller has no role in does not exist for them (`not_found`), so that ids cannot be
//! probed; who has a role that is too low is told so (`forbidden`).

use super::{
    api_key::Scope,
    ids::{ApiKeyId, UserId},
    project::{Project, ProjectRole},
    user::Group,
};
use crate::error::{Error, ErrorCode, Result};

/// An authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The user on whose behalf the request runs.
    pub user_id: UserId,
    /// The user's groups.
    pub groups: Vec<Group>,
    /// What the credential allows; sign-in sessions carry every scope.
    pub scopes: Vec<Scope>,
    /// The API key the request came with; none for sign-in sessions. A remote for `git push` ends
    /// with the key it was made with. Keys and webhooks made with it do not: they belong to the user,
    /// who has to look through them after a key leaked.
    pub api_key: Option<ApiKeyId>,
}

impl Actor {
    /// Fails with `insufficient_scope` unless the credential carries `scope`.
    pub fn require_scope(&self, scope: Scope) -> Result<()> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::InsufficientScope,
            format!("This needs a credential with the scope '{scope}'"),
        )
        .with_detail("required_scope", scope))
    }

    /// The scopes that are of use to the caller: [`Scope::Ops`] is to operators only.
    pub fn effective_scopes(&self) -> Vec<Scope> {
        Scope::ALL
            .iter()
            .copied()
            .filter(|scope| self.scopes.contains(scope))
            .filter(|scope| *scope != Scope::Ops || self.is_operator())
            .collect()
    }

    /// Whether the caller is an operator (group `operator` or `root`).
    pub fn is_operator(&self) -> bool {
        self.groups
            .iter()
            .any(|group| matches!(group, Group::Operator | Group::Root))
    }

    /// Fails unless the caller has at least the role `needed` in `project`: `not_found` without
    /// any, `forbidden` with a lower one.
    pub fn require_role(&self, project: &Project, needed: ProjectRole) -> Result<()> {
        match project.role_of(self.user_id) {
            None => Err(Error::not_found("Project", project.id)),
            Some(role) if role < needed => Err(Error::new(
                ErrorCode::Forbidden,
                format!("This needs the role '{needed}' in the project; yours is '{role}'"),
            )
            .with_detail("required_role", needed)),
            Some(_) => Ok(()),
        }
    }
}
