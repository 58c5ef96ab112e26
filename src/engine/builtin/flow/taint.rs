//! Untrusted data: where it enters, and what it can do no harm in. The way it took is in `steps`.

use super::{
    context::Contexts,
    program::UnitRef,
    steps::{Step, Steps},
    value::Place,
    written::{self, As},
};
use crate::engine::builtin::ir::Name;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::sync::Arc;

/// More sources in one value are left out: one is enough to prove a finding.
const MAX_TAINTS: usize = 6;

/// More steps that are not known make no difference.
const MAX_DOUBT: u8 = 3;

/// Who controls a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Trust {
    /// Anyone who can send a request.
    Remote,
    /// Data that was kept: database, session, files.
    Stored,
    /// Whoever starts the program.
    Local,
}

/// Where untrusted data enters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) trust: Trust,
    pub(super) unit: UnitRef,
    pub(super) start: u32,
    pub(super) end: u32,
    /// What it is, in words.
    pub(super) what: Name,
}

/// Where a taint begins, seen from a function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Origin {
    Source(Arc<Source>),
    /// Whatever the caller gives.
    Param(Place),
}

/// Untrusted data as it is written: as a whole only once.
#[derive(Serialize)]
enum WrittenTaints<'a> {
    Empty,
    Known(u32),
    Whole(&'a [Taint]),
}

/// The same as it is read.
#[derive(Deserialize)]
enum ReadTaints {
    Empty,
    Known(u32),
    Whole(Vec<Taint>),
}

impl Serialize for Taints {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Some(all) = &self.0 else {
            return WrittenTaints::Empty.serialize(to);
        };
        match written::taints(Arc::as_ptr(all).addr(), all) {
            As::Print(_) => WrittenTaints::Whole(all).serialize(to),
            As::Known(place) => WrittenTaints::Known(place).serialize(to),
            As::Whole(print) => {
                let done = WrittenTaints::Whole(all).serialize(to)?;
                written::wrote::<Self>(print);
                Ok(done)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Taints {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match ReadTaints::deserialize(from)? {
            ReadTaints::Empty => Ok(Self::default()),
            ReadTaints::Known(at) => {
                written::known(at).ok_or_else(|| D::Error::custom("no such data"))
            }
            ReadTaints::Whole(all) => {
                let taints = Self(Some(Arc::new(all)));
                written::has_read(&taints);
                Ok(taints)
            }
        }
    }
}

/// Untrusted data in a value.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Taint {
    pub(super) origin: Origin,
    /// What it can do no harm in.
    pub(super) safe: Contexts,
    /// How many steps on the way are not known, up to [`MAX_DOUBT`].
    pub(super) doubt: u8,
    pub(super) steps: Steps,
}

impl PartialEq for Taint {
    /// Steps are how it came, not what it is.
    fn eq(&self, other: &Self) -> bool {
        (&self.origin, self.safe, self.doubt) == (&other.origin, other.safe, other.doubt)
    }
}

impl Eq for Taint {}

impl Taint {
    /// The caller's data after the way it took in the callee, which is `inside`.
    pub(super) fn through(&self, inside: &Self, call: &Step) -> Self {
        Self {
            origin: self.origin.clone(),
            safe: self.safe.or(inside.safe),
            doubt: MAX_DOUBT.min(self.doubt + inside.doubt),
            steps: self.steps.push(call.clone()).then(&inside.steps),
        }
    }

    /// After one more step that is not known.
    pub(super) fn unsure(&self) -> Self {
        Self {
            doubt: MAX_DOUBT.min(self.doubt + 1),
            ..self.clone()
        }
    }

    /// What is so of either; the more dangerous way is the one to tell.
    fn merge(&mut self, other: &Self) {
        if other.doubt < self.doubt && self.safe == other.safe {
            self.steps.clone_from(&other.steps);
        }
        self.safe = self.safe.and(other.safe);
        self.doubt = self.doubt.min(other.doubt);
    }
}

/// The untrusted data in a value, by origin; shared, as most values are copies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Taints(Option<Arc<Vec<Taint>>>);

impl Taints {
    pub(super) fn of(taint: Taint) -> Self {
        Self(Some(Arc::new(vec![taint])))
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Taint> {
        self.0.as_deref().map_or(&[][..], Vec::as_slice).iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn add(&mut self, taint: Taint) {
        let all = Arc::make_mut(self.0.get_or_insert_default());
        match all.binary_search_by(|it| it.origin.cmp(&taint.origin)) {
            Ok(at) => all[at].merge(&taint),
            Err(at) if all.len() < MAX_TAINTS => all.insert(at, taint),
            Err(_) => {}
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        match (&self.0, &other.0) {
            (_, None) => {}
            (None, Some(_)) => self.clone_from(other),
            (Some(own), Some(theirs)) if Arc::ptr_eq(own, theirs) => {}
            _ => other.iter().for_each(|taint| self.add(taint.clone())),
        }
    }

    /// Each taint changed or left out.
    pub(super) fn map(&self, change: impl FnMut(&Taint) -> Option<Taint>) -> Self {
        let mut changed = Self::default();
        for taint in self.iter().filter_map(change) {
            changed.add(taint);
        }
        changed
    }

    pub(super) fn with_step(&self, step: &Step) -> Self {
        self.map(|taint| {
            Some(Taint {
                steps: taint.steps.push(step.clone()),
                ..taint.clone()
            })
        })
    }

    /// After one more step that is not known.
    pub(super) fn unsure(&self) -> Self {
        self.map(|taint| Some(taint.unsure()))
    }

    /// After something that undoes what had made it harmless.
    pub(super) fn harmful(&self) -> Self {
        self.map(|taint| {
            Some(Taint {
                safe: Contexts::default(),
                ..taint.clone()
            })
        })
    }

    pub(super) fn safe_for(&self, contexts: Contexts) -> Self {
        self.map(|taint| {
            Some(Taint {
                safe: taint.safe.or(contexts),
                ..taint.clone()
            })
        })
    }
}
