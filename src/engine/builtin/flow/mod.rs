//! Data flow: from where untrusted data enters to where it does harm, through all files of a language.
//!
//! Files are lowered, and their functions looked at, on all threads; the result does not depend on
//! their number (see `world`). What libraries do is data (`models`). Knows no grammar and no detector;
//! gives claims with the whole way, and what it thinks of the places that syntax checks flag.
//! A file that did not change is not lowered again, what looking at its functions found out is taken over
//! from the last scan where it still holds (`memo`, `recall`), and where no file changed, nothing is done.

mod analysis;
mod arithmetic;
mod bind;
mod call;
mod config;
mod context;
mod declared;
mod dispatch;
mod elements;
mod entries;
mod frame;
mod ground;
mod guards;
mod harmless;
mod kept;
mod known;
mod library;
mod made;
mod members;
mod memo;
mod memory;
mod methods;
mod models;
mod names;
mod nested;
mod operation;
mod order;
mod paths;
mod program;
mod recall;
mod report;
mod results;
mod rules;
mod settings;
mod shared;
mod sinks;
mod state;
mod steps;
mod summary;
mod taint;
mod templates;
mod text;
mod texts;
mod trace;
#[cfg(test)]
pub(crate) mod trial;
mod value;
mod view;
mod world;
mod written;

#[cfg(test)]
mod tests;

pub use models::ModelList;
pub(crate) use models::Models;
pub(crate) use report::{FileFlow, Judgement};
pub(crate) use rules::rules;

use super::{
    gap::Gap,
    ir::Unit,
    lower,
    syntax::tree::Tree,
    text::{LineIndex, SourceText},
};
use crate::engine::{
    cache::{Cache, Key, KeyOf},
    inventory::{FileRole, Inventory, Language, SourceFile},
};
use analysis::Analysis;
use config::Config;
use ground::Ground;
use made::Made;
use memo::Memo;
use program::{Program, SourceUnit};
use rayon::prelude::*;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};
use tokio_util::sync::CancellationToken;
use world::World;

/// A SHA-256.
type Digest = [u8; 32];

/// What the data flow says of every file it looked at.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    files: BTreeMap<String, FileFlow>,
    /// A hash of what is said of each.
    digests: BTreeMap<String, Digest>,
}

/// The files of one language, lowered.
#[derive(Default)]
struct Readable {
    units: Vec<SourceUnit>,
    lines: Vec<LineIndex>,
    /// What the looks at their functions are kept under, where a file is what the inventory saw.
    keys: Vec<Option<Key>>,
    /// Files that could not be read whole.
    gaps: BTreeMap<String, Gap>,
    /// Whether a file on disk is another one than the inventory saw.
    is_other: bool,
}

/// A file as the next scan needs it to know what it says.
type Saved = (Unit, Option<Gap>);

/// What is looked at, and with what.
struct Work<'a> {
    root: &'a Path,
    inventory: &'a Inventory,
    models: &'a Models,
    config: Config,
    cache: &'a Cache,
    /// Who else wants the syntax trees.
    give: &'a GiveTree<'a>,
    cancel: &'a CancellationToken,
}

/// Takes the syntax tree of a file that was lowered, on any thread.
pub(crate) type GiveTree<'a> = dyn Fn(&SourceText, Tree) + Sync + 'a;

/// Nested calls of the analysed program are nested calls here (bytes, for each thread).
const STACK: usize = 512 * 1024 * 1024;

impl Flow {
    /// Looks at `files` of the inventory together.
    pub(crate) fn analyse(
        root: &Path,
        inventory: &Inventory,
        files: &[usize],
        models: &Models,
        cache: &Cache,
        give: &GiveTree<'_>,
        cancel: &CancellationToken,
    ) -> Self {
        let work = Work {
            root,
            inventory,
            models,
            config: Config::read(root, inventory, cancel),
            cache,
            give,
            cancel,
        };
        let files = models::LANGUAGES
            .into_iter()
            .flat_map(|language| work.language(language, files));
        let files: BTreeMap<String, FileFlow> = files.collect();
        let digest = |(path, flow): (&String, &FileFlow)| Some((path.clone(), flow.digest()?));
        Self {
            digests: files.iter().filter_map(digest).collect(),
            files,
        }
    }

    /// What is said of a file.
    pub(crate) fn of(&self, path: &str) -> Option<&FileFlow> {
        self.files.get(path)
    }

    /// What changes with anything that is said of a file, empty where nothing is; `None` when it is
    /// not to be relied on.
    pub(crate) fn digest(&self, path: &str) -> Option<&[u8]> {
        match self.files.contains_key(path) {
            true => self.digests.get(path).map(<[u8; 32]>::as_slice),
            false => Some(&[]),
        }
    }
}

impl Work<'_> {
    /// Looks at those of `files` that are of one language.
    fn language(&self, language: Language, files: &[usize]) -> BTreeMap<String, FileFlow> {
        let of = |wanted| {
            files
                .iter()
                .map(|index| &self.inventory.files[*index])
                .filter(move |file| file.language == Some(wanted))
        };
        let code: Vec<&SourceFile> = of(language)
            .filter(|file| file.role != FileRole::Minified)
            .collect();
        if code.is_empty() {
            return BTreeMap::new();
        }
        let files: Vec<&SourceFile> = code.into_iter().chain(of(Language::Html)).collect();
        let key = self.key(language, &files);
        if let Some(known) = self.cache.get(key) {
            for file in files {
                self.cache.keep(lowered_key(file));
                self.cache.keep(self.looks_key(language, file));
            }
            return known;
        }
        let readable = self.read(language, &files);
        if self.cancel.is_cancelled() {
            return BTreeMap::new();
        }
        let is_other = readable.is_other || self.config.is_other;
        let units = readable.units.iter();
        let paths: Vec<String> = units.map(|unit| unit.path.clone()).collect();
        let Some(found) = self.look(language, readable) else {
            let broken = |path| (path, FileFlow::of_gap(Gap::Broken));
            return paths.into_iter().map(broken).collect();
        };
        let is_broken = found.values().any(|file| file.gap == Some(Gap::Broken));
        if !is_other && !is_broken && !self.cancel.is_cancelled() {
            self.cache.put(key, &found);
        }
        found
    }

    /// The key of what is said of `files`: it may depend on each of them, and on the settings.
    fn key(&self, language: Language, files: &[&SourceFile]) -> Key {
        let key = KeyOf::new("flow")
            .and(language.as_str())
            .and(self.models.digest());
        let settings = self.inventory.files.iter();
        let settings = settings.filter(|file| Config::is_read(file));
        let read = files.iter().copied().chain(settings);
        read.fold(key, KeyOf::and_file).key()
    }

    /// The key of what looks at the functions of a file found out.
    fn looks_key(&self, language: Language, file: &SourceFile) -> Key {
        let key = KeyOf::new("looks")
            .and(language.as_str())
            .and(self.models.digest());
        key.and_file(file).key()
    }

    /// Lowers files on all threads; what is no template of the language is left out.
    fn read(&self, language: Language, files: &[&SourceFile]) -> Readable {
        let lowered: Vec<_> = files
            .par_iter()
            .map(|file| {
                let bytes = std::fs::read(file.on_disk(self.root)).ok();
                let is_same = bytes.as_ref().is_some_and(|bytes| file.holds(bytes));
                let lowered = bytes.and_then(|bytes| {
                    let source = SourceText::new(&file.path, file.language, file.role, bytes);
                    let is_template = file.language == Some(Language::Html);
                    if is_template && lower::template::language(&source) != Some(language) {
                        return None;
                    }
                    let key = is_same.then(|| lowered_key(file));
                    let lowered = self.lower(&source, key)?;
                    let key = is_same.then(|| self.looks_key(language, file));
                    Some((source.path, source.lines, key, lowered))
                });
                (is_same, lowered)
            })
            .collect();
        let mut readable = Readable::default();
        for (is_same, lowered) in lowered {
            readable.is_other |= !is_same;
            let Some((path, lines, key, lowered)) = lowered else {
                continue;
            };
            let gap = match lowered {
                Ok((unit, gap)) => {
                    let path = path.clone();
                    readable.units.push(SourceUnit::new(path, unit));
                    readable.lines.push(lines);
                    readable.keys.push(key);
                    gap
                }
                Err(gap) => Some(gap),
            };
            readable.gaps.extend(gap.map(|gap| (path, gap)));
        }
        readable
    }

    /// Lowers a file, unless the last scan did; `None` when no lowering is for it, or the scan was
    /// called off. A fault of the lowering costs the file, not the scan.
    fn lower(&self, source: &SourceText, key: Option<Key>) -> Option<Result<Saved, Gap>> {
        if let Some(known) = key.and_then(|key| self.cache.get::<Saved>(key)) {
            return Some(Ok(known));
        }
        let give = |tree| (self.give)(source, tree);
        let lowered = || lower::lower_and(source, self.cancel, give);
        let lowered = catch_unwind(AssertUnwindSafe(lowered));
        let lowered = match lowered {
            Err(_) => Err(Gap::Broken),
            Ok(lowered) => match lowered? {
                Ok(lowered) => Ok((lowered.unit, lowered.gap)),
                Err(failure) => Err(failure.into()),
            },
        };
        if self.cancel.is_cancelled() {
            return None;
        }
        if let (Some(key), Ok(lowered)) = (key, &lowered) {
            self.cache.put(key, lowered);
        }
        Some(lowered)
    }

    /// Looks at the files of one language; `None` when that broke.
    fn look(&self, language: Language, readable: Readable) -> Option<BTreeMap<String, FileFlow>> {
        let Readable {
            units,
            lines,
            gaps,
            keys,
            ..
        } = readable;
        let program = Program::new(units);
        let look = || {
            let keys = keys.into_par_iter();
            let memo = match self.cache.is_kept() {
                true => Memo::open(&program, keys, self.cache),
                false => None,
            };
            let ground = |memo| Ground::new(language, &program, &self.config, memo, self.cancel);
            let found = look(&ground(memo.as_ref()), self.models, &lines, self.cache);
            let Some(broken) = memo.as_ref().filter(|memo| memo.is_broken()) else {
                return found;
            };
            // As if nothing had been known.
            broken.forget(self.cache);
            look(&ground(None), self.models, &lines, self.cache)
        };
        let mut files = on_threads(rayon::current_num_threads(), STACK, look)??;
        for (path, gap) in gaps {
            files.entry(path).or_default().gap = Some(gap);
        }
        Some(files)
    }
}

/// Looks at everything; `None` when something is wrong with the models.
fn look(
    ground: &Ground<'_>,
    models: &Models,
    lines: &[LineIndex],
    cache: &Cache,
) -> Option<BTreeMap<String, FileFlow>> {
    let mut world = World::new(ground.language, models).ok()?;
    if let Some(memo) = ground.memo {
        memo.make_places(&mut world.paths);
    }
    world.look(ground);
    let is_over = ground.cancel.is_cancelled();
    if let Some(memo) = ground.memo.filter(|memo| !is_over && !memo.is_broken()) {
        memo.save(&world.paths, cache);
    }
    let made = Made::default();
    let analysis = Analysis::within(ground, &world, &made);
    Some(report::report(&analysis, lines))
}

/// Runs on so many threads with so deep a stack; `None` when that broke.
fn on_threads<T: Send>(count: usize, stack: usize, run: impl FnOnce() -> T + Send) -> Option<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(count)
        .stack_size(stack)
        .thread_name(|number| format!("v16-flow-{number}"))
        .build()
        .ok()?;
    catch_unwind(AssertUnwindSafe(|| pool.install(run))).ok()
}

/// The key of what a file is lowered to.
fn lowered_key(file: &SourceFile) -> Key {
    KeyOf::new("lowered").and_file(file).key()
}
