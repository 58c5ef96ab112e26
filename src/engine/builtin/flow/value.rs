//! What a variable may hold: constants, known things of the program and of libraries, objects, and
//! where its data comes from. One value carries all of it, so that a constant that decides a branch
//! also decides which data flows.
//!
//! Values only grow when they are joined, and every part has a bound, so that loops come to an end.

use super::{
    context::Contexts,
    paths::PathId,
    program::{ClassRef, FuncRef, UnitRef},
};
use crate::engine::builtin::ir::{Name, Span};
use std::sync::Arc;

/// More alternatives than this are "anything".
const MAX_ATOMS: usize = 4;
/// More sources in one value are left out: one is enough to prove a finding.
const MAX_TAINTS: usize = 6;
/// Access paths below a parameter are followed this far.
const MAX_PLACE: usize = 3;
/// Steps of a trace; what lies between is left out.
const MAX_STEPS: usize = 24;
/// Longer texts are known by their beginning only.
pub(super) const MAX_TEXT: usize = 4_096;

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Const {
    None,
    Bool(bool),
    Int(i64),
    Text(Name),
    /// A number that is not computed with.
    Number(Name),
    /// Something that stands in the source, or was made of nothing else.
    Fixed,
}

impl Const {
    /// Whether a condition holds for it.
    pub(super) fn truth(&self) -> Option<bool> {
        Some(match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Text(text) => !text.is_empty(),
            Self::Number(_) | Self::Fixed => return None,
        })
    }
}

/// One step into an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    Field(Name),
    Index(Const),
    /// Some element.
    Any,
}

/// A parameter, or something inside of it, as the caller will know it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) param: u16,
    pub(super) path: Arc<[Key]>,
}

impl Place {
    pub(super) fn param(index: usize) -> Self {
        Self {
            param: u16::try_from(index).unwrap_or(u16::MAX),
            path: Arc::new([]),
        }
    }

    /// What lies at `key` of it; too far down it is the same place.
    pub(super) fn at(&self, key: Key) -> Self {
        if self.path.len() >= MAX_PLACE {
            return self.clone();
        }
        let path = self.path.iter().cloned().chain([key]).collect();
        Self {
            param: self.param,
            path,
        }
    }
}

/// Where an object was made, or the parameter it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Loc {
    Site(u64),
    Param(Place),
}

/// One thing a value may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Atom {
    Const(Const),
    /// Something of a library, by its dotted path; also an instance of such a class.
    Path(PathId),
    Function(FuncRef),
    /// A method with its receiver.
    Bound(FuncRef, Arc<Value>),
    Class(ClassRef),
    /// Some object of a class of the program.
    Instance(ClassRef),
    Module(UnitRef),
    Object(u64),
    Param(Place),
}

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
        if length >= MAX_STEPS || self.0.as_ref().is_some_and(same) {
            return self.clone();
        }
        Self(Some(Arc::new((step, self.clone(), length + 1))))
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

/// What a variable may hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Value {
    /// What it may be, in order.
    pub(super) atoms: Vec<Atom>,
    /// Whether it may be something else as well.
    pub(super) open: bool,
    /// How its text begins, when that is known of all alternatives.
    pub(super) prefix: Option<Name>,
    pub(super) taint: Taints,
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.open == other.open
            && self.atoms == other.atoms
            && self.prefix == other.prefix
            && self.taint == other.taint
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    /// By what it may be; enough to keep alternatives in one order.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.atoms, self.open, &self.prefix).cmp(&(&other.atoms, other.open, &other.prefix))
    }
}

impl std::hash::Hash for Value {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.atoms, self.open, &self.prefix).hash(state);
    }
}

impl Value {
    /// Anything, from nobody in particular.
    pub(super) fn unknown() -> Self {
        Self {
            open: true,
            ..Self::default()
        }
    }

    pub(super) fn atom(atom: Atom) -> Self {
        Self {
            atoms: vec![atom],
            ..Self::default()
        }
    }

    pub(super) fn constant(constant: Const) -> Self {
        if let Const::Text(text) = &constant
            && text.len() > MAX_TEXT
        {
            return Self {
                open: true,
                prefix: Some(cut(text).into()),
                ..Self::default()
            };
        }
        Self::atom(Atom::Const(constant))
    }

    pub(super) fn text(text: &str) -> Self {
        Self::constant(Const::Text(text.into()))
    }

    pub(super) fn bool(value: bool) -> Self {
        Self::constant(Const::Bool(value))
    }

    /// Nothing is known but where it comes from.
    pub(super) fn tainted(taint: Taints) -> Self {
        Self {
            open: true,
            taint,
            ..Self::default()
        }
    }

    pub(super) fn with_taint(mut self, taint: &Taints) -> Self {
        self.taint.join(taint);
        self
    }

    /// Nothing came here.
    pub(super) fn is_bottom(&self) -> bool {
        self.atoms.is_empty() && !self.open && self.taint.is_empty()
    }

    /// The constants, when it is nothing else.
    pub(super) fn constants(&self) -> Option<Vec<&Const>> {
        if self.open || self.atoms.is_empty() {
            return None;
        }
        self.atoms
            .iter()
            .map(|atom| match atom {
                Atom::Const(constant) => Some(constant),
                _ => None,
            })
            .collect()
    }

    /// The constant, when it is one that is known.
    pub(super) fn only_constant(&self) -> Option<&Const> {
        match (self.open, self.atoms.as_slice()) {
            (false, [Atom::Const(Const::Fixed)]) => None,
            (false, [Atom::Const(constant)]) => Some(constant),
            _ => None,
        }
    }

    /// The text, when it is one.
    pub(super) fn only_text(&self) -> Option<&Name> {
        match self.only_constant() {
            Some(Const::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Some text it may be.
    pub(super) fn some_texts(&self) -> impl Iterator<Item = &Name> {
        self.atoms.iter().filter_map(|atom| match atom {
            Atom::Const(Const::Text(text)) => Some(text),
            _ => None,
        })
    }

    /// How its text begins for certain.
    pub(super) fn beginning(&self) -> Option<Name> {
        if let Some(prefix) = &self.prefix {
            return Some(prefix.clone());
        }
        if self.open {
            return None;
        }
        let mut common: Option<&str> = None;
        for atom in &self.atoms {
            let Atom::Const(Const::Text(text)) = atom else {
                return None;
            };
            common = Some(common.map_or(text, |known| shared(known, text)));
        }
        common.map(Into::into)
    }

    /// Whether a condition holds for every alternative.
    pub(super) fn truth(&self) -> Option<bool> {
        let mut truth = None;
        for constant in self.constants()? {
            let this = constant.truth()?;
            if truth.is_some_and(|known| known != this) {
                return None;
            }
            truth = Some(this);
        }
        truth
    }

    /// This or `other`; whether it changed.
    pub(super) fn join(&mut self, other: &Self) -> bool {
        if other.is_bottom() || self == other {
            return false;
        }
        if self.is_bottom() {
            *self = other.clone();
            return true;
        }
        let mut joined = self.clone();
        let begins = match (self.beginning(), other.beginning()) {
            (Some(one), Some(two)) => Some(shared(&one, &two).into()),
            _ => None,
        };
        for atom in &other.atoms {
            if let Err(at) = joined.atoms.binary_search(atom) {
                joined.atoms.insert(at, atom.clone());
            }
        }
        joined.open |= other.open;
        joined.limit();
        joined.prefix = begins.filter(|it: &Name| joined.open && !it.is_empty());
        joined.taint.join(&other.taint);
        let changed = joined != *self;
        *self = joined;
        changed
    }

    /// Too many constants are anything; too many things as well.
    fn limit(&mut self) {
        let constants = |it: &Atom| matches!(it, Atom::Const(_));
        if self.atoms.iter().filter(|it| constants(it)).count() > MAX_ATOMS {
            self.atoms.retain(|it| !constants(it));
            self.open = true;
        }
        if self.atoms.len() > 2 * MAX_ATOMS {
            self.atoms.truncate(2 * MAX_ATOMS);
            self.open = true;
        }
    }

    /// Of several.
    pub(super) fn any_of<'a>(values: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut joined = Self::default();
        for value in values {
            joined.join(value);
        }
        joined
    }
}

/// What both texts begin with.
fn shared<'a>(one: &'a str, two: &str) -> &'a str {
    let length = one
        .char_indices()
        .zip(two.chars())
        .find(|((_, a), b)| a != b)
        .map_or(one.len().min(two.len()), |((at, _), _)| at);
    one.get(..length).unwrap_or("")
}

/// The part of a long text that is kept.
pub(super) fn cut(text: &str) -> &str {
    let mut end = MAX_TEXT.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}
