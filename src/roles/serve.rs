//! `vega serve`: the API, ingest jobs, and in `thread` mode the dispatcher of scans.

use super::{hostname, local_launcher, metrics, warn_about};
use crate::{
    api,
    cli::{ServeArgs, server_env},
    clock::Stopwatch,
    context::{ServeContext, build},
    error::{Error, ErrorCode, Result},
    objects::ObjectStore,
    services::{
        cleanup, dispatch::Dispatcher, jobs, triage, webhooks::deliver, working_dir::WorkingRoot,
    },
    settings::{ExecutionMode, Role, ServeSettings},
    shutdown::{Tasks, blocking},
    store::MetadataStore,
    telemetry::{self, LogStream},
};
use std::{
    net::TcpListener,
    process::ExitCode,
    sync::{Arc, Weak},
    time::Duration,
};

/// Serves until a signal says otherwise.
pub async fn run(args: ServeArgs) -> Result<ExitCode> {
    let mut env = server_env()?;
    args.apply(&mut env);
    telemetry::init(&env, Role::Api, LogStream::Stdout);
    let settings = ServeSettings::load(&env)?;
    warn_about(&env, Role::Api);
    check_debug_user(&settings, args.allow_debug_user)?;
    let address = (settings.listen.host.as_str(), settings.listen.port);
    let listener = TcpListener::bind(address).map_err(|error| {
        Error::new(
            ErrorCode::DependencyUnavailable,
            format!(
                "cannot listen on {}:{}; choose another port with --port (0 takes any free one)",
                settings.listen.host, settings.listen.port
            ),
        )
        .caused_by(error)
    })?;
    let tasks = Tasks::new();
    tasks.listen_to_signals()?;
    serve(settings, listener, tasks, |_| {}).await?;
    Ok(ExitCode::SUCCESS)
}

/// A password everyone knows must not guard a door everyone can reach.
fn check_debug_user(settings: &ServeSettings, allowed: bool) -> Result<()> {
    let well_known = settings
        .auth
        .debug_user
        .as_ref()
        .is_some_and(|debug| debug.has_default_password);
    if !well_known || allowed || settings.listen.is_loopback() {
        return Ok(());
    }
    Err(Error::field(
        "VEGA_DEBUG_PASSWORD",
        format!(
            "others can reach {}, and the debug user has its well-known password: set \
             VEGA_DEBUG_PASSWORD, or pass --allow-debug-user",
            settings.listen.host
        ),
    ))
}

/// Serves on `listener` until `tasks` is cancelled; then drains within the grace period.
///
/// `extra` adds routes beside the API, for tests.
pub async fn serve(
    settings: ServeSettings,
    listener: TcpListener,
    tasks: Tasks,
    extra: fn(&mut actix_web::web::ServiceConfig),
) -> Result<()> {
    let address = listener
        .local_addr()
        .map_err(|error| Error::internal("the listener has no address", error))?;
    let ctx = build::serve(&settings, tasks.clone()).await?;
    let (root, owner) = (
        ctx.app.runtime_root.clone(),
        ctx.app.store.owner().to_string(),
    );
    let working = Arc::new(blocking(move || WorkingRoot::open(&root, &owner)).await?);
    let server = api::app::start(ctx.clone(), Arc::clone(&working), listener, extra)?;
    let handle = server.handle();
    tracing::info!(
        address = %format!("http://{address}"),
        port = address.port(),
        docs = %format!("http://{address}/docs"),
        data_dir = %settings.storage.data_dir.display(),
        "vega serve is ready"
    );
    let shared = Shared {
        working: Arc::downgrade(&working),
        objects: Arc::downgrade(&ctx.app.objects),
        store: Arc::downgrade(&ctx.app.store),
    };
    tasks.spawn(jobs::run_loop(ctx.clone(), working));
    tasks.spawn(deliver::run_loop(ctx.clone()));
    tasks.spawn(triage::expire_loop(ctx.app.clone()));
    let policy = settings.retention.policy.clone();
    tasks.spawn(cleanup::run_daily(ctx.app.clone(), policy));
    if settings.scans.mode == ExecutionMode::Thread {
        tasks.spawn(dispatcher(&ctx, &settings, &tasks)?.run());
    }
    metrics::start(
        &settings.metrics,
        ctx.app.clone(),
        ctx.scans.heartbeat_ttl,
        &tasks,
    )?;
    let token = tasks.token();
    let mut served = tasks.spawn(server);
    let broken = tokio::select! {
        () = token.cancelled() => None,
        ended = &mut served => Some(ended),
    };
    let since = Stopwatch::start();
    tasks.cancel();
    match broken {
        None => handle.stop(true).await,
        Some(Ok(Err(error))) => return Err(Error::internal("the server broke", error)),
        Some(_) => tracing::warn!("the server ended by itself"),
    }
    // One grace period for everything: what requests used is gone.
    let grace = settings.app.shutdown_grace.saturating_sub(since.elapsed());
    if !tasks.drain(grace).await {
        tracing::warn!("not everything ended within the grace period; it will be recovered");
    }
    drop(ctx);
    shared.let_go().await;
    tracing::info!("stopped");
    Ok(())
}

/// What leaves files behind unless it is dropped before the process ends.
struct Shared {
    working: Weak<WorkingRoot>,
    objects: Weak<dyn ObjectStore>,
    store: Weak<dyn MetadataStore>,
}

impl Shared {
    /// Waits until nobody uses any of it: the server's threads let go a moment after it has
    /// stopped. Without that the next start would have to tidy up, so this does not wait for long.
    async fn let_go(&self) {
        const PATIENCE: Duration = Duration::from_secs(1);
        let dropped = async {
            while self.working.strong_count()
                + self.objects.strong_count()
                + self.store.strong_count()
                > 0
            {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, dropped).await.is_err() {
            tracing::debug!("working files stay until the next start");
        }
    }
}

fn dispatcher(ctx: &ServeContext, settings: &ServeSettings, tasks: &Tasks) -> Result<Dispatcher> {
    Ok(Dispatcher {
        app: ctx.app.clone(),
        launcher: Arc::new(local_launcher(&settings.runner, tasks)?),
        settings: Arc::clone(&ctx.scans),
        wake: Arc::clone(&ctx.scan_queued),
        mode: "thread",
        hostname: hostname(),
    })
}
