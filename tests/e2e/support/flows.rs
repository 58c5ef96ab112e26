//! What a person does with the API, in a few words each.

use super::{Client, Server, wait_for};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const DEBUG_EMAIL: &str = "debug@example.com";
pub const DEBUG_PASSWORD: &str = "vega-debug-password";

impl Server {
    /// The debug user, signed in.
    pub async fn debug(&self) -> Client {
        self.client().signed_in(DEBUG_EMAIL, DEBUG_PASSWORD).await
    }

    /// Someone who signed in before the server was restarted.
    pub fn again(&self, earlier: &Client) -> Client {
        self.client().with_bearer(earlier.bearer())
    }
}

impl Client {
    pub async fn signed_in(&self, email: &str, password: &str) -> Client {
        let credentials = json!({"email": email, "password": password});
        let answer = self
            .post("/v1/auth/login", credentials)
            .await
            .expect_status(200);
        self.with_bearer(answer.text_at("access_token"))
    }

    /// The credential this client sends.
    pub fn bearer(&self) -> String {
        let request = self.request(Method::GET, "/").build().unwrap();
        let header = request.headers()["authorization"].to_str().unwrap();
        header.strip_prefix("Bearer ").unwrap().to_owned()
    }

    /// A new project with an archive repository; gives both ids.
    pub async fn new_repository(&self, name: &str) -> (String, String) {
        let project = self
            .post("/v1/projects", json!({"name": name}))
            .await
            .expect_status(201);
        let project = project.text_at("id");
        let path = format!("/v1/projects/{project}/repositories");
        let wish = json!({"name": name, "source_type": "archive"});
        let repository = self
            .post(&path, wish)
            .await
            .expect_status(201)
            .text_at("id");
        (project, repository)
    }

    /// A repository whose source is ingested.
    pub async fn repository_of(&self, archive: Vec<u8>) -> String {
        let (_, repository) = self.new_repository("source").await;
        self.upload(&repository, archive).await.expect_status(202);
        let state = self.ingested(&repository).await;
        assert_eq!(state["ingest_status"], "ready", "{state}");
        repository
    }

    /// The repository once its ingest has ended.
    pub async fn ingested(&self, repository: &str) -> Value {
        wait_for("the end of the ingest", async || {
            let state = self
                .get(&format!("/v1/repositories/{repository}"))
                .await
                .json();
            matches!(state["ingest_status"].as_str(), Some("ready" | "failed")).then_some(state)
        })
        .await
    }

    /// Queues a scan.
    pub async fn start_scan(&self, repository: &str) -> String {
        let path = format!("/v1/repositories/{repository}/scans");
        self.post(&path, json!({}))
            .await
            .expect_status(201)
            .text_at("id")
    }

    pub async fn scan(&self, scan: &str) -> Value {
        self.get(&format!("/v1/scans/{scan}"))
            .await
            .expect_status(200)
            .json()
    }

    /// The scan once it has ended and a completed one has its artifacts.
    pub async fn ended(&self, scan: &str) -> Value {
        wait_for("the end of the scan", async || {
            let state = self.scan(scan).await;
            let published = state["artifacts"]
                .as_object()
                .is_some_and(|it| !it.is_empty());
            let done = match state["status"].as_str() {
                Some("completed") => published,
                Some("failed" | "cancelled") => true,
                _ => false,
            };
            done.then_some(state)
        })
        .await
    }

    /// The scan once it has finished a component and is still running.
    pub async fn in_the_middle(&self, scan: &str) -> Value {
        wait_for("a scan in the middle", async || {
            let state = self.scan(scan).await;
            let status = state["status"].as_str().unwrap();
            assert!(
                !matches!(status, "completed" | "failed" | "cancelled"),
                "too late: {state}"
            );
            (status == "running" && state["progress"].as_u64() > Some(10)).then_some(state)
        })
        .await
    }

    /// Every event of a scan, in order.
    pub async fn events(&self, scan: &str) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let after = events
                .last()
                .map_or(0, |event| event["seq"].as_u64().unwrap());
            let path = format!("/v1/scans/{scan}/events?after={after}&limit=200");
            let page = self.get(&path).await.expect_status(200).items();
            if page.is_empty() {
                return events;
            }
            events.extend(page);
        }
    }

    /// Everything a scan found.
    pub async fn findings(&self, scan: &str) -> Vec<Value> {
        all(
            self,
            &format!("/v1/scans/{scan}/findings?lead=any&limit=200"),
        )
        .await
    }
}

/// Every item of a list, following its pages.
pub async fn all(client: &Client, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let answer = client.get(&path).await.expect_status(200);
        items.extend(answer.items());
        next = answer
            .header("link")
            .strip_prefix('<')
            .and_then(|link| link.split_once('>'))
            .map(|(url, _)| url.to_owned());
    }
    items
}

/// A duration as figures are printed.
pub fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}
