//! Projects: what a user groups repositories by, and who owns them.

use super::{
    finding::SeverityCounts,
    ids::{ProjectId, UserId},
    scan::ScanStatus,
    text_enum,
    time::Timestamp,
};
use crate::error::{Error, ErrorCode, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

text_enum! {
    /// What a user may do in a project; each role includes the ones before it.
    ProjectRole {
        /// See everything in it.
        Viewer = "viewer",
        /// Decide about findings and comment on them.
        Triager = "triager",
        /// Change and scan what is in it, and choose its members.
        Admin = "admin",
        /// Delete it. Exactly one user, and no member.
        Owner = "owner",
    }
}

/// The most members a project may have.
pub const MAX_MEMBERS: usize = 500;

/// A user with a role in someone else's project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectMember {
    /// The user.
    pub user_id: UserId,
    /// What they may do; never [`ProjectRole::Owner`].
    pub role: ProjectRole,
    /// Since when they are a member.
    pub added_at: Timestamp,
}

/// A group of repositories with one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Identity.
    pub id: ProjectId,
    /// Name, 1–200 characters.
    pub name: String,
    /// Free text, possibly empty.
    pub description: String,
    /// The owner.
    pub owner_user_id: UserId,
    /// Others who work in it, by user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<ProjectMember>,
    /// Set once deletion was asked for: the project is gone for its owner while a job clears up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Project {
    /// What `user` may do in it; `None` when it does not exist for them.
    pub fn role_of(&self, user: UserId) -> Option<ProjectRole> {
        if user == self.owner_user_id {
            return Some(ProjectRole::Owner);
        }
        let member = self.members.iter().find(|member| member.user_id == user);
        member.map(|member| member.role)
    }

    /// Gives `user` a role, as a new member or in place of an earlier one.
    ///
    /// # Errors
    /// `conflict` for the owner and when there are [`MAX_MEMBERS`] already.
    pub fn set_member(&mut self, user: UserId, role: ProjectRole, now: Timestamp) -> Result<()> {
        if user == self.owner_user_id {
            return Err(Error::conflict("The owner's role cannot be changed"));
        }
        if let Some(member) = self.members.iter_mut().find(|it| it.user_id == user) {
            member.role = role;
            return Ok(());
        }
        if self.members.len() >= MAX_MEMBERS {
            return Err(Error::new(
                ErrorCode::Conflict,
                format!("A project may have at most {MAX_MEMBERS} members"),
            ));
        }
        self.members.push(ProjectMember {
            user_id: user,
            role,
            added_at: now,
        });
        self.members.sort_by_key(|member| member.user_id);
        Ok(())
    }
}

/// What a project's view adds: counts over all its repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectRollup {
    /// Number of repositories.
    pub repository_count: u64,
    /// Scans by status.
    pub scan_counts: BTreeMap<ScanStatus, u64>,
    /// Open findings by severity (leads not counted).
    pub finding_counts: SeverityCounts,
    /// When the newest scan was created.
    pub last_scan_at: Option<Timestamp>,
}
