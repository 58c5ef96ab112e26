//! The command line: one subcommand per role.
//!
//! Parses, starts the runtime, calls one role, and maps its result to an exit code: 0 done,
//! 1 findings at or above `--fail-on` (runner only), 2 anything that went wrong.

use crate::{
    error::Error,
    roles,
    settings::{Env, Role, catalogue},
};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::{ffi::OsString, future::Future, io::Write, path::Path, path::PathBuf, process::ExitCode};

/// The exit code of everything that went wrong.
pub const EXIT_ERROR: u8 = 2;

/// Vega finds security faults in source code.
#[derive(Debug, Parser)]
#[command(
    name = "vega",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    role: RoleCommand,
}

#[derive(Debug, Subcommand)]
enum RoleCommand {
    /// Serve the REST API; in `thread` mode also start scans.
    ///
    /// On a laptop nothing has to be set: `vega serve`, then open http://127.0.0.1:8000/docs.
    Serve(ServeArgs),
    /// Claim queued scans and start a runner for each.
    Worker(DataArgs),
    /// Run one scan: of a directory, archive or git URL in a terminal or in CI, or one that a
    /// server queued.
    Runner(Box<roles::runner::RunnerArgs>),
    /// Hold the AI provider's key and enforce per-scan budgets (not part of this version).
    Proxy,
    /// One-off administration.
    Maintenance(roles::maintenance::MaintenanceArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff) of vega or of one of its commands.
    Man {
        /// The command, in several words where it is one of a command; the whole program without it.
        command: Vec<String>,
    },
}

/// Where a server role keeps its data.
#[derive(Debug, Clone, Default, Args)]
pub struct DataArgs {
    /// Folder of everything kept on local files [env: VEGA_DATA_DIR] [default: data].
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
}

impl DataArgs {
    /// Flags win over the environment.
    pub fn apply(&self, env: &mut Env) {
        if let Some(folder) = &self.data_dir {
            env.set("VEGA_DATA_DIR", folder.to_string_lossy());
        }
    }
}

/// How `vega serve` listens.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address to listen on [env: VEGA_HOST] [default: 127.0.0.1].
    #[arg(long)]
    host: Option<String>,
    /// Port to listen on; 0 takes any free one and prints it [env: VEGA_PORT] [default: 8000].
    #[arg(long)]
    port: Option<u16>,
    /// Permit the debug user with its well-known password on an address others can reach.
    #[arg(long)]
    pub allow_debug_user: bool,
    #[command(flatten)]
    data: DataArgs,
}

impl ServeArgs {
    /// Flags win over the environment.
    pub fn apply(&self, env: &mut Env) {
        self.data.apply(env);
        if let Some(host) = &self.host {
            env.set("VEGA_HOST", host.as_str());
        }
        if let Some(port) = self.port {
            env.set("VEGA_PORT", port.to_string());
        }
    }
}

/// The whole command, with each role's settings at the end of its help.
pub fn command() -> clap::Command {
    let roles = [
        ("serve", Role::Api),
        ("worker", Role::Worker),
        ("runner", Role::Runner),
        ("proxy", Role::LlmProxy),
        ("maintenance", Role::Maintenance),
    ];
    roles
        .into_iter()
        .fold(Cli::command(), |command, (name, role)| {
            command.mut_subcommand(name, |sub| sub.after_long_help(catalogue::help_for(role)))
        })
}

/// Runs the program with `arguments`, the first of which is its own name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => dispatch(cli.role),
        Err(error) => {
            // Help and version are no failures; a broken pipe while printing is none either.
            drop(error.print());
            ExitCode::from(if error.use_stderr() { EXIT_ERROR } else { 0 })
        }
    }
}

fn dispatch(role: RoleCommand) -> ExitCode {
    match role {
        RoleCommand::Serve(args) => block_on(roles::serve::run(args)),
        RoleCommand::Worker(args) => block_on(roles::worker::run(args)),
        RoleCommand::Runner(args) => block_on(roles::runner::run(*args)),
        RoleCommand::Maintenance(args) => block_on(roles::maintenance::run(args)),
        RoleCommand::Proxy => block_on(roles::proxy::run()),
        RoleCommand::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command(), "vega", &mut script);
            end(print(&script))
        }
        RoleCommand::Man { command } => end(manual(&command).and_then(|page| print(&page))),
    }
}

/// The manual page of the program or one of its commands, `maintenance export` for example.
fn manual(names: &[String]) -> Result<Vec<u8>, Error> {
    let mut page = command();
    page.build();
    for name in names {
        let below = page.find_subcommand(name).cloned();
        page = below.ok_or_else(|| {
            let words = names.join(" ");
            Error::field("COMMAND", format!("'{words}' is no command of vega"))
        })?;
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .map_err(|error| Error::internal("the manual page cannot be made", error))?;
    Ok(text)
}

fn print(text: &[u8]) -> Result<(), Error> {
    match std::io::stdout().lock().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::internal("standard output cannot be written", error))
        }
        _ => Ok(()),
    }
}

fn end(result: Result<(), Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::from(EXIT_ERROR)
        }
    }
}

/// The environment, with the `.env` file of the working directory for servers.
pub(crate) fn server_env() -> Result<Env, Error> {
    Env::with_file(Path::new(".env"))
}

fn block_on(role: impl Future<Output = Result<ExitCode, Error>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(role),
        Err(error) => Err(Error::internal("the runtime cannot be started", error)),
    };
    result.unwrap_or_else(|error| {
        report(&error);
        ExitCode::from(EXIT_ERROR)
    })
}

/// Says on standard error what went wrong: every rejected setting or field, and the causes.
#[expect(
    clippy::print_stderr,
    reason = "the last word of a command goes to its user"
)]
fn report(error: &Error) {
    let fields = error
        .details()
        .get("fields")
        .and_then(|fields| fields.as_array());
    match fields {
        Some(fields) if fields.len() > 1 => {
            eprintln!("vega: {} things are wrong:", fields.len());
            for field in fields {
                let text = |key: &str| {
                    field
                        .get(key)
                        .and_then(|it| it.as_str())
                        .unwrap_or_default()
                };
                eprintln!("  {}: {}", text("path"), text("message"));
            }
        }
        _ => eprintln!("vega: {}", error.message()),
    }
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        eprintln!("  caused by: {inner}");
        cause = inner.source();
    }
}
