//! What a function does, seen by its callers.

use super::{
    context::Context,
    frame::Outcome,
    memory::Kept,
    paths::PathId,
    program::FuncRef,
    results::SinkPlace,
    state::Object,
    value::{Atom, Atoms, Loc, Taint, Value},
    written::{Print, Refs},
};
use crate::engine::builtin::ir::Name;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

/// What is known of an argument before its function is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(super) struct Bind {
    /// Constants, functions, types.
    pub(super) atoms: Atoms,
    /// Whether it is one of these for certain.
    pub(super) exact: bool,
}

/// What a caller's data reaches.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Hit {
    pub(super) place: SinkPlace,
    pub(super) context: Context,
    /// Its origin is a parameter.
    pub(super) taint: Taint,
    pub(super) function: FuncRef,
    pub(super) sink: Name,
}

/// A caller's data that is put where it outlives the call, and everybody finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Store {
    pub(super) kept: Kept,
    /// Of an object: the member, or some element.
    pub(super) member: Option<Name>,
    /// Its origin is a parameter.
    pub(super) taint: Taint,
}

/// What a function does.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Effect {
    pub(super) result: Value,
    /// Objects it made that the result or a parameter holds, and parameters it changed.
    pub(super) heap: Vec<(Loc, Arc<Object>)>,
    pub(super) hits: Vec<Hit>,
    pub(super) stores: Vec<Store>,
    pub(super) returns: bool,
}

/// What a function does, in memory, written down, or both. What the last scan wrote down is only read
/// when a caller is looked at.
#[derive(Debug)]
pub(super) struct Summary {
    effect: OnceLock<Effect>,
    written: OnceLock<Written>,
    /// To read what is written.
    refs: Option<Arc<Refs>>,
}

/// A summary as it is written down.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) print: Print,
    pub(super) bytes: Arc<ByteBuf>,
    /// Places of libraries it speaks of, unless the last scan wrote it.
    pub(super) places: BTreeSet<PathId>,
}

impl Summary {
    pub(super) fn new(effect: Effect) -> Self {
        Self {
            effect: effect.into(),
            written: OnceLock::new(),
            refs: None,
        }
    }

    /// As the last scan wrote it.
    pub(super) fn known(print: Print, bytes: Arc<ByteBuf>, refs: Arc<Refs>) -> Self {
        let written = Written {
            print,
            bytes,
            places: BTreeSet::new(),
        };
        Self {
            effect: OnceLock::new(),
            written: written.into(),
            refs: Some(refs),
        }
    }

    pub(super) fn effect(&self) -> &Effect {
        self.effect.get_or_init(|| {
            let read = |refs: &Arc<Refs>| refs.read_whole(&self.written.get()?.bytes);
            self.refs.as_ref().and_then(read).unwrap_or_default()
        })
    }

    pub(super) fn written(&self, refs: &Arc<Refs>) -> &Written {
        self.written.get_or_init(|| {
            let mut places = BTreeSet::new();
            let bytes = refs.write(self.effect(), &mut places);
            Written {
                print: Print::of(&bytes),
                bytes: Arc::new(ByteBuf::from(bytes)),
                places,
            }
        })
    }
}

/// Objects of a callee that its callers know; of what lies further away they know the data only.
/// Without a bound each caller would have those of everything it calls.
const MAX_OBJECTS: usize = 32;

impl Effect {
    pub(super) fn of(outcome: Outcome) -> Self {
        let kept = kept(&outcome);
        let far = |atom: &Atom| {
            let Atom::Object(site) = atom else {
                return false;
            };
            let loc = Loc::Site(*site);
            !kept.contains(&loc) && outcome.exit.object(&loc).is_some()
        };
        let short = |value: &Value| {
            if !value.atoms.iter().any(far) {
                return value.clone();
            }
            let mut short = value.clone();
            short.taint = outcome.exit.deep_taint(value);
            short.atoms.retain(|atom| !far(atom));
            short.open = true;
            short
        };
        let heap = outcome
            .exit
            .objects()
            .filter(|(loc, _)| kept.contains(*loc))
            .map(|(loc, object)| (loc.clone(), Arc::new(object.map(&short))))
            .collect();
        Self {
            result: short(&outcome.result),
            heap,
            hits: outcome.hits,
            stores: outcome.stores,
            returns: outcome.returns,
        }
    }
}

/// What callers see of the objects: changed parameters, and what these and the result hold, the
/// nearest first.
fn kept(outcome: &Outcome) -> BTreeSet<Loc> {
    let mut kept = BTreeSet::new();
    let mut room = MAX_OBJECTS;
    let mut level: Vec<&Value> = vec![&outcome.result];
    for (loc, object) in outcome.exit.objects() {
        if let Loc::Param(_) = loc {
            kept.insert(loc.clone());
            level.extend(object.parts());
        }
    }
    while !level.is_empty() {
        let mut held = Vec::new();
        for value in level {
            for atom in &value.atoms {
                let loc = match atom {
                    Atom::Bound(_, receiver) => {
                        held.push(receiver.as_ref());
                        continue;
                    }
                    Atom::Object(site) => Loc::Site(*site),
                    _ => continue,
                };
                if room > 0
                    && let Some(object) = outcome.exit.object(&loc)
                    && kept.insert(loc)
                {
                    room -= 1;
                    held.extend(object.parts());
                }
            }
        }
        level = held;
    }
    kept
}
