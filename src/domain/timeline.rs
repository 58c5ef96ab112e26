//! What happened to a finding: decisions, changes by scans, comments. Entries are added, never
//! changed, and live as long as the finding's repository.
//!
//! That a finding was seen first is no entry of its own: the finding itself says so.

use super::{
    finding::{Finding, FindingState, FindingStatus, Severity, Triage},
    ids::{CommentId, FindingId, ScanId, UserId},
    text_enum,
    time::Timestamp,
};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// What a person wrote about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Identity.
    pub id: CommentId,
    /// The finding.
    pub finding_id: FindingId,
    /// Who wrote it.
    pub author: UserId,
    /// The text, 1–10,000 characters.
    pub text: String,
    /// When.
    pub created_at: Timestamp,
}

/// Who changed a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedBy {
    /// A person.
    User(UserId),
    /// A scan that saw it, or looked and did not.
    Scan(ScanId),
    /// Time: an accepted risk is accepted no more.
    Time,
}

text_enum! {
    /// What of a finding the history follows.
    ChangedField {
        /// What people decided.
        Status = "status",
        /// Why it was dismissed.
        Reason = "reason",
        /// Until when the risk is accepted.
        AcceptedUntil = "accepted_until",
        /// Who takes care of it.
        Assignee = "assignee",
        /// What the newest scan says.
        State = "state",
        /// How bad.
        Severity = "severity",
    }
}

/// One field before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field.
    pub field: ChangedField,
    /// Its value before, as shown; absent when it had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Its value after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What one decision or one scan changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingChange {
    /// The finding.
    pub finding_id: FindingId,
    /// Who did it.
    pub by: ChangedBy,
    /// What changed; never empty.
    pub changes: Vec<FieldChange>,
    /// When.
    pub created_at: Timestamp,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimelineEntry {
    /// A change.
    Change(FindingChange),
    /// A comment.
    Comment(Comment),
}

impl FindingChange {
    /// That `finding` was seen for the first time.
    pub fn first_seen(finding: &Finding) -> Self {
        Self {
            finding_id: finding.id,
            by: ChangedBy::Scan(finding.scan_id),
            changes: vec![FieldChange {
                field: ChangedField::State,
                from: None,
                to: Some(FindingState::New.to_string()),
            }],
            created_at: finding.created_at,
        }
    }

    /// What a decision changed, if anything.
    pub fn decided(before: &Finding, after: &Finding, by: ChangedBy) -> Option<Self> {
        use ChangedField::{AcceptedUntil, Assignee, Reason, Status};
        let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let user = |id: Option<UserId>| id.map(|id| id.to_string());
        let (old, new) = (before, after);
        let changes = [
            changed(Status, Some(old.status), Some(new.status)),
            changed(
                Reason,
                old.dismiss_reason.as_ref(),
                new.dismiss_reason.as_ref(),
            ),
            changed(
                AcceptedUntil,
                text(old.accepted_until),
                text(new.accepted_until),
            ),
            changed(Assignee, user(old.assignee), user(new.assignee)),
        ];
        Self::of(after, by, changes)
    }

    /// What a scan changed, if anything: the finding was in state and severity `before`.
    pub fn scanned(
        before: (FindingState, Severity),
        after: &Finding,
        scan: ScanId,
    ) -> Option<Self> {
        let severity = after.content.severity;
        let changes = [
            changed(ChangedField::State, Some(before.0), Some(after.state)),
            changed(ChangedField::Severity, Some(before.1), Some(severity)),
        ];
        Self::of(after, ChangedBy::Scan(scan), changes)
    }

    fn of(
        after: &Finding,
        by: ChangedBy,
        changes: impl IntoIterator<Item = Option<FieldChange>>,
    ) -> Option<Self> {
        let changes: Vec<_> = changes.into_iter().flatten().collect();
        (!changes.is_empty()).then_some(Self {
            finding_id: after.id,
            by,
            changes,
            created_at: after.updated_at,
        })
    }
}

fn changed<T: PartialEq + ToString>(
    field: ChangedField,
    from: Option<T>,
    to: Option<T>,
) -> Option<FieldChange> {
    (from != to).then(|| FieldChange {
        field,
        from: from.map(|value| value.to_string()),
        to: to.map(|value| value.to_string()),
    })
}

impl Finding {
    /// This finding after `decision`, taken at `now`, unless the decision is none.
    ///
    /// # Errors
    /// `validation_error`: a reason belongs to a dismissed finding, and such a one needs it; a
    /// risk is accepted up to a time to come.
    pub fn judged(&self, decision: &Triage, now: Timestamp) -> Result<Self> {
        let status = decision.status.unwrap_or(self.status);
        if status != FindingStatus::Dismissed {
            if decision.reason.is_some() {
                return Err(Error::field(
                    "reason",
                    "is kept for dismissed findings only",
                ));
            }
            if decision.accepted_until.flatten().is_some() {
                return Err(Error::field(
                    "accepted_until",
                    "is for dismissed findings only",
                ));
            }
        } else if decision.reason.is_none() && self.dismiss_reason.is_none() {
            return Err(Error::field("reason", "is required to dismiss a finding"));
        }
        let until = decision.accepted_until.flatten();
        if until.is_some_and(|until| until <= now) {
            return Err(Error::field("accepted_until", "must lie in the future"));
        }
        Ok(self.clone().triaged(decision, now))
    }

    /// This finding at `now`: open again if it was dismissed up to a time that is over.
    #[must_use]
    pub fn with_risk_expired(&self, now: Timestamp) -> Option<Self> {
        let over = self.accepted_until.is_some_and(|until| until <= now);
        let accepted = self.status == FindingStatus::Dismissed;
        (over && accepted).then(|| {
            let open = Triage {
                status: Some(FindingStatus::Open),
                ..Triage::default()
            };
            self.clone().triaged(&open, now)
        })
    }
}
