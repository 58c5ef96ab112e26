//! What the caller's scans used, by day, project, scan or model.

use crate::{
    context::ServeContext,
    domain::{
        access::Actor,
        scan::Scan,
        text_enum,
        time::Timestamp,
        usage::{LlmUsage, Usage},
    },
    error::Result,
    store::{PageRequest, ScanFilter},
};
use std::collections::BTreeMap;

text_enum! {
    /// What rows of a usage report stand for.
    UsageGroup {
        /// Days (UTC) on which scans were created.
        Day = "day",
        /// Projects.
        Project = "project",
        /// Scans.
        Scan = "scan",
        /// Models; `none` for scans that named none.
        Model = "model",
    }
}

/// Which scans count: created from `from` on and before `to`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Period {
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

impl Period {
    fn includes(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

/// Use by group, in the order of keys.
pub async fn usage(
    ctx: &ServeContext,
    actor: &Actor,
    period: Period,
    group: UsageGroup,
) -> Result<BTreeMap<String, Usage>> {
    let now = ctx.app.clock.now();
    let mut rows: BTreeMap<String, Usage> = BTreeMap::new();
    for scan in scans(ctx, actor).await? {
        if !period.includes(scan.created_at) {
            continue;
        }
        let key = match group {
            UsageGroup::Day => scan.created_at.to_string().chars().take(10).collect(),
            UsageGroup::Project => scan.project_id.to_string(),
            UsageGroup::Scan => scan.id.to_string(),
            UsageGroup::Model => scan.model.clone().unwrap_or_else(|| "none".to_owned()),
        };
        *rows.entry(key).or_default() += of(&scan, now);
    }
    Ok(rows)
}

/// Use in all, and of the current month (UTC).
pub async fn summary(ctx: &ServeContext, actor: &Actor) -> Result<(Usage, Usage)> {
    let now = ctx.app.clock.now();
    let month: String = now.to_string().chars().take(7).collect();
    let (mut all, mut this_month) = (Usage::default(), Usage::default());
    for scan in scans(ctx, actor).await? {
        let used = of(&scan, now);
        all += used;
        if scan.created_at.to_string().starts_with(&month) {
            this_month += used;
        }
    }
    Ok((all, this_month))
}

/// Every scan of the caller's projects.
async fn scans(ctx: &ServeContext, actor: &Actor) -> Result<Vec<Scan>> {
    let everything = PageRequest::first(usize::MAX);
    let store = &ctx.app.store;
    let projects = store.projects(actor.user_id, everything.clone()).await?;
    let mut scans = Vec::new();
    for (project, _) in projects.items {
        let filter = ScanFilter {
            project_id: Some(project.id),
            ..ScanFilter::default()
        };
        scans.extend(store.scans(filter, everything.clone()).await?.items);
    }
    Ok(scans)
}

/// What one scan used until `now`.
fn of(scan: &Scan, now: Timestamp) -> Usage {
    let seconds = scan.started_at.map_or(0, |started| {
        scan.completed_at.unwrap_or(now).since(started).as_secs()
    });
    Usage {
        scans: 1,
        scan_seconds: seconds,
        llm: LlmUsage {
            requests: scan.usage.requests,
            input_tokens: scan.usage.input_tokens,
            output_tokens: scan.usage.output_tokens,
            cost_nano_usd: scan.usage.cost_nano_usd,
            ..LlmUsage::default()
        },
    }
}
