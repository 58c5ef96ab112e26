//! The documented example: the API in one terminal, the worker in another, one data folder.

use crate::support::{
    Client, Process, Server, archive_of, command, corpus, no_runners, seconds, verify, wait_for,
};
use std::{path::Path, process::Command, time::Instant};

/// A command in `folder`, with the one change a test needs: any free port.
fn in_terminal(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command(arguments);
    command.current_dir(folder).env("VEGA_PORT", "0");
    command
}

async fn api(folder: &Path) -> Server {
    let mut serve = in_terminal(folder, &["serve"]);
    serve.env("VEGA_SCAN_EXECUTION_MODE", "external");
    Server::of(serve).await
}

async fn worker(folder: &Path) -> Process {
    let mut worker = Process::spawn(in_terminal(folder, &["worker"]));
    worker.line("vega worker is ready").await;
    worker
}

async fn queued(client: &Client) -> String {
    let repository = client.repository_of(archive_of(&corpus(12, 12, 20))).await;
    client.start_scan(&repository).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_beside_the_server_takes_its_scans_and_its_successor_recovers_them() {
    let folder = tempfile::tempdir().unwrap();
    let server = api(folder.path()).await;
    let client = server.debug().await;
    let scan = queued(&client).await;
    let mut first = worker(folder.path()).await;
    assert!(
        folder.path().join("data/metadata").is_dir(),
        "both use ./data"
    );
    let whole = verify::check_scan(&client, &scan, "completed").await;
    assert!(
        server.process.logged("runner started").is_empty(),
        "the server runs no scans"
    );

    let repository = client.scan(&scan).await["repository_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let interrupted = client.start_scan(&repository).await;
    client.in_the_middle(&interrupted).await;
    first.kill();
    let data = folder.path().join("data").canonicalize().unwrap();
    no_runners(&data).await;
    let since = Instant::now();
    let second = worker(folder.path()).await;
    wait_for("the next attempt", async || {
        let state = client.scan(&interrupted).await;
        (state["attempt"].as_u64() > Some(1)).then_some(())
    })
    .await;
    println!(
        "recovered {} after the new worker's start",
        seconds(since.elapsed())
    );
    assert!(
        since.elapsed().as_secs() < 10,
        "not at once but after the lease"
    );
    let found = verify::check_scan(&client, &interrupted, "completed").await;
    assert_eq!(found, whole);
    drop(second);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_the_queue_without_running_a_scan_twice() {
    let folder = tempfile::tempdir().unwrap();
    let server = api(folder.path()).await;
    let client = server.debug().await;
    let repository = client.repository_of(archive_of(&corpus(3, 4, 2))).await;
    let (first, second) = tokio::join!(worker(folder.path()), worker(folder.path()));
    let mut scans = Vec::new();
    for _ in 0..4 {
        scans.push(client.start_scan(&repository).await);
    }
    for scan in &scans {
        verify::check_scan(&client, scan, "completed").await;
        assert_eq!(client.scan(scan).await["attempt"], 1);
    }
    let started = |worker: &Process| worker.logged("runner started").len();
    assert_eq!(started(&first) + started(&second), scans.len());
    server.stop().await;
}
