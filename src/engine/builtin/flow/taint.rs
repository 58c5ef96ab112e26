//! Untrusted data: where it enters, what it can do no harm in, and the way it took.

use super::{context::Contexts, program::UnitRef, value::Place};
use crate::engine::builtin::ir::{Name, Span};
use std::sync::Arc;

/// More sources in one value are left out: one is enough to prove a finding.
const MAX_TAINTS: usize = 6;
/// Steps of a trace; what lies between is left out.
const MAX_STEPS: usize = 24;

/// More steps that are not known make no difference.
const MAX_DOUBT: u8 = 3;

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

impl Step {
    fn is_at(&self, other: &Self) -> bool {
        (self.unit, self.span.start) == (other.unit, other.span.start)
    }
}

/// The steps so far; shared between values. Ways are joined at every call, so whatever is added
/// costs the same, and only who reads the steps goes through them.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps(Option<Arc<Way>>);

#[derive(Debug)]
struct Way {
    before: Steps,
    end: End,
    /// At most so many steps; [`MAX_STEPS`] is that or more.
    length: usize,
}

/// What comes behind the steps before.
#[derive(Debug)]
enum End {
    Step(Step),
    Way(Steps),
}

impl Steps {
    /// How many there are, or a few more; never above [`MAX_STEPS`].
    pub(super) fn count(&self) -> usize {
        self.0.as_ref().map_or(0, |way| way.length)
    }

    fn last(&self) -> Option<&Step> {
        let mut at = self;
        loop {
            match &at.0.as_ref()?.end {
                End::Step(step) => return Some(step),
                End::Way(way) => at = way,
            }
        }
    }

    fn with(&self, end: End, count: usize) -> Self {
        let before = match &self.0 {
            // What lies between is left out; the way ends where the harm is done.
            Some(way) if way.length == MAX_STEPS && matches!(way.end, End::Step(_)) => &way.before,
            _ => self,
        };
        Self(Some(Arc::new(Way {
            before: before.clone(),
            end,
            length: MAX_STEPS.min(self.count() + count),
        })))
    }

    pub(super) fn push(&self, step: Step) -> Self {
        if self.last().is_some_and(|last| last.is_at(&step)) {
            return self.clone();
        }
        self.with(End::Step(step), 1)
    }

    /// These steps, then those of `later`.
    pub(super) fn then(&self, later: &Self) -> Self {
        match later.last() {
            None => self.clone(),
            Some(_) if self.0.is_none() => later.clone(),
            Some(last) if self.count() == MAX_STEPS => self.push(last.clone()),
            Some(_) => self.with(End::Way(later.clone()), later.count()),
        }
    }

    /// From the first to the newest.
    pub(super) fn list(&self) -> Vec<Step> {
        enum Part<'a> {
            Steps(&'a Steps),
            Step(&'a Step),
        }
        let mut list: Vec<Step> = Vec::with_capacity(self.count());
        let mut waiting = vec![Part::Steps(self)];
        while let Some(part) = waiting.pop() {
            match part {
                Part::Steps(steps) => {
                    if let Some(way) = steps.0.as_deref() {
                        waiting.push(match &way.end {
                            End::Step(step) => Part::Step(step),
                            End::Way(way) => Part::Steps(way),
                        });
                        waiting.push(Part::Steps(&way.before));
                    }
                }
                Part::Step(step) if list.last().is_some_and(|last| last.is_at(step)) => {}
                Part::Step(step) if list.len() < MAX_STEPS => list.push(step.clone()),
                Part::Step(_) => break,
            }
        }
        if list.len() == MAX_STEPS
            && let (Some(end), Some(last)) = (list.last_mut(), self.last())
        {
            end.clone_from(last);
        }
        list
    }
}

/// Untrusted data in a value.
#[derive(Debug, Clone)]
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
