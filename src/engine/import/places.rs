//! Where a result lies: from a tool's URI to a path of the tree.
//!
//! Tools write relative paths, `file://` URIs and absolute paths of the machine they ran on. A path
//! is only ever looked up in the inventory, so none can lead out of the tree.

use crate::engine::inventory::Inventory;
use std::collections::{BTreeMap, BTreeSet};

/// Longer URIs are not looked at, in bytes.
const MAX_URI: usize = 4096;

/// The paths of a tree, as tools may write them.
pub(super) struct Places<'a> {
    paths: BTreeSet<&'a str>,
    /// Paths by their last segment, to find absolute ones by their end.
    by_name: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for file in &inventory.files {
            let name = last_segment(&file.path);
            by_name.entry(name).or_default().push(&file.path);
        }
        let paths = inventory.files.iter().map(|file| file.path.as_str());
        Self {
            paths: paths.collect(),
            by_name,
        }
    }

    /// The path of the tree that `uri` names, if it is certain.
    ///
    /// A path that is not in the tree as written is taken for one of another machine: it names the
    /// file that shares the most trailing segments with it (or the tree's file that has one leading
    /// folder more, as archives of a project have it), when there is only one such file.
    pub(super) fn path(&self, uri: &str) -> Option<String> {
        // What the tree has by this very name is meant, also when it looks like a drive.
        if let Some(path) = decoded(uri).filter(|path| self.paths.contains(path.as_str())) {
            return Some(path);
        }
        let path = normalised(uri)?;
        if self.paths.contains(path.as_str()) {
            return Some(path);
        }
        let candidates = self.by_name.get(last_segment(&path))?;
        let shared = |candidate: &str| {
            let pairs = candidate.rsplit('/').zip(path.rsplit('/'));
            pairs.take_while(|(a, b)| a == b).count()
        };
        let whole = |candidate: &str, shared: usize| {
            shared == path.split('/').count() || shared == candidate.split('/').count()
        };
        let mut fitting = candidates
            .iter()
            .map(|candidate| (*candidate, shared(candidate)))
            .filter(|(candidate, shared)| whole(candidate, *shared));
        let first = fitting.next()?;
        let mut best = first;
        let mut alone = true;
        for next in fitting {
            match next.1.cmp(&best.1) {
                std::cmp::Ordering::Greater => (best, alone) = (next, true),
                std::cmp::Ordering::Equal => alone = false,
                std::cmp::Ordering::Less => {}
            }
        }
        alone.then(|| best.0.to_owned())
    }
}

fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A URI without its percent encoding. `None` for what is too long or no text.
fn decoded(uri: &str) -> Option<String> {
    if uri.len() > MAX_URI {
        return None;
    }
    let decoded = percent_encoding::percent_decode_str(uri).decode_utf8();
    decoded.ok().map(std::borrow::Cow::into_owned)
}

/// A URI or path as plain segments with `/`: decoded, without scheme, `.` and a leading `/`. `None`
/// for what steps upwards, has control characters, or is no file at all.
pub(super) fn normalised(uri: &str) -> Option<String> {
    let rest = match uri.split_once("://") {
        Some(("file", rest)) => rest.split_once('/').map_or("", |(_host, path)| path),
        Some(_) => return None,
        None => uri.strip_prefix("file:").unwrap_or(uri),
    };
    let decoded = decoded(rest)?.replace('\\', "/");
    let mut segments = Vec::new();
    for segment in decoded.split('/') {
        match segment {
            "" | "." => {}
            ".." => return None,
            drive if segments.is_empty() && drive.len() == 2 && drive.ends_with(':') => {}
            plain if plain.chars().any(char::is_control) => return None,
            plain => segments.push(plain),
        }
    }
    (!segments.is_empty()).then(|| segments.join("/"))
}
