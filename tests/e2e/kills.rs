//! `kill -9` at random moments loses nothing that was acknowledged.

use crate::support::{
    Client, Random, Server, all, archive_of, corpus, kill_runner, no_runners, runners_of, seconds,
    verify, wait_for,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

const SETTINGS: &[(&str, &str)] = &[
    // The test kills far more often than a scan may be killed in real life.
    ("VEGA_SCAN_MAX_ATTEMPTS", "100000"),
    ("VEGA_SCAN_MAX_RECOVERIES", "100000"),
    ("VEGA_MAX_ACTIVE_SCANS_PER_USER", "1000"),
    ("VEGA_SCAN_MAX_LOCAL_RUNNERS", "2"),
];
/// Later uploads go to repositories that exist.
const MAX_REPOSITORIES: usize = 12;
/// What was interrupted must be at work again this soon. The contract allows 10 s.
const RECOVERY: Duration = Duration::from_secs(10);

/// What the server acknowledged, as it has to be found after every restart.
#[derive(Default)]
struct Acknowledged {
    projects: BTreeMap<String, String>,
    repositories: BTreeMap<String, String>,
    uploads: Vec<String>,
    /// The ingests of these uploads that are not yet seen ended.
    jobs: Vec<String>,
    scans: Vec<String>,
    /// The scans not yet seen completed.
    open: Vec<String>,
    decisions: BTreeMap<String, String>,
}

impl Acknowledged {
    /// Writes one thing after the other until the server does not answer any more.
    async fn keep_writing(&mut self, client: &Client, load: &Load<'_>) {
        for number in 1.. {
            if self.write(client, load, number).await.is_none() {
                return;
            }
        }
    }

    async fn write(&mut self, client: &Client, load: &Load<'_>, number: usize) -> Option<()> {
        let name = format!("project {}", self.projects.len());
        let post = |path: String, body: Value| client.request(Method::POST, &path).json(&body);
        let request = post("/v1/projects".to_owned(), json!({"name": name}));
        let project = client
            .try_send(request)
            .await?
            .expect_status(201)
            .text_at("id");
        self.projects.insert(project.clone(), name.clone());
        // Each finding is decided once: of two decisions, the second may be there although the kill
        // came before its answer.
        if let Some(finding) = load.findings.get(self.projects.len()) {
            let reason = format!("decision in {name}");
            let body = json!({"status": "dismissed", "reason": reason});
            let request = client
                .request(Method::PATCH, &format!("/v1/findings/{finding}"))
                .json(&body);
            client.try_send(request).await?.expect_status(200);
            self.decisions.insert(finding.clone(), reason);
        }
        if number % 4 != 1 {
            return Some(());
        }
        let repository = if self.repositories.len() < MAX_REPOSITORIES {
            self.new_repository(client, &project, name).await?
        } else {
            let known = self.uploads[number % self.uploads.len()].clone();
            let state = client
                .try_get(&format!("/v1/repositories/{known}"))
                .await?
                .json();
            if state["ingest_status"] == "ingesting" {
                return Some(());
            }
            known
        };
        let upload = client
            .request(
                Method::POST,
                &format!("/v1/repositories/{repository}/archive"),
            )
            .header("content-type", "application/octet-stream")
            .body(load.archive.to_vec());
        let job = client.try_send(upload).await?.expect_status(202).json()["job"]["id"].clone();
        self.jobs.push(job.as_str().unwrap().to_owned());
        if !self.uploads.contains(&repository) {
            self.uploads.push(repository);
        }
        Some(())
    }

    async fn new_repository(
        &mut self,
        client: &Client,
        project: &str,
        name: String,
    ) -> Option<String> {
        let path = format!("/v1/projects/{project}/repositories");
        let wish = json!({"name": name, "source_type": "archive"});
        let request = client.request(Method::POST, &path).json(&wish);
        let repository = client
            .try_send(request)
            .await?
            .expect_status(201)
            .text_at("id");
        self.repositories.insert(repository.clone(), name);
        Some(repository)
    }

    /// Everything acknowledged is there, as it was acknowledged.
    async fn check(&mut self, client: &Client) {
        let projects = all(client, "/v1/projects?limit=200").await;
        let text = |state: &Value, key: &str| state[key].as_str().unwrap().to_owned();
        let projects: BTreeMap<_, _> = projects
            .iter()
            .map(|it| (text(it, "id"), text(it, "name")))
            .collect();
        for (project, name) in &self.projects {
            assert_eq!(projects.get(project), Some(name), "an acknowledged project");
        }
        for (repository, name) in &self.repositories {
            let state = client.get(&format!("/v1/repositories/{repository}")).await;
            assert_eq!(&state.expect_status(200).text_at("name"), name);
        }
        for repository in &self.uploads {
            let state = client
                .get(&format!("/v1/repositories/{repository}"))
                .await
                .json();
            let status = state["ingest_status"].as_str().unwrap();
            assert!(
                matches!(status, "ingesting" | "ready"),
                "an upload was lost: {state}"
            );
        }
        let mut open = Vec::new();
        for scan in std::mem::take(&mut self.open) {
            let state = client.scan(&scan).await;
            let status = state["status"].as_str().unwrap();
            assert!(
                matches!(status, "queued" | "claimed" | "running" | "completed"),
                "{state}"
            );
            if status != "completed" {
                open.push(scan);
            }
        }
        self.open = open;
        for (finding, reason) in &self.decisions {
            let state = client.get(&format!("/v1/findings/{finding}")).await.json();
            assert_eq!(
                (&state["status"], &state["dismiss_reason"]),
                (&json!("dismissed"), &json!(reason))
            );
        }
    }
}

/// What the load is made of.
struct Load<'a> {
    archive: &'a [u8],
    findings: &'a [String],
}

/// How hard to test, from the environment of the tests.
#[expect(
    clippy::disallowed_methods,
    reason = "no setting of Vega: it belongs to the test"
)]
fn wish(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_lose_and_duplicate_nothing() {
    let kills: u64 = wish("VEGA_TEST_KILLS", 10);
    let seed: u64 = wish("VEGA_TEST_SEED", 16);
    println!("kills: {kills}, seed: {seed} (VEGA_TEST_KILLS, VEGA_TEST_SEED)");
    let mut random = Random(seed);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let archive = archive_of(&corpus(8, 12, 14));
    let mut server = Server::start(&data, SETTINGS).await;
    let mut client = server.debug().await;

    let reference = client.repository_of(archive.clone()).await;
    let undisturbed = client.start_scan(&reference).await;
    let since = Instant::now();
    let expected = verify::check_scan(&client, &undisturbed, "completed").await;
    println!(
        "undisturbed: {} findings, {}",
        expected.len(),
        seconds(since.elapsed())
    );
    assert!(expected.len() > 60, "the source gives too little to find");
    let findings: Vec<_> = client.findings(&undisturbed).await;
    let findings: Vec<_> = findings
        .iter()
        .map(|it| it["id"].as_str().unwrap().to_owned())
        .collect();

    let load = Load {
        archive: &archive,
        findings: &findings,
    };
    let mut acknowledged = Acknowledged::default();
    let mut figures = Figures::default();
    for _ in 0..kills {
        keep_busy(&client, &mut acknowledged, &reference).await;
        let victim = random.below(4);
        // Half of the kills of a server come while the round's first upload is being ingested.
        let longest = if victim == 2 { 400 } else { 1_200 };
        let moment = Duration::from_millis(random.below(longest));
        if victim == 0 {
            // What the timeout cuts off is not acknowledged and need not be there.
            let writing = tokio::time::timeout(moment, acknowledged.keep_writing(&client, &load));
            assert!(writing.await.is_err(), "the server stopped answering");
            figures
                .kill_one_runner(&server, &client, &data, &mut random)
                .await;
            continue;
        }
        let killing = async {
            tokio::time::sleep(moment).await;
            server.process.kill();
            if victim == 1 {
                // As when the whole machine goes down: no runner hands its scan back.
                for pid in runners_of(&data) {
                    kill_runner(pid);
                }
            }
        };
        tokio::join!(acknowledged.keep_writing(&client, &load), killing);
        figures.orphans = figures.orphans.max(no_runners(&data).await);
        let interrupted = unfinished(&server);
        figures.note_errors(&server);
        server = Server::start(&data, SETTINGS).await;
        client = server.again(&client);
        acknowledged.check(&client).await;
        figures.serve_kills += 1;
        figures
            .wait_for_ingests(&server, &client, &mut acknowledged)
            .await;
        figures.wait_for_scans(&server, &client, &interrupted).await;
    }

    let since = Instant::now();
    for scan in acknowledged.scans.iter().chain([&undisturbed]) {
        let found = verify::check_scan(&client, scan, "completed").await;
        assert_eq!(
            found, expected,
            "{scan} found something else than an undisturbed scan"
        );
    }
    acknowledged.check(&client).await;
    println!(
        "{} scans whole {} after the last kill",
        acknowledged.scans.len(),
        seconds(since.elapsed())
    );
    println!(
        "acknowledged: {} projects, {} uploads, {} decisions",
        acknowledged.projects.len(),
        acknowledged.uploads.len(),
        acknowledged.decisions.len()
    );
    figures.note_errors(&server);
    figures.print();
    assert!(figures.errors.is_empty(), "errors in the log, see above");
    let uploads = verify::files_below(&data.join("uploads")).len();
    println!("uploads left without a job: {uploads}");
    assert!(
        uploads <= figures.serve_kills as usize,
        "more than one upload lost per kill"
    );
    server.stop().await;
    // What a runner killed at its very end left goes with the next start.
    let server = Server::start(&data, SETTINGS).await;
    verify::no_leftovers_but_uploads(&data, 1).await;
    server.stop().await;
    verify::no_leftovers_but_uploads(&data, 0).await;
    assert!(runners_of(&data).is_empty());
}

/// At least three scans wait or run, of different repositories.
async fn keep_busy(client: &Client, acknowledged: &mut Acknowledged, reference: &str) {
    let mut busy = 0;
    for scan in &acknowledged.open {
        busy += usize::from(client.scan(scan).await["completed_at"].is_null());
    }
    let mut repositories = vec![reference.to_owned()];
    for repository in &acknowledged.uploads {
        let state = client
            .get(&format!("/v1/repositories/{repository}"))
            .await
            .json();
        if state["ingest_status"] == "ready" {
            repositories.push(repository.clone());
        }
    }
    for number in busy..4 {
        let repository = &repositories[(acknowledged.scans.len() + number) % repositories.len()];
        let scan = client.start_scan(repository).await;
        acknowledged.scans.push(scan.clone());
        acknowledged.open.push(scan);
    }
}

/// The scans a killed server had started and not seen ended.
fn unfinished(server: &Server) -> Vec<String> {
    let scans = |message: &str| -> Vec<String> {
        let lines = server.process.logged(message);
        lines
            .iter()
            .map(|(_, line)| line["scan_id"].as_str().unwrap().to_owned())
            .collect()
    };
    let ended = scans("scan ended");
    let mut started = scans("runner started");
    started.retain(|scan| !ended.contains(scan));
    started
}

/// What was measured.
#[derive(Default)]
struct Figures {
    serve_kills: u32,
    runner_kills: u32,
    errors: BTreeMap<String, u32>,
    orphans: Duration,
    lost: usize,
    noticed: Duration,
    ingests: Vec<Duration>,
    scans: Vec<Duration>,
    runners: Vec<Duration>,
}

impl Figures {
    /// Kills a runner, if there is one, and waits until the living server has noticed.
    async fn kill_one_runner(
        &mut self,
        server: &Server,
        client: &Client,
        data: &Path,
        random: &mut Random,
    ) {
        let runners = runners_of(data);
        if runners.is_empty() {
            return;
        }
        let chosen = runners[random.below(runners.len() as u64) as usize];
        let started = server.process.logged("runner started");
        let named = json!(format!("pid {chosen}"));
        let Some((_, line)) = started.iter().find(|(_, line)| line["runner"] == named) else {
            return;
        };
        let scan = line["scan_id"].as_str().unwrap().to_owned();
        let since = Instant::now();
        if !kill_runner(chosen) {
            return;
        }
        self.runner_kills += 1;
        wait_for("a new runner for the scan", async || {
            let started = server.process.logged("runner started");
            let again = started
                .iter()
                .any(|(at, line)| *at > since && line["scan_id"] == json!(scan));
            // It may have been so late that the scan had ended.
            (again || !client.scan(&scan).await["completed_at"].is_null()).then_some(())
        })
        .await;
        self.runners.push(since.elapsed());
        assert!(
            since.elapsed() < RECOVERY,
            "recovered only after {}",
            seconds(since.elapsed())
        );
    }

    /// Every acknowledged upload becomes a snapshot soon after the restart.
    async fn wait_for_ingests(
        &mut self,
        server: &Server,
        client: &Client,
        known: &mut Acknowledged,
    ) {
        for job in std::mem::take(&mut known.jobs) {
            let state = wait_for("the end of an ingest", async || {
                let state = client
                    .get(&format!("/v1/jobs/{job}"))
                    .await
                    .expect_status(200)
                    .json();
                matches!(state["status"].as_str(), Some("succeeded" | "failed")).then_some(state)
            })
            .await;
            assert_eq!(state["status"], "succeeded", "{state}");
            if state["attempt"].as_u64() > Some(1) {
                let took = server.ready_at.elapsed();
                assert!(took < RECOVERY, "an ingest took {}", seconds(took));
                self.ingests.push(took);
            }
        }
        for repository in &known.uploads {
            let state = client.ingested(repository).await;
            assert_eq!(state["ingest_status"], "ready", "{state}");
        }
    }

    /// Every interrupted scan gets a new runner soon after the restart.
    async fn wait_for_scans(&mut self, server: &Server, client: &Client, interrupted: &[String]) {
        for scan in interrupted {
            wait_for("a new runner for an interrupted scan", async || {
                let started = server.process.logged("runner started");
                let again = started
                    .iter()
                    .any(|(_, line)| line["scan_id"] == json!(scan));
                (again || !client.scan(scan).await["completed_at"].is_null()).then_some(())
            })
            .await;
            self.scans.push(server.ready_at.elapsed());
        }
        let lost = server.process.logged("a scan lost its owner");
        self.lost += lost.len();
        let started = server.process.logged("runner started");
        for (at, _) in lost.iter().chain(started.first()) {
            let took = at.saturating_duration_since(server.ready_at);
            assert!(took < RECOVERY, "noticed only after {}", seconds(took));
            self.noticed = self.noticed.max(took);
        }
    }

    /// Errors a server logged: what the kill of another process must not lead to.
    fn note_errors(&mut self, server: &Server) {
        let lines = server.process.lines();
        let lines = lines
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        for line in lines.filter(|line| line["level"] == "ERROR") {
            let what = format!("{} ({} {})", line["message"], line["error"], line["cause"]);
            *self.errors.entry(what).or_default() += 1;
        }
    }

    fn print(&self) {
        for (error, times) in &self.errors {
            println!("logged {times} times: {error}");
        }
        let worst = |all: &[Duration]| {
            all.iter()
                .max()
                .map_or("none".to_owned(), |it| seconds(*it))
        };
        println!(
            "kills: {} of serve, {} of runners",
            self.serve_kills, self.runner_kills
        );
        println!("worst end of orphaned runners: {}", seconds(self.orphans));
        println!(
            "worst end of an interrupted ingest after the restart: {} ({})",
            worst(&self.ingests),
            self.ingests.len()
        );
        println!(
            "worst first sight of what was interrupted: {}",
            seconds(self.noticed)
        );
        println!(
            "worst new start of an interrupted scan, queue included: {} ({}, {} lost without a word)",
            worst(&self.scans),
            self.scans.len(),
            self.lost
        );
        println!(
            "worst recovery of killed runners: {} ({})",
            worst(&self.runners),
            self.runners.len()
        );
    }
}
