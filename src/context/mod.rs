//! What every role is handed: the seams as plain fields, put together in [`build`] only.

pub mod build;
pub mod key_files;
pub mod refusals;
pub mod throttles;

use crate::{
    auth::{seal::SealingKey, tokens::TokenSigner},
    clock::SharedClock,
    domain::retention::RetentionPolicy,
    objects::{SharedObjects, signed_url::UrlSigner},
    settings::{
        AppSettings, AuthSettings, LimitSettings, ScanSettings, V16Settings, WebhookSettings,
    },
    shutdown::Tasks,
    store::SharedStore,
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::{Notify, Semaphore};

/// The seams every role needs.
#[derive(Clone)]
pub struct AppContext {
    /// Metadata.
    pub store: SharedStore,
    /// Files.
    pub objects: SharedObjects,
    /// Time for display; leases are judged by the store's own clock.
    pub clock: SharedClock,
    /// Tracked background tasks and the token that ends them.
    pub tasks: Tasks,
    /// Folder for working files; everything in it may be deleted when no process runs.
    pub runtime_root: PathBuf,
}

/// What `vega serve` has beside the seams.
#[derive(Clone)]
pub struct ServeContext {
    /// The seams.
    pub app: AppContext,
    /// Identity and prefix.
    pub settings: Arc<AppSettings>,
    /// Origins browsers may call from, besides the own one.
    pub cors_origins: Arc<Vec<String>>,
    /// Sign-in.
    pub auth: Arc<AuthSettings>,
    /// Access tokens.
    pub tokens: Arc<TokenSigner>,
    /// Seals git tokens and webhook secrets.
    pub sealing: Arc<SealingKey>,
    /// Checks signed URLs of local objects.
    pub urls: Arc<UrlSigner>,
    /// Limits on what users bring in.
    pub limits: Arc<LimitSettings>,
    /// How scans are run.
    pub scans: Arc<ScanSettings>,
    /// The engine's settings.
    pub v16: Arc<V16Settings>,
    /// How long things are kept.
    pub retention: Arc<RetentionPolicy>,
    /// Webhooks and how they are delivered.
    pub webhooks: Arc<WebhookSettings>,
    /// How long a body may stop coming.
    pub body_stall: Duration,
    /// How many proxies stand in front, whose word on addresses is taken.
    pub trusted_proxies: usize,
    /// How often callers may ask and try to sign in.
    pub throttles: Arc<throttles::Throttles>,
    /// Refused sign-ins on their way to the audit log.
    pub refusals: Arc<refusals::Refusals>,
    /// How many passwords may be compared at once.
    pub password_checks: Arc<Semaphore>,
    /// Rings when a scan was queued.
    pub scan_queued: Arc<Notify>,
    /// Rings when a job was queued.
    pub job_queued: Arc<Notify>,
    /// Rings when a delivery of a webhook is due.
    pub delivery_due: Arc<Notify>,
}
