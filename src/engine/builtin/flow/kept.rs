//! What outlives the call of a function, and who looked at it: when it changes afterwards, those
//! functions, and whoever calls them, are looked at again.

use super::{
    analysis::Analysis,
    frame::{Frame, Outcome},
    names::outside,
    program::{ClassRef, FuncRef, UnitRef},
    state::Object,
    summary::Store,
    value::{Loc, Origin, Taints, Trust, Value},
};
use crate::engine::builtin::ir::{Name, Var};
use foldhash::HashMap;
use std::{collections::BTreeSet, sync::Arc};

/// A place where data is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Kept {
    /// A field of any object of a class.
    Field(ClassRef, Name),
    /// A member of a class itself.
    Member(ClassRef, Name),
    /// A name of a module.
    Global(UnitRef, Name),
    /// A variable that inner functions use.
    Outer(FuncRef, Var),
    /// An object that a global holds.
    Object(Loc),
}

/// Who looked where.
#[derive(Debug, Default)]
pub(super) struct Readers {
    of: HashMap<Kept, BTreeSet<FuncRef>>,
    /// Functions that looked at something before it changed.
    stale: BTreeSet<FuncRef>,
}

impl Readers {
    /// What was learned of a function no longer holds.
    pub(super) fn mark_stale(&mut self, function: FuncRef) {
        self.stale.insert(function);
    }
}

/// Places of that kind that a function tells its callers of.
const MAX_STORES: usize = 32;

impl Outcome {
    /// What of these a caller gave is put where everybody finds it.
    pub(super) fn stores_of(&mut self, kept: &Kept, member: Option<&Name>, taints: &Taints) {
        for taint in taints.iter() {
            let is_known = |known: &Store| {
                known.kept == *kept
                    && known.member.as_ref() == member
                    && known.taint.origin == taint.origin
            };
            let is_given = matches!(taint.origin, Origin::Param(_));
            if is_given && self.stores.len() < MAX_STORES && !self.stores.iter().any(is_known) {
                self.stores.push(Store {
                    kept: kept.clone(),
                    member: member.cloned(),
                    taint: taint.clone(),
                });
            }
        }
    }
}

impl<'p> Analysis<'p> {
    /// The function that is being looked at reads `kept`.
    pub(super) fn reads(&mut self, kept: Kept) {
        if let Some(by) = self.running.last() {
            self.readers.of.entry(kept).or_default().insert(*by);
        }
    }

    /// Takes a value in where others may look for it later.
    pub(super) fn keep(&mut self, kept: &Kept, value: &Value) {
        let known = match kept {
            Kept::Field(class, name) => {
                let fields = &mut self.learned[class.0 as usize].fields;
                fields.entry(name.clone()).or_default()
            }
            Kept::Member(class, name) => {
                let members = &mut self.learned[class.0 as usize].members;
                members.entry(name.clone()).or_default()
            }
            Kept::Global(unit, name) => {
                let globals = &mut self.globals[unit.0 as usize];
                globals.entry(name.clone()).or_default()
            }
            Kept::Outer(function, var) => self.outer.entry((*function, *var)).or_default(),
            // Objects are kept as a whole, when a function ends.
            Kept::Object(_) => return,
        };
        let before = known.taint.clone();
        known.join(value);
        if known.taint != before {
            self.changed(kept);
        }
    }

    /// Takes in what a function puts where everybody finds it; of what a caller gave, the caller is to
    /// say what it is.
    pub(super) fn keep_of(&mut self, frame: &mut Frame<'p>, kept: &Kept, value: &Value) {
        let lasting = self.lasting_value(&frame.state, value);
        self.keep(kept, &lasting);
        let taints = frame.state.deep_taint(value);
        frame.out.stores_of(kept, None, &taints);
    }

    /// What a callee put where everybody finds it, in the caller's terms.
    pub(super) fn pass_store(&mut self, frame: &mut Frame<'p>, store: &Store, taints: &Taints) {
        frame
            .out
            .stores_of(&store.kept, store.member.as_ref(), taints);
        // What whoever starts the program says is theirs wherever it is kept.
        let told = taints.map(|taint| match &taint.origin {
            Origin::Source(source) if source.trust == Trust::Local => None,
            _ => Some(taint.clone()),
        });
        let value = outside(&Value::tainted(told));
        if value.taint.is_empty() {
            return;
        }
        let Kept::Object(loc) = &store.kept else {
            return self.keep(&store.kept, &value);
        };
        let put = |object: &mut Object| match &store.member {
            Some(name) => object.fields.entry(name.clone()).or_default().join(&value),
            None => {
                object.blur();
                object.rest.join(&value)
            }
        };
        if frame.state.object(loc).is_some() {
            frame.state.change(loc).map(put);
        }
        if self
            .lasting
            .get_mut(loc)
            .map(Arc::make_mut)
            .is_some_and(put)
        {
            self.changed(&store.kept);
        }
    }

    /// There is other data in `kept` than before.
    pub(super) fn changed(&mut self, kept: &Kept) {
        if let Some(readers) = self.readers.of.get(kept) {
            self.readers.stale.extend(readers);
        }
    }

    /// Forgets what was learned of functions that looked at something before it changed, and of all
    /// that call them; gives them, in the order of the program.
    pub(super) fn forget_stale(&mut self) -> Vec<FuncRef> {
        let mut callers: HashMap<FuncRef, Vec<FuncRef>> = HashMap::default();
        for (caller, callee) in &self.calls {
            callers.entry(*callee).or_default().push(*caller);
        }
        let mut waiting: Vec<FuncRef> = self.readers.stale.iter().copied().collect();
        while let Some(function) = waiting.pop() {
            for caller in callers.get(&function).into_iter().flatten() {
                if self.readers.stale.insert(*caller) {
                    waiting.push(*caller);
                }
            }
        }
        let stale = std::mem::take(&mut self.readers.stale);
        self.forget_summaries(|function| stale.contains(&function));
        stale.into_iter().collect()
    }
}
