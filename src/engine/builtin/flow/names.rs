//! What names stand for: globals, imports, modules, members of classes.

use super::{
    analysis::Analysis,
    frame::Frame,
    memory::Kept,
    paths::PathId,
    program::{ClassRef, FuncRef, UnitRef},
    value::{Atom, Value},
};
use crate::engine::{builtin::ir::Name, inventory::Language};
use std::collections::BTreeSet;

impl<'p> Analysis<'p> {
    /// What a name means in a file.
    pub(super) fn global(&mut self, unit: UnitRef, name: &Name) -> Value {
        if let Some(value) = self.shared.value(Kept::Global(unit, name.clone())) {
            return value.clone();
        }
        if let Some(value) = self.neighbour(unit, name) {
            return value;
        }
        for module in self.shared.wild(unit) {
            if let Some(value) = self.of_wild(unit, &module, name) {
                return value;
            }
        }
        let is_package = self.language == Language::Java && name.starts_with(char::is_lowercase);
        let place = match is_package {
            true => self.paths.place(name),
            false => self.language_name(name),
        };
        Value::atom(Atom::Path(self.paths.resolved(place)))
    }

    /// A class of the same file or of the same package.
    fn neighbour(&mut self, unit: UnitRef, name: &Name) -> Option<Value> {
        if let Some(class) = self.program.class_in(unit, name) {
            return Some(Value::atom(Atom::Class(class)));
        }
        let package = self.program.unit(unit).unit.package.clone()?;
        self.packaged(&package, name)
    }

    /// A class of a package.
    fn packaged(&mut self, package: &str, name: &Name) -> Option<Value> {
        let unit = self.program.declaring(package, name)?;
        self.top_level(unit);
        self.shared.value(Kept::Global(unit, name.clone())).cloned()
    }

    /// The class a type of a function means, as it is written there.
    pub(super) fn type_named(&mut self, func: FuncRef, name: &Name) -> Value {
        if let Some(value) = self.qualified(name) {
            return value;
        }
        let mut parts = name.split('.');
        let first: Name = parts.next().unwrap_or_default().into();
        let mut value = self.global(func.unit, &first);
        for part in parts {
            let part: Name = part.into();
            value = match value.atoms.first() {
                Some(Atom::Class(class)) => {
                    let member = self.class_member(*class, &part);
                    member.or_else(|| self.neighbour(func.unit, &part))
                }
                Some(Atom::Path(path)) => {
                    let place = self.paths.raw_member(*path, &part);
                    Some(Value::atom(Atom::Path(place)))
                }
                _ => None,
            }
            .unwrap_or_else(Value::unknown);
        }
        value
    }

    /// A value with what its declared type says, where nothing nearer is known.
    pub(super) fn typed(&mut self, unit: UnitRef, declared: &Name, mut value: Value) -> Value {
        let nearer = value.atoms.iter().any(|atom| {
            matches!(
                atom,
                Atom::Const(_)
                    | Atom::Object(_)
                    | Atom::Function(_)
                    | Atom::Bound(..)
                    | Atom::Class(_)
                    | Atom::Instance(_)
            )
        });
        if nearer {
            return value;
        }
        let Some(known) = self.type_as_written(unit, declared) else {
            return value;
        };
        // What a call gave without a model says less than the type.
        value.atoms.retain(|atom| match atom {
            Atom::Path(path) => !self.paths.text(*path).ends_with(')'),
            _ => true,
        });
        if !value.atoms.contains(&known) {
            value.atoms.push(known);
            value.atoms.sort();
        }
        value
    }

    /// A name that came with every other of a module.
    fn of_wild(&mut self, unit: UnitRef, module: &Name, name: &Name) -> Option<Value> {
        if let Some(found) = self.program.module(module, unit) {
            self.top_level(found);
            return self
                .shared
                .value(Kept::Global(found, name.clone()))
                .cloned();
        }
        let whole = module.trim_end_matches(".*");
        if let Some(value) = self.packaged(whole, name) {
            return Some(value);
        }
        let place = self.paths.place(&format!("{whole}.{name}"));
        let known = self.paths.exists(place);
        known.then(|| Value::atom(Atom::Path(self.paths.resolved(place))))
    }

    pub(super) fn import_all(&mut self, frame: &Frame<'p>, module: &Name) {
        let unit = frame.func.unit;
        if let Some(found) = self.program.module(module, unit) {
            self.top_level(found);
        }
        if !self.shared.add_wild(unit, module) {
            // Every name of the file would be looked for in each.
            self.results.gaps.insert(unit);
        }
    }

    /// A module, or a name of one.
    pub(super) fn import(&mut self, unit: UnitRef, path: &Name) -> Value {
        if self.language == Language::Java {
            return self.java_import(path);
        }
        if let Some(module) = self.program.module(path, unit) {
            self.top_level(module);
            return Value::atom(Atom::Module(module));
        }
        let split = match path.rsplit_once('.') {
            // `from . import name`, `from .. import name`
            Some((package, name)) if package.is_empty() || package.ends_with('.') => {
                Some((format!("{package}."), name))
            }
            Some((package, name)) => Some((package.to_owned(), name)),
            None => None,
        };
        if let Some((package, name)) = split
            && let Some(module) = self.program.module(&package, unit)
        {
            return self.module_member(module, &name.into());
        }
        if path.starts_with('.') {
            return Value::unknown();
        }
        let place = self.paths.place(path);
        Value::atom(Atom::Path(self.paths.resolved(place)))
    }

    /// A class, or a member of one.
    fn java_import(&mut self, path: &Name) -> Value {
        if let Some(value) = self.qualified(path) {
            return value;
        }
        let place = self.paths.place(path);
        Value::atom(Atom::Path(self.paths.resolved(place)))
    }

    /// A class of the program by its whole name, or a member of one.
    pub(super) fn qualified(&mut self, path: &str) -> Option<Value> {
        let parts: Vec<&str> = path.split('.').collect();
        for at in (1..parts.len()).rev() {
            let name: Name = parts[at].into();
            let Some(mut value) = self.packaged(&parts[..at].join("."), &name) else {
                continue;
            };
            for inner in &parts[at + 1..] {
                let member = match value.atoms.first() {
                    Some(Atom::Class(class)) => self.class_member(*class, &(*inner).into()),
                    _ => None,
                };
                value = member.unwrap_or_else(Value::unknown);
            }
            return Some(value);
        }
        None
    }

    /// A name of a module of the program.
    pub(super) fn module_member(&mut self, module: UnitRef, name: &Name) -> Value {
        self.top_level(module);
        if let Some(value) = self.shared.value(Kept::Global(module, name.clone())) {
            return value.clone();
        }
        let below = format!(".{name}");
        let is_package = self.program.unit(module).path.ends_with("__init__.py");
        if is_package && let Some(found) = self.program.module(&below, module) {
            self.top_level(found);
            return Value::atom(Atom::Module(found));
        }
        for wild in self.shared.wild(module) {
            if let Some(value) = self.of_wild(module, &wild, name) {
                return value;
            }
        }
        Value::unknown()
    }

    /// A package of folders without files of their own, step by step: `a` then `a.b`.
    pub(super) fn submodule(&mut self, at: PathId, unit: UnitRef) -> Option<UnitRef> {
        let text = self.paths.text(at);
        if self.language != Language::Python || text.contains('(') {
            return None;
        }
        let found = self.program.module(text, unit)?;
        self.top_level(found);
        Some(found)
    }

    /// A member of a class or of what it is derived from.
    pub(super) fn class_member(&mut self, class: ClassRef, name: &Name) -> Option<Value> {
        for at in self.ancestors(class).iter().copied() {
            if let Some(value) = self.shared.value(Kept::Member(at, name.clone())) {
                return Some(value.clone());
            }
            if let Some(methods) = self.program.class(at).methods.get(name) {
                let values = methods.iter().map(|it| Value::atom(Atom::Function(*it)));
                return Some(Value::any_of(&values.collect::<Vec<_>>()));
            }
            // While the body of the outer class runs, nobody has said what its members are.
            if let Some(inner) = self.program.nested(at, name) {
                return Some(Value::atom(Atom::Class(inner)));
            }
        }
        None
    }

    pub(super) fn all_ancestors(&self, class: ClassRef) -> Vec<ClassRef> {
        let mut seen = BTreeSet::new();
        let mut order = Vec::new();
        let mut waiting = std::collections::VecDeque::from([class]);
        while let Some(at) = waiting.pop_front() {
            if !seen.insert(at) || order.len() > 64 {
                continue;
            }
            order.push(at);
            for base in self.shared.bases(at) {
                waiting.extend(base.atoms.iter().filter_map(|atom| match atom {
                    Atom::Class(base) => Some(*base),
                    _ => None,
                }));
            }
        }
        order
    }

    /// Classes of libraries that a class is derived from.
    pub(super) fn library_bases(&mut self, class: ClassRef) -> Vec<PathId> {
        let mut paths = Vec::new();
        for at in self.ancestors(class).iter() {
            for base in self.shared.bases(*at) {
                for atom in &base.atoms {
                    if let Atom::Path(path) = atom {
                        paths.push(*path);
                    }
                }
            }
        }
        paths
    }

    /// The methods a call on some object of a class may mean: its own or inherited, and those of
    /// classes derived from it.
    pub(super) fn methods(&mut self, class: ClassRef, name: &Name) -> Vec<FuncRef> {
        let mut found = Vec::new();
        let own = self
            .ancestors(class)
            .iter()
            .find_map(|at| self.program.class(*at).methods.get(name));
        found.extend(own.into_iter().flatten().copied());
        let mut waiting = self.shared.derived(class);
        let mut seen = BTreeSet::new();
        while let Some(at) = waiting.pop() {
            if !seen.insert(at) || seen.len() > 32 {
                continue;
            }
            let methods = self.program.class(at).methods.get(name);
            found.extend(methods.into_iter().flatten().copied());
            waiting.extend(self.shared.derived(at));
        }
        found.truncate(8);
        found
    }
}
