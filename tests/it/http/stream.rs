//! Live events as Server-Sent Events.

use crate::support::{Client, TestApp};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const SOURCE: &str = "import os\n\ndef run(name):\n    os.system('ls ' + name)\n";
const PATIENCE: Duration = Duration::from_secs(60);

/// Frames of a stream until it ends: id, event, data.
async fn frames(client: &Client, scan: &str, after: Option<&str>) -> Vec<(u64, String, Value)> {
    let path = format!("/v1/scans/{scan}/events/stream");
    let mut request = client.request(Method::GET, &path);
    if let Some(after) = after {
        request = request.header("last-event-id", after);
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert!(
        answer
            .headers()
            .get("content-encoding")
            .is_none_or(|it| it == "identity")
    );
    let mut body = answer.bytes_stream();
    let mut text = Vec::new();
    let read = async {
        while let Some(chunk) = body.next().await {
            text.extend(chunk.unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .expect("the stream ends with the scan");
    let text = String::from_utf8(text).unwrap();
    let field = |frame: &str, name: &str| {
        let lines = frame.lines().find_map(|line| line.strip_prefix(name));
        lines.unwrap().trim().to_owned()
    };
    text.split("\n\n")
        .filter(|frame| frame.contains("data:"))
        .map(|frame| {
            let data = serde_json::from_str(&field(frame, "data:")).unwrap();
            (
                field(frame, "id:").parse().unwrap(),
                field(frame, "event:"),
                data,
            )
        })
        .collect()
}

#[tokio::test]
async fn watchers_of_a_running_scan_get_every_event_once_and_in_order() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client
        .repository_with(&[("a.py", SOURCE), ("b.py", SOURCE)])
        .await;
    let scan = client
        .post(&format!("/v1/repositories/{repository}/scans"), json!({}))
        .await
        .expect_status(201)
        .text_at("id");
    let watchers = (0..20).map(|_| frames(&client, &scan, None));
    let seen = futures_util::future::join_all(watchers).await;
    let stored = client
        .get(&format!("/v1/scans/{scan}/events"))
        .await
        .items();
    for frames in seen {
        let data: Vec<_> = frames.iter().map(|(_, _, data)| data.clone()).collect();
        assert_eq!(data, stored);
        let ids: Vec<_> = frames.iter().map(|(id, ..)| *id).collect();
        assert_eq!(ids, (1..=stored.len() as u64).collect::<Vec<_>>());
        assert_eq!(frames.last().unwrap().1, "scan_completed");
    }
}

#[tokio::test]
async fn an_ended_scan_is_replayed_and_a_stream_goes_on_where_it_was() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, repository) = client.repository_with(&[("a.py", SOURCE)]).await;
    let scan = client.scan(&repository, json!({})).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let all = frames(&client, &scan, None).await;
    let rest = frames(&client, &scan, Some("2")).await;
    assert_eq!(rest, all[2..]);
    let last = all.len().to_string();
    assert_eq!(frames(&client, &scan, Some(&last)).await, []);
    assert_eq!(
        frames(&client, &scan, Some("18446744073709551615")).await,
        []
    );

    let path = format!("/v1/scans/{scan}/events/stream");
    for wrong in ["x", "-1", "1.5"] {
        let request = client
            .request(Method::GET, &path)
            .header("last-event-id", wrong);
        client.send(request).await.expect_error("validation_error");
    }
    client
        .get(&format!("{path}?since=1"))
        .await
        .expect_error("validation_error");
    let other = app.other_user("other@example.com").await;
    other.get(&path).await.expect_error("not_found");
}
