//! Runner jobs: one launch of a runner for one attempt of a scan.

use super::{
    ids::{RunnerJobId, ScanId},
    text_enum,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

text_enum! {
    /// How runners are started.
    LauncherKind {
        /// A child process on this machine.
        Local = "local",
        /// An ECS task.
        Ecs = "ecs",
    }
}

text_enum! {
    /// What is known of a runner.
    RunnerJobStatus {
        /// About to be started; written before anything is launched.
        Launching = "launching",
        /// Accepted, not running yet.
        Pending = "pending",
        /// Running: it adopted the scan.
        Running = "running",
        /// Ended.
        Stopped = "stopped",
        /// Could not be started, or died.
        Failed = "failed",
        /// Cannot be told right now; not the same as dead.
        Unknown = "unknown",
    }
}

/// One launch of a runner. The newest of a scan is current, earlier ones are its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerJob {
    /// Identity.
    pub id: RunnerJobId,
    /// The scan.
    pub scan_id: ScanId,
    /// The scan's attempt it was launched for.
    pub attempt: u32,
    /// How it was started.
    pub launcher: LauncherKind,
    /// The task, for `ecs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecs_task_arn: Option<String>,
    /// What is known of it.
    pub status: RunnerJobStatus,
    /// How the process ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Why it ended, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<String>,
    /// When it was launched.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
