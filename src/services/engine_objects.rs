//! What the engine keeps in the object store, called from its threads: results of finished components,
//! from which a recovered scan resumes, and what a scan leaves for the next of its repository.

use crate::{
    context::AppContext,
    domain::{
        ids::{RepositoryId, ScanId},
        object_key::ObjectKey,
    },
    engine::{Checkpoints, ScanCache},
    error::{Error, ErrorCode, Result},
};
use std::fmt;

/// The object store, for code that does not wait asynchronously.
struct Objects {
    app: AppContext,
    runtime: tokio::runtime::Handle,
}

impl Objects {
    /// Called on a thread of the runtime.
    fn new(app: AppContext) -> Self {
        Self {
            app,
            runtime: tokio::runtime::Handle::current(),
        }
    }

    /// An object; `None` when it is not there or cannot be read, which costs the work of repeating it.
    fn read(&self, key: &ObjectKey) -> Option<Vec<u8>> {
        let read = async {
            let (meta, mut reader) = self.app.objects.open(key).await?;
            let mut bytes = Vec::with_capacity(usize::try_from(meta.size).unwrap_or(0));
            tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut bytes)
                .await
                .map_err(|error| Error::internal("an object cannot be read", error))?;
            Ok::<_, Error>(bytes)
        };
        match self.runtime.block_on(read) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.code() == ErrorCode::NotFound => None,
            Err(error) => {
                tracing::warn!(%error, %key, "what was kept is worked out again");
                None
            }
        }
    }

    fn write(&self, key: &ObjectKey, bytes: Vec<u8>) -> Result<()> {
        let write = self.app.objects.put_bytes(key, bytes);
        self.runtime.block_on(write).map(drop)
    }
}

/// The checkpoints of a scan.
pub struct ObjectCheckpoints {
    objects: Objects,
    scan_id: ScanId,
}

impl ObjectCheckpoints {
    /// Called on a thread of the runtime.
    pub fn new(app: AppContext, scan_id: ScanId) -> Self {
        Self {
            objects: Objects::new(app),
            scan_id,
        }
    }
}

impl Checkpoints for ObjectCheckpoints {
    fn load(&self, component: &str) -> Option<Vec<u8>> {
        self.objects
            .read(&ObjectKey::checkpoint(self.scan_id, component))
    }

    fn save(&self, component: &str, result: &[u8]) -> Result<()> {
        let key = ObjectKey::checkpoint(self.scan_id, component);
        self.objects.write(&key, result.to_vec())
    }
}

/// The cache of a repository. Of two scans that end at once, the later one's stays; both are whole.
pub struct ObjectCache {
    objects: Objects,
    repository_id: RepositoryId,
}

impl ObjectCache {
    /// Called on a thread of the runtime.
    pub fn new(app: AppContext, repository_id: RepositoryId) -> Self {
        Self {
            objects: Objects::new(app),
            repository_id,
        }
    }
}

impl fmt::Debug for ObjectCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ObjectCache")
            .field(&self.repository_id)
            .finish()
    }
}

impl ScanCache for ObjectCache {
    fn load(&self) -> Option<Vec<u8>> {
        self.objects
            .read(&ObjectKey::scan_cache(self.repository_id))
    }

    fn save(&self, entries: Vec<u8>) -> Result<()> {
        let key = ObjectKey::scan_cache(self.repository_id);
        self.objects.write(&key, entries)
    }
}
