//! The real server: time from start to ready, and memory when idle, on an empty folder and on one
//! with 10,000 findings.
//!
//! Starts the release binary several times on a free port. Run with `cargo bench --bench server`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]

#[path = "support/seed.rs"]
mod seed;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const ROUNDS: usize = 9;
const FINDINGS: usize = 10_000;

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let empty = folder.path().join("empty");
    let full = folder.path().join("full");
    seed::fill(&full, FINDINGS);
    // The first start of each makes the key files and warms the page cache.
    for data in [&empty, &full] {
        Server::start(data).stop();
    }
    report("startup_to_ready_empty", &empty, 100.0);
    report("startup_to_ready_10000_findings", &full, 100.0);
    let server = Server::start(&full);
    let at_start = server.resident_mb();
    for _ in 0..50 {
        server.get("/v1/healthz");
        server.get("/v1/readyz");
    }
    // Memory is read when nothing runs any more: a second without requests.
    std::thread::sleep(Duration::from_secs(1));
    println!(
        "idle_rss findings={FINDINGS} mb_at_ready={at_start:.1} mb_idle={:.1} goal<=40",
        server.resident_mb()
    );
    server.stop();
}

fn report(name: &str, data: &Path, goal: f64) {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let server = Server::start(data);
            let took = server.ready_after.as_secs_f64() * 1000.0;
            server.stop();
            took
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{name} ms_median={:.0} ms_best={:.0} goal<={goal}",
        times[ROUNDS / 2],
        times[0]
    );
}

struct Server {
    child: Child,
    address: String,
    ready_after: Duration,
}

impl Server {
    /// Starts the server and waits until it answers its first request.
    fn start(data: &Path) -> Self {
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_vega"))
            .args(["serve", "--port", "0", "--data-dir"])
            .arg(data)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line: serde_json::Value =
                serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
            if let Some(port) = line["port"].as_u64() {
                break format!("127.0.0.1:{port}");
            }
        };
        let mut server = Self {
            child,
            address,
            ready_after: Duration::ZERO,
        };
        assert!(server.get("/v1/healthz").contains("\"ok\""));
        server.ready_after = started.elapsed();
        std::thread::spawn(move || lines.for_each(drop));
        server
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn resident_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes / 1024.0
    }

    fn stop(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
