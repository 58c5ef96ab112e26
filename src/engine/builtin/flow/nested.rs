//! A call within a call: the callee is looked at knowing what was known before, and what is given to
//! it, not what its caller did so far. So whoever asks first, the answer is the same, and functions
//! that are looked at beside each other share it.
//!
//! An answer that depends on who is being looked at above (a function that calls itself, a function
//! that stands in another and uses its variables) is for that caller alone, until the one it depends
//! on is done.

use super::{
    analysis::Analysis,
    made::Done,
    memo::Memo,
    program::FuncRef,
    shared::Shared,
    summary::{Bind, Summary},
    trace::{Answer, Question},
    world::{Call, FromInside, Left},
    written::Print,
};
use foldhash::HashMap;
use std::{collections::BTreeSet, rc::Rc, sync::Arc};

/// Calls within calls that are followed.
pub(super) const MAX_DEPTH: usize = 48;
/// Times a function may be looked at within itself: for particular arguments, then for any.
pub(super) const MAX_AGAIN: usize = 2;
/// Work within a call, in values that are copied; then no more ways of calling a function are told
/// apart there. Ways of ways of ways would have no end.
const MAX_SPENT: u64 = 4_000_000;
/// Ways of calling one function that are told apart.
pub(super) const MAX_VARIANTS: usize = 12;
/// The same within a call that is told apart itself.
const MAX_VARIANTS_WITHIN: usize = 2;

/// A function that is being looked at, and that called the next.
pub(super) struct Above<'a> {
    function: FuncRef,
    shared: &'a Shared<'a>,
    next: Option<&'a Above<'a>>,
}

/// An answer that holds while a function above is being looked at.
#[derive(Clone)]
struct Passing {
    summary: Arc<Summary>,
    /// The place of the uppermost function it depends on.
    lowest: usize,
}

/// What came of a call before the look asked for it.
struct Ahead {
    summary: Option<Arc<Summary>>,
    absorbed: Option<Rc<FromInside>>,
    /// Work on it, in values that were copied.
    spent: u64,
}

/// What a look knows of the calls it is within, and what those above are to know of it.
#[derive(Default)]
pub(super) struct Nest {
    /// Answers for callers above alone.
    passing: HashMap<FuncRef, HashMap<Arc<[Bind]>, Passing>>,
    /// What was asked for here.
    pub(super) answers: HashMap<Call, Arc<Summary>>,
    /// Particular ways of calling each function that were asked for here.
    pub(super) variants: HashMap<FuncRef, usize>,
    /// The place of the uppermost function this depends on.
    lowest: Option<usize>,
    asked: Vec<Arc<Done>>,
    /// Ways of calling one function that are told apart from here.
    room: usize,
    /// Answers that depend on nobody above, of calls that may depend on somebody when others ask.
    settled: HashMap<Call, Arc<Done>>,
    /// Work on this and on the calls within, in values that were copied.
    pub(super) spent: u64,
    /// Work on this alone.
    pub(super) own: u64,
    /// What was taken in of an inner function by the question that is being answered.
    absorbed: Option<Rc<FromInside>>,
    /// Whether something was taken in of which nobody can tell what it was.
    is_untold: bool,
    /// What was asked for when this was to be recalled, in vain, and the look did not ask for yet. It
    /// asks the same, in the same order, up to the answer that is another one now.
    ahead: HashMap<Call, Ahead>,
    /// Whether the look ends as soon as functions call each other in a circle.
    gives_up: bool,
    /// Whether it did.
    given_up: bool,
    touched: BTreeSet<FuncRef>,
    /// What those left whose answers were for this one alone.
    parts: Vec<Left>,
    height: usize,
}

impl Nest {
    /// This depends on the function that is at such a place among those that are being looked at.
    fn depend(&mut self, on: usize) {
        self.lowest = Some(self.lowest.map_or(on, |lowest| lowest.min(on)));
    }

    /// A look that ends as soon as functions call each other in a circle: whoever is looked at beside
    /// it may be of the same circle, and nobody would learn of the other.
    pub(super) fn giving_up() -> Self {
        Self {
            gives_up: true,
            ..Self::default()
        }
    }

    /// What an inner function left is taken in: of one at most for each question.
    pub(super) fn absorb(&mut self, left: Rc<FromInside>) {
        self.is_untold |= left.print.is_none();
        self.absorbed.get_or_insert(left);
    }

    /// As it is before anything is asked for, with all the answers there are: the work on them is in
    /// `ahead`.
    fn anew(mut self) -> Self {
        (self.spent, self.own) = (0, 0);
        self
    }

    /// Whether something was taken in of which nobody can tell what it was.
    pub(super) fn is_untold(&self) -> bool {
        self.is_untold
    }

    /// What was asked for, in order, and whether the look ended before its time.
    pub(super) fn into_asked(self) -> (Vec<Arc<Done>>, bool) {
        (self.asked, self.given_up)
    }

    /// Whether the look is over, though nothing came of it.
    pub(super) fn is_over(&self) -> bool {
        self.given_up
    }

    /// A way of calling a function for which there was no room has none later either.
    fn answer_too(&mut self, of: FuncRef, way: Option<Arc<[Bind]>>, summary: &Arc<Summary>) {
        if let Some(way) = way {
            self.answers.insert((of, way), summary.clone());
        }
    }

    fn known(&mut self, (function, binds): &Call) -> Option<Arc<Summary>> {
        let passing = self.passing.get(function)?.get(binds)?;
        let (summary, lowest) = (passing.summary.clone(), passing.lowest);
        self.depend(lowest);
        Some(summary)
    }
}

impl<'w> Analysis<'w> {
    /// How many functions are being looked at.
    fn depth(&self) -> usize {
        self.place + usize::from(self.function.is_some())
    }

    /// Those who are being looked at above, the nearest first, with their places.
    fn above(&self) -> impl Iterator<Item = (&'w Above<'w>, usize)> + use<'w> {
        let above = std::iter::successors(self.above, |above| above.next);
        above.zip((0..self.place).rev())
    }

    /// How many times a function is being looked at, and at which place first.
    fn running(&self, function: FuncRef) -> (usize, usize) {
        let own = self.function.map(|own| (own, self.place));
        let above = self.above().map(|(above, place)| (above.function, place));
        let all = own.into_iter().chain(above);
        let all = all.filter(|(other, _)| *other == function);
        all.fold((0, 0), |(times, _), (_, place)| (times + 1, place))
    }

    /// What the function around another one put where that one finds it, when it is being looked at,
    /// and its place.
    fn around(&self, function: FuncRef) -> Option<(&Shared<'_>, usize)> {
        let owner = self.ground.program.around(function)?;
        if self.function == Some(owner) {
            return Some((&self.shared, self.place));
        }
        let mut above = self.above();
        let (above, place) = above.find(|(above, _)| above.function == owner)?;
        Some((above.shared, place))
    }

    /// The summary of a function for such arguments; `None` while it is being made, or too deep.
    pub(super) fn summary(
        &mut self,
        function: FuncRef,
        binds: Arc<[Bind]>,
    ) -> Option<Arc<Summary>> {
        self.summary_and_absorbed(function, binds).0
    }

    /// The same, and what differs where anything does that was taken in of it besides.
    pub(super) fn summary_and_absorbed(
        &mut self,
        function: FuncRef,
        binds: Arc<[Bind]>,
    ) -> (Option<Arc<Summary>>, Option<Print>) {
        let memo = self.ground.memo;
        let question = Question::Call(function, binds.clone());
        self.question(
            |look| {
                let summary = match look.nest.ahead.remove(&(function, binds.clone())) {
                    Some(ahead) => look.take_ahead(ahead),
                    None => look.find_summary(function, binds),
                };
                if look.nest.is_untold {
                    look.trace.give_up();
                }
                let absorbed = look.nest.absorbed.take();
                (summary, absorbed.and_then(|left| left.print))
            },
            |(summary, absorbed)| {
                let print = |memo: &Memo| summary.as_ref().map(|it| memo.print(it));
                (question, Answer::Call(memo.and_then(print), *absorbed))
            },
        )
    }

    /// The same before the look asks for it; when it does, that is what it is told.
    pub(super) fn summary_ahead(
        &mut self,
        function: FuncRef,
        binds: Arc<[Bind]>,
    ) -> (Option<Arc<Summary>>, Option<Print>) {
        let before = self.nest.spent;
        let summary = self.find_summary(function, binds.clone());
        let absorbed = self.nest.absorbed.take();
        let print = absorbed.as_ref().and_then(|left| left.print);
        let ahead = Ahead {
            summary: summary.clone(),
            absorbed,
            spent: self.nest.spent - before,
        };
        self.nest.ahead.insert((function, binds), ahead);
        (summary, print)
    }

    /// A look asks for all that it asked for when it was to be recalled. Where it did not, what is known
    /// of calls is not what it would be, and nothing of it can be relied on.
    fn check_ahead(&self) {
        let is_asked = self.nest.ahead.is_empty() || self.is_over();
        debug_assert!(is_asked, "{:?} asks for something else", self.function);
        if let Some(memo) = self.ground.memo.filter(|_| !is_asked) {
            memo.refs.distrust();
        }
    }

    fn take_ahead(&mut self, ahead: Ahead) -> Option<Arc<Summary>> {
        self.nest.spent += ahead.spent;
        if let Some(left) = ahead.absorbed {
            self.take_inside(left);
        }
        ahead.summary
    }

    fn find_summary(&mut self, function: FuncRef, mut binds: Arc<[Bind]>) -> Option<Arc<Summary>> {
        if self.is_first {
            return self.summary_at_once(function, binds);
        }
        let usual = self.usual(function);
        let (times, first) = self.running(function);
        self.nest.touched.insert(function);
        self.nest
            .touched
            .extend(self.ground.program.around(function));
        if times > 0 && binds != usual {
            // What a function does when it calls itself does not depend on the first call.
            binds = usual.clone();
            self.nest.depend(first);
        }
        let mut call = (function, binds);
        let mut no_room = None;
        let mut known = self.known_summary(&call);
        if known.is_none() && call.1 != usual {
            let before = self.world.variants.get(&function).copied();
            let room = match self.nest.spent > MAX_SPENT {
                true => 0,
                false => self.nest.room,
            };
            let above = self.nest.passing.get(&function);
            let of_above = above.map_or(0, HashMap::len);
            let lowest = above.and_then(|above| above.values().map(|it| it.lowest).min());
            let is_too_deep = self.depth() > MAX_DEPTH;
            let variants = self.nest.variants.entry(function).or_default();
            if before.unwrap_or_default() + *variants + of_above >= room {
                if let Some(lowest) = lowest {
                    self.nest.depend(lowest);
                }
                no_room = Some(std::mem::replace(&mut call.1, usual));
                known = self.known_summary(&call);
            } else if !is_too_deep {
                *variants += 1;
            }
        }
        if let Some(known) = known {
            self.nest.answer_too(function, no_room, &known);
            return Some(known);
        }
        if self.nest.given_up {
            return None;
        }
        if times >= MAX_AGAIN {
            self.nest.depend(first);
            return None;
        }
        if self.depth() > MAX_DEPTH {
            self.nest.depend(0);
            return None;
        }
        let made = self.made.get(&call).filter(|done| self.is_free(done));
        let summary = match made.or_else(|| self.nest.settled.get(&call).cloned()) {
            Some(done) => self.take_done(done),
            None => self.look_into(call.clone()),
        };
        self.nest.answer_too(function, no_room, &summary);
        self.nest.answers.insert(call, summary.clone());
        Some(summary)
    }

    fn known_summary(&mut self, call: &Call) -> Option<Arc<Summary>> {
        if let Some(known) = self.nest.answers.get(call) {
            return Some(known.clone());
        }
        if let Some(known) = self.nest.known(call) {
            return Some(known);
        }
        // What a function does that stands in one that is being looked at depends on that one.
        match self.around(call.0) {
            Some(_) => None,
            None => self.world.summaries.get(call).cloned(),
        }
    }

    /// Whether an answer would be the same here.
    fn is_free(&self, done: &Done) -> bool {
        if self.depth() + done.height > MAX_DEPTH {
            return false;
        }
        let is_touched = |function: &FuncRef| done.touched.contains(function);
        let passes = |function: &FuncRef| self.nest.passing.contains_key(function);
        !self.above().any(|(above, _)| is_touched(&above.function))
            && !self.function.as_ref().is_some_and(is_touched)
            && !done.touched.iter().any(passes)
    }

    fn take_done(&mut self, done: Arc<Done>) -> Arc<Summary> {
        let summary = done.summary.clone();
        self.nest.height = self.nest.height.max(done.height + 1);
        self.nest.spent += done.spent;
        self.nest.touched.extend(&done.touched);
        self.nest.asked.push(done);
        summary
    }

    /// Looks at a function for a call of it.
    fn look_into(&mut self, call: Call) -> Arc<Summary> {
        let passing = std::mem::take(&mut self.nest.passing);
        let settled = std::mem::take(&mut self.nest.settled);
        let place = self.depth();
        let around = self.around(call.0);
        let above = self.function.map(|function| Above {
            function,
            shared: &self.shared,
            next: self.above,
        });
        let owner = around.map(|(_, place)| place);
        let own = Some(self.running(call.0)).filter(|(times, _)| *times > 0);
        let own = own.map(|(_, first)| first);
        let is_around = around.is_some();
        let begin = |nest| {
            let mut inner = Analysis::within(self.ground, self.world, self.made);
            inner.place = place;
            inner.above = above.as_ref();
            inner.function = Some(call.0);
            inner.nest = nest;
            if let Some((shared, place)) = around {
                inner.shared = Shared::inside(shared, inner.trace.clone());
                inner.nest.depend(place);
            }
            inner.shared.enter(call.0);
            // Worked out before the function gives anything to a name.
            inner.nest.room = match inner.usual(call.0) == call.1 {
                true => MAX_VARIANTS,
                false => MAX_VARIANTS_WITHIN,
            };
            inner
        };
        let mut inner = begin(Nest {
            passing,
            settled,
            gives_up: self.nest.gives_up,
            ..Nest::default()
        });
        let mut recalled = None;
        if let Some(known) = self.ground.recollection(&call) {
            let records = inner.that_hold(&known);
            if !records.is_empty() {
                recalled = inner.recall(call.0, &known, records);
                if recalled.is_none() {
                    inner = begin(std::mem::take(&mut inner.nest).anew());
                }
            }
        }
        let summary = recalled.unwrap_or_else(|| {
            let summary = inner.look_and_remember(&call);
            inner.check_ahead();
            summary
        });
        let mut nest = std::mem::take(&mut inner.nest);
        let left = inner.into_left();
        let lowest = nest.lowest.filter(|lowest| *lowest < place);
        let is_circle = lowest.is_some() && lowest != owner && lowest != own;
        if nest.given_up || (nest.gives_up && is_circle) {
            self.nest.given_up = true;
            self.nest.asked.extend(nest.asked);
            return summary;
        }
        self.nest.settled = nest.settled;
        match lowest {
            None => {
                for known in nest.passing.values_mut() {
                    known.retain(|_, passing| passing.lowest < place);
                }
                nest.passing.retain(|_, known| !known.is_empty());
                self.nest.passing = nest.passing;
                nest.parts.push(left);
                let done = Done {
                    call,
                    summary,
                    left: nest.parts,
                    asked: nest.asked,
                    touched: nest.touched,
                    height: nest.height,
                    spent: nest.spent,
                };
                let done = self.made.put(Arc::new(done));
                if !self.is_free(&done) {
                    // Nobody else may take it here, yet every way to it would look at it again.
                    self.nest.settled.insert(done.call.clone(), done.clone());
                }
                self.take_done(done)
            }
            Some(lowest) => {
                for passing in nest.passing.values_mut().flat_map(HashMap::values_mut) {
                    passing.lowest = passing.lowest.min(lowest);
                }
                let passing = Passing {
                    summary: summary.clone(),
                    lowest,
                };
                let known = nest.passing.entry(call.0).or_default();
                known.insert(call.1.clone(), passing);
                self.nest.passing = nest.passing;
                self.nest.depend(lowest);
                self.nest.height = self.nest.height.max(nest.height + 1);
                self.nest.spent += nest.spent;
                // What many calls within calls have together is only moved.
                join(&mut self.nest.touched, nest.touched);
                self.nest.parts.extend(nest.parts);
                self.nest.asked.extend(nest.asked);
                let mut left = self.absorb(left, is_around);
                left.answer = Some((call, summary.clone()));
                self.nest.parts.push(left);
                summary
            }
        }
    }
}

/// Adds the smaller to the greater.
fn join(to: &mut BTreeSet<FuncRef>, mut more: BTreeSet<FuncRef>) {
    if to.len() < more.len() {
        std::mem::swap(to, &mut more);
    }
    to.extend(more);
}
