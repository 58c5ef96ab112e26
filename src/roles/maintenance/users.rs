//! `vega maintenance users`: local users, beside running servers. Every command may be repeated.

use super::{print, print_json};
use crate::{
    api::dto::accounts::UserDto,
    context::AppContext,
    domain::{
        retention::RunMode,
        user::{Group, User},
    },
    error::{Error, Result},
    services::users::{self, Administered, NewUser},
    store::UserChange,
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;

/// What to do with whom.
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// Add a user. The password is read from standard input. Adding the same user again changes
    /// nothing.
    Add(AddArgs),
    #[command(flatten)]
    OfKnown(KnownUsersCommand),
}

/// What to do with those who are there.
#[derive(Debug, Subcommand)]
pub enum KnownUsersCommand {
    /// Set a user's password, read from standard input. Ends every session of the user, unless it is
    /// the password they have.
    Passwd {
        /// The sign-in name.
        email: String,
        #[command(flatten)]
        how: How,
    },
    /// Set a user's groups.
    Groups {
        /// The sign-in name.
        email: String,
        /// Comma list of groups: user, operator, root.
        #[arg(value_delimiter = ',', required = true, value_parser = parse_group)]
        groups: Vec<Group>,
        #[command(flatten)]
        how: How,
    },
    /// Keep a user from signing in; ends every session of the user.
    Disable {
        /// The sign-in name.
        email: String,
        #[command(flatten)]
        how: How,
    },
    /// Let a disabled user sign in again.
    Enable {
        /// The sign-in name.
        email: String,
        #[command(flatten)]
        how: How,
    },
    /// List the users.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Whom to add.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// The sign-in name.
    email: String,
    /// The name shown to others.
    #[arg(long)]
    name: Option<String>,
    /// Comma list of groups: user, operator, root.
    #[arg(long, value_delimiter = ',', default_value = "user", value_parser = parse_group)]
    groups: Vec<Group>,
    #[command(flatten)]
    pub how: How,
}

/// How to change, and how to tell.
#[derive(Debug, Clone, Copy, Args)]
pub struct How {
    /// Change nothing; check, and tell what would be.
    #[arg(long)]
    dry_run: bool,
    /// Tell it as JSON.
    #[arg(long)]
    json: bool,
}

impl How {
    /// Whether to change anything.
    pub fn mode(self) -> RunMode {
        RunMode::from_dry_run(self.dry_run)
    }
}

fn parse_group(text: &str) -> std::result::Result<Group, String> {
    Group::parse(text).ok_or_else(|| "must be one of user, operator, root".to_owned())
}

/// Adds a user.
pub async fn add(app: &AppContext, args: AddArgs) -> Result<ExitCode> {
    let wish = NewUser {
        email: args.email,
        display_name: args.name,
        groups: args.groups,
        password: read_password()?,
    };
    let done = users::add(app, wish, args.how.mode()).await?;
    // A dry run makes up an id that nobody will have.
    let id = (!(args.how.dry_run && done.changed)).then(|| done.user.id.to_string());
    tell(&done, id, args.how)
}

/// Runs one of the commands for users who are there.
pub async fn run(app: &AppContext, command: KnownUsersCommand) -> Result<ExitCode> {
    let (email, change, how) = match command {
        KnownUsersCommand::List { json } => return list(&app.store.users().await?, json),
        KnownUsersCommand::Passwd { email, how } => {
            users::find(app, &email).await?;
            let done = users::set_password(app, &email, read_password()?, how.mode()).await?;
            return tell(&done, Some(done.user.id.to_string()), how);
        }
        KnownUsersCommand::Groups { email, groups, how } => {
            let groups = users::without_duplicates(groups);
            (email, UserChange::Groups(groups), how)
        }
        KnownUsersCommand::Disable { email, how } => (email, UserChange::Active(false), how),
        KnownUsersCommand::Enable { email, how } => (email, UserChange::Active(true), how),
    };
    let done = users::change(app, &email, change, how.mode()).await?;
    tell(&done, Some(done.user.id.to_string()), how)
}

fn read_password() -> Result<String> {
    let mut password = String::new();
    std::io::stdin()
        .read_line(&mut password)
        .map_err(|error| Error::internal("standard input cannot be read", error))?;
    Ok(password.trim_end_matches(['\r', '\n']).to_owned())
}

fn tell(done: &Administered, id: Option<String>, how: How) -> Result<ExitCode> {
    if !how.json {
        let prefix = if how.dry_run { "would be\t" } else { "" };
        let id = id.unwrap_or_else(|| "new".to_owned());
        return print(&format!("{prefix}{}", line(&id, &done.user)));
    }
    let mut user = dto(&done.user)?;
    if let Some(shown) = user.get_mut("id") {
        *shown = json!(id);
    }
    print_json(&json!({
        "dry_run": how.dry_run,
        "changed": done.changed,
        "user": user,
    }))
}

fn dto(user: &User) -> Result<Value> {
    serde_json::to_value(UserDto::from(user.clone()))
        .map_err(|error| Error::internal("the result cannot be written", error))
}

fn line(id: &str, user: &User) -> String {
    let groups: Vec<_> = user.groups.iter().map(|group| group.as_str()).collect();
    let state = if user.is_active { "active" } else { "disabled" };
    format!("{id}\t{}\t{}\t{state}\n", user.email, groups.join(","))
}

fn list(users: &[User], json: bool) -> Result<ExitCode> {
    if !json {
        let lines = users.iter().map(|user| line(&user.id.to_string(), user));
        return print(&lines.collect::<String>());
    }
    print_json(&users.iter().map(dto).collect::<Result<Vec<_>>>()?)
}
