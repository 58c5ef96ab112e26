//! The representation as text, for people and for golden tests. The form is not read back.

use super::{
    Annotation, Callee, Container, End, Entry, Function, FunctionKind, Item, Literal, NamedItem,
    OpKind, Param, ParamKind, Piece, Shape, Span, UnaryOp, Unit, Var,
};
use crate::engine::builtin::text::LineIndex;
use std::{collections::BTreeSet, fmt::Write};

/// Every function of a unit, with the line of the source before each operation.
pub(crate) fn print(unit: &Unit, lines: &LineIndex) -> String {
    let mut out = String::new();
    let repeated: Vec<BTreeSet<&str>> = unit.functions.iter().map(repeated).collect();
    if let Some(package) = &unit.package {
        let _ = writeln!(out, "package {package}\n");
    }
    for (index, function) in unit.functions.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        Printer {
            unit,
            function,
            repeated: &repeated,
            index,
            lines,
        }
        .function(&mut out);
    }
    out
}

struct Printer<'a> {
    unit: &'a Unit,
    function: &'a Function,
    index: usize,
    /// The names that several variables have, by function.
    repeated: &'a [BTreeSet<&'a str>],
    lines: &'a LineIndex,
}

// Writing to a string cannot fail, so the results of `write!` say nothing.
impl Printer<'_> {
    fn function(&self, out: &mut String) {
        let (function, index) = (self.function, self.index);
        let kind = match function.kind {
            FunctionKind::TopLevel => "top level",
            FunctionKind::ClassBody => "class",
            FunctionKind::Function => "function",
            FunctionKind::Async => "async function",
            FunctionKind::Generator => "generator",
            FunctionKind::Lambda => "lambda",
        };
        let line = self.line(function.span);
        let params: Vec<String> = function.params.iter().map(|it| self.param(it)).collect();
        let params = params.join(", ");
        let _ = write!(out, "{line:4} f{index} ");
        for (holds, word) in [
            (function.is_static, "static "),
            (function.is_abstract, "abstract "),
        ] {
            out.push_str(if holds { word } else { "" });
        }
        let _ = write!(out, "{kind} {}({params})", function.name);
        if let Some(returns) = &function.returns {
            let _ = write!(out, " -> {returns}");
        }
        out.push('\n');
        for annotation in &function.annotations {
            let _ = writeln!(out, "      {}", annotation_text(annotation));
        }
        for (var, annotation) in &function.field_annotations {
            let _ = writeln!(
                out,
                "      {} {}",
                annotation_text(annotation),
                self.var(*var)
            );
        }
        for (var, info) in (0..).map(Var).zip(&function.vars) {
            if let Some(declared) = &info.declared {
                let _ = writeln!(out, "      {}: {declared}", self.var(var));
            }
        }
        for (number, block) in function.blocks.iter().enumerate() {
            let _ = write!(out, "     b{number}:");
            if let Some(handler) = block.handler {
                let _ = write!(out, " throws to b{}", handler.0);
            }
            out.push('\n');
            for op in &block.ops {
                let _ = writeln!(out, "{:4}   {}", self.line(op.span), self.op(&op.kind));
            }
            let _ = writeln!(out, "       {}", self.end(&block.end));
        }
    }

    fn line(&self, span: Span) -> u32 {
        self.lines.line_of(span.start as usize)
    }

    fn param(&self, param: &Param) -> String {
        let mut text = match param.kind {
            ParamKind::Plain => String::new(),
            ParamKind::PositionalOnly => "positional ".to_owned(),
            ParamKind::KeywordOnly => "named ".to_owned(),
            ParamKind::Rest => "*".to_owned(),
            ParamKind::KeywordRest => "**".to_owned(),
        };
        for annotation in &param.annotations {
            let _ = write!(text, "{} ", annotation_text(annotation));
        }
        text.push_str(&self.var(param.var));
        if let Some(declared) = &param.declared {
            let _ = write!(text, ": {declared}");
        }
        if let Some(default) = param.default {
            let parent = self.function.parent;
            let name = parent.map_or_else(String::new, |it| self.name_of(it.0 as usize, default));
            let _ = write!(text, " = outer {name}");
        }
        text
    }

    fn var(&self, var: Var) -> String {
        self.name_of(self.index, var)
    }

    /// `name` where the source has one, with its number where names repeat; `%number` otherwise.
    fn name_of(&self, function: usize, var: Var) -> String {
        let Some(info) = self.unit.functions.get(function) else {
            return String::new();
        };
        let info = info.vars.get(var.0 as usize);
        let Some(name) = info.and_then(|info| info.name.as_ref()) else {
            return format!("%{}", var.0);
        };
        let repeated = self.repeated.get(function);
        if repeated.is_some_and(|repeated| repeated.contains(&**name)) {
            format!("{name}'{}", var.0)
        } else {
            name.to_string()
        }
    }

    fn vars(&self, vars: &[Var]) -> String {
        let names: Vec<String> = vars.iter().map(|var| self.var(*var)).collect();
        names.join(", ")
    }

    fn outer(&self, function: super::FunctionId, var: Var) -> String {
        let name = self.name_of(function.0 as usize, var);
        format!("f{}.{name}", function.0)
    }

    fn items(&self, items: &[Item]) -> Vec<String> {
        items
            .iter()
            .map(|item| match item {
                Item::One(var) => self.var(*var),
                Item::Spread(var) => format!("*{}", self.var(*var)),
            })
            .collect()
    }

    fn end(&self, end: &End) -> String {
        match end {
            End::Jump(block) => format!("-> b{}", block.0),
            End::Branch { condition, yes, no } => {
                format!("if {} -> b{} else b{}", self.var(*condition), yes.0, no.0)
            }
            End::Return(None) => "return".to_owned(),
            End::Return(Some(var)) => format!("return {}", self.var(*var)),
            End::Throw(None) => "throw".to_owned(),
            End::Throw(Some(var)) => format!("throw {}", self.var(*var)),
            End::Unreachable => "unreachable".to_owned(),
        }
    }

    fn op(&self, op: &OpKind) -> String {
        let v = |var: &Var| self.var(*var);
        match op {
            OpKind::Literal(to, literal) => format!("{} = {}", v(to), text_of(literal)),
            OpKind::Copy(to, from) => format!("{} = {}", v(to), v(from)),
            OpKind::Binary(to, op, left, right) => {
                format!("{} = {} {op:?} {}", v(to), v(left), v(right))
            }
            OpKind::Unary(to, op, value) => {
                let sign = match op {
                    UnaryOp::Not => "not",
                    UnaryOp::Negate => "negate",
                    UnaryOp::Plus => "plus",
                    UnaryOp::Invert => "invert",
                };
                format!("{} = {sign} {}", v(to), v(value))
            }
            OpKind::Format(to, pieces) => {
                let pieces: Vec<String> = pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Fixed(text) => format!("{text:?}"),
                        Piece::Value(var) => v(var),
                    })
                    .collect();
                format!("{} = format {}", v(to), pieces.join(" "))
            }
            OpKind::LoadGlobal(to, name) => format!("{} = global {name}", v(to)),
            OpKind::StoreGlobal(name, from) => format!("global {name} = {}", v(from)),
            OpKind::LoadOuter(to, function, var) => {
                format!("{} = {}", v(to), self.outer(*function, *var))
            }
            OpKind::StoreOuter(function, var, from) => {
                format!("{} = {}", self.outer(*function, *var), v(from))
            }
            OpKind::LoadField(to, object, name) => format!("{} = {}.{name}", v(to), v(object)),
            OpKind::StoreField(object, name, from) => {
                format!("{}.{name} = {}", v(object), v(from))
            }
            OpKind::LoadIndex(to, object, key) => {
                format!("{} = {}[{}]", v(to), v(object), v(key))
            }
            OpKind::StoreIndex(object, key, from) => {
                format!("{}[{}] = {}", v(object), v(key), v(from))
            }
            OpKind::DeleteIndex(object, key) => format!("delete {}[{}]", v(object), v(key)),
            OpKind::Slice(to, object, bounds) => {
                let bounds: Vec<String> = bounds
                    .iter()
                    .map(|bound| bound.as_ref().map_or_else(String::new, v))
                    .collect();
                format!("{} = {}[{}]", v(to), v(object), bounds.join(":"))
            }
            OpKind::Make(to, container, items) => {
                let kind = match container {
                    Container::List => "list",
                    Container::Tuple => "tuple",
                    Container::Set => "set",
                };
                format!("{} = {kind} [{}]", v(to), self.items(items).join(", "))
            }
            OpKind::MakeMap(to, entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|entry| match entry {
                        Entry::One(key, value) => format!("{}: {}", v(key), v(value)),
                        Entry::Spread(map) => format!("**{}", v(map)),
                    })
                    .collect();
                format!("{} = map {{{}}}", v(to), entries.join(", "))
            }
            OpKind::Append(to, value) => format!("append {} to {}", v(value), v(to)),
            OpKind::Call {
                to,
                callee,
                args,
                named,
            } => format!("{} = {}", v(to), self.call(callee, args, named)),
            OpKind::Closure(to, function) => format!("{} = closure f{}", v(to), function.0),
            OpKind::Class(to, body, bases) => {
                format!("{} = class f{}({})", v(to), body.0, self.vars(bases))
            }
            OpKind::Import(to, path) => format!("{} = import {path}", v(to)),
            OpKind::ImportAll(path) => format!("import all of {path}"),
            OpKind::Element(to, from) => format!("{} = element of {}", v(to), v(from)),
            OpKind::HasNext(to, from) => format!("{} = more of {}", v(to), v(from)),
            OpKind::Enter(to, from) => format!("{} = enter {}", v(to), v(from)),
            OpKind::Caught(to, types) => format!("{} = caught ({})", v(to), self.vars(types)),
            OpKind::Matches(to, value, shape) => {
                let shape = match shape {
                    Shape::Sequence { least, open: true } => format!("at least {least} elements"),
                    Shape::Sequence { least, .. } => format!("{least} elements"),
                    Shape::Map => "a map".to_owned(),
                    Shape::Instance(class) => format!("a {}", v(class)),
                };
                format!("{} = {} has {shape}", v(to), v(value))
            }
            OpKind::Await(to, from) => format!("{} = await {}", v(to), v(from)),
            OpKind::Yield(to, value) => format!("{} = yield {}", v(to), v(value)),
            OpKind::YieldFrom(to, from) => format!("{} = yield from {}", v(to), v(from)),
            OpKind::Opaque(to, from) => format!("{} = opaque ({})", v(to), self.vars(from)),
        }
    }

    fn call(&self, callee: &Callee, args: &[Item], named: &[NamedItem]) -> String {
        let (word, callee) = match callee {
            Callee::Value(var) => ("call", self.var(*var)),
            Callee::Method(var, name) => ("call", format!("{}.{name}", self.var(*var))),
            Callee::Super(var, name) => ("call", format!("super({}).{name}", self.var(*var))),
            Callee::New(name) => ("new", name.to_string()),
        };
        let mut all = self.items(args);
        all.extend(named.iter().map(|item| match item {
            NamedItem::One(name, var) => format!("{name}={}", self.var(*var)),
            NamedItem::Spread(var) => format!("**{}", self.var(*var)),
        }));
        format!("{word} {callee}({})", all.join(", "))
    }
}

/// The names that several variables of a function have.
fn repeated(function: &Function) -> BTreeSet<&str> {
    let mut seen = BTreeSet::new();
    let names = function.vars.iter().filter_map(|info| info.name.as_deref());
    names.filter(|name| !seen.insert(*name)).collect()
}

fn annotation_text(annotation: &Annotation) -> String {
    let args: Vec<String> = annotation
        .args
        .iter()
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    match args.is_empty() {
        true => format!("@{}", annotation.name),
        false => format!("@{}({})", annotation.name, args.join(", ")),
    }
}

fn text_of(literal: &Literal) -> String {
    match literal {
        Literal::None => "none".to_owned(),
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value) => value.to_string(),
        Literal::Number(text) => text.to_string(),
        Literal::Text(text) => format!("{text:?}"),
        Literal::Bytes(text) => format!("b{text:?}"),
    }
}
