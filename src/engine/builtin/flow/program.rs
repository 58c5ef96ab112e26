//! All files of one language together: functions, classes, modules, and what their names stand for.

use crate::engine::builtin::ir::{Function, FunctionId, FunctionKind, Name, OpKind, Unit, Var};
use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

/// A file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct UnitRef(pub(super) u32);

/// A function of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    pub(super) unit: Unit,
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
    /// Variables that functions inside of a function use.
    pub(super) captured: BTreeSet<(FuncRef, Var)>,
    /// Names of members that are changed by others than makers of objects, whatever object it is.
    pub(super) changed_fields: BTreeSet<Name>,
    /// Classes that have a method of this name.
    pub(super) with_method: BTreeMap<Name, Vec<FuncRef>>,
}

impl Program {
    pub(super) fn new(units: Vec<SourceUnit>) -> Self {
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

    /// A class of a file.
    pub(super) fn class_in(&self, unit: UnitRef, name: &Name) -> Option<ClassRef> {
        // Names of modules mean what they are given; elsewhere a class is its name.
        self.unit(unit).unit.package.as_ref()?;
        self.class_in.get(&(unit, name.clone())).copied()
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

    fn add_changed_fields(&mut self, unit: UnitRef) {
        let mut changed = BTreeSet::new();
        for (function, id) in self.unit(unit).unit.functions.iter().zip(0_u32..) {
            let id = FunctionId(id);
            if self.is_maker(FuncRef { unit, id }) {
                continue;
            }
            let ops = function.blocks.iter().flat_map(|block| &block.ops);
            changed.extend(ops.filter_map(|op| match &op.kind {
                OpKind::StoreField(_, name, _) => Some(name.clone()),
                _ => None,
            }));
        }
        self.changed_fields.append(&mut changed);
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
fn last_name(dotted: &str) -> &str {
    dotted.rsplit('.').next().unwrap_or(dotted)
}
