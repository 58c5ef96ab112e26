//! Orderly ends: the only place that spawns tasks and listens to signals.
//!
//! Every background task is tracked and sees one cancellation token. The first SIGTERM or SIGINT
//! cancels it; [`Tasks::drain`] then waits until all tasks are done or the grace period is over. A
//! second signal ends the process at once.

use std::{future::Future, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tracked tasks of one process and the token that ends them.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Tasks {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The token that is cancelled when the process is to end.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Runs `task` in the background. It must end soon after the token is cancelled.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tracker.spawn(task)
    }

    /// Asks every task to end.
    pub fn cancel(&self) {
        self.token.cancel();
    }

    /// Waits until every task has ended, at most for `grace`. Returns whether all did.
    pub async fn drain(&self, grace: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(grace, self.tracker.wait())
            .await
            .is_ok()
    }

    /// Cancels the token on the first SIGTERM or SIGINT, ends the process on the second.
    pub fn listen_to_signals(&self) -> crate::error::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let cannot = |error| crate::error::Error::internal("cannot listen to signals", error);
        let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
        let token = self.token.clone();
        // Not tracked: it lives as long as the process and would keep `drain` waiting.
        #[expect(clippy::disallowed_methods, reason = "this is the one spawner")]
        tokio::spawn(async move {
            for round in 1.. {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if round > 1 {
                    tracing::warn!("second signal: ending at once");
                    std::process::exit(130);
                }
                tracing::info!("shutting down; a second signal ends the process at once");
                token.cancel();
            }
        });
        Ok(())
    }
}

/// Runs blocking work on the thread pool for it.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> crate::error::Result<T> + Send + 'static,
) -> crate::error::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(crate::error::Error::internal(
            "blocking work panicked",
            error,
        )),
    }
}
