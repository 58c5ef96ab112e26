//! One file through the data flow, for tests.

use super::{FileFlow, SourceUnit, look};
use crate::engine::builtin::{lower, text::SourceText};
use tokio_util::sync::CancellationToken;

/// What the data flow says of a file that stands alone; `None` for a language it does not know yet.
pub(crate) fn alone(source: &SourceText) -> Option<FileFlow> {
    let cancel = CancellationToken::new();
    let lowered = lower::lower(source, &cancel)?.ok()?;
    let unit = SourceUnit {
        path: source.path.clone(),
        role: source.role,
        unit: lowered.unit,
    };
    let lines = crate::engine::builtin::LineIndex::new(&source.bytes);
    let mut files = look(source.language?, vec![(unit, lines)], &cancel);
    Some(files.remove(&source.path).unwrap_or_default())
}
