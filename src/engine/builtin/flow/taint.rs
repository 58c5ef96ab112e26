//! Untrusted data: where it enters, what it can do no harm in, and the way it took.

use super::{context::Contexts, program::UnitRef, value::Place};
use crate::engine::builtin::ir::{Name, Span};
use std::sync::Arc;

/// More sources in one value are left out: one is enough to prove a finding.
const MAX_TAINTS: usize = 6;
/// Steps of a trace; what lies between is left out.
const MAX_STEPS: usize = 24;

/// Who controls a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Trust {
    /// Anyone who can send a request.
    Remote,
    /// Data that was kept: database, session, files.
    Stored,
    /// Whoever starts the program.
    Local,
}

/// Where untrusted data enters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Source {
    pub(super) trust: Trust,
    pub(super) unit: UnitRef,
    pub(super) start: u32,
    pub(super) end: u32,
    /// What it is, in words.
    pub(super) what: Name,
}

/// Where a taint begins, seen from a function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Origin {
    Source(Arc<Source>),
    /// Whatever the caller gives.
    Param(Place),
}

/// One step of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) unit: UnitRef,
    pub(super) span: Span,
    pub(super) symbol: Name,
    pub(super) note: &'static str,
}

/// The steps so far, newest first; shared between values.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps(Option<Arc<(Step, Steps, usize)>>);

impl Steps {
    pub(super) fn push(&self, step: Step) -> Self {
        let length = self.0.as_ref().map_or(0, |node| node.2);
        let same = |node: &Arc<(Step, Self, usize)>| {
            node.0.unit == step.unit && node.0.span.start == step.span.start
        };
        if self.0.as_ref().is_some_and(same) {
            return self.clone();
        }
        match &self.0 {
            // The way ends where the harm is done, however long it is.
            Some(node) if length >= MAX_STEPS => {
                Self(Some(Arc::new((step, node.1.clone(), length))))
            }
            _ => Self(Some(Arc::new((step, self.clone(), length + 1)))),
        }
    }

    /// From the first to the newest.
    pub(super) fn list(&self) -> Vec<Step> {
        let mut list = Vec::new();
        let mut at = self;
        while let Some(node) = &at.0 {
            list.push(node.0.clone());
            at = &node.1;
        }
        list.reverse();
        list
    }

    /// These steps, then those of `later`.
    pub(super) fn then(&self, later: &Self) -> Self {
        later
            .list()
            .into_iter()
            .fold(self.clone(), |steps, step| steps.push(step))
    }
}

/// Untrusted data in a value.
#[derive(Debug, Clone)]
pub(super) struct Taint {
    pub(super) origin: Origin,
    /// What it can do no harm in.
    pub(super) safe: Contexts,
    /// Whether every step on the way is known.
    pub(super) sure: bool,
    pub(super) steps: Steps,
}

impl PartialEq for Taint {
    /// Steps are how it came, not what it is.
    fn eq(&self, other: &Self) -> bool {
        (&self.origin, self.safe, self.sure) == (&other.origin, other.safe, other.sure)
    }
}

impl Eq for Taint {}

/// The untrusted data in a value, by origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Taints(Vec<Taint>);

impl Taints {
    pub(super) fn of(taint: Taint) -> Self {
        Self(vec![taint])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Taint> {
        self.0.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, taint: Taint) {
        match self.0.binary_search_by(|it| it.origin.cmp(&taint.origin)) {
            Ok(at) => {
                let known = &mut self.0[at];
                // The more dangerous way is the one to tell.
                if !known.sure && taint.sure && known.safe == taint.safe {
                    known.steps = taint.steps;
                }
                known.safe = known.safe.and(taint.safe);
                known.sure |= taint.sure;
            }
            Err(at) if self.0.len() < MAX_TAINTS => self.0.insert(at, taint),
            Err(_) => {}
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        for taint in &other.0 {
            self.add(taint.clone());
        }
    }

    /// Each taint changed or left out.
    pub(super) fn map(&self, change: impl FnMut(&Taint) -> Option<Taint>) -> Self {
        let mut changed = Self::default();
        for taint in self.0.iter().filter_map(change) {
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

    pub(super) fn unsure(&self) -> Self {
        self.map(|taint| {
            Some(Taint {
                sure: false,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_way_keeps_where_it_begins_and_where_it_ends() {
        let step = |at: u32| Step {
            unit: UnitRef(0),
            span: Span {
                start: at,
                end: at + 1,
            },
            symbol: "name".into(),
            note: "passes here",
        };
        let far = u32::try_from(2 * MAX_STEPS).unwrap();
        let steps = (0..far).fold(Steps::default(), |steps, at| steps.push(step(at)));
        let list = steps.list();
        assert_eq!(list.len(), MAX_STEPS);
        assert_eq!((&list[0], list.last()), (&step(0), Some(&step(far - 1))));
        assert_eq!(steps.then(&steps).list().last(), Some(&step(far - 1)));
    }
}
