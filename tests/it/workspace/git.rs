//! Git sources against a real server on loopback.

use super::{
    SMALL,
    git_server::{GitServer, TOKEN},
    names_in, reason,
};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::channel,
    time::Duration,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use vega::{
    error::{ErrorCode, Result},
    workspace::{FileMode, GitCheckout, GitSettings, GitSource, SourceLimits, git, snapshot},
};

struct Place {
    dir: TempDir,
    server: GitServer,
}

fn git_in(repository: &Path, args: &[&str], input: &[u8]) -> String {
    let mut child = Command::new("git")
        .args(args)
        .env("GIT_DIR", repository)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "a")
        .env("GIT_AUTHOR_EMAIL", "a@example.com")
        .env("GIT_COMMITTER_NAME", "a")
        .env("GIT_COMMITTER_EMAIL", "a@example.com")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {args:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn blob(repository: &Path, content: &[u8]) -> String {
    git_in(repository, &["hash-object", "-w", "--stdin"], content)
}

/// Commits a tree given as lines of `git mktree`, on a branch.
fn commit(repository: &Path, branch: &str, tree: &str) -> String {
    let tree = git_in(repository, &["mktree", "--missing"], tree.as_bytes());
    let commit = git_in(repository, &["commit-tree", "-m", "x", &tree], b"");
    git_in(
        repository,
        &["update-ref", &format!("refs/heads/{branch}"), &commit],
        b"",
    );
    commit
}

fn repository(root: &Path, name: &str) -> PathBuf {
    let path = root.join(name);
    git_in(
        &path,
        &["init", "--quiet", "--bare", "--initial-branch=trunk"],
        b"",
    );
    path
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("repositories");
    fs::create_dir_all(&root).unwrap();
    fs::create_dir(dir.path().join("out")).unwrap();
    let server = GitServer::start(root, None);
    Place { dir, server }
}

impl Place {
    fn root(&self) -> PathBuf {
        self.dir.path().join("repositories")
    }

    fn settings(&self) -> GitSettings {
        GitSettings {
            allow_private_hosts: vec![self.server.host()],
            timeout: Duration::from_secs(60),
            limits: SMALL,
        }
    }

    fn fetch(
        &self,
        path: &str,
        reference: Option<&str>,
        settings: &GitSettings,
    ) -> Result<GitCheckout> {
        self.fetch_with(path, reference, None, settings)
    }

    fn fetch_with(
        &self,
        path: &str,
        reference: Option<&str>,
        token: Option<&str>,
        settings: &GitSettings,
    ) -> Result<GitCheckout> {
        let out = self.dir.path().join("out");
        let source = GitSource {
            url: self.server.url(path),
            reference: reference.map(str::to_owned),
            token: token.map(str::to_owned),
        };
        let dest = out.join("tree");
        let result = git::fetch(&source, &dest, settings, &CancellationToken::new());
        let left = if result.is_ok() {
            vec!["tree".to_owned()]
        } else {
            Vec::new()
        };
        assert_eq!(names_in(&out), left, "{result:?}");
        result
    }

    fn refused(&self, path: &str, reference: Option<&str>) -> String {
        let error = self.fetch(path, reference, &self.settings()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::IngestFailed, "{error}");
        assert!(!error.message().contains(self.dir.path().to_str().unwrap()));
        reason(&error)
    }
}

#[test]
fn a_commit_comes_in_with_links_as_text_and_without_submodules() {
    let place = place();
    let repo = repository(&place.root(), "r.git");
    let text = blob(&repo, b"print('hi')\n");
    let link = blob(&repo, b"/etc/passwd");
    let attributes = blob(&repo, b"*.py filter=lfs eol=crlf\n");
    let head = commit(
        &repo,
        "trunk",
        &format!(
            "100644 blob {text}\tapp.py\n100755 blob {text}\trun\n120000 blob {link}\tlink\n\
             100644 blob {attributes}\t.gitattributes\n\
             160000 commit 1111111111111111111111111111111111111111\tmodule\n"
        ),
    );
    git_in(&repo, &["tag", "-a", "v1", "-m", "x", &head], b"");

    let checkout = place.fetch("r.git", None, &place.settings()).unwrap();
    assert_eq!(
        (checkout.commit.as_str(), checkout.reference.as_str()),
        (head.as_str(), "trunk")
    );
    let seen: Vec<_> = checkout
        .tree
        .entries
        .iter()
        .map(|e| (e.path.as_str(), e.mode))
        .collect();
    assert_eq!(
        seen,
        [
            (".gitattributes", FileMode::Regular),
            ("app.py", FileMode::Regular),
            ("link", FileMode::Symlink),
            ("run", FileMode::Executable),
        ]
    );
    let root = &checkout.tree.root;
    assert_eq!(fs::read(root.join("app.py")).unwrap(), b"print('hi')\n");
    assert!(fs::symlink_metadata(root.join("link")).unwrap().is_file());
    let hash = snapshot::tree_sha256(&checkout.tree.entries);
    fs::remove_dir_all(root).unwrap();

    for reference in ["trunk", "refs/heads/trunk", "v1", head.as_str()] {
        let again = place
            .fetch("r.git", Some(reference), &place.settings())
            .unwrap();
        assert_eq!(again.commit, head, "{reference}");
        assert_eq!(snapshot::tree_sha256(&again.tree.entries), hash);
        fs::remove_dir_all(&again.tree.root).unwrap();
    }
}

#[test]
fn faults_have_their_reason_and_leave_nothing_behind() {
    let place = place();
    let repo = repository(&place.root(), "r.git");
    let text = blob(&repo, b"x");
    commit(&repo, "trunk", &format!("100644 blob {text}\ta\n"));
    repository(&place.root(), "empty.git");
    assert_eq!(place.refused("missing.git", None), "not_found_or_private");
    assert_eq!(place.refused("private/r.git", None), "not_found_or_private");
    assert_eq!(place.refused("r.git", Some("nope")), "ref_not_found");
    assert_eq!(place.refused("r.git", Some("abcdef1")), "ref_not_found");
    assert_eq!(place.refused("empty.git", None), "empty");
    assert_eq!(place.refused("moved/r.git", None), "redirect_refused");
    assert_eq!(
        place.refused("moved/r.git", Some("trunk")),
        "redirect_refused"
    );
}

#[test]
fn a_token_opens_a_private_repository_and_shows_nowhere() {
    let place = place();
    let repo = repository(&place.root(), "r.git");
    let text = blob(&repo, b"x");
    commit(&repo, "trunk", &format!("100644 blob {text}\ta\n"));
    let settings = place.settings();
    let checkout = place
        .fetch_with("private/r.git", None, Some(TOKEN), &settings)
        .unwrap();
    fs::remove_dir_all(&checkout.tree.root).unwrap();
    let wrong = place
        .fetch_with("private/r.git", None, Some("wr0ng"), &settings)
        .unwrap_err();
    assert_eq!(reason(&wrong), "not_found_or_private");
    assert!(!format!("{wrong:?}").contains("wr0ng"));
    let source = GitSource {
        url: String::new(),
        reference: None,
        token: Some(TOKEN.into()),
    };
    assert!(!format!("{source:?}").contains(TOKEN));
    let requests = place.server.requests.lock().unwrap().join("\n");
    assert!(!requests.contains(TOKEN), "the token stands in a URL");
}

#[test]
fn local_addresses_are_refused_unless_listed() {
    let place = place();
    let settings = GitSettings {
        allow_private_hosts: Vec::new(),
        ..place.settings()
    };
    let port = place.server.port;
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.0.0.1.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "[fd00::1]",
        "[fe80::1]",
    ] {
        let source = GitSource {
            url: format!("http://{host}:{port}/r.git"),
            reference: None,
            token: None,
        };
        let dest = place.dir.path().join("out/tree");
        let error = git::fetch(&source, &dest, &settings, &CancellationToken::new()).unwrap_err();
        assert_eq!(reason(&error), "host_refused", "{host}");
    }
    assert!(
        place.server.requests.lock().unwrap().is_empty(),
        "a refused host was connected to"
    );
    let source = GitSource {
        url: place.server.url("r.git").replace("127.0.0.1", "8.8.8.8"),
        reference: None,
        token: Some("t".into()),
    };
    let dest = place.dir.path().join("out/tree");
    let error = git::fetch(&source, &dest, &settings, &CancellationToken::new()).unwrap_err();
    assert_eq!(reason(&error), "insecure_token");
}

#[test]
fn a_listed_name_is_pinned_to_the_address_that_was_judged() {
    let place = place();
    let repo = repository(&place.root(), "r.git");
    let text = blob(&repo, b"x");
    commit(&repo, "trunk", &format!("100644 blob {text}\ta\n"));
    let settings = GitSettings {
        allow_private_hosts: vec!["localhost".into()],
        ..place.settings()
    };
    let source = GitSource {
        url: format!("http://localhost:{}/r.git", place.server.port),
        reference: None,
        token: None,
    };
    let dest = place.dir.path().join("out/tree");
    git::fetch(&source, &dest, &settings, &CancellationToken::new()).unwrap();
}

#[test]
fn hostile_trees_are_refused_by_the_same_rules_as_archives() {
    let place = place();
    let repo = repository(&place.root(), "r.git");
    let text = blob(&repo, b"x");
    let inner = git_in(
        &repo,
        &["mktree"],
        format!("100644 blob {text}\tevil\n").as_bytes(),
    );
    for (branch, tree, expected) in [
        ("up", format!("040000 tree {inner}\t..\n"), "path_traversal"),
        (
            "slash",
            format!("100644 blob {text}\ta\\b\n"),
            "backslash_path",
        ),
        (
            "bell",
            format!("100644 blob {text}\t\"a\\007b\"\n"),
            "control_character",
        ),
        (
            "twice",
            format!("100644 blob {text}\t\"\\303\\251\"\n100644 blob {text}\t\"e\\314\\201\"\n"),
            "duplicate_entry",
        ),
        ("dotgit", format!("040000 tree {inner}\t.git\n"), "empty"),
    ] {
        commit(&repo, branch, &tree);
        assert_eq!(place.refused("r.git", Some(branch)), expected, "{branch}");
    }
}

#[test]
fn a_repository_above_the_limits_is_cut_off() {
    let place = place();
    let repo = repository(&place.root(), "r.git");
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    })
    .take(6_000_000)
    .collect();
    let large = blob(&repo, &noise);
    commit(&repo, "trunk", &format!("100644 blob {large}\tlarge\n"));
    let with = |limits: SourceLimits| GitSettings {
        limits,
        ..place.settings()
    };
    for limits in [
        SourceLimits {
            max_source_bytes: 1_000_000,
            ..SMALL
        },
        SourceLimits {
            max_file_bytes: 1_000_000,
            ..SMALL
        },
        SourceLimits {
            max_total_bytes: 1_000_000,
            ..SMALL
        },
        SourceLimits {
            max_entries: 0,
            ..SMALL
        },
    ] {
        let error = place.fetch("r.git", None, &with(limits)).unwrap_err();
        assert_eq!(reason(&error), "too_large", "{error:?}");
    }
}

#[test]
fn an_endless_answer_ends_at_the_time_limit() {
    let place = place();
    let settings = GitSettings {
        timeout: Duration::from_millis(400),
        ..place.settings()
    };
    let error = place
        .fetch("endless/r.git", Some("trunk"), &settings)
        .unwrap_err();
    assert_eq!(reason(&error), "timeout", "{error:?}");
}

#[test]
fn cancellation_ends_git_and_its_helpers() {
    let dir = tempfile::tempdir().unwrap();
    let (told, asked) = channel();
    let server = GitServer::start(dir.path().to_owned(), Some(told));
    let cancel = CancellationToken::new();
    let settings = GitSettings {
        allow_private_hosts: vec![server.host()],
        timeout: Duration::from_secs(60),
        limits: SMALL,
    };
    let source = GitSource {
        url: server.url("silent/r.git"),
        reference: None,
        token: None,
    };
    let out = dir.path().join("out");
    fs::create_dir(&out).unwrap();
    let error = std::thread::scope(|scope| {
        let cancel_later = cancel.clone();
        scope.spawn(move || {
            asked.recv().unwrap();
            cancel_later.cancel();
        });
        git::fetch(&source, &out.join("tree"), &settings, &cancel).unwrap_err()
    });
    assert_eq!(
        (error.code(), reason(&error).as_str()),
        (ErrorCode::Conflict, "cancelled")
    );
    assert_eq!(names_in(&out), Vec::<String>::new());
    let mut alive = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.contains("remote-http") && line.contains(&server.host()) {
            alive.push(line);
        }
    }
    assert_eq!(alive, Vec::<String>::new());
}
