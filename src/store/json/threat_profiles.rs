//! Threat profiles: versions per repository, the highest is the current one.

use super::{JsonStore, change::Decision, paging, state::State};
use crate::{
    domain::{ids::RepositoryId, threat_profile::ThreatProfile},
    error::Result,
    store::{OnlyIfMissing, Page, PageRequest, ThreatProfileStore},
};

#[async_trait::async_trait]
impl ThreatProfileStore for JsonStore {
    async fn threat_profile(&self, repository: RepositoryId) -> Result<Option<ThreatProfile>> {
        self.read(move |view| {
            view.state.repositories.find(repository, "Repository")?;
            Ok(current(view.state, repository).cloned())
        })
        .await
    }

    async fn put_threat_profile(
        &self,
        profile: ThreatProfile,
        only_if_missing: OnlyIfMissing,
    ) -> Result<ThreatProfile> {
        self.commit(move |view, _| put(view.state, profile, only_if_missing))
            .await
    }

    async fn threat_profile_history(
        &self,
        repository: RepositoryId,
        page: PageRequest,
    ) -> Result<Page<ThreatProfile>> {
        self.read(move |view| history(view.state, repository, &page))
            .await
    }
}

fn current(state: &State, repository: RepositoryId) -> Option<&ThreatProfile> {
    let (_, newest) = state.profiles_of.of(&repository).next_back()?;
    state.profiles.get(*newest)
}

fn put(
    state: &State,
    mut profile: ThreatProfile,
    only_if_missing: OnlyIfMissing,
) -> Result<Decision<ThreatProfile>> {
    state
        .repositories
        .find(profile.repository_id, "Repository")?;
    let current = current(state, profile.repository_id);
    if let (OnlyIfMissing::Yes, Some(current)) = (only_if_missing, current) {
        return Ok(Decision::unchanged(current.clone()));
    }
    profile.version = current.map_or(0, |current| current.version) + 1;
    Ok(Decision::new(profile.clone(), vec![profile.into()]))
}

/// Newest version first; the key to continue with is a version.
fn history(
    state: &State,
    repository: RepositoryId,
    page: &PageRequest,
) -> Result<Page<ThreatProfile>> {
    state.repositories.find(repository, "Repository")?;
    let below: u32 = match &page.after {
        Some(after) => paging::cursor(after)?,
        None => u32::MAX,
    };
    let older = state.profiles_of.of(&repository).rev();
    let mut rest = older
        .filter(|(version, _)| *version < below)
        .filter_map(|(_, id)| state.profiles.get(*id));
    let items: Vec<_> = rest.by_ref().take(page.limit).cloned().collect();
    let next = rest.next().and(items.last());
    Ok(Page {
        next: next.map(|profile| profile.version.to_string()),
        items,
        total: Some(state.profiles_of.count(&repository)),
    })
}
