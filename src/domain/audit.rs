//! The audit log: who changed what, when, in which request. Entries are never changed.
//!
//! An entry is written in the same commit as the change it tells of, so there is neither a change
//! without entry nor an entry without change. It holds digests of what was before and after, not
//! the content: a log that outlives what it tells of must not keep it. What was changed is named in
//! its details, where digests alone would say too little.

use super::{
    ids::{AuditId, UserId},
    text_enum,
    time::Timestamp,
};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{fmt, str::FromStr};

/// Refused sign-ins to accounts that exist that are kept; the oldest go first. Anybody may cause them.
pub const KEPT_REFUSALS: usize = 2_000;
/// Refused sign-ins to others that are kept, apart from those: whoever makes names up must not push
/// what was tried on an account out of the log.
pub const KEPT_UNKNOWN_REFUSALS: usize = 500;
/// The entity of a refused sign-in to an account that does not exist.
pub const UNKNOWN_ACCOUNT: &str = "unknown";

text_enum! {
    /// What was done.
    AuditAction {
        /// Somebody signed in.
        SessionCreated = "session.created",
        /// Somebody could not sign in; the entity is the user they named, or `unknown`.
        SessionRefused = "session.refused",
        /// Somebody signed out.
        SessionRevoked = "session.revoked",
        /// A user was added.
        UserCreated = "user.created",
        /// A user's password, groups, name or state was changed.
        UserChanged = "user.changed",
        /// An API key was made.
        ApiKeyCreated = "api_key.created",
        /// An API key was revoked.
        ApiKeyRevoked = "api_key.revoked",
        /// A project was created.
        ProjectCreated = "project.created",
        /// A project was changed.
        ProjectChanged = "project.changed",
        /// A project was marked as deleted.
        ProjectDeleted = "project.deleted",
        /// A repository was added.
        RepositoryCreated = "repository.created",
        /// A repository was changed.
        RepositoryChanged = "repository.changed",
        /// A repository was removed.
        RepositoryDeleted = "repository.deleted",
        /// New source was asked for or uploaded.
        IngestStarted = "ingest.started",
        /// A threat profile was edited.
        ThreatProfileEdited = "threat_profile.edited",
        /// A threat profile was asked for.
        ThreatProfileRequested = "threat_profile.requested",
        /// A scan was started.
        ScanCreated = "scan.created",
        /// A scan was called off.
        ScanCancelled = "scan.cancelled",
        /// A decision about a finding.
        FindingTriaged = "finding.triaged",
        /// Several findings were decided about at once; the entity is the first of them.
        FindingsTriaged = "findings.triaged",
        /// A finding was commented on.
        FindingCommented = "finding.commented",
        /// Another tool's findings are brought in; the entity is the repository.
        ImportRequested = "import.requested",
        /// Findings are written to a file; the entity is the repository.
        ExportRequested = "export.requested",
        /// A temporary remote for `git push` was made.
        GitUploadCreated = "git_upload.created",
        /// A temporary remote was removed before its time.
        GitUploadDeleted = "git_upload.deleted",
        /// A push came in and its ingest began.
        GitUploadPushed = "git_upload.pushed",
        /// A user got a role in a project; the entity is the project.
        MemberSet = "member.set",
        /// A user lost their role in a project; the entity is the project.
        MemberRemoved = "member.removed",
        /// A webhook was made.
        WebhookCreated = "webhook.created",
        /// A webhook was changed, also its secret.
        WebhookChanged = "webhook.changed",
        /// A webhook was removed.
        WebhookDeleted = "webhook.deleted",
        /// A webhook was disabled because of how its receiver answers.
        WebhookDisabled = "webhook.disabled",
        /// A test, or an earlier delivery again, was asked for; the entity is the webhook.
        DeliveryRequested = "webhook.delivery_requested",
        /// What retention lets go was removed.
        CleanupRun = "cleanup.run",
        /// Scans without a living owner were recovered by hand.
        RecoveryRun = "recovery.run",
        /// A token for the LLM proxy was minted by hand.
        ScanTokenMinted = "scan_token.minted",
    }
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AuditActor {
    /// A user.
    User(UserId),
    /// An administrator at the machine, with `vega maintenance`.
    Cli,
    /// Vega itself.
    Server,
}

impl fmt::Display for AuditActor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Cli => f.write_str("cli"),
            Self::Server => f.write_str("server"),
        }
    }
}

impl FromStr for AuditActor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "cli" => Ok(Self::Cli),
            "server" => Ok(Self::Server),
            id => id.parse().map(Self::User).map_err(|_| {
                Error::field("actor", "must be an id like usr_…, or one of cli, server")
            }),
        }
    }
}

impl TryFrom<String> for AuditActor {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<AuditActor> for String {
    fn from(actor: AuditActor) -> Self {
        actor.to_string()
    }
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Identity.
    pub id: AuditId,
    /// When, by the store's clock.
    pub at: Timestamp,
    /// Who; none when nobody had signed in. Earlier versions named users only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<AuditActor>,
    /// What was done.
    pub action: AuditAction,
    /// On what.
    pub entity_id: String,
    /// SHA-256 (hex) of the entity's stored form before; none when it did not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The same after the change; none when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What more there is to say, by action: which fields of a user were changed, for example.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
    /// The request, as its log lines name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}
