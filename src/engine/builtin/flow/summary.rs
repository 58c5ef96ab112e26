//! What a function does, seen by its callers.

use super::{
    analysis::SinkPlace,
    context::Context,
    frame::Outcome,
    program::FuncRef,
    state::Object,
    value::{Atom, Loc, Taint, Value},
};
use crate::engine::builtin::ir::Name;
use std::{collections::BTreeSet, sync::Arc};

/// What is known of an argument before its function is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Bind {
    /// Constants, functions, types.
    pub(super) atoms: Vec<Atom>,
    /// Whether it is one of these for certain.
    pub(super) exact: bool,
}

/// What a caller's data reaches.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub(super) place: SinkPlace,
    pub(super) context: Context,
    /// Its origin is a parameter.
    pub(super) taint: Taint,
    pub(super) function: FuncRef,
    pub(super) sink: Name,
}

/// What a function does.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) result: Value,
    /// Objects it made that the result or a parameter holds, and parameters it changed.
    pub(super) heap: Vec<(Loc, Arc<Object>)>,
    pub(super) hits: Vec<Hit>,
    pub(super) returns: bool,
}

impl Summary {
    pub(super) fn of(outcome: Outcome) -> Self {
        let mut needed = BTreeSet::new();
        let mut waiting: Vec<&Value> = vec![&outcome.result];
        for (loc, object) in outcome.exit.objects() {
            if let Loc::Param(_) = loc {
                needed.insert(loc.clone());
                waiting.extend(object.parts());
            }
        }
        while let Some(value) = waiting.pop() {
            for atom in &value.atoms {
                if let Atom::Bound(_, receiver) = atom {
                    waiting.push(receiver);
                }
                let Atom::Object(site) = atom else { continue };
                let loc = Loc::Site(*site);
                if let Some(object) = outcome.exit.object(&loc)
                    && needed.insert(loc)
                {
                    waiting.extend(object.parts());
                }
            }
        }
        let heap = outcome
            .exit
            .objects()
            .filter(|(loc, _)| needed.contains(*loc))
            .map(|(loc, object)| (loc.clone(), object.clone()))
            .collect();
        Self {
            result: outcome.result,
            heap,
            hits: outcome.hits,
            returns: outcome.returns,
        }
    }
}
