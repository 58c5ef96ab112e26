//! Comments on findings, and the history of a finding.

use crate::{
    domain::timeline::{ChangedBy, Comment, FieldChange, FindingChange, TimelineEntry},
    error::{Error, Result},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const MAX_COMMENT: usize = 10_000;

/// A comment to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentRequest {
    /// The text, 1–10,000 characters.
    #[schema(min_length = 1, max_length = 10000, example = "See the ticket.")]
    pub text: String,
}

impl CommentRequest {
    /// The text, checked.
    pub fn check(self) -> Result<String> {
        if self.text.trim().is_empty() {
            return Err(Error::field("text", "must not be empty"));
        }
        super::text("text", self.text, MAX_COMMENT)
    }
}

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommentDto {
    /// Identity (`cmt_…`).
    pub id: String,
    /// The finding (`fnd_…`).
    pub finding_id: String,
    /// Who wrote it (`usr_…`).
    pub author: String,
    /// The text.
    pub text: String,
    /// When (RFC 3339).
    pub created_at: String,
}

impl From<Comment> for CommentDto {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id.to_string(),
            finding_id: comment.finding_id.to_string(),
            author: comment.author.to_string(),
            text: comment.text,
            created_at: comment.created_at.to_string(),
        }
    }
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedByDto {
    /// `user`, `scan`, or `time` when an accepted risk came to its end.
    pub kind: String,
    /// The user (`usr_…`) or scan (`scan_…`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl ChangedByDto {
    fn new(kind: &str, id: Option<String>) -> Self {
        let kind = kind.to_owned();
        Self { kind, id }
    }
}

impl From<ChangedBy> for ChangedByDto {
    fn from(by: ChangedBy) -> Self {
        match by {
            ChangedBy::User(id) => Self::new("user", Some(id.to_string())),
            ChangedBy::Scan(id) => Self::new("scan", Some(id.to_string())),
            ChangedBy::Time => Self::new("time", None),
        }
    }
}

/// One field before and after.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldChangeDto {
    /// `status`, `reason`, `accepted_until`, `assignee`, `state` or `severity`.
    pub field: String,
    /// Before; `null` when it had no value.
    pub from: Option<String>,
    /// After.
    pub to: Option<String>,
}

impl From<FieldChange> for FieldChangeDto {
    fn from(change: FieldChange) -> Self {
        Self {
            field: change.field.to_string(),
            from: change.from,
            to: change.to,
        }
    }
}

/// One thing that happened to a finding.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryEntryDto {
    /// `change` or `comment`.
    pub kind: String,
    /// When (RFC 3339).
    pub at: String,
    /// Who did it.
    pub by: ChangedByDto,
    /// What changed; empty for a comment.
    pub changes: Vec<FieldChangeDto>,
    /// The comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<CommentDto>,
}

impl From<FindingChange> for HistoryEntryDto {
    fn from(change: FindingChange) -> Self {
        Self {
            kind: "change".into(),
            at: change.created_at.to_string(),
            by: change.by.into(),
            changes: change.changes.into_iter().map(Into::into).collect(),
            comment: None,
        }
    }
}

impl From<TimelineEntry> for HistoryEntryDto {
    fn from(entry: TimelineEntry) -> Self {
        match entry {
            TimelineEntry::Change(change) => change.into(),
            TimelineEntry::Comment(comment) => Self {
                kind: "comment".into(),
                at: comment.created_at.to_string(),
                by: ChangedBy::User(comment.author).into(),
                changes: Vec::new(),
                comment: Some(comment.into()),
            },
        }
    }
}
