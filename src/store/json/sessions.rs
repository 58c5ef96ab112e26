//! Sign-in sessions: rotation of refresh tokens and detection of reuse.

use super::{
    JsonStore,
    change::{Change, Decision, Deletion},
    state::State,
    view::Moment,
};
use crate::{
    domain::{
        auth_session::{AuthSession, MAX_FORMER_HASHES, Rotation},
        ids::SessionId,
        time::Timestamp,
    },
    error::{Error, Result},
    store::SessionStore,
};
use std::time::Duration;

/// How long an ended session is kept, so that the reuse of its tokens is still recognised.
const ENDED_SESSION_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

#[async_trait::async_trait]
impl SessionStore for JsonStore {
    async fn insert_session(
        &self,
        session: AuthSession,
        lifetime: Duration,
    ) -> Result<AuthSession> {
        self.commit(move |view, moment| insert(view.state, moment, session, lifetime))
            .await
    }

    async fn session(&self, id: SessionId) -> Result<Option<AuthSession>> {
        self.read(move |view| Ok(view.state.sessions.get(id).cloned()))
            .await
    }

    async fn rotate_session(
        &self,
        id: SessionId,
        presented: &str,
        replacement: &str,
        lifetime: Duration,
    ) -> Result<Rotation> {
        let (presented, replacement) = (presented.to_owned(), replacement.to_owned());
        self.commit(move |view, moment| {
            let session = view.state.sessions.get(id);
            Ok(rotate(session, moment, &presented, replacement, lifetime))
        })
        .await
    }

    async fn revoke_session(&self, id: SessionId) -> Result<()> {
        self.commit(move |view, moment| Ok(revoke(view.state, moment, id)))
            .await
    }
}

fn insert(
    state: &State,
    moment: &Moment<'_>,
    mut session: AuthSession,
    lifetime: Duration,
) -> Result<Decision<AuthSession>> {
    if state.sessions.get(session.id).is_some() {
        let id = session.id;
        return Err(Error::conflict(format!("Session {id} already exists")));
    }
    session.refresh_expires_at = moment.now.after(lifetime);
    let mut changes = vec![session.clone().into()];
    let long_ended = state.sessions.values().filter(|other| {
        other.user_id == session.user_id && moment.now.since(ended_at(other)) > ENDED_SESSION_KEPT
    });
    changes.extend(long_ended.map(|other| Change::Delete(Deletion::Session(other.id))));
    Ok(Decision::new(session, changes))
}

/// When a session ended, or will end if nothing happens.
pub(super) fn ended_at(session: &AuthSession) -> Timestamp {
    let expiry = session.refresh_expires_at;
    session.revoked_at.map_or(expiry, |at| at.min(expiry))
}

fn rotate(
    session: Option<&AuthSession>,
    moment: &Moment<'_>,
    presented: &str,
    replacement: String,
    lifetime: Duration,
) -> Decision<Rotation> {
    let Some(session) = session.filter(|session| ended_at(session) > moment.now) else {
        return Decision::unchanged(Rotation::Ended);
    };
    let mut session = session.clone();
    session.updated_at = moment.now;
    if session.refresh_hash != presented {
        // The session's id is no secret, so a mere guess must not end it.
        if !session.former_hashes.iter().any(|hash| hash == presented) {
            return Decision::unchanged(Rotation::Ended);
        }
        session.revoked_at = Some(moment.now);
        return Decision::new(Rotation::Reused, vec![session.into()]);
    }
    let former = std::mem::replace(&mut session.refresh_hash, replacement);
    session.former_hashes.push(former);
    if session.former_hashes.len() > MAX_FORMER_HASHES {
        session.former_hashes.remove(0);
    }
    session.refresh_expires_at = moment.now.after(lifetime);
    Decision::new(Rotation::Rotated(session.clone()), vec![session.into()])
}

fn revoke(state: &State, moment: &Moment<'_>, id: SessionId) -> Decision<()> {
    let open = state
        .sessions
        .get(id)
        .filter(|session| session.revoked_at.is_none());
    let Some(session) = open else {
        return Decision::unchanged(());
    };
    let mut session = session.clone();
    session.revoked_at = Some(moment.now);
    Decision::new((), vec![session.into()])
}
