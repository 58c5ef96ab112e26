//! The audit log: entries beside changes, with digests of what was before and after.

use super::{
    JsonStore,
    change::{Change, Decision, Deletion, Record},
    paging,
    state::State,
    view::{Moment, View},
};
use crate::{
    domain::{
        audit::{AuditAction, AuditEntry, KEPT_REFUSALS, KEPT_UNKNOWN_REFUSALS, UNKNOWN_ACCOUNT},
        ids::FindingId,
    },
    error::{Error, Result},
    store::{
        AuditFilter, AuditStore, Page, PageRequest,
        beside::{Beside, Draft},
    },
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

#[async_trait::async_trait]
impl AuditStore for JsonStore {
    async fn audit_log(&self, filter: AuditFilter, page: PageRequest) -> Result<Page<AuditEntry>> {
        self.read(move |view| {
            let entries = view.state.audit.values();
            let wanted = entries.filter(|entry| fits(&filter, entry));
            paging::newest_first(wanted.map(|entry| entry.id), &page, |id| {
                view.state.audit.get(id).cloned()
            })
        })
        .await
    }

    async fn note_audit(&self, draft: Draft) -> Result<()> {
        let note = Beside::of(draft);
        self.commit(move |view, moment| {
            let entry = note.entry(moment.now, None, None);
            let mut changes = surplus(view.state, &entry);
            changes.push(entry.into());
            Ok(Decision::new((), changes))
        })
        .await
    }
}

/// The oldest refused sign-ins of the same sort, which go when one more comes and there are enough.
fn surplus(state: &State, added: &AuditEntry) -> Vec<Change> {
    let refused = AuditAction::SessionRefused;
    if added.action != refused {
        return Vec::new();
    }
    let is_unknown = |entry: &AuditEntry| entry.entity_id == UNKNOWN_ACCOUNT;
    let kept = match is_unknown(added) {
        true => KEPT_UNKNOWN_REFUSALS,
        false => KEPT_REFUSALS,
    };
    let all = state.audit.values();
    let alike = all
        .filter(|entry| entry.action == refused && is_unknown(entry) == is_unknown(added))
        .map(|entry| entry.id);
    let count = (alike.clone().count() + 1).saturating_sub(kept);
    let gone = alike.take(count);
    gone.map(|id| Change::Delete(Deletion::Audit(id))).collect()
}

fn fits(filter: &AuditFilter, entry: &AuditEntry) -> bool {
    filter.actor.is_none_or(|actor| entry.actor == Some(actor))
        && (filter.actions.is_empty() || filter.actions.contains(&entry.action))
        && filter
            .entity_id
            .as_ref()
            .is_none_or(|id| *id == entry.entity_id)
        && filter.from.is_none_or(|from| entry.at >= from)
        && filter.to.is_none_or(|to| entry.at < to)
}

/// What `beside` adds to a commit of `changes`.
pub fn added(
    view: View<'_>,
    moment: &Moment<'_>,
    beside: &Beside,
    changes: &[Change],
) -> Result<Vec<Change>> {
    let id = &beside.draft.entity_id;
    let before = before(view, id)?;
    let entry = beside.entry(moment.now, before.clone(), after(changes, id, before)?);
    let key = beside.key.and_then(|key| view.state.keys.get(key));
    let used = key.filter(|key| key.entity_id.is_none()).map(|key| {
        let mut key = key.clone();
        key.entity_id = Some(id.clone());
        Change::from(key)
    });
    Ok(used.into_iter().chain([entry.into()]).collect())
}

/// The digest of a stored thing.
pub fn digest(value: impl Serialize) -> Result<String> {
    // Through a value, so that fields have one order however they were written.
    let value = serde_json::to_value(value)
        .map_err(|cause| Error::internal("a stored value is not JSON", cause))?;
    Ok(hex::encode(Sha256::digest(value.to_string())))
}

fn before(view: View<'_>, id: &str) -> Result<Option<String>> {
    let state = view.state;
    macro_rules! row {
        ($table:ident) => {
            match id.parse().ok().and_then(|id| state.$table.get(id)) {
                Some(row) => Some(digest(row)?),
                None => None,
            }
        };
    }
    Ok(match id.split('_').next().unwrap_or_default() {
        "usr" => row!(users),
        "ses" => row!(sessions),
        "key" => row!(api_keys),
        "prj" => row!(projects),
        "repo" => row!(repositories),
        "scan" => row!(scans),
        "job" => row!(jobs),
        "up" => row!(git_uploads),
        "whk" => row!(webhooks),
        "fnd" => match id.parse::<FindingId>() {
            Ok(id) if state.findings.get(id).is_some() => Some(digest(view.finding(id)?)?),
            _ => None,
        },
        _ => None,
    })
}

/// The digest after `changes`; that from before when they do not touch the thing itself.
fn after(changes: &[Change], id: &str, before: Option<String>) -> Result<Option<String>> {
    let mut after = before;
    for change in changes {
        match change {
            Change::Delete(deletion) if deleted(deletion) == id => after = None,
            Change::Delete(_) => {}
            Change::Put(record) => {
                if let Some(value) = put(record, id)? {
                    after = Some(digest(value)?);
                }
            }
        }
    }
    Ok(after)
}

fn deleted(deletion: &Deletion) -> String {
    match deletion {
        Deletion::Session(id) => id.to_string(),
        Deletion::ApiKey(id) => id.to_string(),
        Deletion::Project(id) => id.to_string(),
        Deletion::Repository(id) => id.to_string(),
        Deletion::Worker(id) => id.to_string(),
        Deletion::Key(id) => id.to_string(),
        Deletion::Snapshot(id) => id.to_string(),
        Deletion::Job(id) => id.to_string(),
        Deletion::GitUpload(id) => id.to_string(),
        Deletion::Webhook(id) => id.to_string(),
        Deletion::Delivery(id) => id.to_string(),
        Deletion::Audit(id) => id.to_string(),
    }
}

fn put(record: &Record, id: &str) -> Result<Option<Value>> {
    let mut written = serde_json::to_value(record)
        .map_err(|cause| Error::internal("a stored value is not JSON", cause))?;
    let value = written.get_mut("value").map(Value::take);
    Ok(value.filter(|value| value.get("id").and_then(Value::as_str) == Some(id)))
}
