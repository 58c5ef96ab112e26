//! `vega maintenance check`: what a role started here would use, and whether it would work.

use super::{print, print_json};
use crate::{
    cli::EXIT_ERROR,
    context::build,
    error::Result,
    services::health::{self, DependencyState},
    settings::{
        self, Env, MaintenanceSettings, Role, RunnerSettings, ServeSettings, WorkerSettings,
    },
    shutdown::Tasks,
};
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;

/// What to check, and how to tell.
#[derive(Debug, Clone, Copy, Args)]
pub struct CheckArgs {
    /// The role whose settings to check: serve (api), worker, runner, proxy (llm-proxy) or
    /// maintenance.
    #[arg(long, value_name = "ROLE", default_value = "serve", value_parser = parse_role)]
    role: Role,
    /// Tell it as JSON: one document, whatever is wrong.
    #[arg(long)]
    json: bool,
}

fn parse_role(text: &str) -> std::result::Result<Role, String> {
    let role = match text {
        "serve" => Some(Role::Api),
        "proxy" => Some(Role::LlmProxy),
        other => Role::parse(other),
    };
    role.ok_or_else(|| "must be one of serve, worker, runner, proxy, maintenance".to_owned())
}

/// Prints the settings, then tries the dependencies, if the settings permit that.
pub async fn run(env: &Env, args: CheckArgs) -> Result<ExitCode> {
    let role = args.role;
    if !args.json {
        print(&settings_text(env, role))?;
    }
    let states = match load(env, role) {
        Ok(()) => dependencies(env).await,
        Err(error) => Err(error),
    };
    if args.json {
        print_json(&document(env, role, &states))?;
    } else if let Ok(states) = &states {
        print(&dependencies_text(states))?;
    }
    Ok(if states?.iter().all(|state| state.ok) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_ERROR)
    })
}

/// Whether the role's settings are good.
fn load(env: &Env, role: Role) -> Result<()> {
    match role {
        Role::Api => ServeSettings::load(env).map(drop),
        Role::Worker => WorkerSettings::load(env).map(drop),
        Role::Runner => RunnerSettings::load(env).map(drop),
        Role::LlmProxy | Role::Maintenance => MaintenanceSettings::load(env).map(drop),
    }
}

async fn dependencies(env: &Env) -> Result<Vec<DependencyState>> {
    let storage = MaintenanceSettings::load(env)?.storage;
    let app = build::existing_app(&storage, Tasks::new()).await?;
    Ok(health::check(&app).await)
}

fn settings_text(env: &Env, role: Role) -> String {
    let mut text = format!("Settings of role {role}:\n");
    for (name, value, origin) in settings::effective(env, role) {
        text.push_str(&format!("  {name}={value}  ({origin})\n"));
    }
    for name in env.unknown_names() {
        text.push_str(&format!(
            "  {name}: no setting has this name; is it a typing error?\n"
        ));
    }
    text
}

fn dependencies_text(states: &[DependencyState]) -> String {
    let mut text = String::from("Dependencies:\n");
    for state in states {
        let answer = if state.ok {
            "ok"
        } else {
            "FAILS (see the log above)"
        };
        let milliseconds = milliseconds(state);
        text.push_str(&format!(
            "  {}: {answer}, {milliseconds:.1} ms\n",
            state.name
        ));
    }
    text
}

fn milliseconds(state: &DependencyState) -> f64 {
    state.latency.as_secs_f64() * 1000.0
}

/// Everything in one document; `dependencies` is null when they were not tried.
fn document(env: &Env, role: Role, states: &Result<Vec<DependencyState>>) -> Value {
    let settings: Vec<_> = settings::effective(env, role)
        .into_iter()
        .map(|(name, value, origin)| json!({"name": name, "value": value, "origin": origin}))
        .collect();
    let unknown: Vec<_> = env.unknown_names().into_iter().collect();
    let dependencies = states.as_ref().ok().map(|states| {
        let told = states.iter().map(
            |state| json!({"name": state.name, "ok": state.ok, "latency_ms": milliseconds(state)}),
        );
        told.collect::<Vec<_>>()
    });
    let problems = match states {
        Ok(_) => Vec::new(),
        Err(error) => match error.details().get("fields").and_then(Value::as_array) {
            Some(fields) => fields.clone(),
            None => vec![json!({"path": null, "message": error.message()})],
        },
    };
    let ok = states
        .as_ref()
        .is_ok_and(|states| states.iter().all(|state| state.ok));
    json!({
        "ok": ok,
        "role": role.as_str(),
        "settings": settings,
        "unknown_settings": unknown,
        "problems": problems,
        "dependencies": dependencies,
    })
}
