//! What looks of the last scan found out, taken over by this one.
//!
//! A look is made again where what it asked for (`trace`) has another answer now, or where its file
//! changed. Calls that were looked at until that answer are not looked at again (`nested`). Everything else of it is taken from the last scan: what is asked for is asked again, in the
//! same order, so that whoever else is to be looked at is; then what it left is what it left then. So
//! the world becomes the same as if nothing had been known.

use super::{
    analysis::Analysis,
    ground::Ground,
    memo::{Fact, FactId, Memo, OfUnit, Record},
    memory::LeftMemory,
    program::FuncRef,
    results::Results,
    settings::MAX_EXPANDED,
    summary::{Effect, Summary},
    trace::{Answer, Asked, Put, Question, Seen},
    world::Call,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, atomic::Ordering},
};

/// A look that did less is sooner made again than recalled (in values that are copied).
const MIN_WORK: u64 = 128;

/// What came of a look besides the summary.
#[derive(Serialize, Deserialize)]
struct Outcome<L, R> {
    left: L,
    results: R,
}

/// Looks of the last scan at a call.
pub(super) struct Recollection<'m> {
    memo: &'m Memo,
    unit: &'m OfUnit,
    records: &'m [usize],
}

impl<'p> Ground<'p> {
    /// What the last scan knew of a call, if it looked at it.
    pub(super) fn recollection(&self, (function, binds): &Call) -> Option<Recollection<'p>> {
        let memo = self.memo?;
        let unit = memo.unit(function.unit)?;
        if unit.by_call.is_empty() {
            return None;
        }
        let binds = memo.refs.write(binds, &mut BTreeSet::new());
        let records = unit.by_call.get(&(function.id, binds.into()))?;
        Some(Recollection {
            memo,
            unit,
            records,
        })
    }
}

impl Analysis<'_> {
    /// Of what is known of a call, the looks that saw what there is now.
    pub(super) fn that_hold<'m>(&self, known: &Recollection<'m>) -> Vec<(usize, &'m Record)> {
        let records = known.records.iter();
        let records = records.map(|at| (*at, &known.unit.written.records[*at]));
        let expanded = self.world.known.expanded;
        let holds = |record: &Record| {
            let is_room = expanded + record.expanded <= MAX_EXPANDED;
            let mut seen = record.seen.iter();
            is_room && seen.all(|(id, _)| self.still_holds(known.memo, known.unit, *id))
        };
        records.filter(|(_, record)| holds(record)).collect()
    }

    /// What comes of a call of `function`, from one of these looks; `None` where something it asked for
    /// has another answer now: then it has to begin anew, but for the calls that were looked at.
    pub(super) fn recall(
        &mut self,
        function: FuncRef,
        known: &Recollection<'_>,
        mut records: Vec<(usize, &Record)>,
    ) -> Option<Arc<Summary>> {
        let Recollection { memo, unit, .. } = *known;
        let (at, record) = self.ask_again(function, known, &mut records)?;
        let summary = self.take_over(memo, unit, function, record)?;
        unit.is_used[at].store(true, Ordering::Relaxed);
        memo.recalled.fetch_add(1, Ordering::Relaxed);
        Some(summary)
    }

    /// Asks what looks asked; gives the one that got all the answers that there are now.
    fn ask_again<'r>(
        &mut self,
        function: FuncRef,
        known: &Recollection<'_>,
        records: &mut Vec<(usize, &'r Record)>,
    ) -> Option<(usize, &'r Record)> {
        let Recollection { memo, unit, .. } = *known;
        // Then what was put anywhere is there whenever something is asked for.
        let has_inner = unit.holders.contains(&function.id);
        let mut asked = 0;
        let mut puts: Vec<(usize, Put)> = Vec::new();
        let (mut put, mut puts_of) = (0, None);
        loop {
            let (at, record) = records.first().copied()?;
            if puts_of.replace(at) != Some(at) {
                puts = memo.refs.read(&record.puts)?;
            }
            while let Some((_, next)) = puts.get(put).filter(|(before, _)| *before <= asked) {
                self.shared.put(next.clone());
                put += 1;
            }
            let Some((fact, before)) = record.answers.get(asked) else {
                return Some((at, record));
            };
            self.spend(before.work);
            if self.is_exhausted(function.unit) || self.is_over() {
                return None;
            }
            let Some(Fact::Answer(question, _)) = unit.fact(*fact) else {
                return None;
            };
            if before.has_named && !has_inner && self.may_see_names(question) {
                // The answer may come from that, and it is not there now.
                return None;
            }
            let answer = self.answer_now(memo, question);
            if self.nest.is_untold() {
                return None;
            }
            // Whoever was asked the same until here, and got the same answers, asks the same.
            let gets_it = |record: &Record| {
                let told = record.answers.get(asked);
                let told = told.and_then(|(id, _)| unit.fact(*id));
                matches!(told, Some(Fact::Answer(of, known)) if of == question && *known == answer)
            };
            records.retain(|(_, record)| gets_it(record));
            asked += 1;
        }
    }

    /// So much was done by this look alone.
    fn spend(&mut self, work: u64) {
        self.nest.spent = self.nest.spent - self.nest.own + work;
        self.nest.own = work;
    }

    fn still_holds(&self, memo: &Memo, unit: &OfUnit, id: FactId) -> bool {
        let Some(Fact::Seen(seen, print)) = unit.fact(id) else {
            return false;
        };
        let holds = || memo.answer(self, seen) == Some(*print);
        match seen {
            Seen::World(_) => holds(),
            _ => *unit.holds[id.place()].get_or_init(holds),
        }
    }

    fn answer_now(&mut self, memo: &Memo, question: &Question) -> Answer {
        match question {
            Question::Usual(function) => Answer::Usual(self.usual(*function)),
            Question::Ancestors(class) => Answer::Ancestors(self.ancestors(*class)),
            Question::FieldType(class, name) => Answer::FieldType(self.field_type(*class, name)),
            Question::Declared(unit, name) => Answer::Declared(self.type_as_written(*unit, name)),
            Question::Call(function, binds) => {
                let (summary, absorbed) = self.summary_ahead(*function, binds.clone());
                Answer::Call(summary.map(|it| memo.print(&it)), absorbed)
            }
        }
    }

    /// What a look left in the last scan is what this one leaves.
    fn take_over(
        &mut self,
        memo: &Memo,
        unit: &OfUnit,
        function: FuncRef,
        record: &Record,
    ) -> Option<Arc<Summary>> {
        self.spend(record.work);
        let outcome: Outcome<LeftMemory, Results> = memo.refs.read(&record.outcome)?;
        if self.is_exhausted(function.unit) || self.is_over() {
            return None;
        }
        let again = record.seen.iter().filter(|(_, again)| *again);
        for (id, _) in again {
            if let Some(Fact::Seen(Seen::World(known), _)) = unit.fact(*id) {
                self.shared.note(known);
            }
        }
        self.shared.restore(outcome.left);
        self.results = outcome.results;
        self.known.expanded = record.expanded;
        let bytes = record.summary.clone();
        let summary = Summary::known(record.print, bytes, memo.refs.clone());
        Some(Arc::new(summary))
    }

    /// Looks at a function, and keeps what came of it for the next scan.
    pub(super) fn look_and_remember(&mut self, call: &Call) -> Arc<Summary> {
        let memo = self.ground.memo;
        let unit = memo.and_then(|memo| memo.unit(call.0.unit));
        let kept = memo.zip(unit);
        if let Some(unit) = unit {
            self.trace.start(unit.holders.contains(&call.0.id));
        }
        let mut outcome = self.execute(call.0, &call.1);
        self.keep_lasting(&mut outcome);
        let summary = Arc::new(Summary::new(Effect::of(outcome)));
        if let Some((memo, unit)) = kept
            && let Some(asked) = self.trace.stop().filter(|_| self.nest.own >= MIN_WORK)
        {
            self.remember(memo, unit, call, &summary, *asked);
        }
        summary
    }

    fn remember(
        &self,
        memo: &Memo,
        unit: &OfUnit,
        call: &Call,
        summary: &Arc<Summary>,
        asked: Asked,
    ) {
        memo.looked.fetch_add(1, Ordering::Relaxed);
        let facts = asked.seen.into_iter();
        let facts = facts.filter(|(seen, _)| *seen != Seen::Unit(call.0.unit));
        let seen: Option<Vec<(Fact, bool)>> = facts
            .map(|(seen, again)| {
                let print = memo.answer(self, &seen)?;
                Some((Fact::Seen(seen, print), again))
            })
            .collect();
        let Some(seen) = seen else { return };
        let outcome = Outcome {
            left: self.shared.left(),
            results: &self.results,
        };
        let written = summary.written(&memo.refs);
        let mut libraries = written.places.clone();
        let outcome = memo.refs.write(&outcome, &mut libraries);
        let binds = memo.refs.write(&call.1, &mut libraries);
        let puts = memo.refs.write(&asked.puts, &mut libraries);
        let mut new = unit.new.lock().unwrap_or_else(PoisonError::into_inner);
        let mut place = |fact: Fact| {
            let next = FactId::new(new.facts.len());
            *new.facts.entry(fact).or_insert(next)
        };
        // Collected in place, they would take the room of the facts.
        let mut places = Vec::with_capacity(seen.len());
        places.extend(seen.into_iter().map(|(fact, again)| (place(fact), again)));
        let mut answers = Vec::with_capacity(asked.answers.len());
        answers.extend(asked.answers.into_iter().map(|(question, answer, before)| {
            let fact = Fact::Answer(question, answer);
            (place(fact), before)
        }));
        let record = Record {
            function: call.0.id,
            binds: binds.into(),
            seen: places,
            answers,
            puts: puts.into(),
            work: self.nest.own,
            expanded: self.known.expanded,
            print: written.print,
            summary: written.bytes.clone(),
            outcome: outcome.into(),
            places: libraries.into_iter().collect(),
        };
        new.records.push(record);
    }
}
