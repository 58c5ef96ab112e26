//! Orderly ends: SIGTERM once, SIGTERM twice.

use crate::support::{
    Process, Server, archive_of, command, corpus, no_runners, seconds, verify, wait_for,
};
use rustix::process::Signal;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_hands_a_running_scan_back_and_the_next_start_completes_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // One attempt that counts as fruitless would already fail the scan.
    let settings = [
        ("VEGA_SCAN_MAX_ATTEMPTS", "1"),
        ("VEGA_SHUTDOWN_GRACE_SECONDS", "20"),
    ];
    let mut server = Server::start(&data, &settings).await;
    let client = server.debug().await;
    let repository = client.repository_of(archive_of(&corpus(24, 14, 24))).await;
    let scan = client.start_scan(&repository).await;
    for round in 0..3 {
        let client = server.again(&client);
        wait_for("a running scan", async || {
            let state = client.scan(&scan).await;
            assert!(state["completed_at"].is_null(), "too late: {state}");
            (state["status"] == "running").then_some(())
        })
        .await;
        let since = Instant::now();
        server.process.signal(Signal::TERM);
        let status = server.process.exit().await;
        println!("round {round}: ended after {}", seconds(since.elapsed()));
        assert_eq!(status.code(), Some(0), "{status}");
        assert!(
            since.elapsed().as_secs() < 20,
            "longer than the grace period"
        );
        assert!(
            server.process.logged("stopped").len() == 1,
            "the end is logged"
        );
        no_runners(&data).await;
        verify::no_leftovers_of_processes(&data);

        // Nobody runs scans here: what was handed back can be looked at.
        let looking = [&settings[..], &[("VEGA_SCAN_EXECUTION_MODE", "external")]].concat();
        let quiet = Server::start(&data, &looking).await;
        let state = quiet.again(&client).scan(&scan).await;
        assert_eq!(state["status"], "queued", "handed back: {state}");
        assert_eq!(state["recoveries"], 0, "{state}");
        quiet.stop().await;
        server = Server::start(&data, &settings).await;
    }
    verify::check_scan(&server.again(&client), &scan, "completed").await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_server_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Server::start(&data, &[]).await;
    let client = server.debug().await;
    let (_, repository) = client.new_repository("slow").await;
    // An upload that never comes to its end keeps the server from stopping in order.
    let address = server.address.strip_prefix("http://").unwrap();
    let mut slow = TcpStream::connect(address).unwrap();
    write!(
        slow,
        "POST /v1/repositories/{repository}/archive HTTP/1.1\r\nhost: {address}\r\n\
         authorization: Bearer {}\r\n\
         content-type: application/octet-stream\r\ncontent-length: 1000000\r\n\r\nPK",
        client.bearer()
    )
    .unwrap();
    let uploading = data.join("runtime");
    wait_for("the upload's file", async || {
        let files = verify::files_below(&uploading);
        files
            .iter()
            .any(|it| it.metadata().is_ok_and(|it| it.len() == 2))
            .then_some(())
    })
    .await;
    server.process.signal(Signal::TERM);
    server
        .process
        .line("shutting down; a second signal ends the process at once")
        .await;
    assert!(server.process.is_running());
    let since = Instant::now();
    server.process.signal(Signal::TERM);
    let status = server.process.exit().await;
    println!("ended {} after the second signal", seconds(since.elapsed()));
    assert_eq!(status.code(), Some(130), "{status}");
    assert!(since.elapsed().as_secs() < 5);
    let mut rest = Vec::new();
    drop(slow.read_to_end(&mut rest));
    let server = Server::start(&data, &[]).await;
    verify::no_leftovers(&data, 1).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_a_worker_and_its_scan_goes_back_to_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let external = [("VEGA_SCAN_EXECUTION_MODE", "external")];
    let server = Server::start(&data, &external).await;
    let client = server.debug().await;
    let repository = client.repository_of(archive_of(&corpus(24, 14, 24))).await;
    let scan = client.start_scan(&repository).await;
    let worker = || {
        let mut worker = command(&["worker", "--data-dir"]);
        worker
            .arg(&data)
            .current_dir(folder.path())
            .env("VEGA_SCAN_MAX_ATTEMPTS", "1");
        Process::spawn(worker)
    };
    let mut first = worker();
    client.in_the_middle(&scan).await;
    first.signal(Signal::TERM);
    assert_eq!(first.exit().await.code(), Some(0));
    no_runners(&data).await;
    let state = client.scan(&scan).await;
    assert_eq!(state["status"], "queued", "{state}");
    let mut second = worker();
    verify::check_scan(&client, &scan, "completed").await;
    second.signal(Signal::INT);
    assert_eq!(second.exit().await.code(), Some(0));
    server.stop().await;
    verify::no_leftovers(&data, 0).await;
}
