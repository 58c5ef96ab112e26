//! `vega maintenance`: users, checks, moving data, tokens by hand, reference pages.

mod check;
mod engine;
mod tokens;
mod transfer;
mod upkeep;
mod users;

use super::warn_about;
use crate::{
    api,
    cli::{DataArgs, server_env},
    context::{AppContext, build},
    domain::retention::RunMode,
    error::{Error, ErrorCode, Result},
    settings::{Env, MaintenanceSettings, Role, ScanTokenSettings, catalogue},
    shutdown::Tasks,
    telemetry::{self, LogStream},
};
use check::CheckArgs;
use clap::{Args, Subcommand, ValueEnum};
use engine::EngineCommand;
use std::{io::Write, process::ExitCode};
use tempfile::TempDir;
use tokens::MintTokenArgs;
use transfer::{ExportArgs, ImportArgs};
use type_safe_id::{StaticType, TypeSafeId};
use upkeep::UpkeepArgs;
use users::UsersCommand;

/// Administration.
#[derive(Debug, Args)]
pub struct MaintenanceArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(subcommand)]
    command: MaintenanceCommand,
}

#[derive(Debug, Subcommand)]
enum MaintenanceCommand {
    /// Local users.
    #[command(subcommand)]
    Users(UsersCommand),
    /// Print the settings a role started here would use (secrets redacted), try each dependency,
    /// say what is wrong.
    Check(CheckArgs),
    /// Print a reference page.
    Docs {
        /// Which one.
        #[arg(value_enum)]
        page: DocsPage,
    },
    /// Remove what retention lets go, and files that nothing refers to. Servers do it daily.
    Cleanup(UpkeepArgs),
    /// Recover scans without a living owner. Servers and workers do it all the time.
    Recover(UpkeepArgs),
    /// Look into the built-in auditor.
    #[command(subcommand)]
    Engine(EngineCommand),
    /// Write everything durable, or some projects, into one file that `import` reads.
    Export(ExportArgs),
    /// Add what an export holds to this installation. Nothing is ever replaced.
    Import(ImportArgs),
    /// Mint a token with which one attempt of a scan may ask the LLM proxy.
    MintToken(MintTokenArgs),
    /// Apply database migrations (not part of this version: the JSON store needs none).
    Migrate,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DocsPage {
    /// Every setting.
    Settings,
    /// The content of `.env.example`.
    EnvExample,
    /// Every error code.
    Errors,
    /// The OpenAPI document.
    Openapi,
}

/// Runs one administrative command.
pub async fn run(args: MaintenanceArgs) -> Result<ExitCode> {
    let mut env = server_env()?;
    args.data.apply(&mut env);
    telemetry::init(&env, Role::Maintenance, LogStream::Stderr);
    match args.command {
        MaintenanceCommand::Docs { page } => docs(page),
        MaintenanceCommand::Check(args) => check::run(&env, args).await,
        MaintenanceCommand::Users(UsersCommand::Add(args)) => {
            let (app, _empty) = imagined(&env, args.how.mode()).await?;
            users::add(&app, args).await
        }
        MaintenanceCommand::Users(UsersCommand::OfKnown(command)) => {
            let (app, _) = existing(&env).await?;
            users::run(&app, command).await
        }
        MaintenanceCommand::Cleanup(args) => {
            let (app, settings) = existing(&env).await?;
            upkeep::clean_up(&app, &settings, args).await
        }
        MaintenanceCommand::Recover(args) => {
            let (app, settings) = existing(&env).await?;
            upkeep::recover(&app, &settings, args).await
        }
        MaintenanceCommand::Engine(command) => engine::run(&env, &command),
        MaintenanceCommand::Export(args) => {
            let (app, _) = existing(&env).await?;
            transfer::export(&app, args).await
        }
        MaintenanceCommand::Import(args) => {
            let mode = RunMode::from_dry_run(args.dry_run);
            let (app, _empty) = imagined(&env, mode).await?;
            transfer::import(&app, args).await
        }
        MaintenanceCommand::MintToken(args) => {
            let tokens = ScanTokenSettings::load(&env)?;
            let (app, _) = existing(&env).await?;
            tokens::mint(&app, &tokens, args).await
        }
        MaintenanceCommand::Migrate => Err(Error::new(
            ErrorCode::ValidationError,
            "there is nothing to migrate: the JSON store needs no migrations, and the Postgres \
             store is not part of this version",
        )),
    }
}

/// The data that commands add to, made if it is not there. A dry run where there is nothing only
/// looks: it gets an empty installation, which is removed with the second value.
async fn imagined(env: &Env, mode: RunMode) -> Result<(AppContext, Option<TempDir>)> {
    let mut settings = MaintenanceSettings::load(env)?;
    let empty = if mode == RunMode::DryRun && !build::has_data(&settings.storage) {
        let folder = tempfile::tempdir()
            .map_err(|error| Error::internal("no working folder can be made", error))?;
        settings.storage.data_dir = folder.path().join("data");
        settings.storage.runtime_root = folder.path().join("runtime");
        Some(folder)
    } else {
        None
    };
    warn_about(env, Role::Maintenance);
    let app = build::app(&settings.storage, Tasks::new()).await?;
    Ok((app, empty))
}

/// The data that commands work on, which has to be there.
async fn existing(env: &Env) -> Result<(AppContext, MaintenanceSettings)> {
    warn_about(env, Role::Maintenance);
    let settings = MaintenanceSettings::load(env)?;
    let app = build::existing_app(&settings.storage, Tasks::new()).await?;
    Ok((app, settings))
}

/// Parses an id of one kind.
fn parse_id<K: StaticType>(text: &str) -> std::result::Result<TypeSafeId<K>, String> {
    let kind = K::TYPE;
    text.parse()
        .map_err(|_| format!("must be an id like {kind}_01h455vb4pex5vsknk084sn02q"))
}

/// Prints the result of a command as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<ExitCode> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::internal("the result cannot be written", error))?;
    print(&(text + "\n"))
}

/// Prints the result of a command.
fn print(text: &str) -> Result<ExitCode> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::internal("standard output cannot be written", error))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn docs(page: DocsPage) -> Result<ExitCode> {
    let text = match page {
        DocsPage::Settings => catalogue::markdown(),
        DocsPage::EnvExample => catalogue::env_example(),
        DocsPage::Errors => errors_page(),
        DocsPage::Openapi => {
            let mut json = serde_json::to_string_pretty(&api::app::document("Vega", "/v1"))
                .map_err(|error| Error::internal("the document cannot be written", error))?;
            json.push('\n');
            json
        }
    };
    print(&text)
}

/// The content of `docs/errors.md`.
fn errors_page() -> String {
    let mut text = String::from(
        "# Error codes\n\nPrinted by `vega maintenance docs errors`.\n\n\
         | code | HTTP status | retryable | text |\n|---|---|---|---|\n",
    );
    for code in ErrorCode::ALL {
        let retryable = if code.retryable() { "yes" } else { "no" };
        text.push_str(&format!(
            "| `{code}` | {} | {retryable} | {} |\n",
            code.status(),
            code.default_message()
        ));
    }
    text
}
