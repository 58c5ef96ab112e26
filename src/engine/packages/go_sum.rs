//! `go.sum`: modules whose content (not only whose `go.mod`) was fetched.

use super::{Entries, Entry};

pub(super) fn parse(text: &str) -> Entries {
    let entries = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (module, version) = (words.next()?, words.next()?);
        (version.starts_with('v') && !version.ends_with("/go.mod"))
            .then(|| Entry::exact(module, version))
    });
    Ok(entries.collect())
}
