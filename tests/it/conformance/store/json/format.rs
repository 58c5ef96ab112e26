//! Files as they lie on the disk: names, modes, versions.

use super::{super::fixtures::*, journal, open};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};
use vega::{
    domain::{
        api_key::{ApiKey, Scope},
        audit::{AuditAction, AuditActor},
        finding::{FindingStatus, Triage},
        git_upload::{GitUpload, GitUploadStatus},
        ids::FindingId,
        timeline::Comment,
    },
    error::ErrorCode,
    store::{
        AuditFilter, EventQuery, FindingFilter, GitUploadFilter, PageRequest, ScanFilter,
        TimelineOf, beside::Draft,
    },
};

const SAMPLE: &str = include_str!("sample-format-1.jsonl");
/// The same format since findings have a history.
const SAMPLE_WITH_HISTORY: &str = include_str!("sample-format-1-history.jsonl");
/// The same format since there are webhooks.
const SAMPLE_WITH_WEBHOOKS: &str = include_str!("sample-format-1-webhooks.jsonl");

/// Format 2: audit entries with details, a remote that ends with its API key.
const SAMPLE_2: &str = include_str!("sample-format-2.jsonl");

fn with_journal(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("metadata")).unwrap();
    fs::write(journal(folder.path(), 1), text).unwrap();
    manifest(folder.path(), r#"{"format":1,"generation":1}"#);
    folder
}

fn manifest(folder: &Path, text: &str) {
    fs::write(folder.join("metadata/manifest.json"), text).unwrap();
}

#[tokio::test]
async fn a_journal_of_format_1_always_opens() {
    for sample in [SAMPLE, SAMPLE_WITH_HISTORY] {
        opens(sample).await;
    }
    let folder = with_journal(SAMPLE_WITH_HISTORY);
    let clock = Arc::new(ManualClock::new());
    let store = open(folder.path(), &clock, u64::MAX).unwrap();
    let page = PageRequest::first(9);
    let dismissed = FindingFilter {
        statuses: vec![FindingStatus::Dismissed],
        ..FindingFilter::default()
    };
    let rows = store.findings(dismissed, page.clone()).await.unwrap().items;
    let everything = TimelineOf::Everything;
    let history = store.timeline(rows[0].finding.id, everything, page).await;
    assert_eq!(history.unwrap().items.len(), 4);
}

async fn opens(sample: &str) {
    let folder = with_journal(sample);
    let clock = Arc::new(ManualClock::new());
    let store = open(folder.path(), &clock, u64::MAX).unwrap();
    assert_eq!(store.users().await.unwrap().len(), 1);
    let page = PageRequest::first(9);
    let scans = store
        .scans(ScanFilter::default(), page.clone())
        .await
        .unwrap()
        .items;
    assert_eq!(scans.len(), 2);
    let filter = FindingFilter {
        scan_id: Some(scans[1].id),
        ..FindingFilter::default()
    };
    let findings = store.findings(filter, page.clone()).await.unwrap().items;
    assert_eq!(findings.len(), 2);
    assert!(findings.iter().all(|row| row.observation.is_some()));
    let query = EventQuery {
        limit: 99,
        ..EventQuery::default()
    };
    let events = store.events(scans[0].repository_id, query).await.unwrap();
    assert_eq!(events.len(), 5);
    let profile = store.threat_profile(scans[0].repository_id).await.unwrap();
    assert_eq!(profile.unwrap().version, 1);
}

#[tokio::test]
async fn newer_formats_are_refused_by_name() {
    let clock = Arc::new(ManualClock::new());
    let folder = with_journal(SAMPLE);
    manifest(folder.path(), r#"{"format":3,"generation":1}"#);
    let error = open(folder.path(), &clock, u64::MAX).err().unwrap();
    assert!(error.message().contains("format 3"), "{error}");
    assert!(error.message().contains("a newer Vega"), "{error}");
    let body = r#""format":7,"generation":1}"#;
    let header = format!(
        "{{\"crc\":\"{:08x}\",{body}\n",
        crc32fast::hash(body.as_bytes())
    );
    let folder = with_journal(&header);
    let error = open(folder.path(), &clock, u64::MAX).err().unwrap();
    assert_eq!(error.code(), ErrorCode::InternalError);
    assert!(error.message().contains("format 7"), "{error}");
}

/// A commit behind the last line of `journal`, with the right checksums.
fn with_commit(journal: &str, ops: &str) -> String {
    let last = journal.lines().last().unwrap();
    let prev = &last["{\"crc\":\"".len()..][..8];
    let body = format!(r#""prev":"{prev}","at":"2026-01-02T03:04:05.678Z","ops":[{ops}]}}"#);
    let crc = crc32fast::hash(body.as_bytes());
    format!("{journal}{{\"crc\":\"{crc:08x}\",{body}\n")
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_not_taken_for_damage() {
    let clock = Arc::new(ManualClock::new());
    let user = SAMPLE
        .lines()
        .find(|line| line.contains(r#"{"put":"user","value":"#));
    let user = user.unwrap().split_once(r#""value":"#).unwrap().1;
    let user = user.split_once("}}").map_or(user, |(user, _)| user);
    let new_group =
        format!(r#"{{"put":"user","value":{user}}}}}"#).replace(r#"["user"]"#, r#"["emperor"]"#);
    assert!(new_group.contains("emperor"), "{new_group}");
    for (ops, named) in [
        (r#"{"put":"hologram","value":{"id":"hol_1"}}"#, "'hologram'"),
        (r#"{"del":"hologram","id":"hol_1"}"#, "'hologram'"),
        (new_group.as_str(), "emperor"),
    ] {
        let text = with_commit(SAMPLE, ops);
        let folder = with_journal(&text);
        let error = open(folder.path(), &clock, u64::MAX).err().unwrap();
        assert_eq!(error.code(), ErrorCode::InternalError);
        for words in [
            "written by a newer Vega",
            named,
            &format!("byte {}", SAMPLE.len()),
        ] {
            assert!(error.message().contains(words), "{words}: {error}");
        }
        assert!(!error.message().contains("corrupted"), "{error}");
        let left = fs::read_to_string(journal(folder.path(), 1)).unwrap();
        assert_eq!(left, text, "nothing is changed");
    }
    // With a wrong checksum the same line is what an interrupted commit leaves.
    let torn =
        with_commit(SAMPLE, r#"{"put":"hologram","value":{}}"#).replace("hologram", "holograms");
    let folder = with_journal(&torn);
    open(folder.path(), &clock, u64::MAX).unwrap();
}

#[tokio::test]
async fn the_first_change_raises_an_older_format() {
    let clock = Arc::new(ManualClock::new());
    let folder = with_journal(SAMPLE_WITH_HISTORY);
    let (one, other) = (
        open(folder.path(), &clock, u64::MAX).unwrap(),
        open(folder.path(), &clock, u64::MAX).unwrap(),
    );
    let user = one.users().await.unwrap().remove(0);
    let unchanged = fs::read_to_string(folder.path().join("metadata/manifest.json")).unwrap();
    assert!(
        unchanged.contains("\"format\":1"),
        "reading changes nothing"
    );
    let change = vega::store::UserChange::DisplayName("renamed".into());
    one.change_user(user.id, change, user.created_at)
        .await
        .unwrap();
    // What an older version looks at first says so, and so does the journal.
    let manifest = fs::read_to_string(folder.path().join("metadata/manifest.json")).unwrap();
    assert!(
        manifest.contains("\"format\":2,\"generation\":2"),
        "{manifest}"
    );
    let header = fs::read_to_string(journal(folder.path(), 2)).unwrap();
    assert!(header.lines().next().unwrap().contains("\"format\":2"));
    // Nothing is lost, for whoever had it open and for who opens it anew.
    for store in [other, open(folder.path(), &clock, u64::MAX).unwrap()] {
        assert_eq!(store.users().await.unwrap()[0].display_name, "renamed");
        let page = PageRequest::first(9);
        let scans = store
            .scans(ScanFilter::default(), page.clone())
            .await
            .unwrap();
        assert_eq!(scans.items.len(), 2);
        let findings = store
            .findings(FindingFilter::default(), page)
            .await
            .unwrap();
        assert_eq!(findings.items.len(), 2);
    }
}

#[tokio::test]
async fn a_format_that_cannot_be_raised_leaves_nothing_and_is_not_tried_with_every_commit() {
    let clock = Arc::new(ManualClock::new());
    let folder = with_journal(SAMPLE_WITH_HISTORY);
    let store = open(folder.path(), &clock, u64::MAX).unwrap();
    let user = store.users().await.unwrap().remove(0);
    let rename = || {
        let change = vega::store::UserChange::DisplayName("renamed".into());
        store.change_user(user.id, change, user.created_at)
    };
    // The new journal can be written, but not be made the current one.
    let in_the_way = folder.path().join("metadata/manifest.json.tmp");
    fs::create_dir(&in_the_way).unwrap();
    let first = rename().await.unwrap_err();
    assert_eq!(first.code(), ErrorCode::DependencyUnavailable);
    assert!(!journal(folder.path(), 2).exists());
    fs::remove_dir(&in_the_way).unwrap();
    let second = rename().await.unwrap_err();
    assert_eq!(second.message(), first.message());
    assert!(!journal(folder.path(), 2).exists());
    assert_eq!(
        store.users().await.unwrap()[0].display_name,
        user.display_name
    );
    clock.advance(std::time::Duration::from_secs(60));
    rename().await.unwrap();
    assert!(!journal(folder.path(), 1).exists());
    assert_eq!(store.users().await.unwrap()[0].display_name, "renamed");
}

#[tokio::test]
async fn commits_without_a_manifest_are_not_overwritten() {
    let folder = with_journal(SAMPLE);
    fs::remove_file(folder.path().join("metadata/manifest.json")).unwrap();
    let clock = Arc::new(ManualClock::new());
    let error = open(folder.path(), &clock, u64::MAX).err().unwrap();
    assert_eq!(error.code(), ErrorCode::InternalError);
    assert_eq!(
        fs::read_to_string(journal(folder.path(), 1)).unwrap(),
        SAMPLE
    );
}

#[tokio::test]
async fn a_first_start_that_was_interrupted_starts_again() {
    for header in ["", "{\"crc\":\"00"] {
        let folder = with_journal(header);
        fs::remove_file(folder.path().join("metadata/manifest.json")).unwrap();
        let clock = Arc::new(ManualClock::new());
        let store = open(folder.path(), &clock, u64::MAX).unwrap();
        assert!(store.users().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn only_the_user_may_read_what_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let store = open(folder.path(), &clock, u64::MAX).unwrap();
    let owner = format!("owners/{}.lock", store.owner());
    let modes = [
        ("metadata", 0o700),
        ("owners", 0o700),
        ("metadata/lock", 0o600),
        ("metadata/manifest.json", 0o600),
        ("metadata/journal-1.jsonl", 0o600),
        (owner.as_str(), 0o600),
    ];
    for (name, expected) in modes {
        let metadata = fs::metadata(folder.path().join(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, expected, "{name}");
    }
}

#[tokio::test]
async fn a_dead_owners_file_is_removed_and_means_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let living = open(folder.path(), &clock, u64::MAX).unwrap();
    // The second was killed before it was announced.
    let left_over = ["lock", "tmp"].map(|kind| {
        let name = format!("owners/wrk_01h455vb4pex5vsknk084sn02q.{kind}");
        let path = folder.path().join(name);
        fs::write(&path, "").unwrap();
        path
    });
    let _second = open(folder.path(), &clock, u64::MAX).unwrap();
    assert!(left_over.iter().all(|path| !path.exists()));
    let own = folder
        .path()
        .join(format!("owners/{}.lock", living.owner()));
    assert!(own.exists());
}

/// Writes the sample of this format anew, when a new format begins: set `VEGA_WRITE_SAMPLE`.
#[tokio::test]
async fn the_sample_is_what_this_version_writes() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let store = open(folder.path(), &clock, u64::MAX).unwrap();
    let now = vega::clock::Clock::now(&*clock);
    let world = World::in_store(store, now).await;
    let claimed = world.running().await;
    let both = sighted([detected("a.py", "f"), detected("b \"quoted\" é.py", "g")]);
    let id = both.findings[0].finding_id;
    world.append(&claimed, both).await;
    world.complete(&claimed, looked_at(&["a.py"])).await;
    let second = world.running().await;
    world
        .append(&second, sighted([detected("a.py", "f")]))
        .await;
    world.complete(&second, looked_at(&["a.py"])).await;
    let profile = vega::domain::threat_profile::ThreatProfile {
        id: vega::clock::new_id(),
        repository_id: world.repository,
        version: 0,
        content: Default::default(),
        origin: vega::domain::threat_profile::ProfileOrigin::Edited,
        created_at: now,
    };
    let add = vega::store::OnlyIfMissing::No;
    world.store.put_threat_profile(profile, add).await.unwrap();
    said_and_decided(&world, id).await;
    noted_and_keyed(&world).await;
    let written = fs::read_to_string(journal(folder.path(), 1)).unwrap();
    if let Some(path) = std::env::var_os("VEGA_WRITE_SAMPLE") {
        fs::write(path, &written).unwrap();
    }
    assert_eq!(shape(&written), shape(SAMPLE_2));
}

#[tokio::test]
async fn webhooks_of_format_1_always_open() {
    let folder = with_journal(SAMPLE_WITH_WEBHOOKS);
    let clock = Arc::new(ManualClock::new());
    let store = open(folder.path(), &clock, u64::MAX).unwrap();
    let user = store.users().await.unwrap().remove(0).id;
    let page = || PageRequest::first(9);
    let hook = store.webhooks(user, page()).await.unwrap().items.remove(0);
    assert!(hook.former_secret.is_some() && hook.enabled);
    let told = store.deliveries(hook.id, Default::default(), page()).await;
    let told = told.unwrap().items;
    assert_eq!(told[0].attempts.len(), 1);
    assert_eq!(told[0].envelope()["type"], "scan.completed");
}

/// As above, with `VEGA_WRITE_WEBHOOK_SAMPLE`.
#[tokio::test]
async fn the_sample_with_webhooks_is_what_this_version_writes() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let store = open(folder.path(), &clock, u64::MAX).unwrap();
    let world = World::in_store(store, vega::clock::Clock::now(&*clock)).await;
    super::super::webhooks::told_and_failed(&world).await;
    let written = fs::read_to_string(journal(folder.path(), 1)).unwrap();
    if let Some(path) = std::env::var_os("VEGA_WRITE_WEBHOOK_SAMPLE") {
        fs::write(path, &written).unwrap();
    }
    assert_eq!(shape(&written), shape(SAMPLE_WITH_WEBHOOKS));
}

#[tokio::test]
async fn a_journal_of_format_2_always_opens() {
    opens(SAMPLE_2).await;
    let folder = with_journal(SAMPLE_2);
    let clock = Arc::new(ManualClock::new());
    let store = open(folder.path(), &clock, u64::MAX).unwrap();
    let log = store.audit_log(AuditFilter::default(), PageRequest::first(9));
    let entry = log.await.unwrap().items.remove(0);
    assert_eq!(entry.actor, Some(AuditActor::Cli));
    assert_eq!(entry.details["changed"][0], "groups");
    let user = store.users().await.unwrap().remove(0).id;
    let filter = GitUploadFilter {
        user,
        repository: None,
    };
    let remotes = store.git_uploads(filter, PageRequest::first(9)).await;
    let remote = remotes.unwrap().items.remove(0);
    assert_eq!(remote.status, GitUploadStatus::Open);
    let key = remote.upload.api_key_id.unwrap();
    store.revoke_api_key(user, key).await.unwrap();
    let remote = store.git_upload(remote.upload.id).await.unwrap();
    assert_eq!(remote.status, GitUploadStatus::Revoked);
}

/// What came with format 2.
async fn noted_and_keyed(world: &World) {
    let note = Draft {
        id: vega::clock::new_id(),
        actor: Some(AuditActor::Cli),
        action: AuditAction::UserChanged,
        entity_id: world.owner.to_string(),
        details: serde_json::Map::new(),
    };
    let note = note.with("changed", vec!["groups"]);
    world.store.note_audit(note).await.unwrap();
    let key = ApiKey {
        id: vega::clock::new_id(),
        user_id: world.owner,
        name: "ci".into(),
        prefix: "vega_x".into(),
        hash: "h".into(),
        scopes: vec![Scope::Write],
        expires_at: None,
        last_used_at: None,
        created_at: world.now,
    };
    let id = key.id;
    world.store.insert_api_key(key).await.unwrap();
    let upload = GitUpload {
        id: vega::clock::new_id(),
        repository_id: world.repository,
        created_by: world.owner,
        api_key_id: Some(id),
        password_hash: "h".into(),
        expires_at: world.now,
        pushes: 0,
        last_push: None,
        created_at: world.now,
        updated_at: world.now,
    };
    let inserted = world.store.insert_git_upload(upload, LEASE, 9);
    inserted.await.unwrap();
}

/// A comment and a decision.
pub async fn said_and_decided(world: &World, id: FindingId) {
    let comment = Comment {
        id: vega::clock::new_id(),
        finding_id: id,
        author: world.owner,
        text: "a \"quoted\" text é".into(),
        created_at: world.now,
    };
    world.store.add_comment(comment).await.unwrap();
    let decision = Triage {
        status: Some(FindingStatus::Dismissed),
        reason: Some("why".into()),
        accepted_until: Some(Some(world.now.after(LEASE))),
        assignee: Some(Some(world.owner)),
        by: Some(world.owner),
    };
    let decided = world.store.triage_finding(id, decision, None, world.now);
    decided.await.unwrap();
}

/// The names of all fields, line by line: what a reader of this format has to know.
fn shape(journal: &str) -> Vec<std::collections::BTreeSet<String>> {
    fn collect(value: &serde_json::Value, names: &mut std::collections::BTreeSet<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, field) in fields {
                    names.insert(name.clone());
                    collect(field, names);
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
            _ => {}
        }
    }
    let lines = journal.lines().map(|line| {
        let mut names = std::collections::BTreeSet::new();
        collect(&serde_json::from_str(line).unwrap(), &mut names);
        names
    });
    lines.collect()
}
