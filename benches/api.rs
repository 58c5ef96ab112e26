//! The API as a security engineer in triage meets it: lists and facets over 100,000 findings, an
//! import of 30,000 results, live events with 200 watchers, and the memory of the server.
//!
//! Talks to the release binary over HTTP on loopback. Run with `cargo bench --bench api`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]

#[path = "support/seed.rs"]
mod seed;
#[path = "support/server.rs"]
mod server;

use futures_util::StreamExt;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use server::Server;
use std::{
    io::Write,
    path::Path,
    time::{Duration, Instant},
};
use vega::{
    clock::{Clock, SystemClock},
    domain::event::NewEvent,
    shutdown::Tasks,
    store::{Artifacts, ScanBatch, ScanEnd, ScanStore},
};

const FINDINGS: usize = 100_000;
const RESULTS: usize = 30_000;
const REQUESTS: usize = 300;
const WATCHERS: usize = 200;
const EVENTS: usize = 200;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let data = folder.path().join("data");
    // The first start makes the user whom the findings are to belong to.
    let server = Server::start(&data);
    let owner = Api::sign_in(&server).await.get("/auth/me").await["id"].clone();
    server.stop();
    let owner = owner.as_str().unwrap().parse().unwrap();
    let seeded = data.clone();
    tokio::task::spawn_blocking(move || seed::fill(&seeded, owner, FINDINGS))
        .await
        .unwrap();

    let server = Server::start(&data);
    let api = Api::sign_in(&server).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!(
        "idle_rss_100k findings={FINDINGS} mb={:.1} goal<=120",
        server.resident_mb()
    );
    let project = api.get("/projects").await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (name, path, goal) in [
        (
            "list_50_of_100k",
            format!("/projects/{project}/findings?limit=50"),
            20,
        ),
        (
            "list_50_filtered_of_100k",
            format!(
                "/projects/{project}/findings?limit=50&severity=high,critical&path=src/package7"
            ),
            20,
        ),
        ("inbox_50_of_100k", "/findings?limit=50".to_owned(), 20),
        (
            "inbox_50_by_path_of_100k",
            "/findings?limit=50&sort=path&confidence_min=0.5".to_owned(),
            20,
        ),
        (
            "facets_of_100k",
            format!("/projects/{project}/findings/facets"),
            100,
        ),
        ("inbox_facets_of_100k", "/findings/facets".to_owned(), 100),
        (
            "inbox_text_of_100k",
            "/findings?limit=50&q=no+such+text".to_owned(),
            100,
        ),
    ] {
        api.measure(name, &path, goal).await;
    }
    let facets = format!("/projects/{project}/findings/facets");
    api.measure("facets_of_100k", &facets, 100).await;
    api.measure("inbox_50_of_100k", "/findings?limit=50", 20)
        .await;
    watch(&api, &data).await;
    import(&api).await;
    println!("rss_after_work mb={:.1}", server.resident_mb());
    server.stop();
}

/// Events written by another process, and how late 200 watchers get them.
async fn watch(api: &Api, data: &Path) {
    let store = seed::open(data);
    let me = api.get("/auth/me").await["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let (scan, fence) = seed::running_scan(&store, me).await;
    let path = format!("/scans/{scan}/events/stream");
    let start = Instant::now();
    let tasks = Tasks::new();
    let watchers: Vec<_> = (0..WATCHERS)
        .map(|_| {
            let request = api.request(Method::GET, &path);
            tasks.spawn(async move { lags(request, start).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    for _ in 0..EVENTS {
        // The payload says when the event was written, in microseconds since `start`.
        let written = start.elapsed().as_micros() as u64;
        let event = NewEvent {
            id: vega::clock::new_id(),
            kind: "scan_log".into(),
            payload: json!({ "level": "info", "message": written.to_string() }),
            created_at: SystemClock.now(),
        };
        let batch = ScanBatch {
            events: vec![event],
            ..ScanBatch::default()
        };
        store.append_to_scan(scan, fence, batch).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let end = ScanEnd::Failed(vega::error::Error::internal("end", "of the bench").to_failure());
    let now = SystemClock.now();
    let ended = store.finish_scan(scan, fence, end, Artifacts::None, now);
    ended.await.unwrap();
    let mut lags = Vec::new();
    for watcher in watchers {
        let of_one = watcher.await.unwrap();
        assert_eq!(of_one.len(), EVENTS, "every watcher gets every event");
        lags.extend(of_one);
    }
    lags.sort_by(f64::total_cmp);
    let at = |share: f64| lags[((lags.len() - 1) as f64 * share) as usize];
    println!(
        "sse_lag watchers={WATCHERS} events={EVENTS} ms_p50={:.1} ms_p99={:.1} goal<=100",
        at(0.5),
        at(0.99)
    );
}

/// How late each event of a stream came, in milliseconds.
async fn lags(request: reqwest::RequestBuilder, start: Instant) -> Vec<f64> {
    let mut body = request.send().await.unwrap().bytes_stream();
    let (mut lags, mut rest) = (Vec::new(), String::new());
    while let Some(chunk) = body.next().await {
        let now = start.elapsed().as_micros() as f64;
        rest.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        while let Some((frame, after)) = rest.split_once("\n\n") {
            if let Some((_, text)) = frame.split_once("\"message\":\"")
                && let Ok(written) = text.split('"').next().unwrap().parse::<f64>()
            {
                lags.push((now - written) / 1000.0);
            }
            rest = after.to_owned();
        }
    }
    lags
}

/// A repository with source, and another tool's results about it.
async fn import(api: &Api) {
    let project = api.post("/projects", json!({ "name": "import" })).await;
    let project = project["id"].as_str().unwrap();
    let wish = json!({ "name": "import", "source_type": "archive" });
    let path = format!("/projects/{project}/repositories");
    let repository = api.post(&path, wish).await;
    let repository = format!("/repositories/{}", repository["id"].as_str().unwrap());
    let upload = format!("{repository}/archive");
    api.upload(&upload, "application/zip", archive()).await;
    api.until(&repository, "ingest_status", &["ready"]).await;

    let log = sarif();
    let started = Instant::now();
    let path = format!("{repository}/findings/import");
    let job = api.upload(&path, "application/sarif+json", log).await;
    let answered = started.elapsed();
    let scan = format!("/scans/{}", job["scan_id"].as_str().unwrap());
    let job = format!("/jobs/{}", job["id"].as_str().unwrap());
    api.until(&job, "status", &["succeeded"]).await;
    api.until(&scan, "status", &["completed"]).await;
    println!(
        "sarif_import results={RESULTS} s={:.2} answered_ms={} goal<10",
        started.elapsed().as_secs_f64(),
        answered.as_millis()
    );
}

fn archive() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for file in 0..3_000 {
        let name = format!("src/module{file}.py");
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        for line in 0..100 {
            writeln!(zip, "value_{line} = compute({line})").unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

fn sarif() -> Vec<u8> {
    let results: Vec<Value> = (0..RESULTS)
        .map(|number| {
            json!({
                "ruleId": format!("rule{}", number % 50),
                "level": "warning",
                "message": { "text": "A value that comes from outside is used here without a check." },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": format!("src/module{}.py", number % 3_000) },
                    "region": { "startLine": number / 3_000 * 9 + 1 },
                }}],
            })
        })
        .collect();
    let run = json!({ "tool": { "driver": { "name": "Bench" } }, "results": results });
    serde_json::to_vec(&json!({ "version": "2.1.0", "runs": [run] })).unwrap()
}

/// A client; TLS is never used, but has to be there.
fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

/// The API of one server, as the debug user.
struct Api {
    client: Client,
    base: String,
    token: String,
}

impl Api {
    async fn sign_in(server: &Server) -> Self {
        let mut api = Self {
            client: client(),
            base: format!("http://{}/v1", server.address),
            token: String::new(),
        };
        let login = json!({ "email": "debug@example.com", "password": "vega-debug-password" });
        let answer = api.post("/auth/login", login).await;
        api.token = answer["access_token"].as_str().unwrap().to_owned();
        api
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        if self.token.is_empty() {
            request
        } else {
            request.bearer_auth(&self.token)
        }
    }

    async fn answer(request: reqwest::RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
        answer.json().await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        Self::answer(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        Self::answer(self.request(Method::POST, path).json(&body)).await
    }

    async fn upload(&self, path: &str, kind: &str, body: Vec<u8>) -> Value {
        let request = self.request(Method::POST, path);
        Self::answer(request.header("content-type", kind).body(body)).await
    }

    async fn until(&self, path: &str, key: &str, ends: &[&str]) {
        loop {
            let answer = self.get(path).await;
            let now = answer[key].as_str().unwrap();
            if ends.contains(&now) {
                return;
            }
            assert!(now != "failed" && now != "cancelled", "{answer}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn measure(&self, name: &str, path: &str, goal: u64) {
        let mut times = Vec::new();
        for _ in 0..REQUESTS {
            let started = Instant::now();
            self.get(path).await;
            times.push(started.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!(
            "{name} ms_p50={:.1} ms_p99={:.1} goal<={goal}",
            at(0.5),
            at(0.99)
        );
    }
}
