//! `kill -9` at random moments loses nothing that was acknowledged.

use crate::support::{
    Client, Random, Server, archive_of, corpus, kill_runner, no_runners, runners_of, seconds,
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
/// What was interrupted must be at work again this soon. The contract allows 10 s.
const RECOVERY: Duration = Duration::from_secs(10);

/// What the server acknowledged, as it has to be found after every restart.
#[derive(Default)]
struct Acknowledged {
    projects: BTreeMap<String, String>,
    repositories: BTreeMap<String, String>,
    uploads: Vec<String>,
    scans: Vec<String>,
    decisions: BTreeMap<String, String>,
}

impl Acknowledged {
    /// Writes one thing after the other until the server does not answer any more.
    async fn keep_writing(&mut self, client: &Client, load: &Load<'_>) {
        let mut number = self.projects.len();
        loop {
            number += 1;
            if self.write(client, load, number).await.is_none() {
                return;
            }
        }
    }

    async fn write(&mut self, client: &Client, load: &Load<'_>, number: usize) -> Option<()> {
        let name = format!("project {number}");
        let post = |path: String, body: Value| client.request(Method::POST, &path).json(&body);
        let request = post("/v1/projects".to_owned(), json!({"name": name}));
        let project = client.try_send(request).await?.expect_status(201).text_at("id");
        self.projects.insert(project.clone(), name.clone());
        if let Some(finding) = load.findings.get(number % load.findings.len().max(1)) {
            let reason = format!("decision {number}");
            let body = json!({"status": "dismissed", "reason": reason});
            let request = client.request(Method::PATCH, &format!("/v1/findings/{finding}")).json(&body);
            client.try_send(request).await?.expect_status(200);
            self.decisions.insert(finding.clone(), reason);
        }
        if self.uploads.len() >= load.uploads || number % 4 != 0 {
            return Some(());
        }
        let path = format!("/v1/projects/{project}/repositories");
        let request = post(path, json!({"name": name, "source_type": "archive"}));
        let repository = client.try_send(request).await?.expect_status(201).text_at("id");
        self.repositories.insert(repository.clone(), name);
        let upload = client
            .request(Method::POST, &format!("/v1/repositories/{repository}/archive"))
            .header("content-type", "application/octet-stream")
            .body(load.archive.to_vec());
        client.try_send(upload).await?.expect_status(202);
        self.uploads.push(repository);
        Some(())
    }

    /// Everything acknowledged is there, as it was acknowledged.
    async fn check(&self, client: &Client) {
        for (project, name) in &self.projects {
            let state = client.get(&format!("/v1/projects/{project}")).await.expect_status(200);
            assert_eq!(&state.text_at("name"), name);
        }
        for (repository, name) in &self.repositories {
            let state = client.get(&format!("/v1/repositories/{repository}")).await;
            assert_eq!(&state.expect_status(200).text_at("name"), name);
        }
        for repository in &self.uploads {
            let state = client.get(&format!("/v1/repositories/{repository}")).await.json();
            let status = state["ingest_status"].as_str().unwrap();
            assert!(matches!(status, "ingesting" | "ready"), "an upload was lost: {state}");
        }
        for scan in &self.scans {
            let state = client.scan(scan).await;
            assert!(state["status"] != "failed" && state["status"] != "cancelled", "{state}");
        }
        for (finding, reason) in &self.decisions {
            let state = client.get(&format!("/v1/findings/{finding}")).await.json();
            assert_eq!((&state["status"], &state["dismiss_reason"]), (&json!("dismissed"), &json!(reason)));
        }
    }
}

/// What the load is made of.
struct Load<'a> {
    archive: &'a [u8],
    findings: &'a [String],
    uploads: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_lose_and_duplicate_nothing() {
    let kills: u32 = std::env::var("VEGA_TEST_KILLS").map_or(10, |it| it.parse().unwrap());
    let seed: u64 = std::env::var("VEGA_TEST_SEED").map_or(16, |it| it.parse().unwrap());
    println!("kills: {kills}, seed: {seed} (VEGA_TEST_KILLS, VEGA_TEST_SEED)");
    let mut random = Random(seed);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let archive = archive_of(&corpus(6, 10, 12));
    let mut server = Server::start(&data, SETTINGS).await;
    let mut client = server.debug().await;

    let reference = client.repository_of(archive.clone()).await;
    let undisturbed = client.start_scan(&reference).await;
    let since = Instant::now();
    let expected = verify::check_scan(&client, &undisturbed, "completed").await;
    println!("undisturbed: {} findings, {}", expected.len(), seconds(since.elapsed()));
    assert!(expected.len() > 60, "the source gives too little to find");
    let findings: Vec<_> = client.findings(&undisturbed).await;
    let findings: Vec<_> = findings.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();

    let mut acknowledged = Acknowledged::default();
    let mut figures = Figures::default();
    for round in 0..kills {
        keep_busy(&client, &mut acknowledged, &reference).await;
        let load = Load {
            archive: &archive,
            findings: &findings,
            uploads: 2 + round as usize / 3,
        };
        let moment = Duration::from_millis(random.below(1_500));
        let of_runner = random.below(3) == 0;
        if of_runner {
            let writing = tokio::time::timeout(moment, acknowledged.keep_writing(&client, &load));
            assert!(writing.await.is_err(), "the server stopped answering");
            // What was cut off by the timeout is not acknowledged and need not be there.
            figures.kill_one_runner(&server, &data, &mut random).await;
            continue;
        }
        let killing = async {
            tokio::time::sleep(moment).await;
            server.process.kill();
        };
        tokio::join!(acknowledged.keep_writing(&client, &load), killing);
        let orphans = no_runners(&data).await;
        figures.orphans = figures.orphans.max(orphans);
        server = Server::start(&data, SETTINGS).await;
        client = server.debug().await;
        acknowledged.check(&client).await;
        figures.serve_kills += 1;
        figures.wait_for_ingests(&server, &client, &acknowledged).await;
        figures.wait_for_scans(&server, &client, &acknowledged).await;
    }

    let since = Instant::now();
    for scan in acknowledged.scans.iter().chain([&undisturbed]) {
        let found = verify::check_scan(&client, scan, "completed").await;
        assert_eq!(found, expected, "{scan} found something else than an undisturbed scan");
    }
    acknowledged.check(&client).await;
    println!("{} scans whole {} after the last kill", acknowledged.scans.len(), seconds(since.elapsed()));
    println!(
        "acknowledged: {} projects, {} uploads, {} decisions",
        acknowledged.projects.len(), acknowledged.uploads.len(), acknowledged.decisions.len()
    );
    figures.print();
    verify::no_leftovers(&data, 1).await;
    server.stop().await;
    verify::no_leftovers(&data, 0).await;
    assert!(runners_of(&data).is_empty());
}

/// At least three scans wait or run, of different repositories.
async fn keep_busy(client: &Client, acknowledged: &mut Acknowledged, reference: &str) {
    let mut busy = 0;
    for scan in acknowledged.scans.iter().rev().take(6) {
        busy += usize::from(client.scan(scan).await["completed_at"].is_null());
    }
    let mut repositories = vec![reference.to_owned()];
    for repository in &acknowledged.uploads {
        let state = client.get(&format!("/v1/repositories/{repository}")).await.json();
        if state["ingest_status"] == "ready" {
            repositories.push(repository.clone());
        }
    }
    for number in busy..3 {
        let repository = &repositories[(acknowledged.scans.len() + number) % repositories.len()];
        let scan = client.start_scan(repository).await;
        acknowledged.scans.push(scan);
    }
}

/// What was measured.
#[derive(Default)]
struct Figures {
    serve_kills: u32,
    runner_kills: u32,
    orphans: Duration,
    ingests: Vec<Duration>,
    scans: Vec<Duration>,
    runners: Vec<Duration>,
}

impl Figures {
    /// Kills a runner, if there is one, and waits until the living server has noticed.
    async fn kill_one_runner(&mut self, server: &Server, data: &Path, random: &mut Random) {
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
        let client = server.debug().await;
        let since = Instant::now();
        if !kill_runner(chosen) {
            return;
        }
        self.runner_kills += 1;
        wait_for("a new runner for the scan", async || {
            let started = server.process.logged("runner started");
            let again = started.iter().any(|(at, line)| *at > since && line["scan_id"] == json!(scan));
            // It may have been so late that the scan had ended.
            (again || !client.scan(&scan).await["completed_at"].is_null()).then_some(())
        })
        .await;
        self.runners.push(since.elapsed());
        assert!(since.elapsed() < RECOVERY, "recovered only after {}", seconds(since.elapsed()));
    }

    /// Every acknowledged upload becomes a snapshot soon after the restart.
    async fn wait_for_ingests(&mut self, server: &Server, client: &Client, known: &Acknowledged) {
        let mut interrupted = false;
        for repository in &known.uploads {
            let state = client.get(&format!("/v1/repositories/{repository}")).await.json();
            interrupted |= state["ingest_status"] == "ingesting";
            let state = client.ingested(repository).await;
            assert_eq!(state["ingest_status"], "ready", "{state}");
        }
        if interrupted {
            let took = server.ready_at.elapsed();
            assert!(took < RECOVERY, "ingests took {}", seconds(took));
            self.ingests.push(took);
        }
    }

    /// Every scan that lost its owner is found again soon after the restart.
    async fn wait_for_scans(&mut self, server: &Server, client: &Client, known: &Acknowledged) {
        let took = wait_for("the recovery of scans", async || {
            for scan in &known.scans {
                let state = client.scan(scan).await;
                let lost = server.process.logged("a scan lost its owner");
                let started = server.process.logged("runner started");
                let mut mine = lost.iter().chain(&started).filter(|it| it.1["scan_id"] == json!(scan));
                let taken = matches!(state["status"].as_str(), Some("claimed" | "running"));
                if taken && mine.next().is_none() {
                    return None;
                }
            }
            Some(server.ready_at.elapsed())
        })
        .await;
        let lost = server.process.logged("a scan lost its owner");
        if let Some((at, _)) = lost.last() {
            let took = at.saturating_duration_since(server.ready_at);
            assert!(took < RECOVERY, "recovered only after {}", seconds(took));
            self.scans.push(took);
        }
        assert!(took < RECOVERY, "recovered only after {}", seconds(took));
    }

    fn print(&self) {
        let worst = |all: &[Duration]| all.iter().max().map_or("none".to_owned(), |it| seconds(*it));
        println!("kills: {} of serve, {} of runners", self.serve_kills, self.runner_kills);
        println!("worst end of orphaned runners: {}", seconds(self.orphans));
        println!("worst recovery of ingests: {} ({})", worst(&self.ingests), self.ingests.len());
        println!("worst recovery of scans: {} ({})", worst(&self.scans), self.scans.len());
        println!("worst recovery of killed runners: {} ({})", worst(&self.runners), self.runners.len());
    }
}
