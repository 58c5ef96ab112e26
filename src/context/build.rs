//! The only place that names concrete backends.

use super::{AppContext, ServeContext, key_files, throttles::Throttles};
use crate::{
    auth::{seal::SealingKey, tokens::TokenSigner},
    clock::{SharedClock, SystemClock},
    error::{Error, ErrorCode, Result},
    objects::{local::LocalObjects, signed_url::UrlSigner},
    settings::{
        AuthProvider, ExecutionMode, FileBackend, PersistenceBackend, ScanSettings, ServeSettings,
        StorageSettings, WorkerExecution,
    },
    shutdown::{Tasks, blocking},
    store::json::{JsonStore, JsonStoreSettings},
};
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};

/// Passwords compared at once: two keep both cores of a small machine busy and cost 38 MiB.
const PASSWORD_CHECKS: usize = 2;

/// Signs the links to local objects; the store makes them, the API checks them.
const OBJECT_URL_KEY: &str = "object-urls.key";

/// The refusal of a documented choice that a later version brings. Going on with the default
/// instead would do something else than was asked for.
fn unavailable(what: &str, setting: &str) -> Error {
    Error::field(
        setting,
        format!("{what} is not part of this version; use the default for now"),
    )
}

/// Refuses ways of running scans that this version does not have.
pub fn check_scans(scans: &ScanSettings) -> Result<()> {
    if scans.mode == ExecutionMode::Sqs {
        return Err(unavailable("the SQS queue", "VEGA_SCAN_EXECUTION_MODE"));
    }
    if scans.worker_execution == WorkerExecution::Ecs {
        return Err(unavailable(
            "the ECS launcher",
            "VEGA_SCAN_WORKER_EXECUTION_MODE",
        ));
    }
    Ok(())
}

/// As [`app`], where there is something already: a mistyped folder is not made.
///
/// # Errors
/// `not_found` when the settings name a place without data; what [`app`] says.
pub async fn existing_app(storage: &StorageSettings, tasks: Tasks) -> Result<AppContext> {
    if !has_data(storage) {
        let folder = &storage.data_dir;
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        let message = format!(
            "no Vega data at {}: `vega serve` makes it there, --data-dir and VEGA_DATA_DIR name \
             another folder",
            folder.display()
        );
        return Err(Error::new(ErrorCode::NotFound, message));
    }
    app(storage, tasks).await
}

/// Whether the settings name a place with data. True where only opening it can tell.
pub fn has_data(storage: &StorageSettings) -> bool {
    storage.persistence != PersistenceBackend::Json
        || storage.files != FileBackend::Local
        || JsonStore::is_at(&storage.data_dir)
}

/// Opens the stores the settings name.
pub async fn app(storage: &StorageSettings, tasks: Tasks) -> Result<AppContext> {
    if storage.persistence == PersistenceBackend::Postgres {
        return Err(unavailable(
            "the Postgres store",
            "VEGA_PERSISTENCE_BACKEND",
        ));
    }
    if storage.files == FileBackend::S3 {
        return Err(unavailable("the S3 store", "VEGA_FILE_STORAGE_BACKEND"));
    }
    let clock: SharedClock = Arc::new(SystemClock);
    let storage = storage.clone();
    let store_clock = Arc::clone(&clock);
    let absolute = |path: &std::path::Path| {
        std::path::absolute(path)
            .map_err(|error| Error::internal("the data folder has no absolute path", error))
    };
    let runtime_root = absolute(&storage.runtime_root)?;
    let data_dir = absolute(&storage.data_dir)?;
    let (store, objects) = blocking(move || {
        let key = key_files::load_or_create(&data_dir, OBJECT_URL_KEY)?;
        let signer = UrlSigner::new(key, Arc::clone(&store_clock));
        let store = JsonStore::open(JsonStoreSettings::new(data_dir.clone(), store_clock))?;
        let objects = LocalObjects::open(data_dir, signer)?;
        if let Err(error) = objects.sweep_staging() {
            tracing::warn!(%error, cause = ?error, "what dead processes left cannot be removed");
        }
        Ok((store, objects))
    })
    .await?;
    Ok(AppContext {
        store,
        objects: Arc::new(objects),
        clock,
        tasks,
        runtime_root,
    })
}

/// Opens everything `vega serve` needs.
pub async fn serve(settings: &ServeSettings, tasks: Tasks) -> Result<ServeContext> {
    check_scans(&settings.scans)?;
    if settings.auth.provider == AuthProvider::Cognito {
        return Err(unavailable("sign-in with Cognito", "VEGA_AUTH_PROVIDER"));
    }
    let app = app(&settings.storage, tasks).await?;
    let data_dir = &settings.storage.data_dir;
    let tokens = match &settings.auth.secret {
        Some(secret) => TokenSigner::new(secret.expose().as_bytes()),
        None => TokenSigner::new(&key_files::load_or_create(data_dir, "auth.key")?),
    };
    let sealing = match &settings.storage.secrets_key {
        Some(key) => SealingKey::parse(key.expose())?,
        None => SealingKey::new(
            "local",
            &key_files::load_or_create(data_dir, "git-tokens.key")?,
        ),
    };
    let urls = UrlSigner::new(
        key_files::load_or_create(data_dir, OBJECT_URL_KEY)?,
        Arc::clone(&app.clock),
    );
    Ok(ServeContext {
        app,
        settings: Arc::new(settings.app.clone()),
        cors_origins: Arc::new(settings.listen.cors_origins.clone()),
        auth: Arc::new(settings.auth.clone()),
        tokens: Arc::new(tokens),
        sealing: Arc::new(sealing),
        urls: Arc::new(urls),
        limits: Arc::new(settings.limits.clone()),
        scans: Arc::new(settings.scans.clone()),
        v16: Arc::new(settings.v16.clone()),
        retention: Arc::new(settings.retention.policy.clone()),
        webhooks: Arc::new(settings.webhooks.clone()),
        body_stall: settings.throttles.body_stall,
        trusted_proxies: settings.throttles.trusted_proxies,
        throttles: Arc::new(Throttles::new(&settings.throttles)),
        refusals: Arc::default(),
        password_checks: Arc::new(Semaphore::new(PASSWORD_CHECKS)),
        scan_queued: Arc::new(Notify::new()),
        job_queued: Arc::new(Notify::new()),
        delivery_due: Arc::new(Notify::new()),
    })
}
