//! What was worked out before and does not change once every top level ran, kept because calls and
//! fields ask for it again and again.

use super::{
    analysis::Analysis,
    paths::PathId,
    program::{ClassRef, FuncRef, UnitRef},
    summary::Bind,
    trace::{Answer, Before, Question},
    value::Atom,
};
use crate::engine::{builtin::ir::Name, inventory::Language};
use foldhash::HashMap;
use std::{hash::Hash, sync::Arc};

/// The type of a field as it is written, and the file in which it is.
pub(super) type FieldType = Option<(UnitRef, Name)>;

/// Answers that were given before.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Whether every top level ran; until then answers may change.
    settled: bool,
    /// Whether a class came to be derived from something else.
    rederived: bool,
    usual: HashMap<FuncRef, Arc<[Bind]>>,
    ancestors: HashMap<ClassRef, Arc<[ClassRef]>>,
    field_types: HashMap<(ClassRef, Name), FieldType>,
    /// What types as they are written mean.
    declared: HashMap<(UnitRef, Name), Option<Atom>>,
    /// What the language itself has by a name.
    own_names: HashMap<Name, PathId>,
    /// Rules by what models call them.
    rules: HashMap<String, Name>,
    /// Settings that were put together of others.
    pub(super) expanded: usize,
}

impl Known {
    /// From now on answers stay.
    pub(super) fn settle(&mut self) {
        *self = Self {
            settled: true,
            own_names: std::mem::take(&mut self.own_names),
            rules: std::mem::take(&mut self.rules),
            expanded: self.expanded,
            ..Self::default()
        };
    }

    /// More is known of who calls a function.
    pub(super) fn forget_usual(&mut self, function: FuncRef) {
        self.usual.remove(&function);
    }

    /// A class is derived from something else than before.
    pub(super) fn forget_ancestors(&mut self) {
        self.ancestors.clear();
        self.field_types.clear();
        self.rederived = true;
    }

    /// What a look at a function begins with that knows `world`.
    pub(super) fn beside(world: &Self) -> Self {
        Self {
            settled: world.settled,
            ..Self::default()
        }
    }

    /// Whether a class came to be derived from something else.
    pub(super) fn is_rederived(&self) -> bool {
        self.rederived
    }

    /// Takes in what another look worked out.
    pub(super) fn take(&mut self, other: &Self) {
        fn add<K: Clone + Eq + Hash, V: Clone>(to: &mut HashMap<K, V>, from: &HashMap<K, V>) {
            for (key, value) in from {
                to.insert(key.clone(), value.clone());
            }
        }
        self.settled |= other.settled;
        self.rederived |= other.rederived;
        add(&mut self.usual, &other.usual);
        add(&mut self.ancestors, &other.ancestors);
        add(&mut self.field_types, &other.field_types);
        add(&mut self.declared, &other.declared);
        add(&mut self.own_names, &other.own_names);
        add(&mut self.rules, &other.rules);
        self.expanded += other.expanded;
    }

    /// All looks that were beside each other are taken in.
    pub(super) fn settle_beside(&mut self) {
        if std::mem::take(&mut self.rederived) {
            self.ancestors.clear();
            self.field_types.clear();
        }
    }
}

impl<'p> Analysis<'p> {
    /// Answers something; what is asked for on the way is told as part of it.
    pub(super) fn question<T>(
        &mut self,
        answer: impl FnOnce(&mut Self) -> T,
        told: impl FnOnce(&T) -> (Question, Answer),
    ) -> T {
        let before = Before {
            work: self.nest.own,
            has_named: self.shared.has_named(),
        };
        self.trace.enter();
        let found = answer(self);
        self.trace.leave(|| told(&found), before);
        found
    }

    /// Whether the answer to a question is not known yet, and may come from what names stand for. Of a
    /// call that is how it is told from others. What a class is derived from does not: a look that
    /// tells of classes, itself or by an inner function, is not kept.
    pub(super) fn may_see_names(&self, question: &Question) -> bool {
        let (own, all) = (&self.known, &self.world.known);
        match question {
            Question::Usual(of) | Question::Call(of, _) => {
                !own.usual.contains_key(of) && !all.usual.contains_key(of)
            }
            Question::Declared(unit, name) => {
                let of = (*unit, name.clone());
                !own.declared.contains_key(&of) && !all.declared.contains_key(&of)
            }
            Question::Ancestors(_) | Question::FieldType(..) => false,
        }
    }

    /// What others worked out of classes, as long as it is so.
    fn world_classes(&self) -> Option<&'p Known> {
        (!self.shared.derives() && self.known.settled).then_some(&self.world.known)
    }

    /// What is known of a function's arguments whoever calls it.
    pub(super) fn usual(&mut self, function: FuncRef) -> Arc<[Bind]> {
        self.question(
            |look| look.find_usual(function),
            |usual| (Question::Usual(function), Answer::Usual(usual.clone())),
        )
    }

    fn find_usual(&mut self, function: FuncRef) -> Arc<[Bind]> {
        let known = self.known.usual.get(&function);
        if let Some(known) = known.or_else(|| self.world.known.usual.get(&function)) {
            return known.clone();
        }
        let usual: Arc<[Bind]> = self.usual_binds(function).into();
        if self.known.settled {
            self.known.usual.insert(function, usual.clone());
        }
        usual
    }

    /// A class and what it is derived from, nearest first.
    pub(super) fn ancestors(&mut self, class: ClassRef) -> Arc<[ClassRef]> {
        self.question(
            |look| look.find_ancestors(class),
            |found| (Question::Ancestors(class), Answer::Ancestors(found.clone())),
        )
    }

    fn find_ancestors(&mut self, class: ClassRef) -> Arc<[ClassRef]> {
        let world = self.world_classes();
        let known = self.known.ancestors.get(&class);
        if let Some(known) = known.or_else(|| world?.ancestors.get(&class)) {
            return known.clone();
        }
        let ancestors: Arc<[ClassRef]> = self.all_ancestors(class).into();
        if self.known.settled {
            self.known.ancestors.insert(class, ancestors.clone());
        }
        ancestors
    }

    /// The type of a field as it is declared.
    pub(super) fn field_type(&mut self, class: ClassRef, name: &Name) -> FieldType {
        self.question(
            |look| look.find_field_type(class, name),
            |found| {
                let question = Question::FieldType(class, name.clone());
                (question, Answer::FieldType(found.clone()))
            },
        )
    }

    fn find_field_type(&mut self, class: ClassRef, name: &Name) -> FieldType {
        let key = (class, name.clone());
        let world = self.world_classes();
        let known = self.known.field_types.get(&key);
        if let Some(known) = known.or_else(|| world?.field_types.get(&key)) {
            return known.clone();
        }
        let found = self.declared_field_type(class, name);
        if self.known.settled {
            self.known.field_types.insert(key, found.clone());
        }
        found
    }

    /// What a value of a type as it is written may be.
    pub(super) fn type_as_written(&mut self, unit: UnitRef, declared: &Name) -> Option<Atom> {
        self.question(
            |look| look.find_type(unit, declared),
            |found| {
                let question = Question::Declared(unit, declared.clone());
                (question, Answer::Declared(found.clone()))
            },
        )
    }

    fn find_type(&mut self, unit: UnitRef, declared: &Name) -> Option<Atom> {
        let key = (unit, declared.clone());
        let known = self.known.declared.get(&key);
        if let Some(known) = known.or_else(|| self.world.known.declared.get(&key)) {
            return known.clone();
        }
        let found = self.declared_type(unit, declared);
        self.known.declared.insert(key, found.clone());
        found
    }

    /// The path a name of the language itself has.
    pub(super) fn language_name(&mut self, name: &Name) -> PathId {
        let known = self.known.own_names.get(name);
        if let Some(known) = known.or_else(|| self.world.known.own_names.get(name)) {
            return *known;
        }
        let place = match self.language {
            Language::Java => self.paths.place(&format!("java.lang.{name}")),
            _ => self.paths.place(&format!("builtins.{name}")),
        };
        self.known.own_names.insert(name.clone(), place);
        place
    }

    /// The id of a rule that models call `rule`.
    pub(super) fn rule_id(&mut self, rule: &str) -> Name {
        let known = self.known.rules.get(rule);
        if let Some(known) = known.or_else(|| self.world.known.rules.get(rule)) {
            return known.clone();
        }
        let id: Name = format!("{}-{rule}", self.language.as_str()).into();
        self.known.rules.insert(rule.to_owned(), id.clone());
        id
    }
}
