//! What was worked out before and does not change once every top level ran, kept because calls and
//! fields ask for it again and again.

use super::{
    analysis::Analysis,
    config::is_settings_module,
    paths::PathId,
    program::{ClassRef, FuncRef, Program, UnitRef},
    shared::Kept,
    summary::Bind,
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
    /// Where modules of settings, and classes in them, set a name.
    settings: Option<SettingPlaces>,
    /// Settings that were put together of others.
    pub(super) expanded: usize,
}

/// Where each name of modules of settings is set: of the file, or of a class in it.
type SettingPlaces = HashMap<Name, Arc<[Kept]>>;

impl Known {
    /// From now on answers stay.
    pub(super) fn settle(&mut self) {
        *self = Self {
            settled: true,
            own_names: std::mem::take(&mut self.own_names),
            rules: std::mem::take(&mut self.rules),
            settings: self.settings.take(),
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

    /// Another look may have changed what a class is derived from.
    pub(super) fn absorb(&mut self, other: &Self) {
        if other.rederived {
            self.forget_ancestors();
        }
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
        if self.settings.is_none() {
            self.settings.clone_from(&other.settings);
        }
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
    /// What others worked out of classes, as long as it is so.
    fn world_classes(&self) -> Option<&'p Known> {
        (!self.shared.derives() && self.known.settled).then_some(&self.world.known)
    }

    /// What is known of a function's arguments whoever calls it.
    pub(super) fn usual(&mut self, function: FuncRef) -> Arc<[Bind]> {
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

    /// Where modules of settings set a name.
    pub(super) fn set_in_modules(&mut self, name: &Name) -> Arc<[Kept]> {
        let program = self.program;
        let places = match &self.world.known.settings {
            Some(known) => known,
            None => self.known.settings.get_or_insert_with(|| places(program)),
        };
        places.get(name).cloned().unwrap_or_default()
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

fn places(program: &Program) -> SettingPlaces {
    let mut places: HashMap<Name, Vec<Kept>> = HashMap::default();
    let is_settings = |unit: UnitRef| is_settings_module(&program.unit(unit).path);
    let units = (0_u32..).map(UnitRef).take(program.units.len());
    for unit in units.filter(|unit| is_settings(*unit)) {
        for name in program.global_names(unit) {
            let kept = Kept::Global(unit, name.clone());
            places.entry(name.clone()).or_default().push(kept);
        }
    }
    for (class, at) in program.classes.iter().zip(0_u32..) {
        if is_settings(class.body.unit) {
            let members = program.function(class.body).vars.iter();
            for name in members.filter_map(|info| info.name.as_ref()) {
                let kept = Kept::Member(ClassRef(at), name.clone());
                places.entry(name.clone()).or_default().push(kept);
            }
        }
    }
    places
        .into_iter()
        .map(|(name, at)| (name, at.into()))
        .collect()
}
