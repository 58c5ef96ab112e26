//! Local users, as an administrator at the machine adds and changes them.
//!
//! Every change may be asked for again: what is as wished already is left alone and told as such.

use super::audit;
use crate::{
    auth::passwords,
    clock::new_id,
    context::AppContext,
    domain::{
        audit::{AuditAction, AuditActor},
        retention::RunMode,
        time::Timestamp,
        user::{Group, IdentityProvider, User, normalise_email},
    },
    error::{Error, Result},
    shutdown::blocking,
    store::{
        UserChange,
        beside::{Draft, audited},
    },
};
use serde_json::Value;

/// The wish for a user.
#[derive(Debug)]
pub struct NewUser {
    /// The sign-in name.
    pub email: String,
    /// The name shown to others; the email when absent.
    pub display_name: Option<String>,
    /// Groups.
    pub groups: Vec<Group>,
    /// The password, as typed.
    pub password: String,
}

/// A user as they are now, or would be.
#[derive(Debug)]
pub struct Administered {
    /// The user.
    pub user: User,
    /// Whether that is, or would be, a change.
    pub changed: bool,
}

/// Adds a local user. One who is there just as wished is no error.
///
/// # Errors
/// `validation_error` for the email or the password; `conflict` when another user has the email.
pub async fn add(app: &AppContext, wish: NewUser, mode: RunMode) -> Result<Administered> {
    let email = normalise_email(&wish.email);
    check_email(&email)?;
    passwords::check_strength(&wish.password)?;
    let groups = without_duplicates(wish.groups);
    if let Some(known) = app.store.user_by_email(&email).await? {
        let is_alike = known.is_active
            && without_duplicates(known.groups.clone()) == groups
            && wish.display_name.is_none_or(|it| it == known.display_name);
        let hash = known.password_hash.clone();
        let password = wish.password;
        if is_alike && blocking(move || Ok(passwords::verify(&password, hash.as_deref()))).await? {
            return Ok(Administered {
                user: known,
                changed: false,
            });
        }
        return Err(Error::conflict(format!(
            "There already is a user with the email {email}; users passwd, groups and enable change them"
        )));
    }
    let hash = hash_password(wish.password).await?;
    let name = wish.display_name.as_deref().unwrap_or(&email);
    let user = new_user(&email, name, groups, Some(hash), app.clock.now());
    if mode == RunMode::Apply {
        let entry = audit::draft(AuditActor::Cli, AuditAction::UserCreated, user.id)
            .with("groups", words(&user.groups));
        audited(entry, app.store.insert_user(user.clone())).await?;
    }
    Ok(Administered {
        user,
        changed: true,
    })
}

/// Changes a local user, found by email.
///
/// # Errors
/// `not_found` without such a user.
pub async fn change(
    app: &AppContext,
    email: &str,
    change: UserChange,
    mode: RunMode,
) -> Result<Administered> {
    let before = find(app, email).await?;
    let user = match mode {
        RunMode::DryRun => before.clone().with(change),
        RunMode::Apply => {
            let entry = audit::draft(AuditActor::Cli, AuditAction::UserChanged, before.id);
            let (entry, now) = (telling(entry, &change), app.clock.now());
            audited(entry, app.store.change_user(before.id, change, now)).await?
        }
    };
    let changed = user != before;
    Ok(Administered { user, changed })
}

/// Sets the password of a local user, found by email. The one they have already is no change, so it
/// ends no session.
///
/// # Errors
/// `not_found` without such a user; `validation_error` for the password.
pub async fn set_password(
    app: &AppContext,
    email: &str,
    password: String,
    mode: RunMode,
) -> Result<Administered> {
    let user = find(app, email).await?;
    passwords::check_strength(&password)?;
    let stored = user.password_hash.clone();
    let (password, same) = blocking(move || {
        let same = passwords::verify(&password, stored.as_deref());
        Ok((password, same))
    })
    .await?;
    if same {
        return Ok(Administered {
            user,
            changed: false,
        });
    }
    let hash = hash_password(password).await?;
    change(app, email, UserChange::Password(hash), mode).await
}

/// The user with this email.
pub async fn find(app: &AppContext, email: &str) -> Result<User> {
    let email = normalise_email(email);
    let known = app.store.user_by_email(&email).await?;
    known.ok_or_else(|| Error::not_found("User", &email))
}

/// Checks a new password and hashes it.
pub async fn hash_password(password: String) -> Result<String> {
    passwords::check_strength(&password)?;
    blocking(move || passwords::hash(&password)).await
}

/// Groups in their order, each once.
pub fn without_duplicates(mut groups: Vec<Group>) -> Vec<Group> {
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn check_email(email: &str) -> Result<()> {
    let plausible = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        && email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control());
    if plausible {
        return Ok(());
    }
    let message = format!("'{email}' is not an email address");
    Err(Error::field("email", message))
}

/// The entry, which names what changes and, unless that is secret, the new value.
fn telling(entry: Draft, change: &UserChange) -> Draft {
    let (field, value) = match change {
        UserChange::Password(_) => return entry.with("changed", vec!["password"]),
        UserChange::Groups(groups) => ("groups", words(groups).into()),
        UserChange::Active(active) => ("is_active", Value::from(*active)),
        UserChange::DisplayName(name) => ("display_name", name.as_str().into()),
    };
    entry.with("changed", vec![field]).with(field, value)
}

fn words(groups: &[Group]) -> Vec<&'static str> {
    groups.iter().map(|group| group.as_str()).collect()
}

/// A user nobody has stored yet.
pub(super) fn new_user(
    email: &str,
    display_name: &str,
    groups: Vec<Group>,
    password_hash: Option<String>,
    now: Timestamp,
) -> User {
    User {
        id: new_id(),
        email: email.to_owned(),
        display_name: display_name.to_owned(),
        groups,
        provider: IdentityProvider::Custom,
        subject: email.to_owned(),
        password_hash,
        is_active: true,
        created_at: now,
        updated_at: now,
    }
}
