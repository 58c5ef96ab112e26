//! One look: what was known before, and what the look itself puts anywhere. The first look is at every
//! file's top level and at makers of objects, with all that they call; every later one is at one call of
//! one function, and what that calls is a look of its own (`nested`).

use super::{
    frame::Outcome,
    ground::Ground,
    known::Known,
    made::Made,
    models::EntryRow,
    nested::{Above, MAX_AGAIN, MAX_DEPTH, MAX_VARIANTS, Nest},
    paths::Paths,
    program::{ClassRef, FuncRef, UnitRef},
    results::Results,
    shared::Shared,
    summary::{Bind, Effect, Summary},
    trace::{OfWorld, Trace},
    value::{Note, Origin, Source, Steps, Taint, Taints, Trust, Value},
    view::View,
    world::{FromInside, Left, World},
};
use crate::engine::{
    builtin::ir::{FunctionId, FunctionKind, Name, Span},
    inventory::Language,
};
use std::{collections::BTreeMap, rc::Rc, sync::Arc};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Not,
    Running,
    Done,
}

/// A look, and what it left so far.
pub(super) struct Analysis<'w> {
    pub(super) language: Language,
    pub(super) program: View<'w>,
    pub(super) ground: &'w Ground<'w>,
    pub(super) world: &'w World,
    pub(super) paths: &'w Paths,
    pub(super) shared: Shared<'w>,
    pub(super) known: Known,
    pub(super) results: Results,
    /// What the look asks for, where that is to be known.
    pub(super) trace: Rc<Trace>,
    pub(super) cancel: &'w CancellationToken,
    pub(super) made: &'w Made,
    /// The function that is looked at, and its place below those that called it.
    pub(super) function: Option<FuncRef>,
    pub(super) place: usize,
    pub(super) above: Option<&'w Above<'w>>,
    pub(super) nest: Nest,
    /// Whether this is the look that comes before all others.
    pub(super) is_first: bool,
    entries: BTreeMap<FuncRef, EntryRow>,
    /// Empty once every top level ran.
    tops: Vec<Run>,
}

impl<'w> Analysis<'w> {
    /// Knows what is known before.
    pub(super) fn within(ground: &'w Ground<'w>, world: &'w World, made: &'w Made) -> Self {
        let trace = Rc::new(Trace::default());
        Self {
            language: ground.language,
            program: View::new(ground, trace.clone()),
            ground,
            world,
            paths: &world.paths,
            shared: Shared::new(&world.memory, trace.clone()),
            trace,
            known: Known::beside(&world.known),
            results: Results::default(),
            cancel: &ground.cancel,
            made,
            function: None,
            place: 0,
            above: None,
            nest: Nest::default(),
            is_first: false,
            entries: BTreeMap::new(),
            tops: Vec::new(),
        }
    }

    /// What the look left.
    pub(super) fn into_left(self) -> Left {
        Left {
            memory: self.shared.into_own(),
            answer: None,
            entries: self.entries,
            known: self.known,
            results: self.results,
        }
    }

    /// Takes in what looking at a function put anywhere that stands `inside` of this one; of others
    /// all others learn later.
    pub(super) fn absorb(&mut self, mut left: Left, inside: bool) -> Left {
        if inside {
            let memo = self.ground.memo;
            let print = memo.and_then(|memo| memo.print_of_left(&left));
            self.take_inside(Rc::new(FromInside {
                memory: std::mem::take(&mut left.memory),
                entries: std::mem::take(&mut left.entries),
                is_rederived: left.known.is_rederived(),
                print,
            }));
        }
        left
    }

    /// What a function left that stands inside of this one is known here from now on.
    pub(super) fn take_inside(&mut self, left: Rc<FromInside>) {
        self.shared.absorb(&left.memory);
        let entries = left.entries.iter();
        self.entries
            .extend(entries.map(|(function, entry)| (*function, entry.clone())));
        if left.is_rederived {
            self.known.forget_ancestors();
        }
        self.nest.absorb(left);
    }

    /// The first look: every file's top level, which defines functions, classes and globals; then
    /// makers of objects.
    pub(super) fn begin(&mut self, functions: &[FuncRef]) {
        self.is_first = true;
        self.tops = vec![Run::Not; self.ground.program.units.len()];
        for unit in (0_u32..).take(self.ground.program.units.len()) {
            self.top_level(UnitRef(unit));
        }
        for function in functions {
            self.find_entries(*function);
        }
        self.known.settle();
        let makers = functions
            .iter()
            .filter(|it| self.ground.program.is_maker(**it));
        for maker in makers {
            self.whole(*maker);
        }
        // What makers found out of fields was not known to the first of them.
        self.nest = Nest::default();
        self.shared.forget_readers();
    }

    /// Before there is a world: one look is all that is known, and calls add to it at once.
    pub(super) fn summary_at_once(
        &mut self,
        function: FuncRef,
        mut binds: Arc<[Bind]>,
    ) -> Option<Arc<Summary>> {
        let usual = self.usual(function);
        let times = self.shared.times_running(function);
        if binds != usual && times > 0 {
            binds = usual.clone();
        }
        let mut call = (function, binds);
        let mut known = self.nest.answers.get(&call);
        if known.is_none() && call.1 != usual {
            let variants = self.nest.variants.entry(function).or_default();
            if *variants >= MAX_VARIANTS {
                call.1 = usual;
                known = self.nest.answers.get(&call);
            } else if times < MAX_AGAIN && self.shared.depth() <= MAX_DEPTH {
                *variants += 1;
            }
        }
        if known.is_some() || times >= MAX_AGAIN || self.shared.depth() > MAX_DEPTH {
            return known.cloned();
        }
        self.shared.enter(function);
        let mut outcome = self.execute(function, &call.1);
        self.shared.leave();
        self.keep_lasting(&mut outcome);
        let summary = Arc::new(Summary::new(Effect::of(outcome)));
        self.nest.answers.insert(call, summary.clone());
        Some(summary)
    }

    /// Whether nothing is to be looked at any more.
    pub(super) fn is_over(&self) -> bool {
        self.nest.is_over() || self.cancel.is_cancelled()
    }

    /// A function for itself, with whatever its callers may give.
    pub(super) fn whole(&mut self, function: FuncRef) {
        let kind = self.program.function(function).kind;
        let is_body = matches!(kind, FunctionKind::TopLevel | FunctionKind::ClassBody);
        if !is_body && !self.is_over() {
            let binds = self.usual(function);
            self.summary(function, binds);
        }
    }

    /// Runs the top level of a file, unless it ran or runs.
    pub(super) fn top_level(&mut self, unit: UnitRef) {
        let at = unit.0 as usize;
        if self.tops.get(at) != Some(&Run::Not) || self.shared.depth() > MAX_DEPTH {
            return;
        }
        self.tops[at] = Run::Running;
        let function = FuncRef {
            unit,
            id: FunctionId(0),
        };
        self.shared.enter(function);
        let outcome = self.execute(function, &[]);
        self.shared.leave();
        for (loc, object) in outcome.exit.objects() {
            self.shared.set_object(loc.clone(), object.clone());
        }
        self.tops[at] = Run::Done;
    }

    /// Runs the body of a class; its variables are the members.
    pub(super) fn class_body(&mut self, class: ClassRef, bases: Vec<Value>) {
        // What is derived from what concerns more than the one who looks.
        self.trace.give_up();
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
        let slots = self.slots_of(function);
        let vars = &self.program.function(function).vars;
        let named = vars.iter().enumerate().filter_map(|(index, info)| {
            let slot = slots.get(index).copied().flatten()?;
            let value = outcome.exit.vars.get(slot as usize)?;
            Some((info.name.clone()?, value.as_ref().clone()))
        });
        named.filter(|(_, value)| !value.is_bottom()).collect()
    }

    /// How the outside calls a function.
    pub(super) fn entry(&self, function: FuncRef) -> Option<&EntryRow> {
        self.trace.see_known(|| OfWorld::Entry(function), false);
        let own = self.entries.get(&function);
        own.or_else(|| self.world.entries.get(&function))
    }

    /// The outside calls a function so.
    pub(super) fn add_entry(&mut self, function: FuncRef, entry: EntryRow) {
        self.trace.give_up();
        self.entries.insert(function, entry);
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
            note: Note::Enters,
        };
        Taints::of(Taint {
            origin: Origin::Source(Arc::new(source)),
            safe: super::context::Contexts::default(),
            doubt: 0,
            steps: Steps::default().push(step),
        })
    }
}
