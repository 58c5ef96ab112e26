//! Idempotency keys.

use super::{
    JsonStore,
    change::{Change, Decision, Deletion},
    state::State,
    view::Moment,
};
use crate::{
    domain::{
        idempotency::{IdempotencyRecord, KEPT, KeptAnswer, KeyOwner},
        ids::IdempotencyId,
    },
    error::Result,
    store::{IdempotencyStore, KeyState},
};
use std::time::Duration;

#[async_trait::async_trait]
impl IdempotencyStore for JsonStore {
    async fn reserve_key(
        &self,
        id: IdempotencyId,
        owner: KeyOwner,
        lease: Duration,
    ) -> Result<KeyState> {
        self.commit_knowing_the_dead(move |view, moment| {
            Ok(reserve(view.state, moment, id, owner, lease))
        })
        .await
    }

    async fn answer_key(&self, id: IdempotencyId, answer: KeptAnswer) -> Result<()> {
        self.commit(move |view, _| {
            let changes = view.state.keys.get(id).map(|key| {
                let mut key = key.clone();
                key.answer = Some(answer);
                key.lease = None;
                key.into()
            });
            Ok(Decision::new((), changes.into_iter().collect()))
        })
        .await
    }

    async fn release_key(&self, id: IdempotencyId) -> Result<()> {
        self.commit(move |view, _| {
            let known = view.state.keys.get(id);
            let deletion = known.map(|key| Change::Delete(Deletion::Key(key.id)));
            Ok(Decision::new((), deletion.into_iter().collect()))
        })
        .await
    }
}

fn reserve(
    state: &State,
    moment: &Moment<'_>,
    id: IdempotencyId,
    owner: KeyOwner,
    lease: Duration,
) -> Decision<KeyState> {
    let known = state.keys_by_owner.get(&owner);
    let known = known.and_then(|id| state.keys.get(*id));
    let known = known.filter(|key| key.expires_at > moment.now);
    if let Some(key) = known {
        if let Some(answer) = &key.answer {
            return Decision::unchanged(KeyState::Answered(answer.clone()));
        }
        if !moment.has_ended(key.lease.as_ref()) {
            return Decision::unchanged(KeyState::Busy);
        }
        if let Some(made) = &key.entity_id {
            return Decision::unchanged(KeyState::AnswerLost(made.clone()));
        }
    }
    // An abandoned reservation goes with the expired ones: its id must not answer any more.
    let mut changes: Vec<Change> = state
        .keys
        .values()
        .filter(|key| key.expires_at <= moment.now || key.owner == owner)
        .map(|key| Change::Delete(Deletion::Key(key.id)))
        .collect();
    let record = IdempotencyRecord {
        id,
        owner,
        lease: Some(moment.lease(lease)),
        entity_id: None,
        answer: None,
        expires_at: moment.now.after(KEPT),
    };
    changes.push(record.into());
    Decision::new(KeyState::Yours, changes)
}
