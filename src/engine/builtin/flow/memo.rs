//! Looks as they are kept from scan to scan: of each file, what looks at its functions asked for
//! (`trace`), and what came of them. When one of them is taken over is for `recall`.

use super::{
    analysis::Analysis,
    declared::Declared,
    paths::{PathId, Paths, Segment},
    program::{Program, UnitRef},
    summary::Summary,
    trace::{Answer, Before, OfWorld, Question, Seen},
    world,
    written::{Print, Refs},
};
use crate::engine::{
    builtin::ir::{FunctionId, Unit},
    cache::{Cache, Key},
};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use foldhash::{HashMap, HashMapExt};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// What is known of more of one file is not kept (bytes).
const MAX_LOOKS: u64 = 64 * 1024 * 1024;

/// Looks of the last scan, and of this one for the next.
pub(super) struct Memo {
    pub(super) refs: Arc<Refs>,
    /// Of each file; `None` where the next scan cannot know whether it is the same.
    units: Vec<Option<OfUnit>>,
    /// What each file declares.
    declared: Vec<OnceLock<Print>>,
    pub(super) recalled: AtomicU64,
    pub(super) looked: AtomicU64,
}

/// Looks at the functions of a file.
pub(super) struct OfUnit {
    key: Key,
    /// Functions in which others stand: these see what it does.
    pub(super) holders: BTreeSet<FunctionId>,
    /// What those of the last scan asked for; `None` where it speaks of what is no more.
    facts: Vec<Option<Fact>>,
    /// Whether each still holds, of those that do not change during a scan.
    pub(super) holds: Vec<OnceLock<bool>>,
    pub(super) written: Written,
    pub(super) is_used: Vec<AtomicBool>,
    pub(super) by_call: HashMap<(FunctionId, ByteBuf), Vec<usize>>,
    pub(super) new: Mutex<New>,
}

/// What was asked for, and the answer.
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Fact {
    Seen(Seen, Print),
    Answer(Question, Answer),
}

/// The place of a fact in the list of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct FactId(u32);

impl FactId {
    pub(super) fn new(at: usize) -> Self {
        Self(u32::try_from(at).unwrap_or(u32::MAX))
    }

    pub(super) fn place(self) -> usize {
        self.0 as usize
    }
}

/// Looks of this scan.
#[derive(Default)]
pub(super) struct New {
    pub(super) facts: HashMap<Fact, FactId>,
    pub(super) records: Vec<Record>,
}

/// The looks at the functions of a file, as they are kept.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Written {
    /// From which place of a library to which.
    places: Vec<(PathId, Segment)>,
    facts: Vec<ByteBuf>,
    pub(super) records: Vec<Record>,
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) function: FunctionId,
    pub(super) binds: ByteBuf,
    /// And whether to look again when other data comes there.
    pub(super) seen: Vec<(FactId, bool)>,
    /// In order.
    pub(super) answers: Vec<(FactId, Before)>,
    /// What the look put where functions that stand in its own find it, each with the number of
    /// answers before.
    pub(super) puts: ByteBuf,
    pub(super) work: u64,
    /// Settings that it put together of others.
    pub(super) expanded: usize,
    /// Of the summary.
    pub(super) print: Print,
    pub(super) summary: Arc<ByteBuf>,
    pub(super) outcome: ByteBuf,
    /// Places of libraries that all this speaks of, but for the facts.
    pub(super) places: Vec<PathId>,
}

impl Memo {
    /// What the last scan left; `keys` are those of the files of the program, where they are known.
    /// `None` when files cannot be told apart.
    pub(super) fn open(
        program: &Program,
        keys: impl IndexedParallelIterator<Item = Option<Key>>,
        cache: &Cache,
    ) -> Option<Self> {
        let refs = Refs::of(program)?;
        let of = |(source, key): (&super::program::SourceUnit, Option<Key>)| {
            Some(OfUnit::open(&refs, &source.unit, key?, cache))
        };
        Some(Self {
            units: program.units.par_iter().zip(keys).map(of).collect(),
            declared: vec![OnceLock::new(); program.units.len()],
            recalled: AtomicU64::new(0),
            looked: AtomicU64::new(0),
            refs,
        })
    }

    /// Makes the places of libraries that were spoken of.
    pub(super) fn make_places(&self, paths: &mut Paths) {
        for unit in self.units.iter().flatten() {
            paths.make(&unit.written.places);
        }
        paths.settle();
    }

    /// Keeps what this scan found out for the next.
    pub(super) fn save(&self, paths: &Paths, cache: &Cache) {
        self.units
            .par_iter()
            .flatten()
            .for_each(|unit| unit.save(&self.refs, paths, cache));
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        cache.count(of(&self.recalled), of(&self.looked));
    }

    /// What differs where anything does of what an inner function left to the one around it; `None`
    /// when nobody can tell.
    pub(super) fn print_of_left(&self, left: &world::Left) -> Option<Print> {
        let memory = left.memory.print_of_left(&self.refs)?;
        let is_rederived = left.known.is_rederived();
        Some(self.refs.print(&(memory, &left.entries, is_rederived)))
    }

    /// Forgets what cannot be relied on.
    pub(super) fn forget(&self, cache: &Cache) {
        for unit in self.units.iter().flatten() {
            cache.put(unit.key, &ByteBuf::new());
        }
    }

    /// What differs where anything of a summary does.
    pub(super) fn print(&self, summary: &Summary) -> Print {
        summary.written(&self.refs).print
    }

    /// Whether what was known cannot be relied on.
    pub(super) fn is_broken(&self) -> bool {
        self.refs.is_broken()
    }

    pub(super) fn unit(&self, unit: UnitRef) -> Option<&OfUnit> {
        self.units.get(unit.0 as usize)?.as_ref()
    }

    /// The answer now.
    pub(super) fn answer(&self, look: &Analysis<'_>, seen: &Seen) -> Option<Print> {
        let (refs, ground) = (&self.refs, look.ground);
        let program = ground.program;
        Some(match seen {
            Seen::Unit(unit) => {
                let declared = &self.declared[unit.0 as usize];
                *declared.get_or_init(|| refs.print(&Declared::of(program, *unit)))
            }
            Seen::Module(name, from) => refs.print(&program.module(name, *from)),
            Seen::Declaring(package, name) => refs.print(&program.declaring(package, name)),
            Seen::WithMethod(name) => refs.print(&ground.with_method(name)),
            Seen::OnlyMakersSet(class, name) => refs.print(&program.only_makers_set(*class, name)),
            Seen::Template(from, name) => refs.print(&ground.templates.find(program, *from, name)),
            Seen::SetInModules(name) => refs.print(&ground.set_in_modules(name)),
            Seen::Property(key) => refs.print(&ground.config.property(key)),
            Seen::Framework(key) => refs.print(&ground.config.framework(key)),
            Seen::Environment(key) => refs.print(&ground.config.environment(key)),
            Seen::World(OfWorld::Entry(function)) => refs.print(&look.world.entries.get(function)),
            Seen::World(known) => return look.shared.print(refs, known),
        })
    }
}

impl OfUnit {
    pub(super) fn fact(&self, id: FactId) -> Option<&Fact> {
        self.facts.get(id.place())?.as_ref()
    }

    fn open(refs: &Arc<Refs>, unit: &Unit, key: Key, cache: &Cache) -> Self {
        let written = cache.get(key).and_then(|packed: ByteBuf| unpacked(&packed));
        let written = written.unwrap_or_default();
        let mut by_call: HashMap<(FunctionId, ByteBuf), Vec<usize>> = HashMap::new();
        for (at, record) in written.records.iter().enumerate() {
            let call = (record.function, record.binds.clone());
            by_call.entry(call).or_default().push(at);
        }
        Self {
            key,
            holders: unit.functions.iter().filter_map(|it| it.parent).collect(),
            facts: written.facts.iter().map(|it| refs.read(it)).collect(),
            holds: vec![OnceLock::new(); written.facts.len()],
            is_used: written
                .records
                .iter()
                .map(|_| AtomicBool::new(false))
                .collect(),
            written,
            by_call,
            new: Mutex::default(),
        }
    }

    fn save(&self, refs: &Arc<Refs>, paths: &Paths, cache: &Cache) {
        let mut new = self.new.lock().unwrap_or_else(PoisonError::into_inner);
        let is_used = |it: &AtomicBool| it.load(Ordering::Relaxed);
        if new.records.is_empty() && self.is_used.iter().all(is_used) && !self.facts.is_empty() {
            return cache.keep(self.key);
        }
        let New { facts, records } = std::mem::take(&mut *new);
        let mut new_facts = vec![Vec::new(); facts.len()];
        for (fact, id) in &facts {
            new_facts[id.place()] = refs.write(fact, &mut BTreeSet::new());
        }
        let new_facts: Vec<&[u8]> = new_facts.iter().map(Vec::as_slice).collect();
        let old_facts: Vec<&[u8]> = self.written.facts.iter().map(|it| it.as_slice()).collect();
        let used = self.written.records.iter().zip(&self.is_used);
        let used = used.filter(|(_, it)| is_used(it)).map(|(it, _)| it.clone());
        let used = used.map(|record| (record, &old_facts));
        let all = used.chain(records.into_iter().map(|record| (record, &new_facts)));
        let all: Vec<(Record, &Vec<&[u8]>)> = all.collect();
        let mut named: BTreeSet<&[u8]> = BTreeSet::new();
        for (record, facts) in &all {
            named.extend(record.facts().map(|id| facts[id.place()]));
        }
        let ids = (0..).map(FactId::new);
        let ids: BTreeMap<&[u8], FactId> = named.iter().copied().zip(ids).collect();
        let records: BTreeSet<Record> = all
            .into_iter()
            .map(|(record, facts)| record.with_facts(|id| ids[facts[id.place()]]))
            .collect();
        let mut places: BTreeSet<PathId> = BTreeSet::new();
        for record in &records {
            places.extend(&record.places);
        }
        for fact in named.iter().filter_map(|it| refs.read::<Fact>(it)) {
            refs.write(&fact, &mut places);
        }
        let written = Written {
            places: paths.ways(places),
            facts: named.iter().map(|it| ByteBuf::from(*it)).collect(),
            records: records.into_iter().collect(),
        };
        if let Some(packed) = packed(&written) {
            cache.put(self.key, &ByteBuf::from(packed));
        }
    }
}

impl Record {
    fn facts(&self) -> impl Iterator<Item = FactId> {
        let seen = self.seen.iter().map(|(id, _)| *id);
        seen.chain(self.answers.iter().map(|(id, _)| *id))
    }

    /// The same with its facts at other places.
    fn with_facts(mut self, place: impl Fn(FactId) -> FactId) -> Self {
        let seen = self.seen.iter_mut().map(|(id, _)| id);
        for id in seen.chain(self.answers.iter_mut().map(|(id, _)| id)) {
            *id = place(*id);
        }
        self.seen.sort_unstable();
        self
    }
}

/// As it is kept: the same ways and objects are in many looks, so it is a third of the size.
fn packed(written: &Written) -> Option<Vec<u8>> {
    let bytes = postcard::to_stdvec(written).ok()?;
    if bytes.len() as u64 > MAX_LOOKS {
        return None;
    }
    let mut to = DeflateEncoder::new(Vec::new(), Compression::fast());
    to.write_all(&bytes).ok()?;
    to.finish().ok()
}

fn unpacked(packed: &[u8]) -> Option<Written> {
    let mut bytes = Vec::new();
    let mut from = DeflateDecoder::new(packed).take(MAX_LOOKS);
    from.read_to_end(&mut bytes).ok()?;
    postcard::from_bytes(&bytes).ok()
}
