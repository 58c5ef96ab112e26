//! Processes that run scans and jobs, as they report themselves.

use crate::{
    domain::{ids::WorkerId, worker::Worker},
    error::Result,
};
use std::time::Duration;

/// Workers.
#[async_trait::async_trait]
pub trait WorkerStore: Send + Sync {
    /// Adds or updates a worker; the store sets `last_heartbeat_at` by its own clock. Removes
    /// workers silent for more than ten times `ttl`.
    async fn heartbeat(&self, worker: Worker, ttl: Duration) -> Result<()>;
    /// Every known worker with whether it reported within `ttl`.
    async fn workers(&self, ttl: Duration) -> Result<Vec<(Worker, bool)>>;
    /// Removes a worker that shuts down in order.
    async fn remove_worker(&self, id: WorkerId) -> Result<()>;
}
