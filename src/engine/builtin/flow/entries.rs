//! What is known of a function before anyone calls it: the types of its parameters, and whether a
//! framework calls it for the outside.

use super::{
    analysis::Analysis,
    memory::Kept,
    models::EntryRow,
    paths::PathId,
    program::{FuncRef, UnitRef},
    summary::Bind,
    value::{Atom, Atoms, Value},
};
use crate::engine::{
    builtin::ir::{Name, Param},
    inventory::Language,
};
use std::collections::BTreeSet;

impl<'p> Analysis<'p> {
    /// What annotations and types of parameters say of who calls a function.
    pub(super) fn find_entries(&mut self, function: FuncRef) {
        let declaration = self.program.function(function);
        let mut places: Vec<PathId> = declaration
            .annotations
            .iter()
            .filter_map(|annotation| self.annotation(function.unit, &annotation.name))
            .collect();
        for param in &declaration.params {
            if let Some(declared) = &param.declared
                && let Some(Atom::Path(path)) = self.type_as_written(function.unit, declared)
            {
                places.push(path);
            }
        }
        // Methods that a framework's class calls.
        if let Some(class) = self.program.class_of_method(function) {
            let name: Name = declaration
                .name
                .rsplit('.')
                .next()
                .unwrap_or_default()
                .into();
            for base in self.library_bases(class) {
                places.push(self.paths.field(base, &name));
            }
        }
        // Custom says less than what a class is derived from.
        for param in &declaration.params {
            places.extend(self.customary(function, param));
        }
        for place in places {
            let entry = self
                .paths
                .model(place)
                .and_then(|model| model.row.entry.clone());
            if let Some(entry) = entry {
                self.enter(function, entry);
            }
        }
        // An annotation of a class says how what its entry points return is read.
        if let Some(class) = self.program.class_of_method(function)
            && self.entry(function).is_some()
        {
            let body = self.program.function(self.program.class(class).body);
            for annotation in &body.annotations {
                let place = self.annotation(function.unit, &annotation.name);
                let model = place.and_then(|place| self.paths.model(place));
                if let Some(entry) = model.and_then(|model| model.row.entry.clone()) {
                    self.enter(function, entry);
                }
            }
        }
    }

    /// Takes an entry point in. What says how its answer is read says most.
    fn enter(&mut self, function: FuncRef, entry: EntryRow) {
        let says_more = |known: &EntryRow| entry.returns.is_some() && known.returns.is_none();
        if self.entry(function).is_none_or(says_more) {
            self.add_entry(function, entry);
        }
    }

    /// The place of an annotation.
    pub(super) fn annotation(&mut self, unit: UnitRef, name: &Name) -> Option<PathId> {
        let mut value = Value::default();
        for (at, part) in name.split('.').enumerate() {
            let part: Name = part.into();
            value = match (at, value.atoms.first()) {
                (0, _) => self.global(unit, &part),
                (_, Some(Atom::Path(path))) => {
                    Value::atom(Atom::Path(self.paths.raw_member(*path, &part)))
                }
                _ => return None,
            };
        }
        value.atoms.iter().find_map(|atom| match atom {
            Atom::Path(path) => Some(*path),
            _ => None,
        })
    }

    /// What is known of the arguments of a function that nobody in particular calls: their types.
    pub(super) fn usual_binds(&mut self, function: FuncRef) -> Vec<Bind> {
        let params = &self.program.function(function).params;
        let class = self.program.class_of_method(function);
        let mut binds = Vec::with_capacity(params.len());
        for (place, param) in params.iter().enumerate() {
            let mut atoms = Atoms::new();
            if let (0, Some(class)) = (place, class) {
                atoms.push(Atom::Instance(class));
            } else if let Some(declared) = &param.declared {
                atoms.extend(self.type_as_written(function.unit, declared));
            }
            binds.push(Bind {
                atoms,
                exact: false,
            });
        }
        if let Some(entry) = self.entry(function).cloned() {
            let first = usize::from(class.is_some());
            for (bind, name) in binds.iter_mut().skip(first).zip(&entry.params) {
                if bind.atoms.is_empty() && !name.is_empty() {
                    bind.atoms.push(Atom::Path(self.paths.place(name)));
                }
            }
        }
        for (bind, param) in binds.iter_mut().zip(params) {
            if bind.atoms.is_empty() {
                let custom = self.customary(function, param);
                bind.atoms.extend(custom.map(Atom::Path));
            }
        }
        binds
    }

    /// What a parameter of such a name is by custom in files that import a library.
    fn customary(&mut self, function: FuncRef, param: &Param) -> Option<PathId> {
        if self.language != Language::Python || param.declared.is_some() {
            return None;
        }
        let vars = &self.program.function(function).vars;
        let name = vars.get(param.var.0 as usize)?.name.as_ref()?;
        let place = self.paths.place(&format!("parameter {name}"));
        if !self.paths.exists(place) {
            return None;
        }
        let names = self.program.global_names(function.unit).into_iter();
        let globals = names.filter_map(|name| {
            let kept = Kept::Global(function.unit, name.clone());
            self.shared.known(&kept)
        });
        let imported = globals.flat_map(|value| &value.atoms);
        let roots: BTreeSet<Name> = imported
            .filter_map(|atom| match atom {
                Atom::Path(path) => self.paths.text(*path).split('.').next().map(Name::from),
                _ => None,
            })
            .collect();
        roots.iter().find_map(|root| {
            let custom = self.paths.raw_member(place, root);
            let known = self.paths.is_known(custom);
            known.then(|| self.paths.resolved(custom))
        })
    }

    /// What a value of a type as it is written may be.
    pub(super) fn declared_type(&mut self, unit: UnitRef, declared: &str) -> Option<Atom> {
        let plain = declared.trim_matches(|c: char| c == '"' || c == '\'' || c.is_whitespace());
        let plain = plain
            .strip_prefix("Optional[")
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(plain);
        let plain = plain.split(['[', '<', '|']).next().unwrap_or(plain).trim();
        if plain.is_empty() {
            return None;
        }
        let func = FuncRef {
            unit,
            ..FuncRef::FIRST
        };
        let value = self.type_named(func, &plain.into());
        value.atoms.into_iter().find_map(|atom| match atom {
            Atom::Class(class) => Some(Atom::Instance(class)),
            Atom::Path(path) => {
                let text = self.paths.text(path);
                let says_nothing = ["builtins.", "typing.", "java.lang.Object"];
                let nothing = says_nothing.iter().any(|it| text.starts_with(it));
                (!nothing).then(|| Atom::Path(self.paths.resolved(path)))
            }
            _ => None,
        })
    }

    /// Whether a type as it is written can hold no text.
    pub(super) fn is_number(declared: &str) -> bool {
        matches!(
            declared,
            "int"
                | "float"
                | "bool"
                | "complex"
                | "Decimal"
                | "UUID"
                | "uuid.UUID"
                | "datetime"
                | "date"
                | "long"
                | "double"
                | "boolean"
                | "short"
                | "byte"
                | "Integer"
                | "Long"
                | "Double"
                | "Float"
                | "Boolean"
                | "Short"
                | "Byte"
                | "BigDecimal"
                | "BigInteger"
        )
    }

    /// Functions that run when a request comes: entry points, and all that they call or hold.
    pub(super) fn exposed(&self) -> BTreeSet<FuncRef> {
        let mut exposed: BTreeSet<FuncRef> = BTreeSet::new();
        let mut waiting: Vec<FuncRef> = self.world.entries.keys().copied().collect();
        while let Some(at) = waiting.pop() {
            if !exposed.insert(at) {
                continue;
            }
            let called = self
                .world
                .results
                .calls
                .range((at, FuncRef::FIRST)..=(at, FuncRef::LAST));
            waiting.extend(called.map(|(_, callee)| *callee));
            let inside = self.ground.program.inside(at);
            waiting.extend(inside);
        }
        exposed
    }
}
