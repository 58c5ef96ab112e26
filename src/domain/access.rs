//! Who is asking, and what they may touch.
//!
//! Ownership rule: what belongs to someone else does not exist for the caller (`not_found`), so
//! that ids cannot be probed.

use super::{api_key::Scope, ids::UserId, project::Project, user::Group};
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

    /// Whether the caller is an operator (group `operator` or `root`).
    pub fn is_operator(&self) -> bool {
        self.groups
            .iter()
            .any(|group| matches!(group, Group::Operator | Group::Root))
    }

    /// Whether the caller may see and change `project` and all that is in it.
    pub fn owns(&self, project: &Project) -> bool {
        project.owner_user_id == self.user_id
    }
}
