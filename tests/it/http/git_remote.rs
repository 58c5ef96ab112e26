//! Pushing to a temporary remote with the real `git` program, as a developer and as an attacker.

use crate::support::{Answer, Checkout, Client, Remote, TestApp, wait_for, working_files};
use reqwest::Method;
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpStream,
};

const FAULTY: &str = "import os\ndef f(x):\n    os.system('ls ' + x)\n";
const TYPE: &str = "application/x-git-receive-pack-request";

async fn tree_of(client: &Client, snapshot: &str) -> Vec<String> {
    let path = format!("/v1/snapshots/{snapshot}/tree");
    let entries = client.get(&path).await.expect_status(200).items();
    let names = entries
        .iter()
        .map(|it| it["name"].as_str().unwrap_or_default());
    names.map(str::to_owned).collect()
}

/// One of git's requests, with the remote's credential.
async fn ask(app: &TestApp, remote: &Remote, method: Method, request: &str) -> Answer {
    let anyone = app.anonymous();
    let request = anyone.request(method, &remote.path(request));
    let request = request.basic_auth("vega", Some(&remote.password));
    anyone.send(request.header("content-type", TYPE)).await
}

/// A body as git would send it.
async fn send(app: &TestApp, remote: &Remote, body: Vec<u8>, encoding: Option<&str>) -> Answer {
    let anyone = app.anonymous();
    let mut request = anyone
        .request(Method::POST, &remote.path("git-receive-pack"))
        .basic_auth("vega", Some(&remote.password))
        .header("content-type", TYPE);
    if let Some(encoding) = encoding {
        request = request.header("content-encoding", encoding);
    }
    anyone.send(request.body(body)).await
}

/// The commands of a push that makes `branch`, without its pack.
fn commands(commit: &str, branch: &str) -> Vec<u8> {
    let old = "0".repeat(40);
    let line = format!("{old} {commit} refs/heads/{branch}\0 report-status side-band-64k");
    let mut body = format!("{:04x}{line}", line.len() + 4).into_bytes();
    body.extend_from_slice(b"0000");
    body
}

fn pack(checkout: &Checkout, revision: &str) -> Vec<u8> {
    let asked = format!("{revision}\n");
    checkout.git_with(
        &["pack-objects", "--revs", "--stdout", "-q"],
        asked.as_bytes(),
    )
}

#[tokio::test]
async fn a_push_becomes_a_snapshot_and_can_be_scanned() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let state = format!("/v1/repositories/{}", remote.repository);
    assert_eq!(client.get(&state).await.text_at("ingest_status"), "pending");
    let checkout = Checkout::new();
    let commit = checkout.commit(&[("app/a.py", FAULTY), ("README", "x\n")]);
    let said = checkout.push(&remote, &["main"]).await.expect_worked();
    assert!(said.contains("remote: Vega received main@"), "{said}");
    assert!(said.contains(&remote.repository), "{said}");
    assert!(said.contains("no body is needed"), "{said}");
    let state = remote.ingested(&client).await;
    assert_eq!(state["ingest_status"], "ready", "{state}");
    let snapshots = remote.snapshots(&client).await;
    assert_eq!(snapshots.len(), 1);
    assert_eq!(snapshots[0]["commit"], commit);
    assert_eq!(
        snapshots[0]["source_label"],
        format!("main@{}", &commit[..12])
    );
    let scan = client.scan(&remote.repository, json!({})).await;
    assert_eq!(scan["status"], "completed");
    let findings = format!("/v1/repositories/{}/findings", remote.repository);
    let findings = client.get(&findings).await.items();
    assert!(!findings.is_empty());

    let shown = client
        .get(&format!("/v1/git-uploads/{}", remote.id))
        .await
        .json();
    assert_eq!(
        (&shown["pushes"], &shown["last_push"]["commit"]),
        (&json!(1), &json!(commit))
    );
    let log = format!("/v1/audit-log?entity_id={}", remote.id);
    let log = client.get(&log).await.items();
    assert_eq!(log[0]["action"], "git_upload.pushed");
    let left = working_files(&app);
    assert_eq!(left.len(), 1, "the repository alone: {left:?}");
}

#[tokio::test]
async fn later_pushes_send_what_is_new_and_may_rewrite_history() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let checkout = Checkout::new();
    // Incompressible, so that sending it again would be seen.
    let noise: String = (0..20_000_u64)
        .map(|it| format!("{:x}", it.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let first = checkout.commit(&[("noise.txt", &noise), ("a.py", "x = 1\n")]);
    checkout.push(&remote, &["main"]).await.expect_worked();
    remote.ingested(&client).await;
    let same = checkout.push(&remote, &["main"]).await.expect_worked();
    assert!(same.contains("Everything up-to-date"), "{same}");

    let second = checkout.commit(&[("a.py", "x = 2\n")]);
    let arguments = ["push", "--progress", &remote.url, "main"];
    let said = checkout.say(&arguments).await.expect_worked();
    assert!(said.contains("Writing objects: 100% (3/3)"), "{said}");
    remote.ingested(&client).await;
    let commits = async || {
        let all = remote.snapshots(&client).await;
        let ids = all
            .iter()
            .map(|it| it["commit"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(commits().await, [second.clone(), first.clone()]);

    checkout.git(&["reset", "--quiet", "--hard", &first]);
    let third = checkout.commit(&[("b.py", "y = 1\n")]);
    let refused = checkout.push(&remote, &["main"]).await;
    refused.expect_refused("rejected");
    checkout
        .push(&remote, &["--force", "main"])
        .await
        .expect_worked();
    remote.ingested(&client).await;
    assert_eq!(commits().await, [third, second, first]);

    checkout
        .push(&remote, &["main:topic"])
        .await
        .expect_worked();
    remote.ingested(&client).await;
    // Deletions and tags alone bring no source in.
    let said = checkout.push(&remote, &[":topic"]).await.expect_worked();
    assert!(said.contains("No snapshot is taken"), "{said}");
    checkout.git(&["tag", "v1"]);
    let said = checkout.push(&remote, &["v1"]).await.expect_worked();
    assert!(said.contains("No snapshot is taken"), "{said}");
    assert_eq!(commits().await.len(), 3);
}

#[tokio::test]
async fn the_snapshot_is_of_the_branch_that_stands_out() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let checkout = Checkout::new();
    let main = checkout.commit(&[("a.py", "x = 1\n")]);
    checkout.git(&["checkout", "--quiet", "-b", "zeta"]);
    checkout.commit(&[("z.py", "x = 1\n")]);
    checkout.git(&["branch", "alpha"]);
    let refused = checkout.push(&remote, &["alpha", "zeta"]).await;
    refused.expect_refused("several branches and none is main or master");
    assert!(remote.snapshots(&client).await.is_empty());
    checkout.push(&remote, &["--all"]).await.expect_worked();
    remote.ingested(&client).await;
    assert_eq!(remote.snapshots(&client).await[0]["commit"], main);
}

#[tokio::test]
async fn a_shallow_clone_can_be_pushed() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let origin = Checkout::new();
    origin.commit(&[("a.py", "x = 1\n")]);
    origin.commit(&[("a.py", "x = 2\n")]);
    let commit = origin.commit(&[("a.py", "x = 3\n")]);
    let url = format!("file://{}", origin.path().display());
    let clone = Checkout::new();
    clone.git(&["fetch", "--quiet", "--depth=1", &url, "main:copy"]);
    clone.push(&remote, &["copy:main"]).await.expect_worked();
    let state = remote.ingested(&client).await;
    assert_eq!(state["ingest_status"], "ready", "{state}");
    assert_eq!(remote.snapshots(&client).await[0]["commit"], commit);
}

#[tokio::test]
async fn only_the_right_password_opens_a_remote() {
    let app = TestApp::with(&[("VEGA_LOGIN_FAILURES_PER_ACCOUNT", "3")]).await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let checkout = Checkout::new();
    checkout.commit(&[("a.py", "x = 1\n")]);
    let wrong = remote.bare_url.replace("http://", "http://vega:wrong@");
    let refused = checkout.push_to(&wrong, &["main"]).await;
    refused.expect_refused("remote: There is no such git upload");
    // A password of another remote is none of this one; an unknown remote looks the same.
    let other = Remote::new(&client).await;
    let info = "info/refs?service=git-receive-pack";
    let anyone = app.anonymous();
    let try_in = async |path: &str, user: &str, password: &str| {
        let request = anyone.request(Method::GET, path);
        anyone.send(request.basic_auth(user, Some(password))).await
    };
    let foreign = try_in(&remote.path(info), "vega", &other.password).await;
    let unknown = remote
        .path(info)
        .replace(&remote.id, "up_01m7xzhczpe8mr4s5tgn8e6hve");
    let unknown = try_in(&unknown, "vega", &remote.password).await;
    assert_eq!((foreign.status, &foreign.body), (401, &unknown.body));
    assert_eq!(unknown.status, 401);
    assert!(foreign.header("www-authenticate").starts_with("Basic "));
    assert!(foreign.header("content-type").starts_with("text/plain"));
    let user = try_in(&other.path(info), "root", &other.password).await;
    assert_eq!(user.status, 401);
    // Without credentials nothing is counted: git asks so first.
    for _ in 0..5 {
        let asked = anyone.get(&remote.path(info)).await;
        assert_eq!(asked.status, 401);
    }
    // A bearer of the API is no credential here.
    assert_eq!(client.get(&remote.path(info)).await.status, 401);
    try_in(&remote.path(info), "vega", "guess").await;
    let throttled = try_in(&remote.path(info), "vega", &remote.password).await;
    assert_eq!(throttled.status, 429);
    assert!(!throttled.header("retry-after").is_empty());
    assert_eq!(
        try_in(&other.path(info), "vega", &other.password)
            .await
            .status,
        200
    );
}

/// Waits until this many working files are left: a job removes its own a moment after its end.
async fn remains(app: &TestApp, count: usize) {
    wait_for("the working files", async || {
        (working_files(app).len() == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_remote_ends_with_its_removal_and_with_its_makers_rights() {
    let app = TestApp::start().await;
    let owner = app.debug().await;
    let remote = Remote::new(&owner).await;
    let checkout = Checkout::new();
    checkout.commit(&[("a.py", "x = 1\n")]);
    checkout.push(&remote, &["main"]).await.expect_worked();
    remote.ingested(&owner).await;
    remains(&app, 1).await;
    let path = format!("/v1/git-uploads/{}", remote.id);
    owner.delete(&path).await.expect_status(204);
    assert_eq!(working_files(&app), Vec::<String>::new());
    let refused = checkout.push(&remote, &["main:again"]).await;
    refused.expect_refused("There is no such git upload, it was removed");
    assert_eq!(remote.snapshots(&owner).await.len(), 1);

    // An admin of somebody's project makes one and loses the role.
    let admin = app.other_user("admin@example.com").await;
    let members = format!("/v1/projects/{}/members", remote.project);
    let wish = json!({"email": "admin@example.com", "role": "admin"});
    owner.put(&members, wish).await.expect_status(200);
    let (project, repository) = (remote.project.clone(), remote.repository.clone());
    let theirs = Remote::of(&admin, project, repository).await;
    let info = "info/refs?service=git-receive-pack";
    assert_eq!(ask(&app, &theirs, Method::GET, info).await.status, 200);
    let wish = json!({"email": "admin@example.com", "role": "triager"});
    owner.put(&members, wish).await.expect_status(200);
    let refused = checkout.push(&theirs, &["main:more"]).await;
    refused.expect_refused("remote: Whoever made this git upload may not push");

    // The repository takes its remotes along.
    let again = Remote::of(&owner, remote.project.clone(), remote.repository.clone()).await;
    assert_eq!(ask(&app, &again, Method::GET, info).await.status, 200);
    assert_eq!(working_files(&app).len(), 2);
    let path = format!("/v1/repositories/{}", remote.repository);
    owner.delete(&path).await.expect_status(204);
    assert_eq!(working_files(&app), Vec::<String>::new());
    assert_eq!(ask(&app, &again, Method::GET, info).await.status, 401);
}

#[tokio::test]
async fn a_deleted_project_takes_its_remotes_along() {
    let app = TestApp::start().await;
    let owner = app.debug().await;
    let remote = Remote::new(&owner).await;
    let checkout = Checkout::new();
    checkout.commit(&[("a.py", "x = 1\n")]);
    checkout.push(&remote, &["main"]).await.expect_worked();
    remote.ingested(&owner).await;
    let project = format!("/v1/projects/{}", remote.project);
    owner.delete(&project).await.expect_status(202);
    let path = format!("/v1/git-uploads/{}", remote.id);
    owner.get(&path).await.expect_error("not_found");
    assert!(owner.get("/v1/git-uploads").await.items().is_empty());
    assert!(!checkout.push(&remote, &["main:x"]).await.worked);
    let info = "info/refs?service=git-receive-pack";
    wait_for("the end of the project", async || {
        let asked = ask(&app, &remote, Method::GET, info).await;
        (asked.status == 401).then_some(())
    })
    .await;
    owner
        .post("/v1/ops/cleanup", json!({}))
        .await
        .expect_status(200);
    assert_eq!(working_files(&app), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_can_be_fetched_from_a_remote() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let checkout = Checkout::new();
    checkout.commit(&[("a.py", "x = 1\n")]);
    checkout.push(&remote, &["main"]).await.expect_worked();
    let refused = checkout.say(&["fetch", &remote.url]).await;
    refused.expect_refused("remote: This remote only takes pushes");
    for (method, request) in [
        (Method::GET, "info/refs"),
        (Method::GET, "info/refs?service=git-upload-pack"),
        (Method::GET, "info/refs?service=../../x"),
        (Method::POST, "git-upload-pack"),
    ] {
        let answer = ask(&app, &remote, method, request).await;
        assert_eq!(answer.status, 403, "{request}");
    }
    for request in ["HEAD", "objects/info/packs", "config"] {
        let answer = ask(&app, &remote, Method::GET, request).await;
        answer.expect_error("not_found");
    }
    let odd = ask(&app, &remote, Method::GET, "info/refs?x=1").await;
    odd.expect_error("validation_error");
}

#[tokio::test]
async fn a_push_that_is_too_large_is_refused_with_a_word_of_advice() {
    let app = TestApp::with(&[("VEGA_MAX_SOURCE_BYTES", "20000")]).await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let checkout = Checkout::new();
    let noise: String = (0..20_000_u64)
        .map(|it| format!("{:x}", it.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    checkout.commit(&[("noise.txt", &noise)]);
    let refused = checkout.push(&remote, &["main"]).await;
    let said = refused.expect_refused("larger than 20000 bytes");
    assert!(
        said.contains("remote: A push may have at most 20000 bytes"),
        "{said}"
    );
    // More than is even written down, but answered.
    let mut body = commands(&checkout.git(&["rev-parse", "main"]), "main");
    body.resize(1_200_000, b'x');
    let answer = send(&app, &remote, body, None).await.expect_status(200);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(
        text.contains("ng refs/heads/main larger than 20000 bytes"),
        "{text}"
    );
    let mut body = commands(&checkout.git(&["rev-parse", "main"]), "main");
    body.resize(4_000_000, b'x');
    let refused = send(&app, &remote, body, None).await;
    assert_eq!(refused.status, 413);
    assert!(remote.snapshots(&client).await.is_empty());
    assert_eq!(
        client
            .get(&format!("/v1/repositories/{}", remote.repository))
            .await
            .text_at("ingest_status"),
        "pending"
    );
    // One that is small enough still works.
    let small = Checkout::new();
    small.commit(&[("a.py", "x = 1\n")]);
    small.push(&remote, &["main"]).await.expect_worked();
    remote.ingested(&client).await;
}

#[tokio::test]
async fn references_of_other_kinds_and_in_great_numbers_are_refused() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let checkout = Checkout::new();
    let commit = checkout.commit(&[("a.py", "x = 1\n")]);
    for name in [
        "refs/notes/x",
        "refs/replace/x",
        "refs/meta/config",
        "refs/pull/1/head",
    ] {
        let spec = format!("main:{name}");
        let refused = checkout.push(&remote, &["main", &spec]).await;
        let said = refused.expect_refused("only refs/heads/ and refs/tags/ are taken");
        assert!(
            said.contains("not tried: another reference was refused"),
            "{said}"
        );
    }
    let long = format!("main:refs/heads/{}", "x".repeat(300));
    let refused = checkout.push(&remote, &[&long]).await;
    refused.expect_refused("not a name that is taken");
    for name in ["../../../x", "a\nb", "x.lock", "-x", ".git/config", ""] {
        let mut body = commands(&commit, name);
        body.extend(pack(&checkout, "main"));
        let answer = send(&app, &remote, body, None).await.expect_status(200);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(text.contains("ng refs/heads/"), "{name:?}: {text}");
    }
    let many: String = (0..2_000)
        .map(|it| format!("create refs/tags/t{it} {commit}\n"))
        .collect();
    checkout.git_with(&["update-ref", "--stdin"], many.as_bytes());
    let refused = checkout.push(&remote, &["main", "--tags"]).await;
    refused.expect_refused("2001 references; at most 500 in one push");
    assert!(remote.snapshots(&client).await.is_empty());
    checkout.push(&remote, &["main"]).await.expect_worked();
    remote.ingested(&client).await;
}

#[tokio::test]
async fn trees_that_would_escape_are_refused_and_links_stay_text() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let checkout = Checkout::new();
    checkout.commit(&[("a.py", "x = 1\n")]);
    let blob = checkout.blob(b"[core]\n\thooksPath = /tmp\n");
    let inner = checkout.raw_tree(&[("100644", "config", &blob)]);
    let cases = [
        ("git", vec![("40000", ".git", inner.as_str())], "hasDotgit"),
        ("case", vec![("40000", ".GIT", inner.as_str())], "hasDotgit"),
        ("up", vec![("40000", "..", inner.as_str())], "hasDotdot"),
        (
            "slash",
            vec![("100644", "a/../../b", blob.as_str())],
            "fullPathname",
        ),
        (
            "absolute",
            vec![("100644", "/etc/cron.d/x", blob.as_str())],
            "fullPathname",
        ),
        (
            "twice",
            vec![
                ("100644", "a", blob.as_str()),
                ("100644", "a", blob.as_str()),
            ],
            "duplicateEntries",
        ),
        (
            "modules",
            vec![("120000", ".gitmodules", blob.as_str())],
            "gitmodulesSymlink",
        ),
    ];
    for (name, entries, check) in cases {
        let tree = checkout.raw_tree(&entries);
        checkout.branch_of_tree(name, &tree);
        let refused = checkout.push(&remote, &[name]).await;
        let said = refused.expect_refused("object check failed");
        assert!(said.contains(check), "{name}: {said}");
    }
    assert!(remote.snapshots(&client).await.is_empty());
    assert_eq!(
        client
            .get(&format!("/v1/repositories/{}", remote.repository))
            .await
            .text_at("ingest_status"),
        "pending"
    );

    // What git takes and Vega does not is told by the ingest; the same push can be made again.
    let tree = checkout.raw_tree(&[("100644", "a\x01b", &blob)]);
    checkout.branch_of_tree("odd", &tree);
    for _ in 0..2 {
        checkout.push(&remote, &["odd"]).await.expect_worked();
        let state = remote.ingested(&client).await;
        assert_eq!(state["ingest_status"], "failed", "{state}");
        assert_eq!(state["ingest_error"]["code"], "ingest_failed");
    }

    // Links, submodules and executable files of a harmless tree.
    let link = checkout.blob(b"/etc/passwd");
    let code = checkout.blob(b"x = 1\n");
    let elsewhere = checkout.git(&["rev-parse", "main"]);
    let tree = checkout.raw_tree(&[
        ("100755", "a.py", &code),
        ("120000", "link", &link),
        ("160000", "sub", &elsewhere),
    ]);
    checkout.branch_of_tree("links", &tree);
    checkout.push(&remote, &["links"]).await.expect_worked();
    let state = remote.ingested(&client).await;
    assert_eq!(state["ingest_status"], "ready", "{state}");
    let snapshot = remote.snapshots(&client).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(tree_of(&client, &snapshot).await, ["a.py", "link"]);
    let file = format!("/v1/snapshots/{snapshot}/file?path=link");
    let file = client.get(&file).await.expect_status(200).json();
    assert!(file.to_string().contains("/etc/passwd"), "{file}");
    assert!(!file.to_string().contains("root:"), "{file}");
}

#[tokio::test]
async fn damaged_bodies_change_nothing() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let checkout = Checkout::new();
    let commit = checkout.commit(&[("a.py", "x = 1\n")]);
    let whole = [commands(&commit, "main"), pack(&checkout, "main")].concat();
    let head = commands(&commit, "main").len();
    let mut flipped = whole.clone();
    flipped[head + 40] ^= 0xff;
    let garbage = [&whole[..head], &b"PACKnonsense"[..]].concat();
    let none = whole[..head].to_vec();
    let cut = whole[..whole.len() - 30].to_vec();
    for body in [flipped, garbage, none, cut] {
        let answer = send(&app, &remote, body, None).await.expect_status(200);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(text.contains("unpack the pack is damaged"), "{text}");
        assert!(text.contains("ng refs/heads/main"), "{text}");
    }
    // A pack without what the commit needs.
    let lonely = checkout.git_with(
        &["pack-objects", "--stdout", "-q"],
        format!("{commit}\n").as_bytes(),
    );
    let body = [&whole[..head], &lonely].concat();
    let answer = send(&app, &remote, body, None).await.expect_status(200);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.contains("ng refs/heads/main"), "{text}");
    for body in [&b""[..], b"hello", b"0004", b"fffffff", &whole[..20]] {
        let answer = send(&app, &remote, body.to_vec(), None).await;
        assert_eq!(answer.status, 400, "{body:?}");
        assert!(answer.header("content-type").starts_with("text/plain"));
    }
    // Git's question whether it is let in.
    let probe = send(&app, &remote, b"0000".to_vec(), None).await;
    assert!(probe.expect_status(200).body.is_empty());
    let state = format!("/v1/repositories/{}", remote.repository);
    assert_eq!(client.get(&state).await.text_at("ingest_status"), "pending");
    let whole = send(&app, &remote, whole, None).await.expect_status(200);
    let text = String::from_utf8_lossy(&whole.body).into_owned();
    assert!(text.contains("ok refs/heads/main"), "{text}");
    assert_eq!(remote.ingested(&client).await["ingest_status"], "ready");
}

#[tokio::test]
async fn bodies_may_be_compressed_within_the_limit() {
    let app = TestApp::with(&[("VEGA_MAX_SOURCE_BYTES", "100000")]).await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let checkout = Checkout::new();
    let commit = checkout.commit(&[("a.py", "x = 1\n")]);
    let gzip = |bytes: &[u8]| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    };
    let bomb = [
        commands(&commit, "main"),
        b"PACK".to_vec(),
        vec![0; 50_000_000],
    ]
    .concat();
    let bomb = gzip(&bomb);
    assert!(bomb.len() < 100_000);
    let answer = send(&app, &remote, bomb, Some("gzip"))
        .await
        .expect_status(200);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.contains("ng refs/heads/main"), "{text}");
    let body = [commands(&commit, "main"), pack(&checkout, "main")].concat();
    let packed = gzip(&body);
    let cut = packed[..packed.len() - 20].to_vec();
    let answer = send(&app, &remote, cut, Some("gzip"))
        .await
        .expect_status(200);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.contains("ng refs/heads/main"), "{text}");
    for wrong in ["br", "deflate", "gzip, gzip", "zstd"] {
        let answer = send(&app, &remote, body.clone(), Some(wrong)).await;
        assert_eq!(answer.status, 415, "{wrong}");
    }
    let named = send(&app, &remote, body.clone(), Some("gzip")).await;
    assert_eq!(named.status, 400, "not gzip at all");
    let answer = send(&app, &remote, packed, Some("gzip"))
        .await
        .expect_status(200);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.contains("ok refs/heads/main"), "{text}");
    assert_eq!(remote.ingested(&client).await["ingest_status"], "ready");
}

/// The beginning of a push, on a connection of its own.
fn half_a_push(app: &TestApp, remote: &Remote, body: &[u8]) -> TcpStream {
    use base64::Engine;
    let address = app.address.strip_prefix("http://").unwrap();
    let pair = format!("vega:{}", remote.password);
    let pair = base64::engine::general_purpose::STANDARD.encode(pair);
    let path = remote.path("git-receive-pack");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Basic {pair}\r\n\
         Content-Type: {TYPE}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body[..body.len() / 2]).unwrap();
    stream
}

#[tokio::test]
async fn one_push_at_a_time_and_a_client_that_goes_leaves_nothing() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let checkout = Checkout::new();
    let commit = checkout.commit(&[("a.py", "x = 1\n")]);
    let body = [commands(&commit, "main"), pack(&checkout, "main")].concat();
    let first = half_a_push(&app, &remote, &body);
    wait_for("the first push", async || {
        (!working_files(&app).is_empty()).then_some(())
    })
    .await;
    let refused = checkout.push(&remote, &["main"]).await;
    refused.expect_refused("remote: Another push to this remote is being received");
    // Another remote of the same repository is not kept waiting.
    drop(first);
    wait_for("the end of the first push", async || {
        working_files(&app).is_empty().then_some(())
    })
    .await;
    checkout.push(&remote, &["main"]).await.expect_worked();
    assert_eq!(remote.ingested(&client).await["ingest_status"], "ready");
    remains(&app, 1).await;

    // Two at once through git: none is lost, and each is told what became of it.
    let other = Checkout::new();
    other.commit(&[("b.py", "y = 1\n")]);
    let (one, two) = tokio::join!(
        checkout.push(&remote, &["main:one"]),
        other.push(&remote, &["main:two"])
    );
    assert!(one.worked || two.worked, "{one:?} {two:?}");
    for said in [one, two] {
        if !said.worked {
            let told = [
                "is being made a snapshot",
                "409",
                "being ingested",
                "being received",
            ];
            assert!(
                told.iter().any(|it| said.text.contains(it)),
                "{}",
                said.text
            );
        }
    }
    remote.ingested(&client).await;
}

#[tokio::test]
async fn who_finds_git_busy_is_sent_away_before_the_push_and_loses_nothing() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let checkout = Checkout::new();
    let commit = checkout.commit(&[("a.py", "x = 1\n")]);
    checkout.push(&remote, &["main"]).await.expect_worked();
    remote.ingested(&client).await;
    let before = working_files(&app);
    let body = [commands(&commit, "other"), pack(&checkout, "main")].concat();
    // As many as git works for at once.
    let mut others = Vec::new();
    for _ in 0..4 {
        let other = Remote::new(&client).await;
        let files = working_files(&app);
        others.push(half_a_push(&app, &other, &body));
        wait_for("the beginning of the push", async || {
            let now = working_files(&app);
            now.iter().any(|it| !files.contains(it)).then_some(())
        })
        .await;
    }
    let refused = send(&app, &remote, body.clone(), None).await;
    let retry_after = refused.header("retry-after").to_owned();
    refused.expect_error("dependency_unavailable");
    assert!(retry_after.parse::<u64>().unwrap() > 0, "{retry_after}");
    drop(others);
    // What was there before may go meanwhile: the archive of the first push, for one.
    wait_for("the end of the others", async || {
        let left = working_files(&app);
        left.iter().all(|it| before.contains(it)).then_some(())
    })
    .await;
    // The repository was kept: a commit on top of what it has is all that is sent.
    checkout.commit(&[("b.py", "y = 1\n")]);
    checkout.push(&remote, &["main"]).await.expect_worked();
    assert_eq!(remote.ingested(&client).await["ingest_status"], "ready");
}

#[tokio::test]
async fn a_whole_push_is_answered_over_a_plain_connection() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let remote = Remote::new(&client).await;
    let checkout = Checkout::new();
    let commit = checkout.commit(&[("a.py", "x = 1\n")]);
    let body = [commands(&commit, "main"), pack(&checkout, "main")].concat();
    let mut stream = half_a_push(&app, &remote, &body);
    stream.write_all(&body[body.len() / 2..]).unwrap();
    let read = tokio::task::spawn_blocking(move || {
        let mut answer = vec![0; 64];
        stream.read_exact(&mut answer).unwrap();
        answer
    });
    let answer = read.await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
    assert_eq!(remote.ingested(&client).await["ingest_status"], "ready");
}
