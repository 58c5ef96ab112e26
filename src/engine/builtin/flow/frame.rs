//! One function being looked at: its blocks in order, again until nothing changes.

use super::{
    analysis::Analysis,
    context::Context,
    ground::Slots,
    guards,
    memory::Kept,
    program::{FuncRef, UnitRef},
    results::Results,
    state::{Kind, State, given},
    summary::{Bind, Hit, Store},
    value::{Atom, Note, Place, Step, Trust, Value},
};
use crate::engine::builtin::ir::{
    Block, BlockId, End, Function, FunctionKind, Name, Op, ParamKind, Span, Var,
};
use std::{collections::BTreeSet, sync::Arc};

/// Times a block is looked at; then it is left as it is, and the file has a gap.
const MAX_VISITS: u32 = 24;
/// Operations of one function that are looked at, counting each time.
const MAX_STEPS: usize = 400_000;

/// Values that the states of one function hold together, before its blocks.
const MAX_KEPT: usize = 2_000_000;
/// Work on one file, in values that are copied; an operation counts as [`OPERATION`] of them.
const MAX_WORK: u64 = 200_000_000;
const OPERATION: usize = 16;

/// What a sink is called that is no call: a view returns.
pub(super) const RETURNED: &str = "return";

/// What came of looking at a function.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) result: Value,
    pub(super) exit: State,
    pub(super) hits: Vec<Hit>,
    pub(super) stores: Vec<Store>,
    pub(super) returns: bool,
}

/// A function being looked at.
pub(super) struct Frame<'p> {
    pub(super) func: FuncRef,
    pub(super) function: &'p Function,
    pub(super) state: State,
    /// Values that only the current block uses.
    locals: Vec<Value>,
    slots: Slots,
    /// The current operation.
    pub(super) span: Span,
    pub(super) site: u64,
    /// Whether the current block goes on.
    pub(super) alive: bool,
    pub(super) out: Outcome,
}

impl Frame<'_> {
    pub(super) fn get(&self, var: Var) -> Value {
        let index = var.0 as usize;
        let value = match self.slots.get(index).copied().flatten() {
            Some(slot) => self.state.vars.get(slot as usize).map(AsRef::as_ref),
            None => self.locals.get(index),
        };
        value.cloned().unwrap_or_default()
    }

    pub(super) fn set(&mut self, var: Var, value: Value) {
        let index = var.0 as usize;
        match self.slots.get(index).copied().flatten() {
            Some(slot) => {
                if let Some(place) = self.state.vars.get_mut(slot as usize) {
                    *place = Arc::new(value);
                }
            }
            None => {
                if let Some(place) = self.locals.get_mut(index) {
                    *place = value;
                }
            }
        }
    }

    /// The name of a variable of the source.
    pub(super) fn name(&self, var: Var) -> Option<&Name> {
        self.function.vars.get(var.0 as usize)?.name.as_ref()
    }

    /// A step of a trace at the current operation.
    pub(super) fn step(&self, symbol: Name, note: Note) -> Step {
        Step {
            unit: self.func.unit,
            span: self.span,
            symbol,
            note,
        }
    }

    /// Objects made here, told apart by a number.
    pub(super) fn site_for(&self, what: u64) -> u64 {
        mix(self.site, what)
    }
}

/// One number of two.
pub(super) fn mix(one: u64, two: u64) -> u64 {
    let mixed = (one ^ two.rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 31)
}

impl<'p> Analysis<'p> {
    /// Looks at a function with such arguments.
    pub(super) fn execute(&mut self, func: FuncRef, binds: &[Bind]) -> Outcome {
        let function = self.program.function(func);
        let slots = self.slots_of(func);
        let persistent = slots.iter().flatten().count();
        let mut frame = Frame {
            func,
            function,
            state: State::new(persistent),
            locals: vec![Value::default(); function.vars.len()],
            slots,
            span: function.span,
            site: 0,
            alive: true,
            out: Outcome::default(),
        };
        self.give_params(&mut frame, binds);
        let order = order(function);
        let mut place_of = vec![usize::MAX; function.blocks.len()];
        for (place, block) in order.iter().enumerate() {
            place_of[block.0 as usize] = place;
        }
        let mut before: Vec<Option<State>> = vec![None; function.blocks.len()];
        let mut visits = vec![0_u32; function.blocks.len()];
        if let Some(first) = before.first_mut() {
            *first = Some(frame.state.clone());
        }
        let mut waiting = BTreeSet::from([0_usize]);
        let within = mix(self.program.unit(func.unit).hash, u64::from(func.id.0));
        let (mut steps, mut kept) = (0, 0);
        while let Some(place) = waiting.pop_first() {
            let Some(id) = order.get(place).copied() else {
                continue;
            };
            let at = id.0 as usize;
            let Some(start) = before[at].clone() else {
                continue;
            };
            let block = &function.blocks[at];
            visits[at] += 1;
            steps += block.ops.len();
            self.charge(&frame, block.ops.len() * OPERATION + start.weight());
            let is_over = self.is_exhausted(func.unit) || self.is_over();
            if is_over {
                // That does not follow from what this look asks for.
                self.trace.give_up();
            }
            let exhausted = is_over || kept > MAX_KEPT || steps > MAX_STEPS;
            if exhausted || visits[at] > MAX_VISITS {
                self.results.gaps.insert(func.unit);
                continue;
            }
            frame.state = start.clone();
            frame.alive = true;
            let mut looked_at = block.ops.len();
            for (index, op) in block.ops.iter().enumerate() {
                frame.span = op.span;
                frame.site = mix(within, mix(u64::from(id.0), index as u64));
                self.operation(&mut frame, op);
                if !frame.alive {
                    looked_at = index + 1;
                    break;
                }
            }
            let count = function.blocks.len();
            self.results.visit(func, count, at, looked_at);
            let mut go = |to: BlockId, state: &State| {
                let before = &mut before[to.0 as usize];
                let changed = match before {
                    Some(known) => known.join(state),
                    None => {
                        kept += state.weight();
                        *before = Some(state.clone());
                        true
                    }
                };
                if changed {
                    waiting.insert(place_of[to.0 as usize]);
                }
            };
            if let Some(handler) = block.handler {
                go(handler, &start);
                go(handler, &frame.state);
            }
            if frame.alive {
                self.end_block(&mut frame, block, &mut go);
            }
        }
        frame.out
    }

    /// Counts work on the file of a function, in values that are copied.
    pub(super) fn charge(&mut self, frame: &Frame<'p>, values: usize) {
        let work = self.results.work.entry(frame.func.unit).or_default();
        *work += values as u64;
        self.nest.spent += values as u64;
        self.nest.own += values as u64;
    }

    /// Whether too much was done in a file before, and by this look and all within. The first look is
    /// at all files, so only what was done in this one counts.
    pub(super) fn is_exhausted(&self, unit: UnitRef) -> bool {
        let of = |results: &Results| results.work.get(&unit).copied().unwrap_or_default();
        let work = match self.is_first {
            true => of(&self.results),
            false => of(&self.world.results) + self.nest.spent,
        };
        work > MAX_WORK
    }

    fn end_block(
        &mut self,
        frame: &mut Frame<'p>,
        block: &Block,
        go: &mut dyn FnMut(BlockId, &State),
    ) {
        match &block.end {
            End::Jump(to) => go(*to, &frame.state),
            End::Branch { condition, yes, no } => {
                let truth = frame.get(*condition).truth();
                for (holds, to) in [(true, *yes), (false, *no)] {
                    if truth.is_none_or(|known| known == holds) {
                        let mut state = frame.state.clone();
                        let facts = guards::facts(self, frame, block, *condition, holds);
                        guards::apply(frame, &mut state, &facts);
                        go(to, &state);
                    }
                }
            }
            End::Return(value) => {
                let value = value.map_or_else(
                    || Value::constant(super::value::Const::None),
                    |var| frame.get(var),
                );
                self.returned(frame, block, &value);
                frame.out.result.join(&value);
                if frame.out.returns {
                    let state = frame.state.clone();
                    frame.out.exit.join(&state);
                } else {
                    frame.out.exit = frame.state.clone();
                }
                frame.out.returns = true;
            }
            End::Throw(_) | End::Unreachable => {}
        }
    }

    /// What an entry point answers is read by somebody.
    fn returned(&mut self, frame: &mut Frame<'p>, block: &Block, value: &Value) {
        let Some(entry) = self.entry(frame.func).cloned() else {
            return;
        };
        if entry.view {
            self.render_view(frame, value);
        }
        let Some(context) = entry.returns else { return };
        let declared = frame.function.returns.as_deref();
        let is_object = |it: &str| it != "String";
        if self.language == crate::engine::inventory::Language::Java
            && declared.is_some_and(is_object)
        {
            // Objects are answered as JSON, and what a `ResponseEntity` is of is not known here.
            return;
        }
        let rule = entry.returns_rule.clone();
        if context == Context::Html && self.is_of(frame, value, &[Kind::Map, Kind::List]) {
            // Answered as JSON.
            return;
        }
        if let Some(op) = block.ops.last() {
            frame.span = op.span;
        }
        self.reaches(frame, &rule, context, &RETURNED.into(), value);
    }

    /// The values of parameters before the first line.
    fn give_params(&mut self, frame: &mut Frame<'p>, binds: &[Bind]) {
        let entry = self.entry(frame.func).cloned();
        let in_class = self.program.class_of_method(frame.func).is_some();
        for (place, param) in frame.function.params.iter().enumerate() {
            let bind = binds.get(place).cloned().unwrap_or_default();
            let mut value = given(&Place::param(place));
            if bind.exact {
                value.atoms = bind.atoms;
            } else {
                value.atoms.extend(bind.atoms);
                value.atoms.sort();
                value.atoms.dedup();
            }
            for annotation in &param.annotations {
                self.annotated(frame, param, annotation, &mut value);
            }
            let own = usize::from(in_class && place == 0);
            if let Some(entry) = &entry
                && entry.remote
                && own == 0
                && place >= entry.params.len() + usize::from(in_class)
            {
                self.remote_param(frame, param, &mut value);
            }
            if param.kind == ParamKind::Plain
                && param.declared.as_deref().is_some_and(Self::is_number)
            {
                value.taint = super::value::Taints::default();
            }
            self.publish(frame, param.var, &value);
            frame.set(param.var, value);
        }
    }

    /// A parameter that a framework fills in.
    fn annotated(
        &mut self,
        frame: &Frame<'p>,
        param: &crate::engine::builtin::ir::Param,
        annotation: &crate::engine::builtin::ir::Annotation,
        value: &mut Value,
    ) {
        let place = self.annotation(frame.func.unit, &annotation.name);
        let model = place.and_then(|place| self.paths.model(place).cloned());
        if let Some(set) = self.injected(model.as_deref(), annotation, param.declared.as_ref()) {
            // Somebody else may make the object and give something of their own.
            *value = set.with_taint(&value.taint);
        }
        if let Some(source) = model.as_ref().and_then(|model| model.row.source.as_ref()) {
            let name = frame.name(param.var).cloned().unwrap_or_else(|| "".into());
            let trust = source.trust.into();
            let taint = self.source(frame.func, frame.span, trust, &source.what, name);
            value.taint.join(&taint);
        }
    }

    fn remote_param(
        &mut self,
        frame: &Frame<'p>,
        param: &crate::engine::builtin::ir::Param,
        value: &mut Value,
    ) {
        if param.declared.as_deref().is_some_and(Self::is_number)
            || param.default.is_some_and(|_| param.declared.is_none())
            || value.atoms.iter().any(|atom| matches!(atom, Atom::Path(_)))
        {
            return;
        }
        let name = frame.name(param.var).cloned().unwrap_or_else(|| "".into());
        let what = "a parameter of the request";
        let taint = self.source(frame.func, frame.span, Trust::Remote, what, name);
        value.taint.join(&taint);
    }

    /// Which variables more than one block uses.
    pub(super) fn slots_of(&self, func: FuncRef) -> Slots {
        let known = &self.ground.slots[func.unit.0 as usize][func.id.0 as usize];
        let slots = known.get_or_init(|| slots(self.program.function(func)));
        slots.clone()
    }

    /// Keeps what inner functions see of a variable.
    pub(super) fn publish(&mut self, frame: &Frame<'p>, var: Var, value: &Value) {
        if self.program.is_captured(frame.func, var) {
            let lasting = self.lasting_value(&frame.state, value);
            self.shared.keep(&Kept::Outer(frame.func, var), &lasting);
        }
    }

    /// Whether names of this function are names of the file.
    pub(super) fn is_top(frame: &Frame<'p>) -> bool {
        frame.function.kind == FunctionKind::TopLevel
    }
}

/// Which variables more than one block uses.
fn slots(function: &Function) -> Slots {
    let mut block_of: Vec<Option<u32>> = vec![None; function.vars.len()];
    let mut shared: Vec<bool> = function
        .vars
        .iter()
        .map(|info| info.name.is_some())
        .collect();
    for (block, at) in function.blocks.iter().zip(0_u32..) {
        let mut see = |var: Var| {
            let index = var.0 as usize;
            if let (Some(known), Some(shared)) = (block_of.get_mut(index), shared.get_mut(index)) {
                *shared |= known.is_some_and(|known| known != at);
                *known = Some(at);
            }
        };
        for op in &block.ops {
            op.kind.variables(&mut see);
        }
        match &block.end {
            End::Branch { condition, .. } => see(*condition),
            End::Return(Some(var)) | End::Throw(Some(var)) => see(*var),
            _ => {}
        }
    }
    for param in &function.params {
        if let Some(shared) = shared.get_mut(param.var.0 as usize) {
            *shared = true;
        }
    }
    let mut next = 0;
    shared
        .into_iter()
        .map(|shared| {
            shared.then(|| {
                next += 1;
                next - 1
            })
        })
        .collect()
}

/// Blocks that are reached, each behind those that lead to it, save for loops.
fn order(function: &Function) -> Vec<BlockId> {
    let mut order = Vec::new();
    let mut seen = vec![false; function.blocks.len()];
    let mut stack = vec![(BlockId(0), 0_usize)];
    if let Some(first) = seen.first_mut() {
        *first = true;
    }
    while let Some((block, next)) = stack.pop() {
        let successors = successors(&function.blocks[block.0 as usize]);
        match successors.get(next) {
            Some(to) => {
                stack.push((block, next + 1));
                if let Some(seen) = seen.get_mut(to.0 as usize)
                    && !*seen
                {
                    *seen = true;
                    stack.push((*to, 0));
                }
            }
            None => order.push(block),
        }
    }
    order.reverse();
    order
}

fn successors(block: &Block) -> Vec<BlockId> {
    let mut to: Vec<BlockId> = block.handler.into_iter().collect();
    match &block.end {
        End::Jump(next) => to.push(*next),
        End::Branch { yes, no, .. } => to.extend([*no, *yes]),
        _ => {}
    }
    to
}

/// The operation that gave a variable its value, in the same block.
pub(super) fn definition(block: &Block, var: Var) -> Option<&Op> {
    block
        .ops
        .iter()
        .rev()
        .find(|op| op.kind.result() == Some(var))
}
