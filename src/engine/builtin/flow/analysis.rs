//! The analysis of one language of a tree: what is known of all files together, and in which order
//! functions are looked at.
//!
//! First every file's top level runs, which defines functions, classes and globals; then makers of
//! objects; then every function for itself, with unknown arguments. Calls ask for the summary of what
//! they call, so callees come before callers wherever there is no cycle.

use super::{
    config::Config,
    frame::Outcome,
    known::Known,
    models::{self, EntryRow, Models},
    paths::Paths,
    program::{ClassRef, FuncRef, Program, UnitRef},
    shared::Shared,
    summary::{Bind, Summary},
    templates::Templates,
    value::{Origin, Source, Steps, Taint, Taints, Trust, Value},
};
use crate::engine::{
    builtin::ir::{FunctionKind, Name, Span},
    inventory::Language,
};
use foldhash::HashMap;
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};
use tokio_util::sync::CancellationToken;

/// Calls within calls that are followed.
const MAX_DEPTH: usize = 48;
/// Times a function may be looked at within itself: for particular arguments, then for any.
const MAX_AGAIN: usize = 2;
/// Ways of calling one function that are told apart.
const MAX_VARIANTS: usize = 12;

/// Times functions are looked at again because of what was kept where they had looked.
const MAX_ROUNDS: usize = 2;

/// Where data ends up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SinkPlace {
    pub(super) unit: UnitRef,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The id of the rule.
    pub(super) rule: Name,
}

/// Untrusted data at a place where it does harm.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) source: Option<Arc<Source>>,
    /// How many steps on the way are not known.
    pub(super) doubt: u8,
    pub(super) steps: Steps,
    /// The function of the sink.
    pub(super) function: FuncRef,
    /// What is called there.
    pub(super) sink: Name,
}

/// What the data flow says of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// Whatever comes there can do no harm.
    Harmless,
    /// Something unknown comes there.
    Unknown,
    /// Untrusted data comes there.
    Reached,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Not,
    Running,
    Done,
}

/// The state of the analysis.
pub(super) struct Analysis<'p> {
    pub(super) language: Language,
    pub(super) program: &'p Program,
    pub(super) config: &'p Config,
    pub(super) paths: Paths,
    pub(super) templates: Templates,
    pub(super) shared: Shared,
    summaries: HashMap<(FuncRef, Vec<Bind>), Rc<Summary>>,
    variants: HashMap<FuncRef, usize>,
    tops: Vec<Run>,
    /// Whether all that makers put into objects is known.
    pub(super) are_makers_done: bool,
    pub(super) slots: HashMap<FuncRef, Rc<[Option<u32>]>>,
    pub(super) known: Known,
    /// Functions that the outside calls.
    pub(super) entries: BTreeMap<FuncRef, EntryRow>,
    pub(super) found: BTreeMap<SinkPlace, Found>,
    pub(super) judged: BTreeMap<SinkPlace, Verdict>,
    /// Who calls whom.
    pub(super) calls: BTreeSet<(FuncRef, FuncRef)>,
    /// How many operations of each block were looked at at most.
    pub(super) visited: HashMap<FuncRef, Vec<usize>>,
    /// How much was done in each file.
    pub(super) work: Vec<u64>,
    /// Files in which something was cut off.
    pub(super) gaps: BTreeSet<UnitRef>,
    pub(super) cancel: CancellationToken,
}

impl<'p> Analysis<'p> {
    /// # Errors
    /// What is wrong with the models.
    pub(super) fn new(
        language: Language,
        program: &'p Program,
        models: &Models,
        config: &'p Config,
        cancel: &CancellationToken,
    ) -> Result<Self, String> {
        let mut paths = Paths::default();
        models::load(language, models, &mut paths)?;
        paths.set_loaded();
        let units = program.units.len();
        Ok(Self {
            language,
            program,
            config,
            paths,
            templates: Templates::of(program),
            shared: Shared::new(program.classes.len(), units),
            summaries: HashMap::default(),
            variants: HashMap::default(),
            tops: vec![Run::Not; units],
            are_makers_done: false,
            slots: HashMap::default(),
            known: Known::default(),
            entries: BTreeMap::new(),
            found: BTreeMap::new(),
            judged: BTreeMap::new(),
            calls: BTreeSet::new(),
            visited: HashMap::default(),
            work: vec![0; units],
            gaps: BTreeSet::new(),
            cancel: cancel.clone(),
        })
    }

    /// Looks at everything.
    pub(super) fn run(&mut self) {
        for unit in 0..self.program.units.len() {
            self.top_level(UnitRef(u32::try_from(unit).unwrap_or(u32::MAX)));
        }
        let functions: Vec<FuncRef> = self.program.functions().collect();
        for function in &functions {
            self.find_entries(*function);
        }
        self.known.settle();
        let makers = functions.iter().copied();
        let makers = makers.filter(|it| self.program.is_maker(*it));
        for maker in makers.collect::<Vec<_>>() {
            self.whole(maker);
        }
        // What makers found out of fields was not known to the first of them.
        self.forget_summaries(|_| true);
        self.shared.forget_readers();
        self.are_makers_done = true;
        self.everything(&functions);
        for _ in 0..MAX_ROUNDS {
            // Data was kept where a function had looked before: once more, knowing it.
            let stale = self.forget_stale();
            self.everything(&stale);
        }
    }

    pub(super) fn forget_summaries(&mut self, of: impl Fn(FuncRef) -> bool) {
        self.summaries.retain(|(function, _), _| !of(*function));
        self.variants.retain(|function, _| !of(*function));
    }

    pub(super) fn everything(&mut self, functions: &[FuncRef]) {
        for function in functions {
            if self.cancel.is_cancelled() {
                return;
            }
            self.whole(*function);
        }
    }

    /// A function for itself, with whatever its callers may give.
    pub(super) fn whole(&mut self, function: FuncRef) {
        let kind = self.program.function(function).kind;
        if matches!(kind, FunctionKind::TopLevel | FunctionKind::ClassBody) {
            return;
        }
        let binds = self.usual(function).to_vec();
        self.summary(function, binds);
    }

    /// Runs the top level of a file, unless it ran or runs.
    pub(super) fn top_level(&mut self, unit: UnitRef) {
        if self.tops[unit.0 as usize] != Run::Not || self.shared.depth() > MAX_DEPTH {
            return;
        }
        self.tops[unit.0 as usize] = Run::Running;
        let function = FuncRef {
            unit,
            id: crate::engine::builtin::ir::FunctionId(0),
        };
        self.shared.enter(function);
        let outcome = self.execute(function, &[]);
        self.shared.leave();
        for (loc, object) in outcome.exit.objects() {
            self.shared.set_object(loc.clone(), object.clone());
        }
        self.tops[unit.0 as usize] = Run::Done;
    }

    /// Runs the body of a class; its variables are the members.
    pub(super) fn class_body(&mut self, class: ClassRef, bases: Vec<Value>) {
        let body = self.program.class(class).body;
        if self.shared.times_running(body) > 0 || self.shared.depth() > MAX_DEPTH {
            return;
        }
        if self.shared.derive(class, bases) {
            self.known.forget_ancestors();
        }
        self.shared.enter(body);
        let outcome = self.execute(body, &[]);
        self.shared.leave();
        for (loc, object) in outcome.exit.objects() {
            self.shared.set_object(loc.clone(), object.clone());
        }
        let members = self.named_variables(body, &outcome);
        self.shared.set_members(class, members);
        self.set_fields(class);
    }

    pub(super) fn named_variables(
        &self,
        function: FuncRef,
        outcome: &Outcome,
    ) -> BTreeMap<Name, Value> {
        let slots = self.slots.get(&function);
        let vars = &self.program.function(function).vars;
        let named = vars.iter().enumerate().filter_map(|(index, info)| {
            let slot = slots?.get(index).copied().flatten()?;
            let value = outcome.exit.vars.get(slot as usize)?;
            Some((info.name.clone()?, value.as_ref().clone()))
        });
        named.filter(|(_, value)| !value.is_bottom()).collect()
    }

    /// The summary of a function for such arguments; `None` while it is being made, or too deep.
    pub(super) fn summary(
        &mut self,
        function: FuncRef,
        mut binds: Vec<Bind>,
    ) -> Option<Rc<Summary>> {
        let usual = self.usual(function);
        if *binds != *usual && self.shared.times_running(function) > 0 {
            // What a function does when it calls itself does not depend on the first call.
            binds = usual.to_vec();
        }
        if *binds != *usual {
            let known = self.summaries.contains_key(&(function, binds.clone()));
            let variants = self.variants.get(&function).copied().unwrap_or(0);
            if !known && variants >= MAX_VARIANTS {
                binds = usual.to_vec();
            }
        }
        let key = (function, binds);
        if let Some(known) = self.summaries.get(&key) {
            return Some(known.clone());
        }
        if self.shared.times_running(function) >= MAX_AGAIN || self.shared.depth() > MAX_DEPTH {
            return None;
        }
        if *key.1 != *usual {
            *self.variants.entry(function).or_default() += 1;
        }
        self.shared.enter(function);
        let mut outcome = self.execute(function, &key.1);
        self.shared.leave();
        self.keep_lasting(&mut outcome);
        let summary = Rc::new(Summary::of(outcome));
        self.summaries.insert(key, summary.clone());
        Some(summary)
    }

    /// New data from outside.
    pub(super) fn source(
        &self,
        function: FuncRef,
        span: Span,
        trust: Trust,
        what: &str,
        symbol: Name,
    ) -> Taints {
        let source = Source {
            trust,
            unit: function.unit,
            start: span.start,
            end: span.end,
            what: what.into(),
        };
        let step = super::value::Step {
            unit: function.unit,
            span,
            symbol,
            note: "untrusted data enters here",
        };
        Taints::of(Taint {
            origin: Origin::Source(Arc::new(source)),
            safe: super::context::Contexts::default(),
            doubt: 0,
            steps: Steps::default().push(step),
        })
    }

    /// What a place that must not be reached is reached by. The worst of it is kept.
    pub(super) fn judge(&mut self, place: &SinkPlace, verdict: Verdict) {
        let known = self.judged.entry(place.clone()).or_insert(verdict);
        *known = (*known).max(verdict);
    }

    /// Keeps a fault; of two at one place, the surer and the shorter.
    pub(super) fn add_found(&mut self, place: SinkPlace, found: Found) {
        self.judge(&place, Verdict::Reached);
        let rank = |found: &Found| {
            let trust = found.source.as_ref().map(|source| source.trust);
            (
                trust,
                found.doubt,
                found.steps.count(),
                found.source.clone(),
            )
        };
        match self.found.get(&place) {
            Some(known) if rank(known) <= rank(&found) => {}
            _ => {
                self.found.insert(place, found);
            }
        }
    }
}
