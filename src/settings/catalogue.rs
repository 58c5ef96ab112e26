//! Every `VEGA_*` variable there is: name, default, meaning, and who reads it.
//!
//! The one table from which defaults, `--help`, `.env.example`, `docs/settings.md` and the warning
//! about unknown names derive.

use super::Role;
use Role::{Api, LlmProxy, Maintenance, Runner, Worker};

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The environment variable.
    pub name: &'static str,
    /// The value used when it is not set.
    pub default: Option<&'static str>,
    /// Which roles read it.
    pub roles: &'static [Role],
    /// Whether its value never may be shown.
    pub secret: bool,
    /// What it means, with its unit.
    pub help: &'static str,
    /// The heading it stands under.
    pub group: &'static str,
}

const ALL: &[Role] = &[Api, Worker, Runner, LlmProxy, Maintenance];
const STORES: &[Role] = &[Api, Worker, Runner, LlmProxy, Maintenance];
const FILES: &[Role] = &[Api, Worker, Runner, Maintenance];
const SCANS: &[Role] = &[Api, Worker, Maintenance];
const ENGINE: &[Role] = &[Api, Worker, Runner];

macro_rules! variables {
    ($($group:literal { $($name:literal, $default:expr, $roles:expr, $visibility:ident, $help:literal;)+ })+) => {
        /// Every setting, by group.
        pub const CATALOGUE: &[Variable] = &[
            $($(Variable {
                name: $name,
                default: $default,
                roles: $roles,
                secret: variables!(@secret $visibility),
                help: $help,
                group: $group,
            },)+)+
        ];
    };
    (@secret secret) => { true };
    (@secret shown) => { false };
}

variables! {
    "Application" {
        "VEGA_APP_NAME", Some("Vega"), &[Api], shown, "Name shown in /docs and the dashboard.";
        "VEGA_SERVICE_ROLE", None, ALL, shown, "Logical role (api, worker, runner, llm-proxy, maintenance). The subcommand wins; a difference is logged.";
        "VEGA_API_PREFIX", Some("/v1"), &[Api], shown, "URL prefix of every API route.";
        "VEGA_ENVIRONMENT", Some("dev"), ALL, shown, "Environment name in logs. `prod` refuses unsafe settings at start.";
        "VEGA_HOST", Some("127.0.0.1"), &[Api, Worker, LlmProxy], shown, "Address to listen on (a worker: for metrics only).";
        "VEGA_PORT", None, &[Api, LlmProxy], shown, "Port to listen on (serve: 8000, proxy: 8001); 0 takes any free one.";
        "VEGA_CORS_ORIGINS", None, &[Api], shown, "Comma list of origins browsers may call from; empty: same origin only.";
        "VEGA_METRICS_PORT", None, &[Api, Worker, LlmProxy], shown, "Port for /metrics without a credential; on the main port only operators may read it.";
        "VEGA_LOG", Some("info,actix_server=warn"), ALL, shown, "Log filter, for example `info,vega::services=debug`.";
        "VEGA_LOG_FORMAT", Some("auto"), ALL, shown, "json, text, or auto: text on a terminal, JSON otherwise.";
        "VEGA_SHUTDOWN_GRACE_SECONDS", Some("30"), &[Api, Worker, Runner, LlmProxy], shown, "Seconds to finish or hand back work after SIGTERM.";
    }
    "Storage and persistence" {
        "VEGA_DATA_DIR", Some("data"), FILES, shown, "Folder of everything kept on local files.";
        "VEGA_PERSISTENCE_BACKEND", Some("json"), STORES, shown, "json (local files) or postgres.";
        "VEGA_DATABASE_URL", None, STORES, secret, "Postgres connection string; DATABASE_URL is read as well.";
        "VEGA_DATABASE_CA_FILE", None, STORES, shown, "PEM file with the CA of the database.";
        "VEGA_FILE_STORAGE_BACKEND", Some("local"), FILES, shown, "local or s3.";
        "VEGA_S3_SOURCE_BUCKET", None, FILES, shown, "Bucket of source snapshots.";
        "VEGA_S3_ARTIFACTS_BUCKET", None, FILES, shown, "Bucket of scan artifacts.";
        "VEGA_S3_EXPORTS_BUCKET", None, FILES, shown, "Bucket of exports.";
        "VEGA_SECRETS_KEY", None, &[Api, Maintenance], secret, "Key that seals stored git tokens and webhook secrets (32 bytes, base64, optionally `id:key`); generated into the data folder when unset.";
    }
    "Scan execution" {
        "VEGA_SCAN_EXECUTION_MODE", Some("thread"), SCANS, shown, "thread (the API starts scans), external (a worker polls) or sqs.";
        "VEGA_SCAN_WORKER_EXECUTION_MODE", Some("local"), &[Worker], shown, "local (child process) or ecs.";
        "VEGA_SCAN_QUEUE_URL", None, &[Api, Worker], shown, "SQS queue; required with mode sqs.";
        "VEGA_SCAN_RUNNING_STALE_SECONDS", Some("21600"), SCANS, shown, "Seconds after which a running scan is stale.";
        "VEGA_SCAN_LEASE_SECONDS", Some("30"), FILES, shown, "Seconds a lease lasts without renewal.";
        "VEGA_SCAN_MAX_ATTEMPTS", Some("3"), SCANS, shown, "Attempts of a scan that may die without progress.";
        "VEGA_SCAN_MAX_RECOVERIES", Some("20"), SCANS, shown, "Times a scan that makes progress is recovered.";
        "VEGA_SCAN_MAX_LOCAL_RUNNERS", Some("4"), &[Api, Worker], shown, "Runners this process starts at once.";
    }
    "v16 and Codex" {
        "VEGA_V16_ROOT", Some("v16/"), FILES, shown, "Folder of overrides; this version reads rules/disabled.txt, one rule id per line, and models/<language>/*.yaml.";
        "VEGA_V16_RUNTIME_ROOT", None, ENGINE, shown, "Folder for working files of scans; unset: below the data folder.";
        "VEGA_V16_CODEX_BIN", Some("scripts/codex-in-target-container.sh"), ENGINE, shown, "Command that runs the Codex CLI.";
        "VEGA_V16_CODEX_DOCKER_IMAGE", Some("vega-codex-runner:latest"), ENGINE, shown, "Image of the Codex container.";
        "VEGA_V16_MODEL", Some("gpt-5.4"), ENGINE, shown, "Model name given to Codex.";
        "VEGA_V16_AUDITORS", Some("auto"), ENGINE, shown, "auto, or a comma list of auditors (builtin, codex).";
    }
    "LLM proxy" {
        "VEGA_LLM_PROXY_BASE_URL", None, &[Worker, Runner], shown, "Address of the proxy, for runners.";
        "VEGA_LLM_PROXY_AUTH_SECRET", None, &[Api, Worker, LlmProxy, Maintenance], secret, "Secret that signs per-scan proxy tokens, at least 32 characters.";
        "VEGA_LLM_PROXY_TOKEN_TTL_SECONDS", None, &[Api, Worker, Maintenance], shown, "Seconds a proxy token lives; unset: stale seconds + 3600.";
        "VEGA_LLM_PROVIDER_BASE_URL", None, &[LlmProxy], shown, "The provider's API.";
        "VEGA_LLM_PROVIDER_API_KEY", None, &[LlmProxy], secret, "The provider's key; only the proxy reads it.";
        "VEGA_LLM_PROXY_MAX_REQUESTS_PER_SCAN", Some("0"), &[Api, LlmProxy], shown, "Requests per scan; 0: no limit.";
        "VEGA_LLM_PROXY_MAX_TOKENS_PER_SCAN", Some("0"), &[Api, LlmProxy], shown, "Tokens per scan; 0: no limit.";
        "VEGA_LLM_PROXY_MAX_COST_USD_PER_SCAN", Some("0"), &[Api, LlmProxy], shown, "US dollars per scan; 0: no limit.";
        "VEGA_LLM_PRICES_FILE", None, &[LlmProxy], shown, "JSON file with prices per model.";
        "VEGA_LLM_PROXY_PRICE_USD_PER_1K_TOKENS", None, &[LlmProxy], shown, "Flat price when a model has none.";
    }
    "Authentication" {
        "VEGA_AUTH_PROVIDER", Some("custom"), &[Api], shown, "custom (local users) or cognito.";
        "VEGA_AUTH_SECRET", None, &[Api], secret, "Secret that signs access tokens, at least 32 characters; generated into the data folder when unset.";
        "VEGA_DEBUG_EMAIL", Some("debug@example.com"), &[Api], shown, "Sign-in name of the debug user (never in prod).";
        "VEGA_DEBUG_PASSWORD", Some("vega-debug-password"), &[Api], secret, "Password of the debug user.";
        "VEGA_ALLOW_LOCAL_USERS", Some("false"), &[Api], shown, "Permits local users in prod.";
        "VEGA_COGNITO_REGION", None, &[Api], shown, "AWS region of the user pool.";
        "VEGA_COGNITO_USER_POOL_ID", None, &[Api], shown, "The user pool.";
        "VEGA_COGNITO_APP_CLIENT_ID", None, &[Api], shown, "The app client.";
        "VEGA_COGNITO_ISSUER", None, &[Api], shown, "Overrides the issuer derived from region and pool.";
        "VEGA_COGNITO_JWKS_URL", None, &[Api], shown, "Overrides the key set's address.";
    }
    "Resource limits" {
        "VEGA_MAX_ACTIVE_SCANS_PER_USER", Some("4"), &[Api], shown, "Scans of one user that may be active at once.";
        "VEGA_MAX_SOURCE_BYTES", Some("2147483648"), FILES, shown, "Bytes of an uploaded archive or a clone.";
        "VEGA_MAX_ARCHIVE_ENTRIES", Some("50000"), FILES, shown, "Files in an archive.";
        "VEGA_MAX_ARCHIVE_FILE_BYTES", Some("104857600"), FILES, shown, "Bytes of one file in an archive.";
        "VEGA_MAX_ARCHIVE_UNCOMPRESSED_BYTES", Some("5368709120"), FILES, shown, "Bytes of all files in an archive.";
        "VEGA_RATE_LIMIT_PER_MINUTE", Some("6000"), &[Api], shown, "Requests one token or API key may make per minute, per process; 0: no limit.";
        "VEGA_LOGIN_FAILURES_PER_ACCOUNT", Some("10"), &[Api], shown, "Failed sign-ins to one account in 15 minutes before more are refused; 0: no limit.";
        "VEGA_LOGIN_FAILURES_PER_ADDRESS", Some("100"), &[Api], shown, "Failed sign-ins from one address (IPv6: one /64) in 15 minutes before more are refused; 0: no limit.";
        "VEGA_TRUSTED_PROXIES", Some("0"), &[Api], shown, "Proxies in front whose X-Forwarded-For is believed; 0: the connection's address counts.";
        "VEGA_BODY_STALL_SECONDS", Some("30"), &[Api], shown, "Seconds without a byte of a request's body before it is given up.";
        "VEGA_MAX_SESSIONS_PER_WORKSPACE", Some("20"), &[Api], shown, "Legacy sessions of one user.";
        "VEGA_WORKER_HEARTBEAT_TTL_SECONDS", Some("120"), SCANS, shown, "Seconds after which a silent worker is stale.";
        "VEGA_GIT_ALLOW_PRIVATE_HOSTS", None, FILES, shown, "Comma list of hosts (or host:port) that may be cloned from although their address is private.";
        "VEGA_GIT_TIMEOUT_SECONDS", Some("600"), FILES, shown, "Seconds a clone may take, or git's work on a push.";
        "VEGA_GIT_UPLOAD_TTL_SECONDS", Some("86400"), &[Api], shown, "Seconds a temporary remote for git push works.";
        "VEGA_MAX_OPEN_ARCHIVE_UPLOADS_PER_USER", Some("50"), &[Api], shown, "Addresses for large archives that a user may get in 24 hours without completing the upload, per process; 0: no limit.";
        "VEGA_MAX_GIT_UPLOADS_PER_USER", Some("20"), &[Api], shown, "Temporary remotes of one user that work at once; 0: nobody can make one.";
    }
    "Retention" {
        "VEGA_RETENTION_ARTIFACTS_DAYS", Some("0"), &[Api, Maintenance], shown, "Days after a scan's end its files (reports, bundle) are kept; 0: for ever. Findings and events stay.";
        "VEGA_RETENTION_SNAPSHOTS_DAYS", Some("0"), &[Api, Maintenance], shown, "Days a snapshot nobody needs is kept (never a repository's newest, nor that of its newest completed scan); 0: for ever.";
        "VEGA_RETENTION_SESSIONS_DAYS", Some("30"), &[Api, Maintenance], shown, "Days an ended sign-in session is kept, so that the reuse of its tokens is recognised; 0: for ever.";
        "VEGA_RETENTION_JOBS_DAYS", Some("30"), &[Api, Maintenance], shown, "Days a finished job is kept; 0: for ever.";
        "VEGA_RETENTION_GIT_UPLOADS_DAYS", Some("7"), &[Api, Maintenance], shown, "Days the record of an expired git remote is kept; 0: for ever. What was pushed to it goes at once.";
        "VEGA_RETENTION_DELIVERIES_DAYS", Some("30"), &[Api, Maintenance], shown, "Days a webhook delivery is kept after it succeeded or was given up; 0: for ever. Each webhook keeps at most 1000.";
    }
    "Webhooks" {
        "VEGA_MAX_WEBHOOKS_PER_USER", Some("20"), &[Api], shown, "Webhooks of one user.";
        "VEGA_WEBHOOK_TIMEOUT_SECONDS", Some("15"), &[Api], shown, "Seconds one attempt of a delivery may take, 1 to 45.";
        "VEGA_WEBHOOK_RETRY_SECONDS", Some("30"), &[Api], shown, "Seconds until the second attempt of a delivery; each later wait is four times as long, at most 12 hours.";
        "VEGA_WEBHOOK_ALLOW_PRIVATE_HOSTS", None, &[Api], shown, "Comma list of hosts (or host:port) that webhooks may be sent to although their address is private, and over plain http.";
    }
    "AWS ECS" {
        "VEGA_ECS_CLUSTER", None, &[Worker], shown, "Cluster of runner tasks.";
        "VEGA_ECS_RUNNER_TASK_DEFINITION", None, &[Worker], shown, "Task definition of runners.";
        "VEGA_ECS_RUNNER_CONTAINER", Some("vega"), &[Worker], shown, "Container in that definition.";
        "VEGA_ECS_SUBNETS", None, &[Worker], shown, "Comma list of subnets.";
        "VEGA_ECS_SECURITY_GROUPS", None, &[Worker], shown, "Comma list of security groups.";
        "VEGA_ECS_ASSIGN_PUBLIC_IP", Some("false"), &[Worker], shown, "Whether tasks get a public address.";
        "VEGA_ECS_CAPACITY_PROVIDER", None, &[Worker], shown, "Capacity provider, for example FARGATE_SPOT.";
    }
}

/// The setting called `name`.
pub fn find(name: &str) -> Option<&'static Variable> {
    CATALOGUE.iter().find(|variable| variable.name == name)
}

/// The settings one role reads, as shown at the end of its `--help`.
pub fn help_for(role: Role) -> String {
    let mut text = String::from("Settings (environment variables, or a .env file):\n");
    let mut group = "";
    for variable in CATALOGUE
        .iter()
        .filter(|variable| variable.roles.contains(&role))
    {
        if variable.group != group {
            group = variable.group;
            text.push_str(&format!("\n  {group}\n"));
        }
        let default = variable
            .default
            .map_or(String::new(), |default| format!(" [default: {default}]"));
        text.push_str(&format!(
            "    {}{default}\n        {}\n",
            variable.name, variable.help
        ));
    }
    text
}

/// The content of `.env.example`.
pub fn env_example() -> String {
    let mut text = String::from(
        "# Every setting of Vega with its default. Copy to `.env` and change what you need;\n\
         # real environment variables win over this file. None of it is needed on a laptop.\n",
    );
    let mut group = "";
    for variable in CATALOGUE {
        if variable.group != group {
            group = variable.group;
            text.push_str(&format!("\n# --- {group}\n"));
        }
        let value = variable.default.unwrap_or("");
        text.push_str(&format!(
            "# {}\n#{}={value}\n",
            variable.help, variable.name
        ));
    }
    text
}

/// The content of `docs/settings.md`.
pub fn markdown() -> String {
    let mut text = String::from("# Settings\n\nPrinted by `vega maintenance docs settings`.\n");
    let mut group = "";
    for variable in CATALOGUE {
        if variable.group != group {
            group = variable.group;
            text.push_str(&format!(
                "\n## {group}\n\n| variable | default | read by | meaning |\n|---|---|---|---|\n"
            ));
        }
        let roles: Vec<_> = variable.roles.iter().map(|role| role.as_str()).collect();
        let default = variable
            .default
            .map_or("(none)".to_owned(), |default| format!("`{default}`"));
        text.push_str(&format!(
            "| `{}` | {default} | {} | {} |\n",
            variable.name,
            roles.join(", "),
            variable.help
        ));
    }
    text
}
