//! `vega worker`: claims queued scans and starts a runner for each.

use super::{hostname, local_launcher, metrics, warn_about};
use crate::{
    cli::{DataArgs, server_env},
    context::build,
    error::Result,
    services::dispatch::Dispatcher,
    settings::{Role, WorkerSettings},
    shutdown::Tasks,
    telemetry::{self, LogStream},
};
use std::{process::ExitCode, sync::Arc};
use tokio::sync::Notify;

/// Works until a signal says otherwise.
pub async fn run(args: DataArgs) -> Result<ExitCode> {
    let mut env = server_env()?;
    args.apply(&mut env);
    telemetry::init(&env, Role::Worker, LogStream::Stdout);
    let settings = WorkerSettings::load(&env)?;
    warn_about(&env, Role::Worker);
    build::check_scans(&settings.scans)?;
    let tasks = Tasks::new();
    tasks.listen_to_signals()?;
    let app = build::app(&settings.storage, tasks.clone()).await?;
    let heartbeat_ttl = settings.scans.heartbeat_ttl;
    metrics::start(&settings.metrics, app.clone(), heartbeat_ttl, &tasks)?;
    let dispatcher = Dispatcher {
        app,
        launcher: Arc::new(local_launcher(&settings.runner, &tasks)?),
        settings: Arc::new(settings.scans),
        // Nobody rings here: a worker polls the store.
        wake: Arc::new(Notify::new()),
        mode: "local",
        hostname: hostname(),
    };
    tracing::info!(data_dir = %settings.storage.data_dir.display(), "vega worker is ready");
    dispatcher.run().await;
    if !tasks.drain(settings.app.shutdown_grace).await {
        tracing::warn!("not everything ended within the grace period; it will be recovered");
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
