//! Results of finished components, kept in the object store so that a recovered scan resumes.

use crate::{
    context::AppContext,
    domain::{ids::ScanId, object_key::ObjectKey},
    engine::Checkpoints,
    error::{Error, ErrorCode, Result},
};

/// Checkpoints in the object store, called from the engine's threads.
pub struct ObjectCheckpoints {
    app: AppContext,
    scan_id: ScanId,
    runtime: tokio::runtime::Handle,
}

impl ObjectCheckpoints {
    /// The checkpoints of a scan. Called on a thread of the runtime.
    pub fn new(app: AppContext, scan_id: ScanId) -> Self {
        Self {
            app,
            scan_id,
            runtime: tokio::runtime::Handle::current(),
        }
    }
}

impl Checkpoints for ObjectCheckpoints {
    fn load(&self, component: &str) -> Option<Vec<u8>> {
        let key = ObjectKey::checkpoint(self.scan_id, component);
        let read = async {
            let (meta, mut reader) = self.app.objects.open(&key).await?;
            let mut bytes = Vec::with_capacity(usize::try_from(meta.size).unwrap_or(0));
            tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut bytes)
                .await
                .map_err(|error| Error::internal("a checkpoint cannot be read", error))?;
            Ok::<_, Error>(bytes)
        };
        match self.runtime.block_on(read) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.code() == ErrorCode::NotFound => None,
            Err(error) => {
                tracing::warn!(%error, component, "a checkpoint is repeated");
                None
            }
        }
    }

    fn save(&self, component: &str, result: &[u8]) -> Result<()> {
        let key = ObjectKey::checkpoint(self.scan_id, component);
        self.runtime
            .block_on(self.app.objects.put_bytes(&key, result.to_vec()))
            .map(drop)
    }
}
