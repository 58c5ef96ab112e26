//! Identifiers: TypeIDs (a prefix and a UUIDv7 in base 32), sortable by creation time.
//!
//! Format: the TypeID specification 0.3. Ids are made in `clock.rs` only; here they are parsed,
//! printed and compared. An id of the wrong kind does not parse, so it can never be looked up.

use type_safe_id::{StaticType, TypeSafeId};

macro_rules! ids {
    ($($(#[$doc:meta])* $alias:ident, $kind:ident, $prefix:literal;)+) => {
        $(
            #[doc = concat!("The kind behind [`", stringify!($alias), "`].")]
            #[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $kind;

            impl StaticType for $kind {
                const TYPE: &'static str = $prefix;
            }

            $(#[$doc])*
            pub type $alias = TypeSafeId<$kind>;
        )+
    };
}

ids! {
    /// A person who signs in.
    UserId, UserKind, "usr";
    /// A sign-in session: the family of one login's refresh tokens.
    SessionId, SessionKind, "ses";
    /// An API key.
    ApiKeyId, ApiKeyKind, "key";
    /// A project.
    ProjectId, ProjectKind, "prj";
    /// A repository.
    RepositoryId, RepositoryKind, "repo";
    /// An immutable copy of a repository's source.
    SnapshotId, SnapshotKind, "snap";
    /// One version of a threat profile.
    ThreatProfileId, ThreatProfileKind, "tp";
    /// A scan.
    ScanId, ScanKind, "scan";
    /// One launch of a runner for a scan.
    RunnerJobId, RunnerJobKind, "run";
    /// Leased background work besides scans.
    JobId, JobKindTag, "job";
    /// An event of a scan.
    EventId, EventKindTag, "evt";
    /// A finding.
    FindingId, FindingKind, "fnd";
    /// An export.
    ExportId, ExportKind, "exp";
    /// One scan's sight of a finding.
    ObservationId, ObservationKind, "obs";
    /// A comment on a finding.
    CommentId, CommentKind, "cmt";
    /// A process that owns leases: `serve`, `worker` or `runner`.
    WorkerId, WorkerKind, "wrk";
    /// An archive that is put to the object store by a signed address.
    UploadId, UploadKind, "up";
    /// A temporary remote for `git push`. The contract's prefix for uploads of either kind: the two
    /// are never looked up in the same place.
    GitUploadId, GitUploadKind, "up";
    /// A webhook.
    WebhookId, WebhookKind, "whk";
    /// One thing told to one webhook.
    DeliveryId, DeliveryKind, "whd";
    /// An entry of the audit log.
    AuditId, AuditKind, "aud";
    /// A used idempotency key.
    IdempotencyId, IdempotencyKind, "idk";
}
