//! The way that untrusted data took.

use super::{
    program::UnitRef,
    written::{self, As, Print, Refs},
};
use crate::engine::builtin::ir::{Name, Span};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::sync::{Arc, OnceLock};

/// Steps of a trace; what lies between is left out.
const MAX_STEPS: usize = 24;
/// Ways within ways; deeper ones are laid out flat.
const MAX_NESTED: usize = 2 * MAX_STEPS;

/// What happens at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Note {
    Enters,
    Assigned,
    Stored,
    ThroughCall,
    Reaches,
    Called,
}

impl Note {
    /// In words.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Enters => "untrusted data enters here",
            Self::Assigned => "assigned",
            Self::Stored => "stored",
            Self::ThroughCall => "passes through the call",
            Self::Reaches => "reaches this call",
            Self::Called => "called here",
        }
    }
}

/// One step of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) unit: UnitRef,
    pub(super) span: Span,
    pub(super) symbol: Name,
    pub(super) note: Note,
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
    /// Ways within ways.
    nested: usize,
    /// What differs from way to way, once it was asked for.
    print: OnceLock<Print>,
}

/// What comes behind the steps before.
#[derive(Debug, Serialize, Deserialize)]
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
        let way = Self::way(before.clone(), end, MAX_STEPS.min(self.count() + count));
        match way.nested() > MAX_NESTED {
            true => way.flat(),
            false => way,
        }
    }

    fn way(before: Self, end: End, length: usize) -> Self {
        let within = match &end {
            End::Step(_) => 0,
            End::Way(way) => way.nested(),
        };
        Self(Some(Arc::new(Way {
            nested: 1 + within.max(before.nested()),
            before,
            end,
            length,
            print: OnceLock::new(),
        })))
    }

    fn nested(&self) -> usize {
        self.0.as_ref().map_or(0, |way| way.nested)
    }

    /// The same steps one behind the other.
    fn flat(&self) -> Self {
        let steps = self.list().into_iter().zip(1..);
        steps.fold(Self::default(), |before, (step, length)| {
            Self::way(before, End::Step(step), length)
        })
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

/// A way as it is written: as a whole only once.
#[derive(Serialize)]
enum WrittenWay<'a> {
    Empty,
    Print(Print),
    Known(u32),
    Whole(&'a Steps, &'a End, usize),
}

/// The same as it is read.
#[derive(Deserialize)]
enum ReadWay {
    Empty,
    /// Only compared.
    Print,
    Known(u32),
    Whole(Steps, End, usize),
}

impl Steps {
    fn print(&self, refs: &Refs) -> Print {
        let Some(way) = &self.0 else {
            return Print::default();
        };
        *way.print.get_or_init(|| {
            let mut bytes = way.before.print(refs).bytes().to_vec();
            bytes.push(u8::try_from(way.length).unwrap_or(u8::MAX));
            match &way.end {
                End::Step(step) => {
                    let Span { start, end } = step.span;
                    bytes.extend([0, step.note as u8]);
                    bytes.extend(refs.hash(step.unit).to_le_bytes());
                    bytes.extend([start, end].map(u32::to_le_bytes).as_flattened());
                    bytes.extend(step.symbol.as_bytes());
                }
                End::Way(way) => {
                    bytes.push(1);
                    bytes.extend(way.print(refs).bytes());
                }
            }
            Print::of(&bytes)
        })
    }
}

impl Serialize for Steps {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Some(way) = &self.0 else {
            return WrittenWay::Empty.serialize(to);
        };
        match written::way(|refs| self.print(refs)) {
            As::Print(refs) => WrittenWay::Print(self.print(&refs)).serialize(to),
            As::Known(place) => WrittenWay::Known(place).serialize(to),
            As::Whole(print) => {
                let whole = WrittenWay::Whole(&way.before, &way.end, way.length);
                let done = whole.serialize(to)?;
                written::wrote::<Self>(print);
                Ok(done)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match ReadWay::deserialize(from)? {
            ReadWay::Empty => Ok(Self::default()),
            ReadWay::Known(at) => written::known(at).ok_or_else(|| D::Error::custom("no such way")),
            ReadWay::Whole(before, end, length) => {
                let way = Self::way(before, end, length.min(MAX_STEPS));
                written::has_read(&way);
                Ok(way)
            }
            ReadWay::Print => Err(D::Error::custom("a way that can only be compared")),
        }
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
            note: Note::Assigned,
        };
        let far = u32::try_from(2 * MAX_STEPS).unwrap();
        let steps = (0..far).fold(Steps::default(), |steps, at| steps.push(step(at)));
        let list = steps.list();
        assert_eq!(list.len(), MAX_STEPS);
        assert_eq!((&list[0], list.last()), (&step(0), Some(&step(far - 1))));
        assert_eq!(steps.then(&steps).list().last(), Some(&step(far - 1)));
    }
}
