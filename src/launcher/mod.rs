//! Starting runners: a child process here, an ECS task elsewhere.
//!
//! The attempt is written to the store before anything is launched, so a launch that is repeated or
//! lost can be told apart. The launcher knows nothing of the store.

pub mod local;

use crate::{
    domain::{
        ids::{RunnerJobId, ScanId},
        lease::Fence,
        runner_job::LauncherKind,
    },
    error::Result,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// Which scan to run, and the proof by which the runner adopts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaunchSpec {
    /// The scan.
    pub scan_id: ScanId,
    /// This launch.
    pub runner_job_id: RunnerJobId,
    /// Attempt and fencing number of the claim.
    pub fence: Fence,
}

/// How a runner ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerExit {
    /// The exit code; absent after a signal.
    pub code: Option<i32>,
    /// In words.
    pub reason: String,
}

/// A runner that was started.
#[derive(Debug)]
pub struct Launched {
    /// Where it runs (`pid 123`, a task ARN).
    pub handle: String,
    /// Tells when it ended; closed without a value when that cannot be known.
    pub exit: oneshot::Receiver<RunnerExit>,
    /// Ends it from outside.
    pub stop: StopHandle,
}

/// Ends a runner from outside: politely first, by force after `grace`.
#[derive(Debug)]
pub struct StopHandle(pub(crate) oneshot::Sender<Duration>);

impl StopHandle {
    /// Asks the runner to stop now; after `grace` it is ended by force.
    pub fn stop(self, grace: Duration) {
        // The runner may have ended already: then nobody listens, and nothing is to be done.
        let _ = self.0.send(grace);
    }
}

/// Starts runners.
#[async_trait::async_trait]
pub trait RunnerLauncher: Send + Sync + 'static {
    /// How this launcher starts runners.
    fn kind(&self) -> LauncherKind;
    /// Starts a runner; `dependency_unavailable` when that is not possible now.
    async fn launch(&self, spec: LaunchSpec) -> Result<Launched>;
}

/// A launcher as handed around.
pub type SharedLauncher = Arc<dyn RunnerLauncher>;
