//! A receiver of webhooks on the loopback address that answers as a test tells it to.

use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};
use tokio::sync::Semaphore;

/// The first byte of a connection with TLS.
const TLS_HANDSHAKE: [u8; 1] = [0x16];

/// How to answer.
#[derive(Clone, Debug)]
pub enum Reply {
    /// This status with this body.
    Status(u16, String),
    /// 302 to this address.
    Redirect(String),
    /// Not at all, until the sender gives up.
    Silence,
    /// 200 and a body without end.
    EndlessBody,
    /// Headers without end.
    EndlessHeaders,
    /// As the status, once there is a permit.
    Held(Arc<Semaphore>, u16),
    /// The connection is closed.
    Close,
}

/// What came.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }
}

/// A receiver. Everything it was not told is answered with 204.
#[derive(Clone)]
pub struct Receiver {
    port: u16,
    seen: Arc<Mutex<Vec<Received>>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let receiver = Self {
            port: listener.local_addr().unwrap().port(),
            seen: Arc::default(),
            replies: Arc::default(),
        };
        let serving = receiver.clone();
        // Lives as long as the tests: it waits for connections and holds nothing.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                thread::spawn(move || serving.serve(stream));
            }
        });
        receiver
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Answers the next request so.
    pub fn reply(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }

    /// Answers the next request with a status.
    pub fn status(&self, status: u16) {
        self.reply(Reply::Status(status, String::new()));
    }

    pub fn seen(&self) -> Vec<Received> {
        self.seen.lock().unwrap().clone()
    }

    /// The first `count` requests, once they are there.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        super::wait_for("what the receiver waits for", async || {
            let seen = self.seen();
            (seen.len() >= count).then_some(seen)
        })
        .await
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut first = [0];
        if stream.peek(&mut first).is_ok() && first == TLS_HANDSHAKE {
            // What web servers say to TLS on a port without it. Closing with something unread
            // would take the answer back.
            let _ = stream.read(&mut [0; 16_384]);
            let _ = answer(&mut stream, Some(Reply::Status(400, String::new())));
            let _ = stream.read_to_end(&mut Vec::new());
            return;
        }
        let Some(received) = read(&stream) else {
            return;
        };
        let reply = self.replies.lock().unwrap().pop_front();
        self.seen.lock().unwrap().push(received);
        // A sender that has gone away is no fault of the receiver.
        let _ = answer(&mut stream, reply);
    }
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        path,
        headers,
        body,
    })
}

fn answer(stream: &mut TcpStream, reply: Option<Reply>) -> std::io::Result<()> {
    match reply {
        None => stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n"),
        Some(Reply::Status(status, body)) => {
            let length = body.len();
            let text = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.write_all(text.as_bytes())
        }
        Some(Reply::Redirect(to)) => {
            let text = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(text.as_bytes())
        }
        Some(Reply::Silence) => stream.read(&mut [0; 1]).map(drop),
        Some(Reply::EndlessBody) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n")?;
            loop {
                stream.write_all(&[b'x'; 4096])?;
            }
        }
        Some(Reply::EndlessHeaders) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            loop {
                stream.write_all(format!("x-filler: {}\r\n", "y".repeat(1000)).as_bytes())?;
            }
        }
        Some(Reply::Held(permits, status)) => {
            let runtime = tokio::runtime::Builder::new_current_thread().build()?;
            drop(runtime.block_on(permits.acquire()));
            answer(stream, Some(Reply::Status(status, String::new())))
        }
        Some(Reply::Close) => Ok(()),
    }
}
