//! What a variable may hold: constants, known things of the program and of libraries, objects, and
//! where its data comes from. One value carries all of it, so that a constant that decides a branch
//! also decides which data flows.
//!
//! Values only grow when they are joined, and every part has a bound, so that loops come to an end.

use super::{
    paths::PathId,
    program::{ClassRef, FuncRef, UnitRef},
};
pub(super) use super::{
    steps::{Note, Step, Steps},
    taint::{Origin, Source, Taint, Taints, Trust},
};
use crate::engine::builtin::ir::Name;
use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// More alternatives than this are "anything".
const MAX_ATOMS: usize = 4;
/// Access paths below a parameter are followed this far.
const MAX_PLACE: usize = 3;
/// Longer texts are known by their beginning only.
pub(super) const MAX_TEXT: usize = 4_096;

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Const {
    None,
    Bool(bool),
    Int(i64),
    Text(Name),
    /// A number that is not computed with.
    Number(Name),
    /// A text as it stands in a setting. Whoever runs the program may set another one, so it decides
    /// nothing.
    Setting(Name),
    /// Something that stands in the source, or was made of nothing else.
    Fixed,
}

impl Const {
    /// Whether no comparison with it is known to hold or not.
    pub(super) fn decides_nothing(&self) -> bool {
        matches!(self, Self::Setting(_) | Self::Fixed)
    }

    /// Whether a condition holds for it.
    pub(super) fn truth(&self) -> Option<bool> {
        Some(match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Text(text) => !text.is_empty(),
            Self::Number(_) | Self::Setting(_) | Self::Fixed => return None,
        })
    }
}

/// One step into an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Key {
    Field(Name),
    Index(Const),
    /// Some element.
    Any,
}

/// A parameter, or something inside of it, as the caller will know it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Loc {
    Site(u64),
    Param(Place),
}

/// One thing a value may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// Most values are one thing.
pub(super) type Atoms = SmallVec<[Atom; 1]>;

impl Atom {
    /// A method with its receiver. What a receiver may be besides an object is left out of it: methods
    /// of methods of methods would have no end.
    pub(super) fn bound(method: FuncRef, mut receiver: Value) -> Self {
        let before = receiver.atoms.len();
        receiver
            .atoms
            .retain(|atom| !matches!(atom, Self::Bound(..)));
        receiver.open |= receiver.atoms.len() != before;
        Self::Bound(method, Arc::new(receiver))
    }
}

/// What a variable may hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Value {
    /// What it may be, in order.
    pub(super) atoms: Atoms,
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
            atoms: smallvec![atom],
            ..Self::default()
        }
    }

    pub(super) fn constant(constant: Const) -> Self {
        if let Const::Text(text) | Const::Setting(text) = &constant
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
            (false, [Atom::Const(constant)]) => Some(constant).filter(|it| !it.decides_nothing()),
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
            Atom::Const(Const::Text(text) | Const::Setting(text)) => Some(text),
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
            let Atom::Const(Const::Text(text) | Const::Setting(text)) = atom else {
                return None;
            };
            common = Some(common.map_or(text, |known| shared(known, text)));
        }
        common.map(Into::into)
    }

    /// As something that whoever runs the program chose: it decides nothing.
    pub(super) fn as_setting(&self) -> Self {
        let mut chosen = Self {
            taint: self.taint.clone(),
            ..Self::default()
        };
        for atom in &self.atoms {
            match atom {
                Atom::Const(Const::Text(text) | Const::Setting(text)) => {
                    let text = Const::Setting(text.clone());
                    chosen.join(&Self::constant(text));
                }
                // Not set at all.
                Atom::Const(Const::None) => {}
                _ => chosen.open = true,
            }
        }
        if self.open && chosen.atoms.is_empty() {
            chosen.open = true;
            chosen.prefix.clone_from(&self.prefix);
        } else if self.open {
            chosen.join(&Self {
                prefix: self.prefix.clone(),
                ..Self::unknown()
            });
        }
        chosen
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
