//! What a scan would look at and cost. Nothing is spent and nothing is kept.

use super::{scans, threat_profiles, working_dir::WorkingRoot};
use crate::{
    context::ServeContext,
    domain::{access::Actor, ids::RepositoryId, project::ProjectRole},
    engine::{self, IgnoreFile, Preview},
    error::Result,
    shutdown::blocking,
};

/// An estimate.
#[derive(Debug)]
pub struct Estimate {
    /// The auditors that would run.
    pub auditors: Vec<String>,
    /// What they would look at.
    pub extent: Preview,
    /// Tokens at low, expected and high use. Zero without an auditor that talks to a model.
    pub tokens: [u64; 3],
    /// Cost in nano-USD, likewise.
    pub cost_nano_usd: [u64; 3],
}

/// Estimates the scan that `wish` asks for in a repository of the caller.
pub async fn estimate(
    ctx: &ServeContext,
    working: &WorkingRoot,
    actor: &Actor,
    id: RepositoryId,
    wish: scans::NewScan,
) -> Result<Estimate> {
    let order = scans::order(ctx, actor, id, wish, ProjectRole::Viewer).await?;
    let folder = working.folder("estimate")?;
    let tree = folder.path().join("tree");
    let cancel = ctx.app.tasks.token();
    let snapshot = order.snapshot_id;
    threat_profiles::fetch_snapshot(&ctx.app, snapshot, folder.path(), &tree, &cancel).await?;
    let profile = ctx.app.store.threat_profile(id).await?;
    let extent = blocking(move || {
        let content = profile.as_ref().map(|profile| &profile.content);
        let extent = engine::preview(
            &tree,
            content,
            &order.paths,
            IgnoreFile::Disregarded,
            &cancel,
        );
        drop(folder);
        extent
    })
    .await?;
    // `order` lets no auditor through that cannot run, and the one that can uses no model.
    let auditors = engine::available_auditors().iter();
    let usable = auditors.filter(|auditor| auditor.unavailable.is_none());
    Ok(Estimate {
        auditors: usable.map(|auditor| auditor.name.to_owned()).collect(),
        extent,
        tokens: [0; 3],
        cost_nano_usd: [0; 3],
    })
}
