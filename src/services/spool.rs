//! Engine events on their way into the store.
//!
//! The engine writes to a local file and never waits ([`Spool`] is its sink); [`Spool::deliver`]
//! follows that file and stores what it finds in fenced batches. When the store is slow the file
//! grows, memory does not. Under pressure only log lines are dropped, and counted.

use crate::{
    clock::{SharedClock, new_id},
    domain::{
        event::{NewEvent, kind},
        finding::DetectedFinding,
        ids::ScanId,
        lease::Fence,
    },
    engine::{EngineEvent, EventSink},
    error::{Error, ErrorCode, Result},
    store::{NewFinding, ProgressUpdate, ScanBatch, SharedStore},
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::sync::Notify;

/// Log lines are dropped while this much waits for the store.
const PRESSURE_BYTES: u64 = 32 * 1024 * 1024;
/// Events stored in one change.
const BATCH: usize = 500;

/// The local file between the engine and the store.
pub struct Spool {
    path: PathBuf,
    file: Mutex<File>,
    written: AtomicU64,
    delivered: AtomicU64,
    dropped: AtomicU64,
    broken: AtomicBool,
    closed: AtomicBool,
    grown: Notify,
}

impl Spool {
    /// A new spool at `path`.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create_new(path).map_err(|error| unusable().caused_by(error))?;
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
            written: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            grown: Notify::new(),
        })
    }

    /// Says that the engine has ended: what is in the file is all there is.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.grown.notify_one();
    }

    /// How many log lines were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::SeqCst)
    }

    /// Stores everything the engine says until the spool is closed and empty. Fails when the lease
    /// is lost, the store does not answer, or the spool's own file cannot be written.
    pub async fn deliver(&self, target: &Delivery) -> Result<()> {
        let cannot = |error: std::io::Error| unusable().caused_by(error);
        let mut reader = BufReader::new(File::open(&self.path).map_err(cannot)?);
        let mut offset = 0_u64;
        loop {
            // Read before the file, so that what is written before closing is never missed.
            let closed = self.closed.load(Ordering::SeqCst);
            let mut lines = Vec::new();
            while offset < self.written.load(Ordering::SeqCst) {
                reader.seek(SeekFrom::Start(offset)).map_err(cannot)?;
                let mut line = String::new();
                reader.read_line(&mut line).map_err(cannot)?;
                offset += line.len() as u64;
                let event: EngineEvent = serde_json::from_str(&line)
                    .map_err(|error| Error::internal("the spool holds a broken line", error))?;
                let component_ends = matches!(event, EngineEvent::ComponentFinished { .. });
                lines.push(event);
                if component_ends || lines.len() >= BATCH {
                    break;
                }
            }
            if self.broken.load(Ordering::SeqCst) {
                return Err(unusable());
            }
            if lines.is_empty() {
                if closed {
                    return Ok(());
                }
                self.grown.notified().await;
                continue;
            }
            target.store_batch(lines).await?;
            self.delivered.store(offset, Ordering::SeqCst);
        }
    }
}

fn unusable() -> Error {
    Error::new(
        ErrorCode::DependencyUnavailable,
        "the local file for events cannot be written (is the disk full?)",
    )
}

impl EventSink for Spool {
    fn emit(&self, event: EngineEvent) {
        let waiting = self.written.load(Ordering::SeqCst) - self.delivered.load(Ordering::SeqCst);
        if matches!(event, EngineEvent::Log { .. }) && waiting > PRESSURE_BYTES {
            self.dropped.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = serde_json::to_vec(&event)
            .map_err(std::io::Error::from)
            .and_then(|mut line| {
                line.push(b'\n');
                file.write_all(&line).map(|()| line.len() as u64)
            });
        match written {
            Ok(bytes) => {
                self.written.fetch_add(bytes, Ordering::SeqCst);
            }
            Err(_) => self.broken.store(true, Ordering::SeqCst),
        }
        drop(file);
        self.grown.notify_one();
    }
}

/// Where a spool delivers to.
pub struct Delivery {
    /// The store.
    pub store: SharedStore,
    /// Time for display.
    pub clock: SharedClock,
    /// The scan.
    pub scan_id: ScanId,
    /// The proof of holding it.
    pub fence: Fence,
    /// Old path → new path of files that moved since the last scan.
    pub renames: BTreeMap<String, String>,
}

impl Delivery {
    async fn store_batch(&self, events: Vec<EngineEvent>) -> Result<()> {
        let now = self.clock.now();
        let mut batch = ScanBatch {
            renames: self.renames.clone(),
            now: Some(now),
            ..ScanBatch::default()
        };
        for event in events {
            match event {
                EngineEvent::Progress {
                    phase,
                    component,
                    progress,
                    message,
                } => {
                    batch.events.push(self.event(
                        kind::SCAN_PROGRESS,
                        json!({
                            "message": message,
                            "component": component,
                            "progress": progress,
                            "phase": phase,
                        }),
                    ));
                    batch.progress = Some(ProgressUpdate {
                        progress,
                        phase: phase.to_string(),
                        message,
                    });
                }
                EngineEvent::Log { level, message } => {
                    let payload = json!({"level": level, "message": message});
                    batch.events.push(self.event(kind::SCAN_LOG, payload));
                }
                EngineEvent::ComponentFinished {
                    component,
                    findings,
                } => {
                    batch.findings.extend(findings.into_iter().map(new_finding));
                    batch.finished_component = Some(component);
                }
            }
        }
        self.store
            .append_to_scan(self.scan_id, self.fence, batch)
            .await
            .map(drop)
    }

    /// An event of this scan, on its way.
    pub fn event(&self, kind: &str, payload: serde_json::Value) -> NewEvent {
        NewEvent {
            id: new_id(),
            kind: kind.to_owned(),
            payload,
            created_at: self.clock.now(),
        }
    }
}

fn new_finding(detected: DetectedFinding) -> NewFinding {
    NewFinding {
        finding_id: new_id(),
        observation_id: new_id(),
        detected,
    }
}
