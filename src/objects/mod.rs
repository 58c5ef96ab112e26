//! Stored files: snapshots, uploads, artifacts, checkpoints.
//!
//! Keys come from [`crate::domain::object_key`]. An object is complete or absent: writers fill a
//! staging file and publish it in one step, so no reader ever sees half of one.

pub mod local;
pub mod signed_url;

use crate::{
    domain::{object_key::ObjectKey, time::Timestamp},
    error::Result,
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::io::AsyncRead;

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Size in bytes.
    pub size: u64,
}

/// An object as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Where it lies.
    pub key: ObjectKey,
    /// Size in bytes.
    pub size: u64,
    /// When it was stored, by the store's clock.
    pub modified: Timestamp,
}

/// How anyone may store one object for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresignedPut {
    /// Where to; relative (`/objects/…`, below the API prefix) for the local store.
    pub url: String,
    /// Headers that have to be sent.
    pub headers: Vec<(String, String)>,
}

/// A stream of an object's bytes.
pub type ObjectReader = Box<dyn AsyncRead + Send + Unpin>;

/// A file store. Missing objects are `not_found`; a full or failing store is
/// `dependency_unavailable`.
#[async_trait::async_trait]
pub trait ObjectStore: Send + Sync + 'static {
    /// Answers when the store can be read and written.
    async fn ping(&self) -> Result<()>;
    /// Stores a file from this machine, replacing an object of that key.
    async fn put_file(&self, key: &ObjectKey, source: &Path) -> Result<ObjectMeta>;
    /// Stores bytes, replacing an object of that key.
    async fn put_bytes(&self, key: &ObjectKey, bytes: Vec<u8>) -> Result<ObjectMeta>;
    /// Opens an object for reading.
    async fn open(&self, key: &ObjectKey) -> Result<(ObjectMeta, ObjectReader)>;
    /// Copies an object to a file on this machine (which must not exist yet).
    async fn fetch_to(&self, key: &ObjectKey, target: &Path) -> Result<ObjectMeta>;
    /// What is known of an object, if it exists.
    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>>;
    /// Copies an object inside the store, replacing the target.
    async fn copy(&self, from: &ObjectKey, to: &ObjectKey) -> Result<()>;
    /// Removes an object; removing a missing one is fine.
    async fn delete(&self, key: &ObjectKey) -> Result<()>;
    /// Removes everything below a prefix (which ends with `/`).
    async fn delete_prefix(&self, prefix: &str) -> Result<()>;
    /// At most `limit` objects below a prefix (which ends with `/`), in the order of their keys,
    /// beginning behind `after`.
    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectKey>,
        limit: usize,
    ) -> Result<Vec<ListedObject>>;
    /// A URL under which anyone may read the object for `lifetime`. Relative (`/objects/…`, below
    /// the API prefix) for the local store, absolute for S3.
    async fn presign_get(&self, key: &ObjectKey, lifetime: Duration) -> Result<String>;
    /// As [`Self::presign_get`], for storing the object by one PUT. It may be stored more than once.
    async fn presign_put(&self, key: &ObjectKey, lifetime: Duration) -> Result<PresignedPut>;
}

/// A file store as handed around.
pub type SharedObjects = Arc<dyn ObjectStore>;
