//! What a scan would look at, without looking: the first three stages and a count of lines.

use super::{IgnoreFile, inventory, plan, select};
use crate::{domain::threat_profile::ThreatProfileContent, error::Result};
use rayon::prelude::*;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// The extent of a scan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preview {
    /// Files that would be audited.
    pub files: u64,
    /// Files in the tree.
    pub all_files: u64,
    /// Lines in the files that would be audited.
    pub lines: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Components with at least one of them.
    pub components: u64,
}

/// The extent of a scan of the tree below `source_root` with `paths`. Blocking.
///
/// # Errors
/// As [`super::scan_source`].
pub fn preview(
    source_root: &Path,
    threat_profile: Option<&ThreatProfileContent>,
    paths: &[String],
    ignore_file: IgnoreFile,
    cancel: &CancellationToken,
) -> Result<Preview> {
    let inventory = inventory::take_inventory(source_root, cancel)?;
    let plan = plan::make_plan(&inventory, threat_profile);
    let (excluded, _) = select::Excluded::read(source_root, &inventory, ignore_file);
    let selection = select::select(&inventory, &plan, paths, &excluded)?;
    let taken: Vec<_> = selection
        .components
        .iter()
        .flat_map(|component| &component.take)
        .filter_map(|index| inventory.files.get(*index))
        .collect();
    let lines = taken.par_iter().map(|file| {
        let content = std::fs::read(file.on_disk(source_root)).unwrap_or_default();
        memchr::memchr_iter(b'\n', &content).count() as u64
    });
    let chosen = |component: &&select::SelectedComponent| !component.take.is_empty();
    Ok(Preview {
        files: taken.len() as u64,
        all_files: inventory.files.len() as u64,
        lines: lines.sum(),
        bytes: taken.iter().map(|file| file.size).sum(),
        components: selection.components.iter().filter(chosen).count() as u64,
    })
}
