//! Parts of lists: newest first by id, continued after the last id shown.

use crate::{
    error::{Error, Result},
    store::{Page, PageRequest},
};
use std::str::FromStr;
use type_safe_id::{StaticType, TypeSafeId};

/// The part of `ids` that `page` asks for, newest first, each turned into an item.
pub fn newest_first<K, T>(
    ids: impl IntoIterator<Item = TypeSafeId<K>>,
    page: &PageRequest,
    item: impl Fn(TypeSafeId<K>) -> Option<T>,
) -> Result<Page<T>>
where
    K: StaticType + Ord + Copy,
{
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable();
    let total = ids.len() as u64;
    if let Some(after) = &page.after {
        let after = cursor::<TypeSafeId<K>>(after)?;
        ids.truncate(ids.partition_point(|id| *id < after));
    }
    let shown: Vec<_> = ids.iter().rev().take(page.limit).copied().collect();
    let next = (ids.len() > shown.len())
        .then(|| shown.last().map(ToString::to_string))
        .flatten();
    Ok(Page {
        items: shown.into_iter().filter_map(item).collect(),
        next,
        total: Some(total),
    })
}

/// Reads the key a list is continued with.
pub fn cursor<T: FromStr>(text: &str) -> Result<T> {
    text.parse()
        .map_err(|_| Error::field("cursor", "is not a key this list gave out"))
}
