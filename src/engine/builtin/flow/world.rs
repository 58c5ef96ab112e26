//! What is known of all files of a language, and how it grows: functions are looked at beside each
//! other, each knowing what was known before, and what they leave is taken in in their order.

use super::{
    analysis::Analysis,
    ground::Ground,
    known::Known,
    made::{Done, Made},
    memory::Memory,
    models::{self, EntryRow, Models},
    nested::Nest,
    order,
    paths::Paths,
    program::FuncRef,
    results::Results,
    summary::{Bind, Summary},
    written::Print,
};
use crate::engine::inventory::Language;
use foldhash::{HashMap, HashSet};
use rayon::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet, hash_map},
    sync::Arc,
};

/// Functions that are looked at beside each other. What one of them learns the others do not know:
/// more cost more work, fewer leave threads idle. It decides what is found, so it is the same on
/// every machine.
const BESIDE: usize = 32;
/// Times functions are looked at again because of what was kept where they had looked.
const MAX_ROUNDS: usize = 2;

/// What is called, and with what.
pub(super) type Call = (FuncRef, Arc<[Bind]>);

/// What is known.
pub(super) struct World {
    /// Places of libraries.
    pub(super) paths: Paths,
    pub(super) memory: Memory,
    pub(super) summaries: HashMap<Call, Arc<Summary>>,
    /// How many ways of calling each function are known.
    pub(super) variants: HashMap<FuncRef, usize>,
    /// Functions that the outside calls.
    pub(super) entries: BTreeMap<FuncRef, EntryRow>,
    pub(super) known: Known,
    /// Whether all that makers put into objects is known.
    pub(super) are_makers_done: bool,
    pub(super) results: Results,
}

/// What looking at a function left.
pub(super) struct Left {
    pub(super) memory: Memory,
    /// The answer, when it depended on who was being looked at above.
    pub(super) answer: Option<(Call, Arc<Summary>)>,
    pub(super) entries: BTreeMap<FuncRef, EntryRow>,
    pub(super) known: Known,
    pub(super) results: Results,
}

/// What looking at a function left to the one it stands in.
pub(super) struct FromInside {
    pub(super) memory: Memory,
    pub(super) entries: BTreeMap<FuncRef, EntryRow>,
    pub(super) is_rederived: bool,
    /// What differs where anything of it does; `None` when nobody can tell.
    pub(super) print: Option<Print>,
}

impl World {
    /// Nothing but what models say.
    ///
    /// # Errors
    /// What is wrong with the models.
    pub(super) fn new(language: Language, models: &Models) -> Result<Self, String> {
        let mut paths = Paths::new();
        models::load(language, models, &mut paths)?;
        Ok(Self {
            paths,
            memory: Memory::default(),
            summaries: HashMap::default(),
            variants: HashMap::default(),
            entries: BTreeMap::new(),
            known: Known::default(),
            are_makers_done: false,
            results: Results::default(),
        })
    }

    /// Looks at everything.
    pub(super) fn look(&mut self, ground: &Ground<'_>) {
        let functions: Vec<FuncRef> = ground.program.functions().collect();
        let nothing = Made::default();
        let mut first = Analysis::within(ground, self, &nothing);
        first.begin(&functions);
        let left = first.into_left();
        self.take_left(&[&left]);
        self.are_makers_done = true;
        let order = order::bottom_up(ground.program);
        self.look_at(ground, &order);
        for _ in 0..MAX_ROUNDS {
            // Data was kept where a function had looked before: once more, knowing it.
            let stale = self.forget_stale();
            let again = order.iter().map(|group| {
                let again = group.iter().filter(|it| stale.contains(it));
                again.copied().collect()
            });
            self.look_at(ground, &again.collect::<Vec<_>>());
        }
    }

    /// Looks at functions for themselves.
    fn look_at(&mut self, ground: &Ground<'_>, groups: &[Vec<FuncRef>]) {
        for beside in groups.iter().flat_map(|group| group.chunks(BESIDE)) {
            if ground.cancel.is_cancelled() {
                return;
            }
            let known = &*self;
            let made = Made::default();
            let look = |function: &FuncRef| {
                let mut analysis = Analysis::within(ground, known, &made);
                analysis.nest = Nest::giving_up();
                analysis.whole(*function);
                analysis.nest.into_asked()
            };
            let looked: Vec<_> = beside.par_iter().map(look).collect();
            drop(made);
            let (asked, given_up): (Vec<_>, Vec<_>) = looked.into_iter().unzip();
            self.take(&asked.concat());
            let circles = beside.iter().zip(given_up);
            for (function, _) in circles.filter(|(_, given_up)| *given_up) {
                self.look_alone(ground, *function);
            }
        }
    }

    /// Looks at a function for itself, knowing whatever others found out.
    fn look_alone(&mut self, ground: &Ground<'_>, function: FuncRef) {
        let made = Made::default();
        let mut analysis = Analysis::within(ground, self, &made);
        analysis.whole(function);
        let (asked, _) = analysis.nest.into_asked();
        drop(made);
        self.take(&asked);
    }

    /// Takes in what calls left, in the order in which they were asked for.
    fn take(&mut self, asked: &[Arc<Done>]) {
        let mut all: Vec<&Done> = Vec::new();
        let mut seen: HashSet<*const Done> = HashSet::default();
        for done in asked {
            add_all(done, &mut all, &mut seen);
        }
        for done in &all {
            self.add_summary(&done.call, &done.summary);
        }
        for left in all.iter().flat_map(|done| done.left.iter().rev()) {
            if let Some((call, summary)) = &left.answer {
                self.add_summary(call, summary);
            }
        }
        let left: Vec<&Left> = all.iter().flat_map(|done| &done.left).collect();
        self.take_left(&left);
    }

    fn add_summary(&mut self, call: &Call, summary: &Arc<Summary>) {
        if let hash_map::Entry::Vacant(place) = self.summaries.entry(call.clone()) {
            place.insert(summary.clone());
            *self.variants.entry(call.0).or_default() += 1;
        }
    }

    /// Takes in what was left, in order.
    fn take_left(&mut self, left: &[&Left]) {
        self.paths.settle();
        let mut entered = Vec::new();
        for one in left {
            for (function, entry) in &one.entries {
                entered.push(*function);
                self.entries
                    .entry(*function)
                    .or_insert_with(|| entry.clone());
            }
            self.known.take(&one.known);
            self.results.take(&one.results);
        }
        let memories: Vec<&Memory> = left.iter().map(|it| &it.memory).collect();
        self.memory.take(&memories);
        self.known.settle_beside();
        for function in entered {
            self.known.forget_usual(function);
        }
    }

    /// Forgets what was learned of functions that looked at something before it changed, and of all
    /// that call them; gives them.
    fn forget_stale(&mut self) -> BTreeSet<FuncRef> {
        let mut callers: HashMap<FuncRef, Vec<FuncRef>> = HashMap::default();
        for (caller, callee) in &self.results.calls {
            callers.entry(*callee).or_default().push(*caller);
        }
        let mut stale = self.memory.take_stale();
        let mut waiting: Vec<FuncRef> = stale.iter().copied().collect();
        while let Some(function) = waiting.pop() {
            for caller in callers.get(&function).into_iter().flatten() {
                if stale.insert(*caller) {
                    waiting.push(*caller);
                }
            }
        }
        self.summaries
            .retain(|(function, _), _| !stale.contains(function));
        self.variants
            .retain(|function, _| !stale.contains(function));
        stale
    }
}

/// A call behind those it asked for.
fn add_all<'a>(done: &'a Arc<Done>, all: &mut Vec<&'a Done>, seen: &mut HashSet<*const Done>) {
    if !seen.insert(Arc::as_ptr(done)) {
        return;
    }
    for asked in &done.asked {
        add_all(asked, all, seen);
    }
    all.push(done);
}
