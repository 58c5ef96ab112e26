//! API keys.

use super::{
    JsonStore,
    change::{Change, Decision, Deletion},
    paging,
    state::State,
};
use crate::{
    domain::{
        api_key::ApiKey,
        ids::{ApiKeyId, UserId},
        time::Timestamp,
    },
    error::{Error, Result},
    store::{ApiKeyStore, Page, PageRequest},
};

/// Uses are noted to the hour, in milliseconds.
const HOUR: i64 = 3_600_000;

#[async_trait::async_trait]
impl ApiKeyStore for JsonStore {
    async fn insert_api_key(&self, key: ApiKey) -> Result<()> {
        self.commit(move |view, _| insert(view.state, key)).await
    }

    async fn api_key_by_hash(&self, hash: &str) -> Result<Option<ApiKey>> {
        let hash = hash.to_owned();
        let now = self.now();
        self.read(move |view| {
            let id = view.state.api_keys_by_hash.get(&hash);
            let key = id.and_then(|id| view.state.api_keys.get(*id));
            let valid = key.filter(|key| key.expires_at.is_none_or(|end| end > now));
            Ok(valid.cloned())
        })
        .await
    }

    async fn api_keys(&self, user: UserId, page: PageRequest) -> Result<Page<ApiKey>> {
        self.read(move |view| {
            let keys = view.state.api_keys.values();
            let ids = keys.filter(|key| key.user_id == user).map(|key| key.id);
            paging::newest_first(ids, &page, |id| view.state.api_keys.get(id).cloned())
        })
        .await
    }

    async fn revoke_api_key(&self, user: UserId, id: ApiKeyId) -> Result<()> {
        self.commit(move |view, _| revoke(view.state, user, id))
            .await
    }

    async fn touch_api_key(&self, id: ApiKeyId, at: Timestamp) -> Result<()> {
        let hour = to_the_hour(at);
        let noted = self
            .read(move |view| Ok(touched(view.state, id, hour).is_none()))
            .await?;
        if noted {
            return Ok(());
        }
        self.commit(move |view, _| {
            let changes = touched(view.state, id, hour).map(Change::from);
            Ok(Decision::new((), changes.into_iter().collect()))
        })
        .await
    }
}

fn insert(state: &State, key: ApiKey) -> Result<Decision<()>> {
    if state.api_keys.get(key.id).is_some() || state.api_keys_by_hash.contains_key(&key.hash) {
        return Err(Error::conflict(format!(
            "API key {} already exists",
            key.id
        )));
    }
    Ok(Decision::new((), vec![key.into()]))
}

fn revoke(state: &State, user: UserId, id: ApiKeyId) -> Result<Decision<()>> {
    let key = state.api_keys.get(id).filter(|key| key.user_id == user);
    let key = key.ok_or_else(|| Error::not_found("API key", id))?;
    let deletion = Change::Delete(Deletion::ApiKey(key.id));
    Ok(Decision::new((), vec![deletion]))
}

fn to_the_hour(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis() - at.millis().rem_euclid(HOUR)).unwrap_or(at)
}

/// The key with a newer use; `None` when that hour, or a later one, is noted already.
fn touched(state: &State, id: ApiKeyId, hour: Timestamp) -> Option<ApiKey> {
    let key = state.api_keys.get(id)?;
    if key.last_used_at.is_some_and(|noted| noted >= hour) {
        return None;
    }
    let mut key = key.clone();
    key.last_used_at = Some(hour);
    Some(key)
}
