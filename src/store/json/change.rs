//! What a commit changes: records put and things deleted, and their written form.
//!
//! Written form: `{"put":"scan","value":{…}}` and `{"del":"session","id":"ses_…"}`. A record is
//! always written whole. Deleting a project, a repository or a webhook deletes all that belongs to it, so
//! that what lies below needs no deletions of its own.

use crate::domain::{
    api_key::ApiKey,
    audit::AuditEntry,
    auth_session::AuthSession,
    event::Event,
    finding::{Finding, FindingObservation},
    git_upload::GitUpload,
    idempotency::IdempotencyRecord,
    ids::{
        ApiKeyId, AuditId, DeliveryId, EventId, GitUploadId, IdempotencyId, JobId, ProjectId,
        RepositoryId, ScanId, SessionId, SnapshotId, WebhookId, WorkerId,
    },
    job::Job,
    project::Project,
    repository::Repository,
    runner_job::RunnerJob,
    scan::Scan,
    snapshot::Snapshot,
    text_enum,
    threat_profile::ThreatProfile,
    time::Timestamp,
    timeline::{Comment, FindingChange},
    user::User,
    webhook::{Delivery, Webhook},
    worker::Worker,
};
use serde::Serialize;
use serde_json::value::RawValue;

text_enum! {
    /// What a record is.
    Kind {
        /// [`User`].
        User = "user",
        /// [`AuthSession`].
        Session = "session",
        /// [`ApiKey`].
        ApiKey = "api_key",
        /// [`Project`].
        Project = "project",
        /// [`Repository`].
        Repository = "repository",
        /// [`Snapshot`].
        Snapshot = "snapshot",
        /// [`ThreatProfile`].
        ThreatProfile = "threat_profile",
        /// [`Scan`].
        Scan = "scan",
        /// [`RunnerJob`].
        RunnerJob = "runner_job",
        /// [`Job`].
        Job = "job",
        /// [`Worker`].
        Worker = "worker",
        /// [`Finding`].
        Finding = "finding",
        /// [`FindingObservation`].
        Observation = "observation",
        /// [`Event`].
        Event = "event",
        /// [`Comment`].
        Comment = "comment",
        /// [`FindingChange`].
        FindingChange = "finding_change",
        /// [`Webhook`].
        Webhook = "webhook",
        /// [`Delivery`].
        Delivery = "delivery",
        /// [`AuditEntry`].
        Audit = "audit",
        /// [`IdempotencyRecord`].
        Key = "key",
        /// [`GitUpload`].
        GitUpload = "git_upload",
    }
}

/// A record as it is put.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "put", content = "value", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant is the domain type of its name")]
pub enum Record {
    User(User),
    Session(AuthSession),
    ApiKey(ApiKey),
    Project(Project),
    Repository(Repository),
    Snapshot(Snapshot),
    ThreatProfile(ThreatProfile),
    Scan(Box<Scan>),
    RunnerJob(RunnerJob),
    Job(Job),
    Worker(Worker),
    Finding(Box<Finding>),
    Observation(FindingObservation),
    Event(Event),
    Comment(Comment),
    FindingChange(FindingChange),
    Webhook(Webhook),
    Delivery(Box<Delivery>),
    Audit(AuditEntry),
    Key(IdempotencyRecord),
    GitUpload(GitUpload),
    /// A [`Finding`] already turned into text, because the same commit writes it twice.
    #[serde(rename = "finding")]
    FindingText(Box<RawValue>),
    /// The event that tells of it.
    #[serde(rename = "event")]
    FindingUpdated(FindingUpdated),
}

/// A `finding_updated` [`Event`] whose payload is text already.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields of `Event`")]
pub struct FindingUpdated {
    pub id: EventId,
    pub scan_id: ScanId,
    pub seq: u64,
    pub attempt: u32,
    pub kind: &'static str,
    pub payload: FindingPayload,
    pub created_at: Timestamp,
}

/// The payload of [`FindingUpdated`].
#[derive(Debug, Clone, Serialize)]
pub struct FindingPayload {
    /// The finding as stored.
    pub finding: Box<RawValue>,
}

/// A thing that is deleted, with all that belongs to it.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "del", content = "id", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant names the kind it deletes")]
pub enum Deletion {
    Session(SessionId),
    ApiKey(ApiKeyId),
    Project(ProjectId),
    Repository(RepositoryId),
    Worker(WorkerId),
    Key(IdempotencyId),
    Snapshot(SnapshotId),
    Job(JobId),
    GitUpload(GitUploadId),
    Webhook(WebhookId),
    Delivery(DeliveryId),
    Audit(AuditId),
}

/// One operation of a commit.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Change {
    /// Adds or replaces a record.
    Put(Box<Record>),
    /// Deletes something.
    Delete(Deletion),
}

/// What an intent comes to: the answer for the caller and the changes that make it true.
#[derive(Debug)]
pub struct Decision<T> {
    /// What the caller is told once the changes are on the disk.
    pub answer: T,
    /// The changes, in order; none when nothing is to be written.
    pub changes: Vec<Change>,
}

impl<T> Decision<T> {
    /// An answer that changes nothing.
    pub fn unchanged(answer: T) -> Self {
        Self {
            answer,
            changes: Vec::new(),
        }
    }

    /// An answer with its changes.
    pub fn new(answer: T, changes: Vec<Change>) -> Self {
        Self { answer, changes }
    }
}

macro_rules! puts {
    ($($variant:ident: $type:ty,)+) => {
        $(impl From<$type> for Change {
            fn from(record: $type) -> Self {
                Self::Put(Box::new(Record::$variant(record.into())))
            }
        })+
    };
}

puts! {
    User: User,
    Session: AuthSession,
    ApiKey: ApiKey,
    Project: Project,
    Repository: Repository,
    Snapshot: Snapshot,
    ThreatProfile: ThreatProfile,
    Scan: Scan,
    RunnerJob: RunnerJob,
    Job: Job,
    Worker: Worker,
    Finding: Finding,
    Observation: FindingObservation,
    Event: Event,
    Comment: Comment,
    FindingChange: FindingChange,
    Webhook: Webhook,
    Delivery: Delivery,
    Audit: AuditEntry,
    Key: IdempotencyRecord,
    GitUpload: GitUpload,
}
