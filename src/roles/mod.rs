//! One `run` per role: read settings, open the seams, start the services, end in order. Wiring only.

pub mod maintenance;
mod metrics;
pub mod proxy;
pub mod runner;
pub mod serve;
pub mod worker;

use crate::{
    error::Result,
    launcher::local::LocalLauncher,
    settings::{Env, Role, RunnerProgram},
    shutdown::Tasks,
};

/// Says what is odd about the settings without being wrong.
fn warn_about(env: &Env, role: Role) {
    for name in env.unknown_names() {
        tracing::warn!(name, "no setting has this name; is it a typing error?");
    }
    if let Some(named) = env.get("VEGA_SERVICE_ROLE")
        && named != role.as_str()
    {
        tracing::warn!(
            VEGA_SERVICE_ROLE = named,
            role = role.as_str(),
            "the subcommand wins over VEGA_SERVICE_ROLE"
        );
    }
}

/// A launcher of child processes.
fn local_launcher(runner: &RunnerProgram, tasks: &Tasks) -> Result<LocalLauncher> {
    let program = match &runner.program {
        Some(program) => program.clone(),
        None => std::env::current_exe().map_err(|error| {
            crate::error::Error::internal("the own executable cannot be found", error)
        })?,
    };
    Ok(LocalLauncher::new(
        program,
        runner.environment.clone(),
        tasks.clone(),
    ))
}

/// The name of this machine, for the worker list.
fn hostname() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}
