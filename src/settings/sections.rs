//! The settings by concern. Each field names its variable; units are in the catalogue.

use super::{Env, Reader, Role, Secret, catalogue};
use crate::{
    domain::scan::RecoveryPolicy,
    error::{Error, Result},
};
use std::{net::IpAddr, path::PathBuf, time::Duration};

/// Identity of the process.
#[derive(Debug, Clone)]
pub struct AppSettings {
    /// `VEGA_APP_NAME`.
    pub name: String,
    /// `VEGA_API_PREFIX`, starting with `/` and not ending with it.
    pub api_prefix: String,
    /// `VEGA_ENVIRONMENT`.
    pub environment: String,
    /// `VEGA_SHUTDOWN_GRACE_SECONDS`.
    pub shutdown_grace: Duration,
}

impl AppSettings {
    /// Whether this is production, where unsafe settings are refused.
    pub fn is_prod(&self) -> bool {
        self.environment == "prod"
    }

    pub(super) fn read(reader: &mut Reader<'_>, role: Role) -> Self {
        let prefix = reader.text("VEGA_API_PREFIX");
        let plain = prefix.starts_with('/')
            && prefix.len() > 1
            && !prefix.ends_with('/')
            && !prefix.contains("//")
            && prefix
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte));
        if role == Role::Api && !plain {
            reader.problem("VEGA_API_PREFIX", "must look like /v1");
        }
        Self {
            name: reader.text("VEGA_APP_NAME"),
            api_prefix: prefix,
            environment: reader.text("VEGA_ENVIRONMENT"),
            shutdown_grace: reader.seconds("VEGA_SHUTDOWN_GRACE_SECONDS"),
        }
    }
}

/// Where to listen.
#[derive(Debug, Clone)]
pub struct ListenSettings {
    /// `VEGA_HOST`.
    pub host: String,
    /// `VEGA_PORT`; 0 = any free port.
    pub port: u16,
    /// `VEGA_CORS_ORIGINS`.
    pub cors_origins: Vec<String>,
}

impl ListenSettings {
    /// Whether only this machine can connect.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self
                .host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    pub(super) fn read(reader: &mut Reader<'_>, default_port: u16) -> Self {
        let cors_origins = reader.list("VEGA_CORS_ORIGINS");
        for origin in cors_origins
            .iter()
            .filter(|it| !super::platform::is_origin(it))
        {
            reader.problem(
                "VEGA_CORS_ORIGINS",
                format!("'{origin}' is not an origin; write it like https://app.example.com"),
            );
        }
        Self {
            host: reader.text("VEGA_HOST"),
            port: reader.optional_number("VEGA_PORT").unwrap_or(default_port),
            cors_origins,
        }
    }
}

/// Which metadata store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersistenceBackend {
    /// Journalled JSON files.
    Json,
    /// Postgres.
    Postgres,
}

/// Which file store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileBackend {
    /// Local files.
    Local,
    /// S3.
    S3,
}

/// Where data is kept.
#[derive(Debug, Clone)]
pub struct StorageSettings {
    /// `VEGA_DATA_DIR`.
    pub data_dir: PathBuf,
    /// `VEGA_PERSISTENCE_BACKEND`.
    pub persistence: PersistenceBackend,
    /// `VEGA_DATABASE_URL` or `DATABASE_URL`.
    pub database_url: Option<Secret>,
    /// `VEGA_FILE_STORAGE_BACKEND`.
    pub files: FileBackend,
    /// `VEGA_SECRETS_KEY`.
    pub secrets_key: Option<Secret>,
    /// `VEGA_V16_RUNTIME_ROOT`, or below the data folder.
    pub runtime_root: PathBuf,
}

impl StorageSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let data_dir = reader.path("VEGA_DATA_DIR").unwrap_or_default();
        let persistence = reader.choice(
            "VEGA_PERSISTENCE_BACKEND",
            &[
                ("json", PersistenceBackend::Json),
                ("postgres", PersistenceBackend::Postgres),
            ],
            PersistenceBackend::Json,
        );
        let files = reader.choice(
            "VEGA_FILE_STORAGE_BACKEND",
            &[("local", FileBackend::Local), ("s3", FileBackend::S3)],
            FileBackend::Local,
        );
        let database_url = reader
            .secret("VEGA_DATABASE_URL")
            .or_else(|| reader.foreign_secret("DATABASE_URL"));
        if persistence == PersistenceBackend::Postgres && database_url.is_none() {
            reader.problem(
                "VEGA_DATABASE_URL",
                "is required with VEGA_PERSISTENCE_BACKEND=postgres",
            );
        }
        if files == FileBackend::S3 {
            for bucket in ["VEGA_S3_SOURCE_BUCKET", "VEGA_S3_ARTIFACTS_BUCKET"] {
                if reader.optional(bucket).is_none() {
                    reader.problem(bucket, "is required with VEGA_FILE_STORAGE_BACKEND=s3");
                }
            }
        }
        Self {
            runtime_root: reader
                .path("VEGA_V16_RUNTIME_ROOT")
                .unwrap_or_else(|| data_dir.join("runtime")),
            data_dir,
            persistence,
            database_url,
            files,
            secrets_key: reader.secret("VEGA_SECRETS_KEY"),
        }
    }
}

/// How scans get started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionMode {
    /// The API process starts them at once.
    Thread,
    /// A worker polls the store.
    External,
    /// A worker is told by a queue.
    Sqs,
}

impl ExecutionMode {
    /// The documented word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Thread => "thread",
            Self::External => "external",
            Self::Sqs => "sqs",
        }
    }
}

/// Where a worker runs scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerExecution {
    /// In child processes.
    Local,
    /// In ECS tasks.
    Ecs,
}

/// How scans are run and recovered.
#[derive(Debug, Clone)]
pub struct ScanSettings {
    /// `VEGA_SCAN_EXECUTION_MODE`.
    pub mode: ExecutionMode,
    /// `VEGA_SCAN_WORKER_EXECUTION_MODE`.
    pub worker_execution: WorkerExecution,
    /// `VEGA_SCAN_LEASE_SECONDS`.
    pub lease: Duration,
    /// Attempts, recoveries and staleness.
    pub recovery: RecoveryPolicy,
    /// `VEGA_SCAN_MAX_LOCAL_RUNNERS`.
    pub max_local_runners: u32,
    /// `VEGA_WORKER_HEARTBEAT_TTL_SECONDS`.
    pub heartbeat_ttl: Duration,
}

impl ScanSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mode = reader.choice(
            "VEGA_SCAN_EXECUTION_MODE",
            &[
                ("thread", ExecutionMode::Thread),
                ("external", ExecutionMode::External),
                ("sqs", ExecutionMode::Sqs),
            ],
            ExecutionMode::Thread,
        );
        if mode == ExecutionMode::Sqs && reader.optional("VEGA_SCAN_QUEUE_URL").is_none() {
            reader.problem(
                "VEGA_SCAN_QUEUE_URL",
                "is required with VEGA_SCAN_EXECUTION_MODE=sqs",
            );
        }
        let worker_execution = reader.choice(
            "VEGA_SCAN_WORKER_EXECUTION_MODE",
            &[
                ("local", WorkerExecution::Local),
                ("ecs", WorkerExecution::Ecs),
            ],
            WorkerExecution::Local,
        );
        Self {
            mode,
            worker_execution,
            lease: reader.seconds("VEGA_SCAN_LEASE_SECONDS"),
            recovery: RecoveryPolicy {
                max_attempts: reader.at_least_one("VEGA_SCAN_MAX_ATTEMPTS"),
                max_recoveries: reader.number("VEGA_SCAN_MAX_RECOVERIES"),
                running_stale: reader.seconds("VEGA_SCAN_RUNNING_STALE_SECONDS"),
            },
            max_local_runners: reader.at_least_one("VEGA_SCAN_MAX_LOCAL_RUNNERS"),
            heartbeat_ttl: reader.seconds("VEGA_WORKER_HEARTBEAT_TTL_SECONDS"),
        }
    }
}

/// The engine's own settings.
#[derive(Debug, Clone)]
pub struct V16Settings {
    /// `VEGA_V16_ROOT`, when that folder exists.
    pub overrides: Option<PathBuf>,
    /// `VEGA_V16_AUDITORS`; empty = auto.
    pub auditors: Vec<String>,
    /// `VEGA_V16_MODEL`.
    pub model: String,
}

impl V16Settings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let auditors = reader.list("VEGA_V16_AUDITORS");
        Self {
            overrides: Self::overrides(reader),
            auditors: if auditors == ["auto"] {
                Vec::new()
            } else {
                auditors
            },
            model: reader.text("VEGA_V16_MODEL"),
        }
    }

    /// `VEGA_V16_ROOT`, or its default when that folder exists.
    pub(super) fn overrides(reader: &mut Reader<'_>) -> Option<PathBuf> {
        let usual = catalogue::find("VEGA_V16_ROOT").and_then(|it| it.default);
        let folder = reader.path("VEGA_V16_ROOT")?;
        if folder.is_dir() {
            return Some(folder);
        }
        if usual.map(PathBuf::from).as_ref() != Some(&folder) {
            let message = format!("'{}' is no folder", folder.display());
            reader.problem("VEGA_V16_ROOT", message);
        }
        None
    }

    /// `VEGA_V16_ROOT` where it is set: no default, so that nothing of the working directory is read.
    ///
    /// # Errors
    /// `validation_error` when it names no folder.
    pub fn chosen_overrides(env: &Env) -> Result<Option<PathBuf>> {
        match env.get("VEGA_V16_ROOT").map(PathBuf::from) {
            Some(folder) if !folder.is_dir() => {
                let message = format!("'{}' is no folder", folder.display());
                Err(Error::field("VEGA_V16_ROOT", message))
            }
            chosen => Ok(chosen),
        }
    }
}

/// Who vouches for users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthProvider {
    /// Vega's own accounts.
    Custom,
    /// AWS Cognito.
    Cognito,
}

/// How people sign in.
#[derive(Debug, Clone)]
pub struct AuthSettings {
    /// `VEGA_AUTH_PROVIDER`.
    pub provider: AuthProvider,
    /// `VEGA_AUTH_SECRET`; generated into the data folder when unset.
    pub secret: Option<Secret>,
    /// `VEGA_DEBUG_EMAIL` and `VEGA_DEBUG_PASSWORD`; none in prod.
    pub debug_user: Option<DebugUser>,
}

/// The account that exists outside production so that a newcomer can sign in.
#[derive(Debug, Clone)]
pub struct DebugUser {
    /// Its sign-in name.
    pub email: String,
    /// Its password.
    pub password: Secret,
    /// Whether the password is the documented default, known to everyone.
    pub has_default_password: bool,
}

impl AuthSettings {
    pub(super) fn read(reader: &mut Reader<'_>, app: &AppSettings) -> Self {
        let provider = reader.choice(
            "VEGA_AUTH_PROVIDER",
            &[
                ("custom", AuthProvider::Custom),
                ("cognito", AuthProvider::Cognito),
            ],
            AuthProvider::Custom,
        );
        let secret = reader.secret("VEGA_AUTH_SECRET");
        if secret
            .as_ref()
            .is_some_and(|secret| secret.expose().len() < 32)
        {
            reader.problem("VEGA_AUTH_SECRET", "must have at least 32 characters");
        }
        if provider == AuthProvider::Cognito {
            for name in [
                "VEGA_COGNITO_REGION",
                "VEGA_COGNITO_USER_POOL_ID",
                "VEGA_COGNITO_APP_CLIENT_ID",
            ] {
                if reader.optional(name).is_none() {
                    reader.problem(name, "is required with VEGA_AUTH_PROVIDER=cognito");
                }
            }
        }
        let password = reader.text("VEGA_DEBUG_PASSWORD");
        let default_password =
            super::catalogue::find("VEGA_DEBUG_PASSWORD").and_then(|it| it.default);
        let debug_user = (provider == AuthProvider::Custom && !app.is_prod()).then(|| DebugUser {
            email: reader.text("VEGA_DEBUG_EMAIL"),
            has_default_password: default_password == Some(password.as_str()),
            password: Secret::new(password),
        });
        Self {
            provider,
            secret,
            debug_user,
        }
    }
}

/// Limits on what users may bring in.
#[derive(Debug, Clone)]
pub struct LimitSettings {
    /// `VEGA_MAX_ACTIVE_SCANS_PER_USER`.
    pub max_active_scans_per_user: u32,
    /// `VEGA_MAX_SESSIONS_PER_WORKSPACE`.
    pub max_sessions: u32,
    /// `VEGA_MAX_SOURCE_BYTES`.
    pub max_source_bytes: u64,
    /// `VEGA_MAX_ARCHIVE_ENTRIES`.
    pub max_archive_entries: u64,
    /// `VEGA_MAX_ARCHIVE_FILE_BYTES`.
    pub max_archive_file_bytes: u64,
    /// `VEGA_MAX_ARCHIVE_UNCOMPRESSED_BYTES`.
    pub max_archive_uncompressed_bytes: u64,
    /// `VEGA_GIT_ALLOW_PRIVATE_HOSTS`.
    pub git_allow_private_hosts: Vec<String>,
    /// `VEGA_GIT_TIMEOUT_SECONDS`.
    pub git_timeout: Duration,
    /// `VEGA_GIT_UPLOAD_TTL_SECONDS`.
    pub git_upload_ttl: Duration,
    /// `VEGA_MAX_GIT_UPLOADS_PER_USER`.
    pub max_git_uploads: u32,
}

impl LimitSettings {
    /// Reads the limits; what is wrong is noted in `reader`.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            max_active_scans_per_user: reader.at_least_one("VEGA_MAX_ACTIVE_SCANS_PER_USER"),
            max_sessions: reader.number("VEGA_MAX_SESSIONS_PER_WORKSPACE"),
            max_source_bytes: reader.number("VEGA_MAX_SOURCE_BYTES"),
            max_archive_entries: reader.number("VEGA_MAX_ARCHIVE_ENTRIES"),
            max_archive_file_bytes: reader.number("VEGA_MAX_ARCHIVE_FILE_BYTES"),
            max_archive_uncompressed_bytes: reader.number("VEGA_MAX_ARCHIVE_UNCOMPRESSED_BYTES"),
            git_allow_private_hosts: reader.list("VEGA_GIT_ALLOW_PRIVATE_HOSTS"),
            git_timeout: reader.seconds("VEGA_GIT_TIMEOUT_SECONDS"),
            git_upload_ttl: reader.seconds("VEGA_GIT_UPLOAD_TTL_SECONDS"),
            max_git_uploads: reader.number("VEGA_MAX_GIT_UPLOADS_PER_USER"),
        }
    }
}
