//! The README's walk-through, run as it is printed, against the real program; and the promises
//! that all documents make about commands and files.
//!
//! Blocks are fenced as `sh walkthrough=<name>`. They run in one bash, in order, as a reader would
//! paste them; only the line `VEGA=…` is replaced. Waiting is done by the README's own loops.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "tests, and the functions they share, say what they expect by unwrapping"
)]

use regex::Regex;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

/// The longest the server may take to start, and the whole walk-through to run.
const PATIENCE: Duration = Duration::from_secs(120);

/// The blocks the walk-through consists of, in order.
const BLOCKS: &[&str] = &[
    "start",
    "sign-in",
    "project",
    "source",
    "upload",
    "scan",
    "findings",
    "events",
    "report",
    "triage",
    "runner-text",
    "runner-sarif",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Fenced blocks of a page: what follows the opening fence, and the lines inside.
fn fenced(page: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for line in page.lines() {
        match (open, line.strip_prefix("```")) {
            (false, Some(info)) => {
                blocks.push((info.trim().to_owned(), String::new()));
                open = true;
            }
            (true, Some(_)) => open = false,
            (true, None) => {
                let (_, text) = blocks.last_mut().unwrap();
                text.push_str(line);
                text.push('\n');
            }
            (false, None) => {}
        }
    }
    assert!(!open, "a fenced block is not closed");
    blocks
}

/// The walk-through's blocks by name, which must be exactly [`BLOCKS`].
fn walkthrough() -> Vec<(String, String)> {
    let blocks: Vec<_> = fenced(&read("README.md"))
        .into_iter()
        .filter_map(|(info, text)| Some((info.strip_prefix("sh walkthrough=")?.to_owned(), text)))
        .collect();
    let names: Vec<_> = blocks.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names, BLOCKS,
        "the walk-through in README.md lost, gained or moved a block"
    );
    blocks
}

/// `vega serve` on a free port. Dropping it ends it; its runners end with it.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_vega"))
            .args(["serve", "--port", "0"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("VEGA_LOG_FORMAT", "json")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, receiver) = mpsc::channel();
        // Reads on after the start, so that the server never waits for a full pipe.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).unwrap_or_default();
                if line["message"] == "vega serve is ready" {
                    // The receiver has gone when the test has.
                    drop(sender.send(line["address"].as_str().unwrap_or_default().to_owned()));
                }
            }
        });
        let mut server = Self {
            child,
            address: String::new(),
        };
        server.address = receiver
            .recv_timeout(PATIENCE)
            .expect("vega serve did not start");
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs `script` in one bash and gives its standard output.
fn bash(script: &str, folder: &Path) -> String {
    let path = folder.join("walkthrough.sh");
    fs::write(&path, script).unwrap();
    let (out, err) = (folder.join("stdout"), folder.join("stderr"));
    let vega = Path::new(env!("CARGO_BIN_EXE_vega"))
        .parent()
        .unwrap()
        .to_owned();
    let old = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::env::join_paths(std::iter::once(vega).chain(std::env::split_paths(&old)));
    let mut child = Command::new("bash")
        .arg(&path)
        .env_clear()
        .env("PATH", paths.unwrap())
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .process_group(0)
        .spawn()
        .unwrap();
    let group = rustix::process::Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || drop(sender.send(child.wait())));
    let ended = receiver.recv_timeout(PATIENCE);
    if ended.is_err() {
        // Whatever the shell waits for ends with it; it may just have ended by itself.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let output = String::from_utf8_lossy(&fs::read(&out).unwrap()).into_owned();
    let errors = String::from_utf8_lossy(&fs::read(&err).unwrap()).into_owned();
    let told = format!("\n--- output\n{output}\n--- errors\n{errors}");
    match ended {
        Ok(status) => assert!(status.unwrap().success(), "the walk-through failed{told}"),
        Err(_) => panic!("the walk-through did not end within {PATIENCE:?}{told}"),
    }
    output
}

fn need(programs: &[&str]) {
    for program in programs {
        let found = Command::new(program).arg("--version").output();
        assert!(
            found.is_ok_and(|it| it.status.success()),
            "the README's walk-through needs {program}, which is not installed \
             (on Debian: apt-get install {program})"
        );
    }
}

#[test]
fn the_walk_through_does_what_it_says() {
    need(&["bash", "curl", "python3", "tar"]);
    let blocks = walkthrough();
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut script = String::from("set -eu\n");
    for (name, text) in &blocks {
        script.push_str(&format!("echo '=== {name}'\n"));
        for line in text.lines() {
            if line.starts_with("VEGA=") {
                assert_eq!(
                    line, "VEGA=http://127.0.0.1:8000",
                    "the README's address is the default"
                );
                script.push_str(&format!("VEGA={}\n", server.address));
            } else {
                script.push_str(line);
                script.push('\n');
            }
        }
        // What one block prints without a line's end does not run into the next.
        script.push_str("echo\n");
    }
    // Where the blocks went to work.
    script.push_str("echo '=== folder'\npwd\n");
    let output = bash(&script, folder.path());

    let mut said: BTreeMap<&str, String> = BTreeMap::new();
    let mut name = "";
    for line in output.lines() {
        match line.strip_prefix("=== ") {
            Some(next) => name = next,
            None => {
                let text = said.entry(name).or_default();
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    let said = |name: &str| said[name].trim().to_owned();
    let work = PathBuf::from(said("folder"));
    let json = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(work.join(name)).unwrap()).unwrap()
    };

    assert!(said("sign-in").contains("debug@example.com"));
    assert!(said("project").starts_with("prj_") && said("project").contains(" repo_"));
    assert_eq!(said("upload"), "ready");
    assert!(said("scan").starts_with("completed"), "{}", said("scan"));

    let findings = json("findings.json");
    let findings = findings.as_array().unwrap();
    let rules: BTreeSet<_> = findings
        .iter()
        .filter_map(|it| it["rule_id"].as_str())
        .collect();
    for rule in [
        "python-command-injection",
        "python-sql-injection",
        "dockerfile-pipe-to-shell",
        "compose-docker-socket",
    ] {
        assert!(rules.contains(rule), "{rule} is not among {rules:?}");
    }
    assert_eq!(said("findings").lines().count(), findings.len());
    assert!(
        said("findings").starts_with("critical\tshop/app.py\t"),
        "{}",
        said("findings")
    );

    let events = said("events");
    assert!(
        events.lines().next().unwrap().starts_with("1 scan_started"),
        "{events}"
    );
    assert!(
        events.lines().last().unwrap().contains("scan_completed"),
        "{events}"
    );

    let report = json("report.json");
    // The report lists leads too; the API does when it is asked for them.
    let told = report["findings"].as_array().unwrap().iter();
    let told = told.filter(|it| it["content"]["lead"] == false);
    assert_eq!(told.count(), findings.len());
    for sarif in ["report.sarif", "shop.sarif"] {
        let sarif = json(sarif);
        assert_eq!(sarif["version"], "2.1.0");
        assert!(!sarif["runs"][0]["results"].as_array().unwrap().is_empty());
    }
    assert!(said("report").ends_with("2.1.0"));
    assert_eq!(said("triage"), "confirmed");

    assert!(said("runner-text").contains("python-command-injection"));
    assert!(
        said("runner-text").ends_with("exit code 1"),
        "{}",
        said("runner-text")
    );
    assert!(
        said("runner-sarif").starts_with("exit code 1"),
        "{}",
        said("runner-sarif")
    );
}

/// Printed by the program, and compared with it elsewhere. Settings name files that an installation
/// may have.
const GENERATED: &[&str] = &["docs/settings.md", "docs/errors.md", "docs/benchmarks.md"];

/// Pages written by hand.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
        .map(str::to_owned)
        .to_vec();
    for folder in ["docs", "docs/design", "docs/quality"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                pages.push(format!("{folder}/{name}"));
            }
        }
    }
    pages.retain(|page| !GENERATED.contains(&page.as_str()));
    pages.sort();
    pages
}

#[test]
fn links_between_pages_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#\s]+)(#[^)]*)?\)").unwrap();
    let mut wrong = Vec::new();
    for page in pages() {
        let folder = root().join(&page).parent().unwrap().to_owned();
        for found in link.captures_iter(&read(&page)) {
            let target = &found[1];
            if !target.contains("://") && !folder.join(target).exists() {
                wrong.push(format!("{page}: {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_that_pages_name_exist() {
    let path = Regex::new(r"`((?:src|tests|benches|scripts|docs)/[A-Za-z0-9_./-]+)`").unwrap();
    let mut wrong = Vec::new();
    for page in pages() {
        for found in path.captures_iter(&read(&page)) {
            if !root().join(&found[1]).exists() {
                wrong.push(format!("{page}: {}", &found[1]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn commands_and_flags_that_pages_print_exist() {
    let target = Regex::new(r"\bmake ([a-z]+)\b").unwrap();
    let flag = Regex::new(r"--[a-z][a-z-]*").unwrap();
    let makefile = read("Makefile");
    let mut wrong = Vec::new();
    for page in pages() {
        for (info, text) in fenced(&read(&page)) {
            if !info.starts_with("sh") {
                continue;
            }
            for found in target.captures_iter(&text) {
                if !makefile.contains(&format!("\n{}:", &found[1])) {
                    wrong.push(format!("{page}: make {}", &found[1]));
                }
            }
            for line in text.lines() {
                let Some((_, command)) = line.split_once("vega ") else {
                    continue;
                };
                let command = command.split("||").next().unwrap();
                let words: Vec<_> = command
                    .split_whitespace()
                    .take_while(|word| {
                        word.starts_with(|first: char| first.is_ascii_lowercase())
                            && word
                                .bytes()
                                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                    })
                    .collect();
                // The last word may be an argument (`docs settings`): asking for help shows.
                let help = Command::new(env!("CARGO_BIN_EXE_vega"))
                    .args(&words)
                    .arg("--help")
                    .env_clear()
                    .output()
                    .unwrap();
                let help = String::from_utf8_lossy(&help.stdout).into_owned();
                if help.is_empty() {
                    wrong.push(format!("{page}: vega {}", words.join(" ")));
                }
                for found in flag.find_iter(command) {
                    if !help.contains(found.as_str()) {
                        wrong.push(format!(
                            "{page}: vega {} {}",
                            words.join(" "),
                            found.as_str()
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
