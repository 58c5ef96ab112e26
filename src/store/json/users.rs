//! Users.

use super::{
    JsonStore,
    change::{Change, Decision},
    state::State,
    view::Moment,
};
use crate::{
    domain::{ids::UserId, time::Timestamp, user::User},
    error::{Error, Result},
    store::{UserChange, UserStore},
};

#[async_trait::async_trait]
impl UserStore for JsonStore {
    async fn insert_user(&self, user: User) -> Result<User> {
        self.commit(move |view, _| insert(view.state, user)).await
    }

    async fn user(&self, id: UserId) -> Result<User> {
        self.read(move |view| view.state.users.find(id, "User").cloned())
            .await
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        let email = email.to_owned();
        self.read(move |view| {
            let id = view.state.users_by_email.get(&email);
            Ok(id.and_then(|id| view.state.users.get(*id)).cloned())
        })
        .await
    }

    async fn users(&self) -> Result<Vec<User>> {
        self.read(|view| {
            let ids = view.state.users_by_email.values();
            Ok(ids
                .filter_map(|id| view.state.users.get(*id).cloned())
                .collect())
        })
        .await
    }

    async fn change_user(&self, id: UserId, change: UserChange, now: Timestamp) -> Result<User> {
        self.commit(move |view, moment| self::change(view.state, moment, id, change, now))
            .await
    }
}

fn insert(state: &State, user: User) -> Result<Decision<User>> {
    if state.users_by_email.contains_key(&user.email) {
        return Err(Error::conflict(format!(
            "There already is a user with the email {}",
            user.email
        )));
    }
    if state.users.get(user.id).is_some() {
        return Err(Error::conflict(format!("User {} already exists", user.id)));
    }
    Ok(Decision::new(user.clone(), vec![user.into()]))
}

fn change(
    state: &State,
    moment: &Moment<'_>,
    id: UserId,
    change: UserChange,
    now: Timestamp,
) -> Result<Decision<User>> {
    let before = state.users.find(id, "User")?;
    let ends_sessions = matches!(change, UserChange::Password(_) | UserChange::Active(false));
    let mut user = before.clone().with(change);
    let sessions = state.sessions.values();
    let ended: Vec<_> = sessions
        .filter(|it| ends_sessions && it.user_id == id && it.revoked_at.is_none())
        .collect();
    if user == *before && ended.is_empty() {
        return Ok(Decision::unchanged(user));
    }
    user.updated_at = now;
    let mut changes: Vec<Change> = vec![user.clone().into()];
    changes.extend(ended.into_iter().cloned().map(|mut session| {
        session.revoked_at = Some(moment.now);
        Change::from(session)
    }));
    Ok(Decision::new(user, changes))
}
