//! A git server on loopback: `git http-backend` behind a few lines of HTTP, and some bad manners.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc::Sender},
};

pub const TOKEN: &str = "s3cret-token";

pub struct GitServer {
    pub port: u16,
    pub requests: Arc<Mutex<Vec<String>>>,
}

impl GitServer {
    /// Serves the repositories below `root`. `/private/…` wants the token, `/moved/…` redirects,
    /// `/endless/…` never stops sending, `/silent/…` never answers (and tells `silent`).
    pub fn start(root: PathBuf, silent: Option<Sender<()>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, silent, seen) = (root.clone(), silent.clone(), Arc::clone(&seen));
                std::thread::spawn(move || serve(stream, &root, silent.as_ref(), &seen));
            }
        });
        Self { port, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

fn serve(
    stream: TcpStream,
    root: &Path,
    silent: Option<&Sender<()>>,
    seen: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut input = BufReader::new(stream.try_clone().ok()?);
    let mut output = stream;
    let mut line = String::new();
    input.read_line(&mut line).ok()?;
    let mut parts = line.split(' ');
    let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        input.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    seen.lock().unwrap().push(format!("{line}{headers:?}"));
    let header = |name: &str| {
        headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.clone())
    };
    let length = header("content-length")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;

    let (mut path, query) = target.split_once('?').unwrap_or((&target, ""));
    if let Some(rest) = path.strip_prefix("/moved") {
        let answer =
            format!("HTTP/1.1 302 Found\r\nLocation: {rest}?{query}\r\nContent-Length: 0\r\n\r\n");
        return output.write_all(answer.as_bytes()).ok();
    }
    if path.starts_with("/silent") {
        silent?.send(()).ok()?;
        // Until the client goes away.
        let _ = input.read_to_end(&mut Vec::new());
        return None;
    }
    if path.starts_with("/endless") {
        output
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n001e# service=git-upload-pack\n0000")
            .ok()?;
        loop {
            output
                .write_all(b"003fe83c5163316f89bfbde7d9ab23ca2e25604af290 refs/heads/endless\n")
                .ok()?;
        }
    }
    if let Some(rest) = path.strip_prefix("/private") {
        use base64::Engine;
        let pair =
            base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{TOKEN}"));
        if header("authorization") != Some(format!("Basic {pair}")) {
            let answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\n\r\n";
            return output.write_all(answer.as_bytes()).ok();
        }
        path = rest;
    }
    let mut cgi = Command::new("git");
    cgi.arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type").unwrap_or_default())
        .env("CONTENT_LENGTH", length.to_string())
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(encoding) = header("content-encoding") {
        cgi.env("HTTP_CONTENT_ENCODING", encoding);
    }
    if let Some(protocol) = header("git-protocol") {
        cgi.env("GIT_PROTOCOL", protocol);
    }
    let mut child = cgi.spawn().ok()?;
    child.stdin.take()?.write_all(&body).ok()?;
    let mut answer = Vec::new();
    child.stdout.take()?.read_to_end(&mut answer).ok()?;
    child.wait().ok()?;
    let split = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    let status = head
        .lines()
        .find_map(|line| line.strip_prefix("Status: "))
        .unwrap_or("200 OK");
    let content = answer.len() - split;
    let start =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {content}\r\n{head}");
    output.write_all(start.as_bytes()).ok()?;
    output.write_all(&answer[split..]).ok()
}
