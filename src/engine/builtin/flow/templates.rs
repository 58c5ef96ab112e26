//! From the code that renders a template to the template, and from there to those it includes.
//!
//! A template is a file with a function that takes its context. Which file a name means is told
//! by the end of its path; of several, the one nearest to the caller is meant.

use super::{
    analysis::Analysis,
    call::Args,
    elements,
    frame::Frame,
    library::{Receiver, chosen},
    models::{Escapes, RendersRow, TemplateRow},
    paths::PathId,
    program::{FuncRef, Program, UnitRef},
    state::{Kind, Object},
    value::{Atom, Const, Loc, Value},
};
use crate::engine::builtin::{
    ir::{FunctionId, Name},
    lower::template::{RENDER, RENDER_UNESCAPED},
};
use std::collections::HashMap;

/// Names of one call that are followed.
const MAX_NAMES: usize = 4;
/// Where a template object keeps its name, and whether outputs in it are escaped.
const NAME: &str = "template name";
const ESCAPES: &str = "escapes";

/// The templates of the program.
#[derive(Debug, Default)]
pub(super) struct Templates {
    /// By the last part of their paths.
    by_name: HashMap<String, Vec<UnitRef>>,
}

impl Templates {
    pub(super) fn of(program: &Program) -> Self {
        let mut templates = Self::default();
        for (unit, index) in program.units.iter().zip(0_u32..) {
            if unit.unit.functions.iter().any(|it| it.name == RENDER) {
                let name = unit.path.rsplit('/').next().unwrap_or_default();
                let known = templates.by_name.entry(name.to_owned()).or_default();
                known.push(UnitRef(index));
            }
        }
        templates
    }

    /// The file that `name` means in `from`.
    pub(super) fn find(&self, program: &Program, from: UnitRef, name: &str) -> Option<UnitRef> {
        let name = name.trim_start_matches("./").trim_start_matches('/');
        let is_view = !name.rsplit('/').next()?.contains('.');
        let endings: &[&str] = if is_view {
            &[".html", ".jsp", ".xhtml"]
        } else {
            &[""]
        };
        let mut found = endings
            .iter()
            .filter_map(|ending| self.file(program, from, &format!("{name}{ending}")));
        found.next()
    }

    fn file(&self, program: &Program, from: UnitRef, name: &str) -> Option<UnitRef> {
        let last = name.rsplit('/').next()?;
        let caller = &program.unit(from).path;
        let near = |unit: &UnitRef| {
            let path = &program.unit(*unit).path;
            let folder = path.strip_suffix(name)?;
            (folder.is_empty() || folder.ends_with('/')).then(|| {
                let shared = path.split('/').zip(caller.split('/'));
                let shared = shared.take_while(|(one, two)| one == two).count();
                (shared, std::cmp::Reverse(path.len()), *unit)
            })
        };
        let found = self.by_name.get(last)?.iter().filter_map(near);
        found
            .max_by_key(|(shared, length, unit)| (*shared, *length, std::cmp::Reverse(*unit)))
            .map(|(.., unit)| unit)
    }
}

impl<'p> Analysis<'p> {
    /// A call renders a template.
    pub(super) fn render(
        &mut self,
        frame: &mut Frame<'p>,
        row: &RendersRow,
        receiver: Option<&Receiver>,
        args: &Args,
    ) {
        let own = receiver.map(|it| it.value.clone()).unwrap_or_default();
        let names = match row.template.as_str() {
            "self" => {
                let name = self.template_field(frame, &own, NAME);
                self.template_names(frame, &name)
            }
            wanted => self.names_in(frame, wanted, receiver, args),
        };
        let units: Vec<(Name, UnitRef)> = names
            .into_iter()
            .filter_map(|name| {
                let unit = self.program.template(frame.func.unit, &name)?;
                Some((name, unit))
            })
            .collect();
        if units.is_empty() {
            return;
        }
        let context = self.template_context(frame, row, receiver, args);
        for (name, unit) in units {
            let escapes = self.escapes(frame, row.escapes, &own, &name);
            self.render_unit(frame, unit, escapes, &context);
        }
    }

    fn render_unit(
        &mut self,
        frame: &mut Frame<'p>,
        unit: UnitRef,
        escapes: bool,
        context: &Value,
    ) {
        let wanted = if escapes { RENDER } else { RENDER_UNESCAPED };
        let Some(func) = self.function_named(unit, wanted) else {
            return;
        };
        let args = Args {
            places: vec![context.clone()],
            vars: vec![None],
            ..Args::default()
        };
        self.call_function(frame, func, &args);
        // A page always comes to its end.
        frame.alive = true;
    }

    /// A function that a request calls returns the name of a template, or an object with one.
    pub(super) fn render_view(&mut self, frame: &mut Frame<'p>, view: &Value) {
        let mut names = self.template_names(frame, view);
        let mut context = Value::default();
        let mut map = Object::new(Kind::Map);
        for atom in &view.atoms {
            let Some(loc @ Loc::Site(_)) = self.loc_of(frame, atom) else {
                continue;
            };
            let Some(object) = frame.state.object(&loc).cloned() else {
                continue;
            };
            if let Some(name) = object.fields.get("0") {
                names.extend(self.template_names(frame, name));
            }
            // `new ModelAndView("view", "name", value)`
            let pair = (object.fields.get("1"), object.fields.get("2"));
            if let (Some(key), Some(value)) = pair
                && let Some(key) = key.only_constant()
            {
                map.put(key.clone(), value.clone());
            }
            for (key, value) in &object.entries {
                map.put(key.clone(), value.clone());
            }
            map.rest.join(&object.rest);
        }
        if names.is_empty() {
            return;
        }
        for param in &frame.function.params {
            if param.declared.as_deref().is_some_and(is_model) {
                context.join(&frame.get(param.var));
            }
        }
        let site = frame.site_for(u64::MAX);
        frame.state.insert(Loc::Site(site), map);
        context.join(&Value::atom(Atom::Object(site)));
        for name in names {
            if name.starts_with("redirect:") {
                continue;
            }
            let name = name.trim_start_matches("forward:");
            if let Some(unit) = self.program.template(frame.func.unit, name) {
                self.render_unit(frame, unit, true, &context);
            }
        }
    }

    /// The receiver has a value under a name from now on.
    pub(super) fn set_entry(
        &mut self,
        frame: &mut Frame<'p>,
        receiver: Option<&Receiver>,
        args: &Args,
    ) {
        let (Some(receiver), [key, value, ..]) = (receiver, args.places.as_slice()) else {
            return;
        };
        let whole = receiver.var.map(|var| frame.get(var)).unwrap_or_default();
        let mut atoms = receiver.value.atoms.clone();
        atoms.extend(whole.atoms);
        for atom in &atoms {
            if let Some(loc) = self.loc_of(frame, atom)
                && let Some(object) = frame.state.change(&loc)
            {
                elements::put(object, key, value, true);
            }
        }
    }

    fn function_named(&self, unit: UnitRef, name: &str) -> Option<FuncRef> {
        let functions = &self.program.unit(unit).unit.functions;
        let find = |name: &str| functions.iter().position(|it| it.name == name);
        let at = find(name).or_else(|| find(RENDER))?;
        let id = FunctionId(u32::try_from(at).ok()?);
        Some(FuncRef { unit, id })
    }

    /// The names a call gives: of a list, all.
    fn names_in(
        &mut self,
        frame: &mut Frame<'p>,
        wanted: &str,
        receiver: Option<&Receiver>,
        args: &Args,
    ) -> Vec<Name> {
        for part in wanted.split(' ') {
            let Some(value) = chosen(part, receiver, args).next() else {
                continue;
            };
            let names = self.template_names(frame, value);
            if !names.is_empty() {
                return names;
            }
        }
        Vec::new()
    }

    fn template_names(&mut self, frame: &mut Frame<'p>, value: &Value) -> Vec<Name> {
        let mut names: Vec<Name> = value.some_texts().cloned().collect();
        for item in self.sequence(frame, value).into_iter().flatten() {
            names.extend(item.some_texts().cloned());
        }
        names.truncate(MAX_NAMES);
        names
    }

    /// What the names of the template stand for.
    fn template_context(
        &mut self,
        frame: &mut Frame<'p>,
        row: &RendersRow,
        receiver: Option<&Receiver>,
        args: &Args,
    ) -> Value {
        let given = match row.context.as_str() {
            "named" => None,
            wanted => chosen(wanted, receiver, args).next().cloned(),
        };
        let context = given.unwrap_or_else(|| {
            let mut object = Object::new(Kind::Map);
            if row.context == "named" {
                for value in &args.places {
                    if value.some_texts().next().is_none() {
                        self.merge_map(frame, value, &mut object);
                    }
                }
                for (name, value) in &args.names {
                    object.put(Const::Text(name.clone()), value.clone());
                }
                object.rest.join(&args.rest);
            }
            let site = frame.site_for(u64::MAX);
            frame.state.insert(Loc::Site(site), object);
            Value::atom(Atom::Object(site))
        });
        for (name, what) in &row.also {
            let value = match what.strip_prefix('@') {
                Some(path) => {
                    let place = self.paths.place(path);
                    Some(Value::atom(Atom::Path(self.paths.resolved(place))))
                }
                None => chosen(what, receiver, args).next().cloned(),
            };
            if let Some(value) = value {
                self.give(frame, &context, name, &value);
            }
        }
        context
    }

    /// Puts a value into a context, unless one of that name is in it.
    fn give(&mut self, frame: &mut Frame<'p>, context: &Value, name: &str, value: &Value) {
        let key = Const::Text(name.into());
        for atom in &context.atoms {
            let Some(loc) = self.loc_of(frame, atom) else {
                continue;
            };
            if let Some(object) = frame.state.change(&loc)
                && matches!(object.kind, Kind::Map | Kind::Given)
                && !object.entries.contains_key(&key)
            {
                elements::put(object, &Value::constant(key.clone()), value, true);
            }
        }
    }

    /// Whether outputs of the template `name` are escaped.
    fn escapes(&mut self, frame: &mut Frame<'p>, how: Escapes, own: &Value, name: &str) -> bool {
        match how {
            Escapes::Always => true,
            Escapes::Never => false,
            Escapes::ByName => is_escaped_by_name(name),
            Escapes::Same => frame.function.name != RENDER_UNESCAPED,
            Escapes::Own => {
                let known = self.template_field(frame, own, ESCAPES);
                known.truth().unwrap_or(true)
            }
            Escapes::Filters => {
                let set = self.template_field(frame, own, "default_filters");
                let filters = self.template_names(frame, &set);
                filters.iter().any(|filter| filter.as_ref() == "h")
            }
            Escapes::Setting => {
                let set = self.template_field(frame, own, "autoescape");
                match (set.is_bottom(), set.truth()) {
                    (true, _) | (_, Some(false)) => false,
                    (_, Some(true)) => true,
                    _ => is_escaped_by_name(name),
                }
            }
        }
    }

    /// A template that is rendered later.
    pub(super) fn template_object(
        &mut self,
        frame: &mut Frame<'p>,
        row: &TemplateRow,
        place: PathId,
        receiver: Option<&Receiver>,
        args: &Args,
    ) -> Value {
        let own = receiver.map(|it| it.value.clone()).unwrap_or_default();
        let names = self.names_in(frame, &row.name, receiver, args);
        let first = names.first().cloned().unwrap_or_else(|| "".into());
        let escapes = self.escapes(frame, row.escapes, &own, &first);
        let mut object = Object::new(Kind::Library(self.paths.resolved(place)));
        let name = Value::any_of(&names.iter().map(|it| Value::text(it)).collect::<Vec<_>>());
        object.fields.insert(NAME.into(), name);
        object.fields.insert(ESCAPES.into(), Value::bool(escapes));
        Self::place_object(frame, object)
    }

    /// A field of an object of a library.
    fn template_field(&self, frame: &Frame<'p>, value: &Value, field: &str) -> Value {
        let objects = value.atoms.iter().filter_map(|atom| match atom {
            Atom::Object(site) => {
                let loc = Loc::Site(*site);
                let lasting = || self.shared.object(&loc).map(AsRef::as_ref);
                frame.state.object(&loc).or_else(lasting)
            }
            _ => None,
        });
        Value::any_of(objects.filter_map(|object| object.fields.get(field)))
    }

    /// What a template defines.
    pub(super) fn template_module(&mut self, frame: &mut Frame<'p>, args: &Args) -> Value {
        let mut found = Value::unknown();
        for name in self.names_in(frame, "0", None, args) {
            if let Some(unit) = self.program.template(frame.func.unit, &name) {
                self.top_level(unit);
                found.join(&Value::atom(Atom::Module(unit)));
            }
        }
        found
    }
}

/// Whether a parameter of this type takes the names of a template.
fn is_model(declared: &str) -> bool {
    let plain = declared.split('<').next().unwrap_or(declared);
    let plain = plain.rsplit('.').next().unwrap_or(plain);
    matches!(plain, "Model" | "ModelMap" | "ExtendedModelMap" | "Map")
}

/// Whether frameworks escape the outputs of a template of this name unless they are told.
fn is_escaped_by_name(name: &str) -> bool {
    let extension = name.rsplit('.').next().unwrap_or_default();
    matches!(extension, "html" | "htm" | "xml" | "xhtml" | "svg")
}

/// Templates write `map.key`, and call `map.items` by naming it.
pub(super) fn map_member(map: &Object, name: &Name) -> Value {
    match map.entries.get(&Const::Text(name.clone())) {
        Some(value) => value.clone(),
        None if matches!(name.as_ref(), "items" | "values") => {
            Value::unknown().with_taint(&map.any_element().taint)
        }
        None => Value::unknown().with_taint(&map.rest.taint),
    }
}
