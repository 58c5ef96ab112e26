//! Keys a laptop needs and nobody configures: made once, kept in the data folder, mode 0600.

use crate::{
    clock::{new_id, random_bytes},
    domain::ids::WorkerKind,
    error::{Error, Result},
};
use std::{
    fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

/// The 32-byte key called `name` below `data_dir/secrets`, made on first use. Several processes may
/// start at once: all get the same key.
pub fn load_or_create(data_dir: &Path, name: &str) -> Result<[u8; 32]> {
    let folder = data_dir.join("secrets");
    let path = folder.join(name);
    let cannot = |error: std::io::Error| {
        Error::internal(
            format!("the key file {} cannot be used", path.display()),
            error,
        )
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(cannot)?;
    if !path.exists() {
        // Written aside and linked into place: the link fails if another process was first, and
        // no reader ever sees half a key.
        let staged = folder.join(format!(".{name}-{}", new_id::<WorkerKind>()));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&staged)
            .map_err(cannot)?;
        file.write_all(hex::encode(random_bytes::<32>()).as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(cannot)?;
        let linked = fs::hard_link(&staged, &path);
        fs::remove_file(&staged).map_err(cannot)?;
        match linked {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(cannot(error));
            }
            _ => {}
        }
    }
    let text = fs::read_to_string(&path).map_err(cannot)?;
    hex::decode(text.trim())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| {
            cannot(std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                "it does not hold 32 bytes in hex; restore it, or delete it to sign everyone out",
            ))
        })
}
