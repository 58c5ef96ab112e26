//! What a function puts where it outlives the call, and what follows: whoever looked there, and whoever
//! calls them, is looked at again.

use super::{
    analysis::Analysis,
    frame::{Frame, Outcome},
    memory::Kept,
    state::{Object, State},
    summary::Store,
    value::{Atom, Loc, Origin, Taints, Trust, Value},
};
use crate::engine::builtin::ir::Name;
use std::{collections::BTreeSet, sync::Arc};

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
    /// A value as it is known outside of the function: without what only a caller knows, and with
    /// its objects kept.
    pub(super) fn lasting_value(&mut self, state: &State, value: &Value) -> Value {
        let mut waiting = vec![value.clone()];
        let mut seen = BTreeSet::new();
        while let Some(value) = waiting.pop() {
            for atom in &value.atoms {
                let Atom::Object(site) = atom else { continue };
                let loc = Loc::Site(*site);
                if !seen.insert(loc.clone()) || seen.len() > 256 {
                    continue;
                }
                let Some(object) = state.object(&loc) else {
                    continue;
                };
                if self.shared.holds(&loc, object) {
                    // As it was taken in.
                    continue;
                }
                let kept = object.map(outside);
                waiting.extend(kept.parts().cloned());
                self.shared.set_object(loc, Arc::new(kept));
            }
        }
        outside(value)
    }

    /// Keeps what a function left in objects that outlive it.
    pub(super) fn keep_lasting(&mut self, outcome: &mut Outcome) {
        let changed: Vec<(Loc, Arc<Object>)> = outcome
            .exit
            .objects()
            .filter(|(loc, object)| self.shared.differs(loc, object))
            .map(|(loc, object)| (loc.clone(), object.clone()))
            .collect();
        for (loc, object) in changed {
            let place = Kept::Object(loc.clone());
            for (name, value) in &object.fields {
                outcome.stores_of(&place, Some(name), &value.taint);
            }
            for value in object.elements() {
                outcome.stores_of(&place, None, &value.taint);
            }
            let kept = object.map(|value| self.lasting_value(&outcome.exit, value));
            self.shared.change_object(&loc, |known| known.grow(&kept));
        }
    }

    /// Takes in what a function puts where everybody finds it; of what a caller gave, the caller is to
    /// say what it is.
    pub(super) fn keep_of(&mut self, frame: &mut Frame<'p>, kept: &Kept, value: &Value) {
        let lasting = self.lasting_value(&frame.state, value);
        self.shared.keep(kept, &lasting);
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
            return self.shared.keep(&store.kept, &value);
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
        self.shared.change_object(loc, put);
    }
}

/// A value as everybody may know it.
pub(super) fn outside(value: &Value) -> Value {
    let mut kept = value.clone();
    kept.atoms
        .retain(|atom| !matches!(atom, Atom::Param(_) | Atom::Bound(..)));
    kept.open |= kept.atoms.len() != value.atoms.len();
    kept.taint = value
        .taint
        .map(|taint| matches!(taint.origin, Origin::Source(_)).then(|| taint.unsure()));
    kept
}
