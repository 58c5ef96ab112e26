//! Settings: read once at start, all problems reported together, secrets never shown.
//!
//! Each role loads only what it needs. The only module (with `main`) that touches the environment.
//! It opens nothing: whether a folder or a server answers is `vega maintenance check`'s business.

pub mod catalogue;
pub mod env;
pub mod platform;
mod prod;
mod reader;
pub mod sections;

pub use env::Env;
pub use platform::*;
pub use reader::Reader;
pub use sections::*;

use crate::{
    domain::text_enum,
    error::{Error, Result},
};
use std::{fmt, path::PathBuf};

text_enum! {
    /// The roles of the one binary (documented names).
    Role {
        /// `vega serve`.
        Api = "api",
        /// `vega worker`.
        Worker = "worker",
        /// `vega runner`.
        Runner = "runner",
        /// `vega proxy`.
        LlmProxy = "llm-proxy",
        /// `vega maintenance`.
        Maintenance = "maintenance",
    }
}

/// A value that never is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What `vega serve` needs.
#[derive(Debug, Clone)]
pub struct ServeSettings {
    /// Identity.
    pub app: AppSettings,
    /// Where to listen.
    pub listen: ListenSettings,
    /// Where data is kept.
    pub storage: StorageSettings,
    /// How scans are run.
    pub scans: ScanSettings,
    /// The engine.
    pub v16: V16Settings,
    /// Sign-in.
    pub auth: AuthSettings,
    /// Limits.
    pub limits: LimitSettings,
    /// How often callers may ask.
    pub throttles: ThrottleSettings,
    /// Where metrics are read.
    pub metrics: MetricsSettings,
    /// How long things are kept.
    pub retention: RetentionSettings,
    /// Webhooks.
    pub webhooks: WebhookSettings,
    /// How runners are started.
    pub runner: RunnerProgram,
}

/// What `vega worker` needs.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// Identity.
    pub app: AppSettings,
    /// Where data is kept.
    pub storage: StorageSettings,
    /// How scans are run.
    pub scans: ScanSettings,
    /// How runners are started.
    pub runner: RunnerProgram,
    /// Where metrics are read.
    pub metrics: MetricsSettings,
}

/// What `vega runner --scan-id` needs.
#[derive(Debug, Clone)]
pub struct RunnerSettings {
    /// Identity.
    pub app: AppSettings,
    /// Where data is kept.
    pub storage: StorageSettings,
    /// The lease of the scan.
    pub lease: std::time::Duration,
    /// The engine.
    pub v16: V16Settings,
}

/// What `vega maintenance` needs.
#[derive(Debug, Clone)]
pub struct MaintenanceSettings {
    /// Identity.
    pub app: AppSettings,
    /// Where data is kept.
    pub storage: StorageSettings,
    /// How scans are recovered.
    pub scans: ScanSettings,
    /// How long things are kept.
    pub retention: RetentionSettings,
}

/// The program that runs scans, and what it may see of the environment.
#[derive(Debug, Clone)]
pub struct RunnerProgram {
    /// The executable; this one when unset.
    pub program: Option<PathBuf>,
    /// Its whole environment.
    pub environment: std::collections::BTreeMap<String, String>,
}

impl RunnerProgram {
    fn read(env: &Env, storage: &StorageSettings) -> Self {
        let mut environment = env.for_child(Role::Runner);
        // The child may run elsewhere: give it the same folder, absolute.
        let data_dir = std::path::absolute(&storage.data_dir).unwrap_or(storage.data_dir.clone());
        environment.insert(
            "VEGA_DATA_DIR".into(),
            data_dir.to_string_lossy().into_owned(),
        );
        Self {
            program: None,
            environment,
        }
    }
}

/// Fails with every problem at once, as one `validation_error`.
/// How tokens for the LLM proxy are minted.
#[derive(Debug, Clone)]
pub struct ScanTokenSettings {
    /// `VEGA_LLM_PROXY_AUTH_SECRET`, of at least 32 characters.
    pub secret: Secret,
    /// `VEGA_LLM_PROXY_TOKEN_TTL_SECONDS`; unset: as long as a scan may run and an hour more.
    pub lifetime: std::time::Duration,
}

impl ScanTokenSettings {
    /// The longest a token may live.
    pub const LONGEST: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600);

    /// Reads them; only who mints needs the secret.
    ///
    /// # Errors
    /// `validation_error` when the secret is missing or short, or the lifetime out of range.
    pub fn load(env: &Env) -> Result<Self> {
        let mut reader = Reader::new(env);
        let name = "VEGA_LLM_PROXY_AUTH_SECRET";
        let secret = reader.secret(name);
        match &secret {
            None => reader.problem(
                name,
                "is not set: it signs the tokens, here and in the proxy",
            ),
            Some(secret) if secret.expose().len() < 32 => {
                reader.problem(name, "must have at least 32 characters");
            }
            Some(_) => {}
        }
        let name = "VEGA_LLM_PROXY_TOKEN_TTL_SECONDS";
        let stale = reader.seconds("VEGA_SCAN_RUNNING_STALE_SECONDS");
        let lifetime = match reader.optional_number(name) {
            Some(seconds) => std::time::Duration::from_secs(seconds),
            None => stale
                .saturating_add(std::time::Duration::from_secs(3600))
                .min(Self::LONGEST),
        };
        if lifetime.is_zero() || lifetime > Self::LONGEST {
            let longest = Self::LONGEST.as_secs();
            reader.problem(name, format!("must be between 1 and {longest}"));
        }
        let settings = Self {
            secret: secret.unwrap_or_else(|| Secret::new("")),
            lifetime,
        };
        checked(settings, reader)
    }
}

fn checked<T>(settings: T, reader: Reader<'_>) -> Result<T> {
    if reader.problems.is_empty() {
        Ok(settings)
    } else {
        Err(Error::validation(reader.problems))
    }
}

impl ServeSettings {
    /// Reads and checks everything `vega serve` needs.
    pub fn load(env: &Env) -> Result<Self> {
        let mut reader = Reader::new(env);
        let app = AppSettings::read(&mut reader, Role::Api);
        let storage = StorageSettings::read(&mut reader);
        let settings = Self {
            listen: ListenSettings::read(&mut reader, 8000),
            scans: ScanSettings::read(&mut reader),
            v16: V16Settings::read(&mut reader),
            auth: AuthSettings::read(&mut reader, &app),
            limits: LimitSettings::read(&mut reader),
            throttles: ThrottleSettings::read(&mut reader),
            retention: RetentionSettings::read(&mut reader),
            webhooks: WebhookSettings::read(&mut reader),
            metrics: MetricsSettings::read(&mut reader),
            runner: RunnerProgram::read(env, &storage),
            app,
            storage,
        };
        prod::check_serve(&settings, &mut reader);
        checked(settings, reader)
    }
}

impl WorkerSettings {
    /// Reads and checks everything `vega worker` needs.
    pub fn load(env: &Env) -> Result<Self> {
        let mut reader = Reader::new(env);
        let app = AppSettings::read(&mut reader, Role::Worker);
        let storage = StorageSettings::read(&mut reader);
        let settings = Self {
            scans: ScanSettings::read(&mut reader),
            runner: RunnerProgram::read(env, &storage),
            metrics: MetricsSettings::read(&mut reader),
            app,
            storage,
        };
        prod::check_storage(&settings.app, &settings.storage, &mut reader);
        checked(settings, reader)
    }
}

impl RunnerSettings {
    /// Reads and checks everything `vega runner --scan-id` needs.
    pub fn load(env: &Env) -> Result<Self> {
        let mut reader = Reader::new(env);
        let settings = Self {
            app: AppSettings::read(&mut reader, Role::Runner),
            storage: StorageSettings::read(&mut reader),
            lease: reader.seconds("VEGA_SCAN_LEASE_SECONDS"),
            v16: V16Settings::read(&mut reader),
        };
        prod::check_storage(&settings.app, &settings.storage, &mut reader);
        checked(settings, reader)
    }
}

/// The folder of overrides, for commands that look into the engine.
///
/// # Errors
/// `validation_error` when `VEGA_V16_ROOT` names no folder.
pub fn engine_overrides(env: &Env) -> Result<Option<std::path::PathBuf>> {
    let mut reader = Reader::new(env);
    let overrides = V16Settings::overrides(&mut reader);
    checked(overrides, reader)
}

impl MaintenanceSettings {
    /// Reads and checks everything `vega maintenance` needs.
    pub fn load(env: &Env) -> Result<Self> {
        let mut reader = Reader::new(env);
        let settings = Self {
            app: AppSettings::read(&mut reader, Role::Maintenance),
            storage: StorageSettings::read(&mut reader),
            scans: ScanSettings::read(&mut reader),
            retention: RetentionSettings::read(&mut reader),
        };
        checked(settings, reader)
    }
}

/// The effective settings of `role` for display: secrets redacted, origin told.
pub fn effective(env: &Env, role: Role) -> Vec<(&'static str, String, &'static str)> {
    catalogue::CATALOGUE
        .iter()
        .filter(|variable| variable.roles.contains(&role))
        .map(|variable| {
            let (value, origin) = match (env.get(variable.name), variable.default) {
                (Some(_), _) if variable.secret => ("[redacted]".to_owned(), "set"),
                (Some(value), _) => (value.to_owned(), "set"),
                (None, Some(_)) if variable.secret => ("[redacted]".to_owned(), "default"),
                (None, Some(default)) => (default.to_owned(), "default"),
                (None, None) => ("(none)".to_owned(), "default"),
            };
            (variable.name, value, origin)
        })
        .collect()
}

#[cfg(test)]
mod tests;
