//! What a look asks of everything outside of it. Its outcome follows from that, and from the function
//! and what that is given: where the same is asked and answered again, the same comes of it.
//!
//! Everything outside that may be another one in the next scan has to be told here: the program by
//! `view`, what is kept by `shared`, what is worked out by `known`, calls by `nested`.

use super::{
    known::FieldType,
    memory::Kept,
    program::{ClassRef, FuncRef, UnitRef},
    state::Object,
    summary::Bind,
    value::{Atom, Loc, Value},
    written::Print,
};
use crate::engine::builtin::ir::Name;
use foldhash::{HashMap, HashSet};
use serde::{Deserialize, Serialize};
use std::{cell::RefCell, sync::Arc};

/// A look that puts more where functions that stand in its own find it is made again.
const MAX_PUTS: usize = 256;

/// What does not change during a look.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Seen {
    /// What a file declares: all but what its functions do.
    Unit(UnitRef),
    /// The file that a dotted name means in one.
    Module(Name, UnitRef),
    /// The file in which a package declares a class.
    Declaring(Name, Name),
    /// Functions of a name, where they are few.
    WithMethod(Name),
    OnlyMakersSet(ClassRef, Name),
    /// The template that a name means in a file.
    Template(UnitRef, Name),
    /// Where modules of settings set a name.
    SetInModules(Name),
    Property(Name),
    Framework(Name),
    Environment(Name),
    /// The same for what the world knows, which grows from look to look.
    World(OfWorld),
}

/// What is kept, and what is known of functions and classes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum OfWorld {
    Value(Kept),
    Object(Loc),
    Wild(UnitRef),
    Derived(ClassRef),
    Bases(ClassRef),
    Entry(FuncRef),
}

/// What is worked out when it is asked for, and may have the one who asks look further.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Question {
    Usual(FuncRef),
    Ancestors(ClassRef),
    FieldType(ClassRef, Name),
    Declared(UnitRef, Name),
    Call(FuncRef, Arc<[Bind]>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Answer {
    Usual(Arc<[Bind]>),
    Ancestors(Arc<[ClassRef]>),
    FieldType(FieldType),
    Declared(Option<Atom>),
    /// Of the summary, and of what a function left that stands in the one that asks.
    Call(Option<Print>, Option<Print>),
}

/// What a look put where functions that stand in its own find it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Put {
    Value(Kept, Value),
    Object(Loc, Arc<Object>),
}

impl Put {
    fn is_where(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(one, _), Self::Value(two, _)) => one == two,
            (Self::Object(one, _), Self::Object(two, _)) => one == two,
            _ => false,
        }
    }
}

/// What a look did before it asked for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Before {
    /// Work of its own, in values that were copied.
    pub(super) work: u64,
    /// Whether it had given something to a name that others see.
    pub(super) has_named: bool,
}

/// What was asked for during a look.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// And whether the look is to be made again when other data comes there.
    pub(super) seen: HashMap<Seen, bool>,
    /// In order.
    pub(super) answers: Vec<(Question, Answer, Before)>,
    /// In order, each with the number of answers before; where functions stand in this one.
    pub(super) puts: Vec<(usize, Put)>,
    has_inner: bool,
    questions: HashSet<Question>,
    /// The file of the last [`Seen::Unit`].
    last: Option<UnitRef>,
    /// How many questions are being answered; what is asked for that is theirs.
    within: usize,
    /// Whether the outcome follows from something that is not told.
    is_unfit: bool,
}

/// Takes what is asked for in, when somebody wants to know.
#[derive(Debug, Default)]
pub(super) struct Trace(RefCell<Option<Box<Asked>>>);

impl Trace {
    /// From now on; `has_inner` where functions stand in the one that is looked at.
    pub(super) fn start(&self, has_inner: bool) {
        let asked = Asked {
            has_inner,
            ..Asked::default()
        };
        self.0.replace(Some(Box::new(asked)));
    }

    /// What was asked for since the start; `None` when the outcome does not follow from it.
    pub(super) fn stop(&self) -> Option<Box<Asked>> {
        let mut asked = self.0.take().filter(|asked| !asked.is_unfit)?;
        // The rest is in what the look left.
        let count = asked.answers.len();
        asked.puts.retain(|(before, _)| *before < count);
        Some(asked)
    }

    fn with(&self, tell: impl FnOnce(&mut Asked)) {
        if let Some(asked) = &mut *self.0.borrow_mut()
            && asked.within == 0
            && !asked.is_unfit
        {
            tell(asked);
        }
    }

    pub(super) fn see(&self, seen: impl FnOnce() -> Seen) {
        self.with(|asked| {
            asked.seen.entry(seen()).or_default();
        });
    }

    pub(super) fn see_unit(&self, unit: UnitRef) {
        self.with(|asked| {
            if asked.last != Some(unit) {
                asked.last = Some(unit);
                asked.seen.entry(Seen::Unit(unit)).or_default();
            }
        });
    }

    /// The world is asked; with `again` the look is made again when other data comes there.
    pub(super) fn see_known(&self, known: impl FnOnce() -> OfWorld, again: bool) {
        self.with(|asked| *asked.seen.entry(Seen::World(known())).or_default() |= again);
    }

    /// Something is put where functions that stand in this one find it.
    pub(super) fn put(&self, put: impl FnOnce() -> Put) {
        self.with(|asked| {
            if !asked.has_inner {
                return;
            }
            let (put, before) = (put(), asked.answers.len());
            let mut last = asked.puts.iter_mut().rev();
            let last = last.find(|(at, it)| *at != before || it.is_where(&put));
            match last {
                Some((at, it)) if *at == before => *it = put,
                _ => asked.puts.push((before, put)),
            }
            asked.is_unfit |= asked.puts.len() > MAX_PUTS;
        });
    }

    /// The outcome follows from something that is not told.
    pub(super) fn give_up(&self) {
        if let Some(asked) = &mut *self.0.borrow_mut() {
            asked.is_unfit = true;
        }
    }

    /// What is asked for until [`Self::leave`] is part of a question.
    pub(super) fn enter(&self) {
        if let Some(asked) = &mut *self.0.borrow_mut() {
            asked.within += 1;
        }
    }

    pub(super) fn leave(&self, told: impl FnOnce() -> (Question, Answer), before: Before) {
        if let Some(asked) = &mut *self.0.borrow_mut() {
            asked.within -= 1;
        }
        self.with(|asked| {
            let (question, answer) = told();
            if asked.questions.insert(question.clone()) {
                asked.answers.push((question, answer, before));
            }
        });
    }
}
