//! All files of one language together: functions, classes, modules, and what their names stand for.

use super::frame::definition;
use crate::engine::builtin::ir::{Function, FunctionId, FunctionKind, Name, OpKind, Unit, Var};
use foldhash::HashMap;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Annotations that give a class setters nobody wrote, or have a framework fill its objects.
const GIVE_SETTERS: [&str; 3] = ["Data", "Setter", "ConfigurationProperties"];

/// A file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct UnitRef(pub(super) u32);

/// A function of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(super) struct FuncRef {
    pub(super) unit: UnitRef,
    pub(super) id: FunctionId,
}

impl FuncRef {
    pub(super) const FIRST: Self = Self {
        unit: UnitRef(0),
        id: FunctionId(0),
    };
    pub(super) const LAST: Self = Self {
        unit: UnitRef(u32::MAX),
        id: FunctionId(u32::MAX),
    };
}

/// A class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClassRef(pub(super) u32);

/// A file with what it was lowered to.
#[derive(Debug)]
pub(super) struct SourceUnit {
    pub(super) path: String,
    /// A hash of the path: what is made of it stays the same whatever other files there are.
    pub(super) hash: u64,
    pub(super) unit: Unit,
}

impl SourceUnit {
    pub(super) fn new(path: String, unit: Unit) -> Self {
        let hash = hash_of(&path);
        Self { path, hash, unit }
    }
}

/// The beginning of the SHA-256 of a text: the same on every machine and in every version.
pub(super) fn hash_of(text: &str) -> u64 {
    let mut hash = [0; 8];
    hash.copy_from_slice(&Sha256::digest(text)[..8]);
    u64::from_be_bytes(hash)
}

/// A class.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) body: FuncRef,
    /// Its methods by name.
    pub(super) methods: BTreeMap<Name, Vec<FuncRef>>,
}

/// Everything that is looked at together.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) units: Vec<SourceUnit>,
    pub(super) classes: Vec<Class>,
    class_of_body: HashMap<FuncRef, ClassRef>,
    /// Files by every dotted ending of their path.
    modules: HashMap<String, Vec<UnitRef>>,
    /// The file of each class that a package declares at its top.
    packaged: HashMap<(String, Name), UnitRef>,
    /// Classes of each file by their name.
    class_in: HashMap<(UnitRef, Name), ClassRef>,
    /// Classes that stand in a class, by their name.
    nested: HashMap<(ClassRef, Name), ClassRef>,
    /// Variables that functions inside of a function use.
    pub(super) captured: BTreeSet<(FuncRef, Var)>,
    /// Names of members that are changed by others than makers of objects, whatever object it is.
    changed_fields: BTreeSet<Name>,
    /// Names of classes that others are derived from.
    bases: BTreeSet<Name>,
    /// Classes that have a method of this name.
    pub(super) with_method: BTreeMap<Name, Vec<FuncRef>>,
}

impl Program {
    pub(super) fn new(mut units: Vec<SourceUnit>) -> Self {
        for source in &mut units {
            // Classes without a package know those of their folder.
            if let Some(folder) = java_folder(&source.path)
                && source.unit.package.is_none()
            {
                source.unit.package = Some(format!("/{folder}").into());
            }
        }
        let mut program = Self {
            units,
            ..Self::default()
        };
        for index in 0..program.units.len() {
            let unit = UnitRef(u32::try_from(index).unwrap_or(u32::MAX));
            program.add_modules(unit);
            program.add_classes(unit);
            program.add_captured(unit);
            program.add_changed_fields(unit);
        }
        program
    }

    pub(super) fn unit(&self, unit: UnitRef) -> &SourceUnit {
        &self.units[unit.0 as usize]
    }

    pub(super) fn function(&self, function: FuncRef) -> &Function {
        &self.unit(function.unit).unit.functions[function.id.0 as usize]
    }

    pub(super) fn class(&self, class: ClassRef) -> &Class {
        &self.classes[class.0 as usize]
    }

    pub(super) fn class_of_body(&self, body: FuncRef) -> Option<ClassRef> {
        self.class_of_body.get(&body).copied()
    }

    /// The class a method belongs to.
    pub(super) fn class_of_method(&self, method: FuncRef) -> Option<ClassRef> {
        let parent = self.function(method).parent?;
        self.class_of_body(FuncRef {
            unit: method.unit,
            id: parent,
        })
    }

    pub(super) fn functions(&self) -> impl Iterator<Item = FuncRef> + '_ {
        self.units.iter().enumerate().flat_map(|(unit, source)| {
            (0..source.unit.functions.len()).map(move |id| FuncRef {
                unit: UnitRef(u32::try_from(unit).unwrap_or(u32::MAX)),
                id: FunctionId(u32::try_from(id).unwrap_or(u32::MAX)),
            })
        })
    }

    /// The names that a file gives values at its top level.
    pub(super) fn global_names(&self, unit: UnitRef) -> BTreeSet<&Name> {
        let top = self.function(FuncRef {
            unit,
            ..FuncRef::FIRST
        });
        let ops = top.blocks.iter().flat_map(|block| &block.ops);
        ops.filter_map(|op| match &op.kind {
            OpKind::StoreGlobal(name, _) => Some(name),
            _ => None,
        })
        .collect()
    }

    /// A class of a file.
    pub(super) fn class_in(&self, unit: UnitRef, name: &Name) -> Option<ClassRef> {
        // Names of modules mean what they are given; elsewhere a class is its name.
        self.unit(unit).unit.package.as_ref()?;
        self.class_in.get(&(unit, name.clone())).copied()
    }

    /// A class that stands in a class.
    pub(super) fn nested(&self, class: ClassRef, name: &Name) -> Option<ClassRef> {
        self.nested.get(&(class, name.clone())).copied()
    }

    /// The file in which a package declares a class.
    pub(super) fn declaring(&self, package: &str, name: &Name) -> Option<UnitRef> {
        self.packaged
            .get(&(package.to_owned(), name.clone()))
            .copied()
    }

    /// Whether a function is what puts the first values into objects of its class.
    pub(super) fn is_maker(&self, function: FuncRef) -> bool {
        let makers = [".__init__", ".<init>", ".<fields>"];
        let name = &self.function(function).name;
        makers.iter().any(|maker| name.ends_with(maker)) && self.class_of_method(function).is_some()
    }

    /// Whether a member of objects of a class is set by what makes them, and by nobody else.
    pub(super) fn only_makers_set(&self, class: ClassRef, name: &Name) -> bool {
        let body = self.function(self.class(class).body);
        let mut annotations = body.annotations.iter();
        let has_setters = annotations.any(|it| GIVE_SETTERS.contains(&last_name(&it.name)));
        let is_base = self.bases.contains(last_name(&body.name));
        !has_setters && !is_base && !self.changed_fields.contains(name)
    }

    /// The function in which another one stands, maybe in a class there.
    pub(super) fn around(&self, function: FuncRef) -> Option<FuncRef> {
        let mut at = function;
        loop {
            at.id = self.function(at).parent?;
            match self.function(at).kind {
                FunctionKind::ClassBody => {}
                FunctionKind::TopLevel => return None,
                _ => return Some(at),
            }
        }
    }

    /// Functions that stand in a function.
    pub(super) fn inside(&self, function: FuncRef) -> Vec<FuncRef> {
        let all = &self.unit(function.unit).unit.functions;
        let inside = all.iter().zip(0_u32..);
        inside
            .filter(|(it, _)| it.parent == Some(function.id))
            .map(|(_, id)| FuncRef {
                unit: function.unit,
                id: FunctionId(id),
            })
            .collect()
    }

    fn add_modules(&mut self, unit: UnitRef) {
        let path = &self.unit(unit).path;
        let Some(path) = path.strip_suffix(".py") else {
            return;
        };
        let path = path.strip_suffix("/__init__").unwrap_or(path);
        let dotted = path.replace('/', ".");
        let mut rest = dotted.as_str();
        loop {
            self.modules.entry(rest.to_owned()).or_default().push(unit);
            match rest.split_once('.') {
                Some((_, after)) => rest = after,
                None => break,
            }
        }
    }

    /// The file that `dotted` means in `from`: the nearest of those that end so.
    pub(super) fn module(&self, dotted: &str, from: UnitRef) -> Option<UnitRef> {
        let importer = &self.unit(from).path;
        if dotted.starts_with('.') {
            return self.relative(dotted, importer);
        }
        let candidates = self.modules.get(dotted)?;
        let near = |unit: &UnitRef| {
            let path = &self.unit(*unit).path;
            let shared = path
                .split('/')
                .zip(importer.split('/'))
                .take_while(|(one, two)| one == two)
                .count();
            // A module of one name must stand beside the importer or above it.
            let depth = path.matches('/').count() - usize::from(path.ends_with("__init__.py"));
            (shared >= depth || dotted.contains('.')).then_some(shared)
        };
        candidates
            .iter()
            .filter_map(|unit| Some((near(unit)?, *unit)))
            .max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))
            .map(|(_, unit)| unit)
    }

    fn relative(&self, dotted: &str, importer: &str) -> Option<UnitRef> {
        let name = dotted.trim_start_matches('.');
        let up = dotted.len() - name.len();
        let mut folder: Vec<&str> = importer.split('/').collect();
        for _ in 0..up {
            folder.pop()?;
        }
        let mut parts = folder;
        parts.extend(name.split('.').filter(|part| !part.is_empty()));
        let whole = parts.join(".");
        let found = self.modules.get(&whole)?;
        let exact = |unit: &&UnitRef| {
            let path = &self.unit(**unit).path;
            let path = path.strip_suffix(".py").unwrap_or(path);
            path.strip_suffix("/__init__")
                .unwrap_or(path)
                .replace('/', ".")
                == whole
        };
        found.iter().find(exact).copied()
    }

    fn add_classes(&mut self, unit: UnitRef) {
        let bodies: Vec<(FunctionId, Name)> = self
            .unit(unit)
            .unit
            .functions
            .iter()
            .enumerate()
            .filter(|(_, function)| function.kind == FunctionKind::ClassBody)
            .map(|(id, function)| {
                let id = FunctionId(u32::try_from(id).unwrap_or(u32::MAX));
                (id, last_name(&function.name).into())
            })
            .collect();
        for (id, name) in bodies {
            let class = ClassRef(u32::try_from(self.classes.len()).unwrap_or(u32::MAX));
            let body = FuncRef { unit, id };
            self.class_of_body.insert(body, class);
            self.class_in
                .entry((unit, Name::clone(&name)))
                .or_insert(class);
            let around = self.function(body).parent.map(|id| FuncRef { unit, id });
            if let Some(outer) = around.and_then(|it| self.class_of_body(it)) {
                let inner = (outer, Name::clone(&name));
                self.nested.entry(inner).or_insert(class);
            }
            if let Some(package) = self.unit(unit).unit.package.clone() {
                let key = (package.to_string(), Name::clone(&name));
                self.packaged.entry(key).or_insert(unit);
            }
            self.classes.push(Class {
                body,
                methods: BTreeMap::new(),
            });
        }
        let methods: Vec<(ClassRef, Name, FuncRef)> = self
            .unit(unit)
            .unit
            .functions
            .iter()
            .enumerate()
            .filter_map(|(id, function)| {
                let method = FuncRef {
                    unit,
                    id: FunctionId(u32::try_from(id).unwrap_or(u32::MAX)),
                };
                let parent = FuncRef {
                    unit,
                    id: function.parent?,
                };
                let class = self.class_of_body(parent)?;
                (function.kind != FunctionKind::ClassBody)
                    .then(|| (class, last_name(&function.name).into(), method))
            })
            .collect();
        for (class, name, method) in methods {
            let of_class = &mut self.classes[class.0 as usize].methods;
            of_class.entry(Name::clone(&name)).or_default().push(method);
            self.with_method.entry(name).or_default().push(method);
        }
    }

    /// A maker may store into its own object; everything else is a change.
    fn add_changed_fields(&mut self, unit: UnitRef) {
        let mut changed = BTreeSet::new();
        let mut bases = BTreeSet::new();
        for (function, id) in self.unit(unit).unit.functions.iter().zip(0_u32..) {
            let id = FunctionId(id);
            let made = function.params.first().map(|param| param.var);
            let made = made.filter(|_| self.is_maker(FuncRef { unit, id }));
            for block in &function.blocks {
                for op in &block.ops {
                    match &op.kind {
                        OpKind::StoreField(object, name, _) if Some(*object) != made => {
                            changed.insert(name.clone());
                        }
                        OpKind::Class(_, _, of) => {
                            let named = of.iter().filter_map(|base| definition(block, *base));
                            bases.extend(named.filter_map(|op| match &op.kind {
                                OpKind::LoadGlobal(_, name) | OpKind::LoadField(_, _, name) => {
                                    Some(name.clone())
                                }
                                _ => None,
                            }));
                        }
                        _ => {}
                    }
                }
            }
        }
        self.changed_fields.append(&mut changed);
        self.bases.append(&mut bases);
    }

    fn add_captured(&mut self, unit: UnitRef) {
        let mut captured = BTreeSet::new();
        for function in &self.unit(unit).unit.functions {
            for op in function.blocks.iter().flat_map(|block| &block.ops) {
                if let OpKind::LoadOuter(_, id, var) | OpKind::StoreOuter(id, var, _) = &op.kind {
                    captured.insert((FuncRef { unit, id: *id }, *var));
                }
            }
            // Defaults are computed outside of the function.
            if let Some(id) = function.parent {
                let defaults = function.params.iter().filter_map(|param| param.default);
                captured.extend(defaults.map(|var| (FuncRef { unit, id }, var)));
            }
        }
        self.captured.append(&mut captured);
    }
}

/// The last part of a dotted name.
pub(super) fn last_name(dotted: &str) -> &str {
    dotted.rsplit('.').next().unwrap_or(dotted)
}

/// The folder of a Java file.
fn java_folder(path: &str) -> Option<&str> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    name.ends_with(".java").then_some(folder)
}
