//! A developer's machine with `git` on it, and a remote of Vega's.

use super::{Client, TestApp};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A clone on somebody's machine.
pub struct Checkout {
    folder: tempfile::TempDir,
}

/// What a `git` command said.
#[derive(Debug)]
pub struct Said {
    pub worked: bool,
    pub text: String,
}

impl Checkout {
    /// An empty repository with the branch `main`.
    pub fn new() -> Self {
        let checkout = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(checkout.path()).unwrap();
        checkout.git(&["init", "--quiet", "--initial-branch=main"]);
        checkout
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// `git` as this person runs it, without this machine's settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_NAME", "A")
            .env("GIT_AUTHOR_EMAIL", "a@example.com")
            .env("GIT_COMMITTER_NAME", "A")
            .env("GIT_COMMITTER_EMAIL", "a@example.com")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command that has to work; gives its output.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// As [`Self::git`], with something on its standard input.
    #[track_caller]
    pub fn git_with(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        use std::io::Write;
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}");
        output.stdout
    }

    /// Writes files and commits them; gives the commit.
    pub fn commit(&self, files: &[(&str, &str)]) -> String {
        for (path, content) in files {
            let path = self.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Adds a blob, whatever it is to be named.
    pub fn blob(&self, content: &[u8]) -> String {
        let id = self.git_with(&["hash-object", "-w", "--stdin"], content);
        String::from_utf8(id).unwrap().trim().to_owned()
    }

    /// Adds a tree of `(mode, name, id)` byte by byte, so that nothing is checked.
    pub fn raw_tree(&self, entries: &[(&str, &str, &str)]) -> String {
        let mut tree = Vec::new();
        for (mode, name, id) in entries {
            tree.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            tree.extend(hex::decode(id).unwrap());
        }
        let arguments = ["hash-object", "-t", "tree", "--literally", "-w", "--stdin"];
        let id = self.git_with(&arguments, &tree);
        String::from_utf8(id).unwrap().trim().to_owned()
    }

    /// Makes `branch` a commit with this tree.
    pub fn branch_of_tree(&self, branch: &str, tree: &str) -> String {
        let commit = self.git(&["commit-tree", "-m", "crafted", tree]);
        self.git(&["update-ref", &format!("refs/heads/{branch}"), &commit]);
        commit
    }

    /// Pushes, and tells how it went. On a thread of its own: the server may be on this one's runtime.
    pub async fn push(&self, remote: &Remote, references: &[&str]) -> Said {
        self.push_to(&remote.url, references).await
    }

    pub async fn push_to(&self, url: &str, references: &[&str]) -> Said {
        let mut arguments = vec!["push", url];
        arguments.extend(references);
        self.say(&arguments).await
    }

    /// Runs any command to its end.
    pub async fn say(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output());
        said(&output.await.unwrap().unwrap())
    }
}

fn said(output: &Output) -> Said {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    Said {
        worked: output.status.success(),
        text: String::from_utf8_lossy(&text).into_owned(),
    }
}

impl Said {
    #[track_caller]
    pub fn expect_worked(self) -> String {
        assert!(self.worked, "{}", self.text);
        self.text
    }

    /// Checks that it failed and said `words`, and nothing about the server's machine.
    #[track_caller]
    pub fn expect_refused(self, words: &str) -> String {
        assert!(!self.worked, "{}", self.text);
        assert!(self.text.contains(words), "no '{words}' in: {}", self.text);
        for leak in ["/tmp/", "git-upload-", "/data/"] {
            let remote = self.text.lines().filter(|it| it.starts_with("remote:"));
            assert!(
                remote.clone().all(|line| !line.contains(leak)),
                "{}",
                self.text
            );
        }
        self.text
    }
}

/// A temporary remote.
#[derive(Clone, Debug)]
pub struct Remote {
    pub id: String,
    /// With user name and password.
    pub url: String,
    /// Without.
    pub bare_url: String,
    pub password: String,
    pub repository: String,
    pub project: String,
}

impl Remote {
    /// Of a new repository in a new project.
    pub async fn new(client: &Client) -> Self {
        let project = client.post("/v1/projects", json!({"name": "p"})).await;
        let project = project.expect_status(201).text_at("id");
        let path = format!("/v1/projects/{project}/repositories");
        let wish = json!({"name": "pushed", "source_type": "git_push"});
        let repository = client.post(&path, wish).await.expect_status(201);
        Self::of(client, project, repository.text_at("id")).await
    }

    /// Of a repository there is.
    pub async fn of(client: &Client, project: String, repository: String) -> Self {
        let wish = json!({"repository_id": repository});
        let made = client.post("/v1/git-uploads", wish).await;
        let made = made.expect_status(201).json();
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        let (bare_url, password) = (text("remote_url"), text("password"));
        let url = bare_url.replace("http://", &format!("http://vega:{password}@"));
        Self {
            id: text("id"),
            url,
            bare_url,
            password,
            repository,
            project,
        }
    }

    /// The path of one of git's requests.
    pub fn path(&self, request: &str) -> String {
        format!("/v1/git-uploads/{}/repo.git/{request}", self.id)
    }

    /// The repository once its newest push is ingested.
    pub async fn ingested(&self, client: &Client) -> Value {
        client.ingested(&self.repository).await
    }

    /// The snapshots made of it, newest first.
    pub async fn snapshots(&self, client: &Client) -> Vec<Value> {
        let path = format!("/v1/repositories/{}/snapshots", self.repository);
        client.get(&path).await.items()
    }
}

/// What the server has in its working folder and keeps of uploads: nothing once a push is over, but
/// for the repository behind the remote.
pub fn working_files(app: &TestApp) -> Vec<String> {
    let data = app.data.path().join("data");
    let mut found = Vec::new();
    let mut look = |folder: &Path, depth: usize| {
        let mut folders = vec![(folder.to_owned(), 0)];
        while let Some((folder, at)) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() && at < depth {
                    folders.push((path, at + 1));
                } else {
                    found.push(path.to_string_lossy().into_owned());
                }
            }
        }
    };
    look(&data.join("runtime"), 1);
    look(&data.join("uploads"), 1);
    // Runners of scans have folders of their own there.
    let ours = ["git-", "ingest-", ".tmp", "job_"];
    found.retain(|path| {
        let name = path.rsplit('/').next().unwrap();
        ours.iter().any(|it| name.starts_with(it))
    });
    found
}
