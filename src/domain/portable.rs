//! Records on their way from one installation to another.
//!
//! The durable content of a metadata store, kind by kind, in the form of the domain types, so that
//! any backend can write and read it. Left out is what belongs to a running installation: sign-in
//! sessions, used idempotency keys, worker heartbeats. Kinds are ordered so that a record refers to
//! records of earlier kinds only.

use super::{
    api_key::ApiKey,
    audit::AuditEntry,
    event::Event,
    finding::{Finding, FindingObservation},
    ids::FindingId,
    job::Job,
    project::Project,
    repository::Repository,
    runner_job::RunnerJob,
    scan::Scan,
    snapshot::Snapshot,
    text_enum,
    threat_profile::ThreatProfile,
    timeline::{Comment, FindingChange},
    user::User,
};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What a portable record is, in the order in which they travel.
    PortableKind {
        /// [`User`].
        User = "users",
        /// [`ApiKey`].
        ApiKey = "api_keys",
        /// [`Project`], with its members.
        Project = "projects",
        /// [`Repository`].
        Repository = "repositories",
        /// [`Snapshot`].
        Snapshot = "snapshots",
        /// [`ThreatProfile`], every version.
        ThreatProfile = "threat_profiles",
        /// [`Scan`].
        Scan = "scans",
        /// [`RunnerJob`].
        RunnerJob = "runner_jobs",
        /// [`Job`].
        Job = "jobs",
        /// [`Finding`].
        Finding = "findings",
        /// [`FindingObservation`].
        Observation = "observations",
        /// [`Event`].
        Event = "events",
        /// [`HistoryRecord`].
        History = "history",
        /// [`AuditEntry`].
        Audit = "audit",
    }
}

/// One entry of a finding's history. It has no identity but its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// Which entry of its finding, from 0, oldest first.
    pub place: u32,
    /// What happened.
    pub entry: HistoryEntry,
}

/// A comment or a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryEntry {
    /// What somebody said.
    Comment(Comment),
    /// What changed.
    Change(FindingChange),
}

impl HistoryRecord {
    /// The finding it belongs to.
    pub fn finding_id(&self) -> FindingId {
        match &self.entry {
            HistoryEntry::Comment(comment) => comment.finding_id,
            HistoryEntry::Change(change) => change.finding_id,
        }
    }
}

macro_rules! portable {
    ($($kind:ident($type:ty),)+) => {
        /// A record of any kind. Written, it is the record alone: its kind stands elsewhere.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        #[expect(missing_docs, reason = "each variant is the type of its name")]
        pub enum Portable {
            $($kind(Box<$type>),)+
        }

        impl Portable {
            /// What it is.
            pub fn kind(&self) -> PortableKind {
                match self {
                    $(Self::$kind(_) => PortableKind::$kind,)+
                }
            }

            /// Reads a record of this kind.
            pub fn parse(kind: PortableKind, text: &[u8]) -> serde_json::Result<Self> {
                match kind {
                    $(PortableKind::$kind => serde_json::from_slice(text).map(Self::$kind),)+
                }
            }
        }

        $(impl From<$type> for Portable {
            fn from(record: $type) -> Self {
                Self::$kind(Box::new(record))
            }
        })+
    };
}

portable! {
    User(User),
    ApiKey(ApiKey),
    Project(Project),
    Repository(Repository),
    Snapshot(Snapshot),
    ThreatProfile(ThreatProfile),
    Scan(Scan),
    RunnerJob(RunnerJob),
    Job(Job),
    Finding(Finding),
    Observation(FindingObservation),
    Event(Event),
    History(HistoryRecord),
    Audit(AuditEntry),
}

impl Portable {
    /// What tells it from others of its kind.
    pub fn id(&self) -> String {
        match self {
            Self::User(it) => it.id.to_string(),
            Self::ApiKey(it) => it.id.to_string(),
            Self::Project(it) => it.id.to_string(),
            Self::Repository(it) => it.id.to_string(),
            Self::Snapshot(it) => it.id.to_string(),
            Self::ThreatProfile(it) => it.id.to_string(),
            Self::Scan(it) => it.id.to_string(),
            Self::RunnerJob(it) => it.id.to_string(),
            Self::Job(it) => it.id.to_string(),
            Self::Finding(it) => it.id.to_string(),
            Self::Observation(it) => format!("{} of {}", it.finding_id, it.scan_id),
            Self::Event(it) => format!("{} of {}", it.seq, it.scan_id),
            Self::History(it) => format!("{} of {}", it.place, it.finding_id()),
            Self::Audit(it) => it.id.to_string(),
        }
    }

    /// The records it cannot be without.
    pub fn needs(&self) -> Vec<(PortableKind, String)> {
        use PortableKind as Kind;
        match self {
            Self::User(_) | Self::Project(_) | Self::Job(_) | Self::Audit(_) => Vec::new(),
            Self::ApiKey(it) => vec![(Kind::User, it.user_id.to_string())],
            Self::Repository(it) => vec![(Kind::Project, it.project_id.to_string())],
            Self::Snapshot(it) => vec![(Kind::Repository, it.repository_id.to_string())],
            Self::ThreatProfile(it) => vec![(Kind::Repository, it.repository_id.to_string())],
            // Retention takes snapshots away from old scans.
            Self::Scan(it) => vec![
                (Kind::Repository, it.repository_id.to_string()),
                (Kind::Project, it.project_id.to_string()),
            ],
            Self::RunnerJob(it) => vec![(Kind::Scan, it.scan_id.to_string())],
            Self::Finding(it) => vec![
                (Kind::Repository, it.repository_id.to_string()),
                (Kind::Scan, it.scan_id.to_string()),
                (Kind::Scan, it.last_seen_scan_id.to_string()),
            ],
            Self::Observation(it) => vec![
                (Kind::Scan, it.scan_id.to_string()),
                (Kind::Finding, it.finding_id.to_string()),
            ],
            Self::Event(it) => vec![(Kind::Scan, it.scan_id.to_string())],
            Self::History(it) => vec![(Kind::Finding, it.finding_id().to_string())],
        }
    }

    /// Without what opens something: password hashes unless they are asked for, and always git
    /// tokens, which are sealed with a key that does not travel.
    #[must_use]
    pub fn redacted(mut self, credentials: Credentials) -> Self {
        match &mut self {
            Self::User(user) if credentials == Credentials::LeftOut => user.password_hash = None,
            Self::Repository(repository) => repository.git_token = None,
            _ => {}
        }
        self
    }

    /// Whether `stored` says the same. A credential that was left out differs from none.
    pub fn is_same_as(&self, stored: &Self) -> bool {
        match (self, stored) {
            (Self::User(it), Self::User(stored)) if it.password_hash.is_none() => {
                let mut stored = stored.clone();
                stored.password_hash = None;
                *it == stored
            }
            (Self::Repository(it), Self::Repository(stored)) if it.git_token.is_none() => {
                let mut stored = stored.clone();
                stored.git_token = None;
                *it == stored
            }
            _ => self == stored,
        }
    }
}

/// Whether password hashes and API keys travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// They do: whoever has the file may try passwords on the hashes.
    Included,
    /// They do not: passwords and keys have to be set anew.
    LeftOut,
}
