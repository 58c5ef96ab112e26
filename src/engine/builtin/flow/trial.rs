//! One file through the data flow, for tests.

use super::{Cache, Config, FileFlow, Ground, Models, Program, SourceUnit, look, on_threads};
use crate::engine::builtin::{
    lower,
    text::{LineIndex, SourceText},
};
use tokio_util::sync::CancellationToken;

/// A test must not need more than any thread has.
const STACK: usize = 64 * 1024 * 1024;

/// What the data flow says of a file that stands alone; `None` for a language it does not know yet.
pub(crate) fn alone(source: &SourceText) -> Option<FileFlow> {
    beside(&Config::default(), source, || {})
}

/// The same beside settings, after doing something on the thread it runs on.
pub(super) fn beside(
    config: &Config,
    source: &SourceText,
    first: impl FnOnce() + Send,
) -> Option<FileFlow> {
    let cancel = CancellationToken::new();
    let lowered = lower::lower(source, &cancel)?.ok()?;
    let unit = SourceUnit::new(source.path.clone(), lowered.unit);
    let program = Program::new(vec![unit]);
    let lines = [LineIndex::new(&source.bytes)];
    let models = Models::default();
    let ground = Ground::new(source.language?, &program, config, None, &cancel);
    let run = || {
        first();
        look(&ground, &models, &lines, &Cache::default())
    };
    let mut files = on_threads(1, STACK, run)??;
    Some(files.remove(&source.path).unwrap_or_default())
}
