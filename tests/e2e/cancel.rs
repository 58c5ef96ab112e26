//! Calling off a running scan.

use crate::support::{Server, archive_of, corpus, no_runners, seconds, verify, wait_for};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_scan_ends_soon_and_keeps_what_it_found() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]).await;
    let client = server.debug().await;
    let repository = client.repository_of(archive_of(&corpus(24, 14, 20))).await;
    let scan = client.start_scan(&repository).await;
    wait_for("the first findings", async || {
        let state = client.scan(&scan).await;
        assert!(
            state["completed_at"].is_null(),
            "too late to cancel: {state}"
        );
        (!client.findings(&scan).await.is_empty()).then_some(())
    })
    .await;
    let since = Instant::now();
    client
        .post(&format!("/v1/scans/{scan}/cancel"), Value::Null)
        .await
        .expect_status(202);
    let state = client.ended(&scan).await;
    let took = since.elapsed();
    println!("cancelled after {}", seconds(took));
    assert_eq!(state["status"], "cancelled", "{state}");
    assert!(took < Duration::from_secs(5), "took {}", seconds(took));

    let published = wait_for("the artifacts", async || {
        let state = client.scan(&scan).await;
        state["artifacts"]
            .as_object()
            .is_some_and(|it| !it.is_empty())
            .then_some(state)
    })
    .await;
    let found = verify::check_scan(&client, &scan, "cancelled").await;
    assert!(!found.is_empty(), "partial findings are kept: {published}");
    let report = client
        .get(&format!("/v1/scans/{scan}/report"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(report["partial"], json!(true));
    client
        .post(&format!("/v1/scans/{scan}/cancel"), Value::Null)
        .await
        .expect_status(202);
    no_runners(&data).await;
    verify::no_leftovers(&data, 1).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_cancelled_just_after_it_was_queued_ends_cancelled_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]).await;
    let client = server.debug().await;
    let repository = client.repository_of(archive_of(&corpus(3, 4, 2))).await;
    for _ in 0..5 {
        let scan = client.start_scan(&repository).await;
        client
            .post(&format!("/v1/scans/{scan}/cancel"), Value::Null)
            .await
            .expect_status(202);
        let state = client.ended(&scan).await;
        assert!(
            matches!(state["status"].as_str(), Some("cancelled" | "completed")),
            "{state}"
        );
        let events = client.events(&scan).await;
        let terminal = format!("scan_{}", state["status"].as_str().unwrap());
        assert_eq!(events.last().unwrap()["kind"], json!(terminal));
        if events.len() > 1 {
            verify::check_events(&events, &terminal);
        }
    }
    server.stop().await;
}
