//! Runners as child processes of this machine.
//!
//! A child holds the reading end of a pipe as its standard input. When the parent dies, however it
//! dies, the pipe closes and the child ends itself: no runner outlives the process that started it.

use super::{LaunchSpec, Launched, RunnerExit, RunnerLauncher, StopHandle};
use crate::{
    domain::runner_job::LauncherKind,
    error::{Error, ErrorCode, Result},
    shutdown::Tasks,
};
use std::{collections::BTreeMap, path::PathBuf, process::Stdio, time::Duration};
use tokio::{
    process::{Child, Command},
    sync::oneshot,
};

/// Starts `vega runner --scan-id …` on this machine.
#[derive(Debug)]
pub struct LocalLauncher {
    program: PathBuf,
    environment: BTreeMap<String, String>,
    tasks: Tasks,
}

impl LocalLauncher {
    /// Starts `program` with exactly `environment`. `tasks` keeps the watching of children alive.
    pub fn new(program: PathBuf, environment: BTreeMap<String, String>, tasks: Tasks) -> Self {
        Self {
            program,
            environment,
            tasks,
        }
    }
}

#[async_trait::async_trait]
impl RunnerLauncher for LocalLauncher {
    fn kind(&self) -> LauncherKind {
        LauncherKind::Local
    }

    async fn launch(&self, spec: LaunchSpec) -> Result<Launched> {
        let child = Command::new(&self.program)
            .arg("runner")
            .arg("--scan-id")
            .arg(spec.scan_id.to_string())
            .arg("--attempt")
            .arg(spec.fence.attempt.to_string())
            .arg("--fencing")
            .arg(spec.fence.number.to_string())
            .arg("--launched")
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::piped())
            // Its log lines join those of this process.
            .stdout(Stdio::inherit())
            .stderr(Stdio::inherit())
            // A terminal's Ctrl-C is for the parent, which then stops its children in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                Error::new(
                    ErrorCode::DependencyUnavailable,
                    "a runner could not be started",
                )
                .caused_by(error)
            })?;
        let handle = child
            .id()
            .map_or_else(String::new, |pid| format!("pid {pid}"));
        let (exit_sender, exit) = oneshot::channel();
        let (stop_sender, stop) = oneshot::channel();
        self.tasks.spawn(watch(child, stop, exit_sender));
        Ok(Launched {
            handle,
            exit,
            stop: StopHandle(stop_sender),
        })
    }
}

/// Waits for a child, ends it when asked, and tells how it ended.
async fn watch(
    mut child: Child,
    stop: oneshot::Receiver<Duration>,
    exit: oneshot::Sender<RunnerExit>,
) {
    // Waiting would close it, and with it end the child: it is kept here until then.
    let lifeline = child.stdin.take();
    let status = tokio::select! {
        status = child.wait() => status,
        Ok(grace) = stop => {
            // Closing its standard input is the polite request (see the module's text).
            drop(lifeline);
            match tokio::time::timeout(grace, child.wait()).await {
                Ok(status) => status,
                Err(_) => {
                    if let Err(error) = child.start_kill() {
                        tracing::warn!(%error, "a runner could not be ended");
                    }
                    child.wait().await
                }
            }
        }
    };
    let report = match status {
        Ok(status) => RunnerExit {
            code: status.code(),
            reason: status.to_string(),
        },
        Err(error) => RunnerExit {
            code: None,
            reason: error.to_string(),
        },
    };
    // Nobody may be waiting any more during shutdown.
    drop(exit.send(report));
}
