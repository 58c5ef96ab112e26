//! The real server as a child process.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// `vega serve` on a free port.
pub struct Server {
    child: Child,
    /// Host and port.
    pub address: String,
    /// From start to the first answer.
    pub ready_after: Duration,
}

impl Server {
    /// Starts the server and waits until it answers its first request.
    pub fn start(data: &Path) -> Self {
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

    pub fn get(&self, path: &str) -> String {
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

    pub fn resident_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes / 1024.0
    }

    pub fn stop(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
