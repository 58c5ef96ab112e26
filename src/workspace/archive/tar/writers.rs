//! Writing small files beside the thread that decompresses.
//!
//! Files go over in batches through a short queue, so memory stays bounded and the hand-over costs
//! little. The first failure closes the queue; the sender then learns the failure itself.

use crate::{
    error::{Error, Result},
    workspace::{FileMode, ManifestEntry, staging::Staging},
};
use std::{
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{Scope, ScopedJoinHandle},
};

/// A batch is handed over at this many files or bytes.
const BATCH_FILES: usize = 64;
const BATCH_BYTES: usize = 1024 * 1024;
/// Batches waiting at most.
const QUEUE: usize = 4;

struct Job {
    path: String,
    mode: FileMode,
    content: Vec<u8>,
}

/// A thread that writes small files.
pub(super) struct Writers<'scope> {
    queue: Option<SyncSender<Vec<Job>>>,
    thread: Option<ScopedJoinHandle<'scope, Result<Vec<ManifestEntry>>>>,
    batch: Vec<Job>,
    batch_bytes: usize,
}

impl<'scope> Writers<'scope> {
    pub(super) fn start<'env>(scope: &'scope Scope<'scope, 'env>, staging: &'env Staging) -> Self {
        let (queue, jobs) = sync_channel(QUEUE);
        Self {
            queue: Some(queue),
            thread: Some(scope.spawn(move || write_all(staging, &jobs))),
            batch: Vec::with_capacity(BATCH_FILES),
            batch_bytes: 0,
        }
    }

    /// Hands a file over. Fails with the writing thread's failure, once there is one.
    pub(super) fn send(&mut self, path: String, mode: FileMode, content: Vec<u8>) -> Result<()> {
        self.batch_bytes += content.len();
        self.batch.push(Job {
            path,
            mode,
            content,
        });
        if self.batch.len() < BATCH_FILES && self.batch_bytes < BATCH_BYTES {
            return Ok(());
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<()> {
        self.batch_bytes = 0;
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH_FILES));
        let accepted = self
            .queue
            .as_ref()
            .is_some_and(|queue| queue.send(batch).is_ok());
        if accepted {
            return Ok(());
        }
        // The thread only hangs up when it failed.
        self.join()?;
        Err(Error::internal(
            "writing files",
            std::io::Error::other("the writing thread is gone"),
        ))
    }

    fn join(&mut self) -> Result<Vec<ManifestEntry>> {
        self.queue = None;
        let Some(thread) = self.thread.take() else {
            return Ok(Vec::new());
        };
        thread.join().unwrap_or_else(|_| {
            Err(Error::internal(
                "writing files",
                std::io::Error::other("the writing thread panicked"),
            ))
        })
    }

    /// Waits for everything handed over and gives its lines of the manifest.
    pub(super) fn finish(&mut self) -> Result<Vec<ManifestEntry>> {
        if !self.batch.is_empty() {
            self.flush()?;
        }
        self.join()
    }
}

fn write_all(staging: &Staging, jobs: &Receiver<Vec<Job>>) -> Result<Vec<ManifestEntry>> {
    let mut writer = staging.writer();
    let mut entries = Vec::new();
    for batch in jobs {
        for job in batch {
            entries.push(writer.write(job.path, job.mode, &job.content)?);
        }
    }
    Ok(entries)
}
