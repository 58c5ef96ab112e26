//! `vega maintenance`: users, checks, moving data, tokens by hand, reference pages.

mod engine;
mod tokens;
mod transfer;
mod upkeep;

use super::warn_about;
use crate::{
    api,
    cli::{DataArgs, EXIT_ERROR, server_env},
    context::{AppContext, build},
    domain::user::{Group, User},
    error::{Error, ErrorCode, Result},
    services::{accounts, health},
    settings::{
        self, Env, MaintenanceSettings, Role, RunnerSettings, ScanTokenSettings, ServeSettings,
        WorkerSettings, catalogue,
    },
    shutdown::Tasks,
    store::UserChange,
    telemetry::{self, LogStream},
};
use clap::{Args, Subcommand, ValueEnum};
use engine::EngineCommand;
use std::{io::Write, process::ExitCode};
use tokens::MintTokenArgs;
use transfer::{ExportArgs, ImportArgs};
use upkeep::UpkeepArgs;

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
    Check {
        /// The role whose settings to check: serve (api), worker, runner, proxy (llm-proxy) or
        /// maintenance.
        #[arg(long, value_name = "ROLE", default_value = "serve", value_parser = parse_role)]
        role: Role,
    },
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

#[derive(Debug, Subcommand)]
enum UsersCommand {
    /// Add a user. The password is read from standard input.
    Add {
        /// The sign-in name.
        email: String,
        /// The name shown to others.
        #[arg(long)]
        name: Option<String>,
        /// Comma list of groups: user, operator, root.
        #[arg(long, value_delimiter = ',', default_value = "user", value_parser = parse_group)]
        groups: Vec<Group>,
    },
    /// Set a user's password, read from standard input. Ends every session of the user.
    Passwd {
        /// The sign-in name.
        email: String,
    },
    /// Set a user's groups.
    Groups {
        /// The sign-in name.
        email: String,
        /// Comma list of groups: user, operator, root.
        #[arg(value_delimiter = ',', required = true, value_parser = parse_group)]
        groups: Vec<Group>,
    },
    /// Keep a user from signing in; ends every session of the user.
    Disable {
        /// The sign-in name.
        email: String,
    },
    /// Let a disabled user sign in again.
    Enable {
        /// The sign-in name.
        email: String,
    },
    /// List the users.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
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

fn parse_role(text: &str) -> std::result::Result<Role, String> {
    let role = match text {
        "serve" => Some(Role::Api),
        "proxy" => Some(Role::LlmProxy),
        other => Role::parse(other),
    };
    role.ok_or_else(|| "must be one of serve, worker, runner, proxy, maintenance".to_owned())
}

fn parse_group(text: &str) -> std::result::Result<Group, String> {
    Group::parse(text).ok_or_else(|| "must be one of user, operator, root".to_owned())
}

/// Runs one administrative command.
pub async fn run(args: MaintenanceArgs) -> Result<ExitCode> {
    let mut env = server_env()?;
    args.data.apply(&mut env);
    telemetry::init(&env, Role::Maintenance, LogStream::Stderr);
    match args.command {
        MaintenanceCommand::Docs { page } => docs(page),
        MaintenanceCommand::Check { role } => check(&env, role).await,
        MaintenanceCommand::Users(command) => {
            let (app, _) = match &command {
                UsersCommand::Add { .. } => opened(&env).await?,
                _ => existing(&env).await?,
            };
            users(&app, command).await
        }
        MaintenanceCommand::Cleanup(args) => {
            let (app, settings) = existing(&env).await?;
            upkeep::clean_up(&app, &settings, args).await
        }
        MaintenanceCommand::Recover(args) => {
            let (app, settings) = existing(&env).await?;
            upkeep::recover(&app, &settings, args).await
        }
        MaintenanceCommand::Engine(command) => engine::run(&command),
        MaintenanceCommand::Export(args) => {
            let (app, _) = existing(&env).await?;
            transfer::export(&app, args).await
        }
        MaintenanceCommand::Import(args) => import(&env, args).await,
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

/// Adds what an export holds. Into a folder that is not there yet, a dry run only looks: it compares
/// with an empty installation, which is removed again.
async fn import(env: &Env, args: ImportArgs) -> Result<ExitCode> {
    let mut settings = MaintenanceSettings::load(env)?;
    let _empty = if args.dry_run && !build::has_data(&settings.storage) {
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
    transfer::import(&app, args).await
}

/// The data that commands work on, which has to be there.
async fn existing(env: &Env) -> Result<(AppContext, MaintenanceSettings)> {
    warn_about(env, Role::Maintenance);
    let settings = MaintenanceSettings::load(env)?;
    let app = build::existing_app(&settings.storage, Tasks::new()).await?;
    Ok((app, settings))
}

/// The data that commands work on, made if it is not there.
async fn opened(env: &Env) -> Result<(AppContext, MaintenanceSettings)> {
    warn_about(env, Role::Maintenance);
    let settings = MaintenanceSettings::load(env)?;
    let app = build::app(&settings.storage, Tasks::new()).await?;
    Ok((app, settings))
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

fn read_password() -> Result<String> {
    let mut password = String::new();
    std::io::stdin()
        .read_line(&mut password)
        .map_err(|error| Error::internal("standard input cannot be read", error))?;
    Ok(password.trim_end_matches(['\r', '\n']).to_owned())
}

async fn users(app: &AppContext, command: UsersCommand) -> Result<ExitCode> {
    let user = match command {
        UsersCommand::Add {
            email,
            name,
            groups,
        } => accounts::add_user(app, &email, name.as_deref(), groups, read_password()?).await?,
        UsersCommand::Passwd { email } => {
            let hash = accounts::hash_password(read_password()?).await?;
            accounts::change_user(app, &email, UserChange::Password(hash)).await?
        }
        UsersCommand::Groups { email, mut groups } => {
            groups.sort_unstable();
            groups.dedup();
            accounts::change_user(app, &email, UserChange::Groups(groups)).await?
        }
        UsersCommand::Disable { email } => {
            accounts::change_user(app, &email, UserChange::Active(false)).await?
        }
        UsersCommand::Enable { email } => {
            accounts::change_user(app, &email, UserChange::Active(true)).await?
        }
        UsersCommand::List { json } => return print(&list(&app.store.users().await?, json)?),
    };
    print(&line(&user))
}

fn line(user: &User) -> String {
    let groups: Vec<_> = user.groups.iter().map(|group| group.as_str()).collect();
    let state = if user.is_active { "active" } else { "disabled" };
    format!(
        "{}\t{}\t{}\t{state}\n",
        user.id,
        user.email,
        groups.join(",")
    )
}

fn list(users: &[User], json: bool) -> Result<String> {
    if !json {
        return Ok(users.iter().map(line).collect());
    }
    let users: Vec<_> = users
        .iter()
        .cloned()
        .map(api::dto::accounts::UserDto::from)
        .collect();
    serde_json::to_string_pretty(&users)
        .map(|text| text + "\n")
        .map_err(|error| Error::internal("the list cannot be written", error))
}

async fn check(env: &Env, role: Role) -> Result<ExitCode> {
    let mut text = format!("Settings of role {role}:\n");
    for (name, value, origin) in settings::effective(env, role) {
        text.push_str(&format!("  {name}={value}  ({origin})\n"));
    }
    for name in env.unknown_names() {
        text.push_str(&format!(
            "  {name}: no setting has this name; is it a typing error?\n"
        ));
    }
    let loaded = match role {
        Role::Api => ServeSettings::load(env).map(drop),
        Role::Worker => WorkerSettings::load(env).map(drop),
        Role::Runner => RunnerSettings::load(env).map(drop),
        Role::LlmProxy | Role::Maintenance => MaintenanceSettings::load(env).map(drop),
    };
    print(&text)?;
    loaded?;
    let storage = MaintenanceSettings::load(env)?.storage;
    let app = build::existing_app(&storage, Tasks::new()).await?;
    let mut text = String::from("Dependencies:\n");
    let states = health::check(&app).await;
    for state in &states {
        let answer = if state.ok {
            "ok"
        } else {
            "FAILS (see the log above)"
        };
        let milliseconds = state.latency.as_secs_f64() * 1000.0;
        text.push_str(&format!(
            "  {}: {answer}, {milliseconds:.1} ms\n",
            state.name
        ));
    }
    print(&text)?;
    Ok(if states.iter().all(|state| state.ok) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_ERROR)
    })
}
