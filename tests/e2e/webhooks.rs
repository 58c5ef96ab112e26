//! Deliveries of webhooks survive `kill -9`: none is lost, and what comes twice has the same id.

use crate::support::{Receiver, Reply, Server, archive_of, corpus, no_runners};
use serde_json::json;
use std::collections::BTreeMap;

const SETTINGS: &[(&str, &str)] = &[("VEGA_WEBHOOK_ALLOW_PRIVATE_HOSTS", "127.0.0.1")];

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_no_delivery() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let receiver = Receiver::start();
    let mut server = Server::start(&data, SETTINGS).await;
    let mut client = server.debug().await;
    let events = [
        "repository.ingested",
        "scan.completed",
        "scan.failed",
        "scan.cancelled",
        "finding.created",
    ];
    let wish = json!({ "url": receiver.url("/"), "events": events });
    let made = client.post("/v1/webhooks", wish).await.expect_status(201);
    let hook = format!("/v1/webhooks/{}", made.text_at("id"));

    // Killed while it waits for an answer: nobody knows whether the receiver took it.
    receiver.reply(Reply::Silence);
    let repository = client.repository_of(archive_of(&corpus(8, 12, 14))).await;
    receiver.wait_for(1).await;
    server.process.kill();
    server = Server::start(&data, SETTINGS).await;
    client = server.again(&client);
    receiver.wait_for(2).await;

    // Killed in the middle of a scan: it goes on, and its end is told once.
    let scan = client.start_scan(&repository).await;
    client.in_the_middle(&scan).await;
    server.process.kill();
    no_runners(&data).await;
    server = Server::start(&data, SETTINGS).await;
    client = server.again(&client);
    assert_eq!(client.ended(&scan).await["status"], "completed");
    receiver.wait_for(4).await;

    let mut seen: BTreeMap<String, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    for message in receiver.seen() {
        let id = message.header("webhook-id").to_owned();
        let of_kind = seen.entry(message.kind()).or_default();
        of_kind.push((id, message.body));
    }
    let kinds: Vec<_> = seen.keys().map(String::as_str).collect();
    let expected = ["finding.created", "repository.ingested", "scan.completed"];
    assert_eq!(kinds, expected);
    let repeated = &seen["repository.ingested"];
    assert_eq!(repeated.len(), 2);
    assert_eq!(repeated[0], repeated[1], "the same id and the same bytes");
    assert_eq!(seen["scan.completed"].len(), 1);
    assert_eq!(seen["finding.created"].len(), 1);
    let listed = client.get(&format!("{hook}/deliveries")).await.items();
    assert_eq!(listed.len(), 3);
}
