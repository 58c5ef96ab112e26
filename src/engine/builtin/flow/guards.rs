//! What a condition tells of the data it looked at, on the side where it holds.
//!
//! A test that refuses what could do harm makes the rest harmless, but only in the contexts it is
//! about: a value without quotes may still be a path out of a folder.

use super::{
    analysis::Analysis,
    context::{Context, Contexts},
    frame::{Frame, definition},
    harmless::{allowed_by, lacking},
    paths::PathId,
    state::{Object, State},
    value::{Atom, Const, Loc, Value},
};
use crate::engine::builtin::ir::{BinaryOp, Block, Callee, Item, Op, OpKind, Var};

/// Chains of conversions that are looked through.
const MAX_LOOK: usize = 6;

/// What a condition tells of one variable.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    var: Var,
    safe: Contexts,
}

/// What holds on the side of `condition` that is `holds`.
pub(super) fn facts(
    analysis: &mut Analysis<'_>,
    frame: &Frame<'_>,
    block: &Block,
    condition: Var,
    holds: bool,
) -> Vec<Fact> {
    let Some(op) = definition(block, condition) else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    tell(analysis, frame, block, op, holds, &mut facts, 0);
    facts
}

/// Puts facts into the state of their side.
pub(super) fn apply(frame: &mut Frame<'_>, state: &mut State, facts: &[Fact]) {
    for fact in facts {
        let before = std::mem::replace(&mut frame.state, std::mem::take(state));
        let mut value = frame.get(fact.var);
        value.taint = value.taint.safe_for(fact.safe);
        frame.set(fact.var, value);
        *state = std::mem::replace(&mut frame.state, before);
    }
}

fn tell(
    analysis: &mut Analysis<'_>,
    frame: &Frame<'_>,
    block: &Block,
    op: &Op,
    holds: bool,
    facts: &mut Vec<Fact>,
    depth: usize,
) {
    if depth > MAX_LOOK {
        return;
    }
    match &op.kind {
        OpKind::Copy(_, from) | OpKind::Await(_, from) => {
            if let Some(op) = definition(block, *from) {
                tell(analysis, frame, block, op, holds, facts, depth + 1);
            }
        }
        OpKind::Unary(_, crate::engine::builtin::ir::UnaryOp::Not, of) => {
            if let Some(op) = definition(block, *of) {
                tell(analysis, frame, block, op, !holds, facts, depth + 1);
            }
        }
        OpKind::Binary(_, kind @ (BinaryOp::In | BinaryOp::NotIn), left, right) => {
            let contained = holds == (*kind == BinaryOp::In);
            let (one, many) = (frame.get(*left), frame.get(*right));
            if let Some(needle) = one.only_text() {
                if !contained {
                    add(block, *right, lacking(needle), facts);
                }
            } else if contained && is_fixed(analysis, frame, &many) {
                add(block, *left, Contexts::ALL, facts);
                of_host(block, *left, facts);
            }
        }
        OpKind::Binary(_, kind, left, right) => {
            let equal = match kind {
                BinaryOp::Equal | BinaryOp::Is => holds,
                BinaryOp::NotEqual | BinaryOp::IsNot => !holds,
                _ => return,
            };
            for (one, other) in [(*left, *right), (*right, *left)] {
                if equal {
                    within_common_path(analysis, frame, block, one, facts);
                }
                if equal && frame.get(other).constants().is_some() {
                    add(block, one, Contexts::ALL, facts);
                }
                let with = frame.get(other);
                if equal && (with.constants().is_some() || with.beginning().is_some()) {
                    of_host(block, one, facts);
                }
            }
        }
        OpKind::Call { callee, args, .. } => {
            call_tells(analysis, frame, block, callee, args, holds, facts);
        }
        _ => {}
    }
}

/// Says that a variable, and what it was made of, is harmless.
fn add(block: &Block, var: Var, safe: Contexts, facts: &mut Vec<Fact>) {
    facts.extend(roots(block, var).into_iter().map(|var| Fact { var, safe }));
}

/// What was compared is the host of an address: the address goes nowhere else.
fn of_host(block: &Block, compared: Var, facts: &mut Vec<Fact>) {
    if let Some(Op {
        kind: OpKind::LoadField(_, object, name),
        ..
    }) = definition(block, compared)
        && matches!(name.as_ref(), "netloc" | "hostname" | "host")
    {
        let safe = [Context::Url, Context::Redirect].into_iter().collect();
        add(block, *object, safe, facts);
    }
}

/// What `os.path.commonpath([folder, path]) == folder` holds of is in the folder, when it was made
/// absolute before.
fn within_common_path(
    analysis: &Analysis<'_>,
    frame: &Frame<'_>,
    block: &Block,
    compared: Var,
    facts: &mut Vec<Fact>,
) {
    let Some(OpKind::Call { callee, args, .. }) = definition(block, compared).map(|op| &op.kind)
    else {
        return;
    };
    let name = match callee {
        Callee::Method(_, name) => name.to_string(),
        Callee::Value(var) => last_path(analysis, &frame.get(*var)),
        _ => return,
    };
    let list = args.first().and_then(|list| definition(block, list.var()));
    if name == "commonpath"
        && let Some(OpKind::Make(_, _, paths)) = list.map(|op| &op.kind)
    {
        for path in paths.iter().map(Item::var) {
            if is_resolved(analysis, frame, block, path) {
                add(block, path, Context::Path.into(), facts);
            }
        }
    }
}

fn call_tells(
    analysis: &mut Analysis<'_>,
    frame: &Frame<'_>,
    block: &Block,
    callee: &Callee,
    args: &[Item],
    holds: bool,
    facts: &mut Vec<Fact>,
) {
    let mut add = |var: Var, safe: Contexts| {
        for var in roots(block, var) {
            facts.push(Fact { var, safe });
        }
    };
    let first = args.first().map(Item::var);
    match callee {
        Callee::Method(receiver, name) => {
            let of = frame.get(*receiver);
            let needle = first.map(|var| frame.get(var));
            match name.as_ref() {
                "isdigit" | "isnumeric" | "isdecimal" | "isalnum" | "isalpha" | "isidentifier"
                    if holds =>
                {
                    add(*receiver, Contexts::ALL);
                }
                "contains" | "__contains__" => match needle.as_ref().and_then(Value::only_text) {
                    Some(needle) if !holds && !is_collection(&of) => {
                        add(*receiver, lacking(needle));
                    }
                    None if holds && is_fixed(analysis, frame, &of) => {
                        if let Some(first) = first {
                            add(first, Contexts::ALL);
                        }
                    }
                    _ => {}
                },
                "equals" | "equalsIgnoreCase" if holds => {
                    if let Some(first) = first {
                        if of.constants().is_some() {
                            add(first, Contexts::ALL);
                        }
                        if frame.get(first).constants().is_some() {
                            add(*receiver, Contexts::ALL);
                        }
                    }
                }
                "startswith" | "startsWith" if holds => {
                    begins_with(analysis, frame, block, *receiver, needle.as_ref(), facts);
                }
                "matches" | "fullmatch" | "match" => {
                    let pattern = match name.as_ref() {
                        "matches" => needle,
                        _ => compiled(analysis, frame, &of),
                    };
                    let subject = match name.as_ref() {
                        "matches" => Some(*receiver),
                        _ => first,
                    };
                    let in_module = is_regex_module(analysis, &of);
                    let (pattern, subject) = match in_module {
                        true => (first.map(|var| frame.get(var)), args.get(1).map(Item::var)),
                        false => (pattern, subject),
                    };
                    let text = pattern.as_ref().and_then(Value::only_text).cloned();
                    if holds && let (Some(pattern), Some(subject)) = (text, subject) {
                        add(subject, allowed_by(&pattern, name.as_ref() != "match"));
                    }
                }
                _ => {
                    model_tells(analysis, frame, block, &of, Some(name), args, holds, facts);
                }
            }
        }
        Callee::Value(var) => {
            let of = frame.get(*var);
            model_tells(analysis, frame, block, &of, None, args, holds, facts);
        }
        _ => {}
    }
}

#[allow(clippy::too_many_arguments, reason = "one call, taken apart once")]
fn model_tells(
    analysis: &mut Analysis<'_>,
    frame: &Frame<'_>,
    block: &Block,
    of: &Value,
    name: Option<&crate::engine::builtin::ir::Name>,
    args: &[Item],
    holds: bool,
    facts: &mut Vec<Fact>,
) {
    let _ = frame;
    let places: Vec<PathId> = of
        .atoms
        .iter()
        .filter_map(|atom| match atom {
            Atom::Path(path) => Some(*path),
            _ => None,
        })
        .collect();
    for path in places {
        let place = match name {
            Some(name) => analysis.paths.method_call(path, name),
            None => analysis.paths.call(path),
        };
        let Some(model) = analysis.paths.model(place).cloned() else {
            continue;
        };
        let Some(guard) = &model.row.guard else {
            continue;
        };
        let at = guard
            .arg
            .split(' ')
            .next()
            .and_then(|at| at.parse::<usize>().ok());
        if guard.when == holds
            && let Some(item) = at.and_then(|at| args.get(at))
        {
            for var in roots(block, item.var()) {
                facts.push(Fact {
                    var,
                    safe: guard.contexts.iter().copied().collect(),
                });
            }
        }
    }
}

fn is_regex_module(analysis: &Analysis<'_>, value: &Value) -> bool {
    value.atoms.iter().any(|atom| match atom {
        Atom::Path(path) => analysis.paths.text(*path) == "re",
        _ => false,
    })
}

/// A path that was made absolute begins with a fixed folder; an address with a fixed host.
fn begins_with(
    analysis: &mut Analysis<'_>,
    frame: &Frame<'_>,
    block: &Block,
    subject: Var,
    with: Option<&Value>,
    facts: &mut Vec<Fact>,
) {
    let resolved = is_resolved(analysis, frame, block, subject);
    let mut safe = Contexts::default();
    if resolved {
        safe = safe.or(Context::Path.into());
    }
    if let Some(begins) = with.and_then(Value::beginning) {
        let probe = Value::text(&begins);
        for context in [Context::Url, Context::Redirect] {
            if super::sinks::harmless_beginning(context, &probe) {
                safe = safe.or(context.into());
            }
        }
    }
    for var in roots(block, subject) {
        facts.push(Fact { var, safe });
    }
}

/// Whether a path was made absolute, without links and dots.
fn is_resolved(analysis: &Analysis<'_>, frame: &Frame<'_>, block: &Block, var: Var) -> bool {
    let value = frame.get(var);
    if value
        .taint
        .iter()
        .any(|taint| taint.safe.has(Context::Path))
    {
        return true;
    }
    let mut at = var;
    for _ in 0..MAX_LOOK {
        match definition(block, at).map(|op| &op.kind) {
            Some(OpKind::Copy(_, from)) => at = *from,
            Some(OpKind::Call { callee, args, .. }) => {
                let name = match callee {
                    Callee::Method(_, name) => name.to_string(),
                    Callee::Value(var) => last_path(analysis, &frame.get(*var)),
                    Callee::Super(_, name) | Callee::New(name) => name.to_string(),
                };
                if is_resolving(&name) {
                    return true;
                }
                match (callee, args.first()) {
                    (Callee::Method(receiver, _), None) => at = *receiver,
                    (_, Some(item)) => at = item.var(),
                    _ => return false,
                }
            }
            _ => break,
        }
    }
    value.atoms.iter().any(|atom| match atom {
        Atom::Path(path) => is_resolving(
            analysis
                .paths
                .text(*path)
                .trim_end_matches("()")
                .rsplit('.')
                .next()
                .unwrap_or(""),
        ),
        _ => false,
    })
}

fn is_resolving(name: &str) -> bool {
    matches!(
        name,
        "realpath"
            | "abspath"
            | "normpath"
            | "resolve"
            | "normalize"
            | "getCanonicalPath"
            | "toRealPath"
            | "getCanonicalFile"
    )
}

fn last_path(analysis: &Analysis<'_>, value: &Value) -> String {
    let text = value.atoms.iter().find_map(|atom| match atom {
        Atom::Path(path) => Some(analysis.paths.text(*path)),
        _ => None,
    });
    text.and_then(|text| text.rsplit('.').next())
        .unwrap_or("")
        .to_owned()
}

/// Whether a collection holds nothing but what stands in the source.
fn is_fixed(analysis: &Analysis<'_>, frame: &Frame<'_>, value: &Value) -> bool {
    let fixed = |atom: &Atom| {
        object_of(analysis, frame, atom).is_some_and(|object| {
            let items = object.items.iter().flatten().chain([&object.rest]);
            items.into_iter().all(|item| item.taint.is_empty())
        })
    };
    let untouched = !value.open && value.taint.is_empty() && !value.atoms.is_empty();
    untouched && value.atoms.iter().all(fixed)
}

/// The object of an atom, here or among those that globals hold.
fn object_of<'a>(
    analysis: &'a Analysis<'_>,
    frame: &'a Frame<'_>,
    atom: &Atom,
) -> Option<&'a Object> {
    let Atom::Object(site) = atom else {
        return None;
    };
    let loc = Loc::Site(*site);
    let lasting = || analysis.shared.object(&loc).map(AsRef::as_ref);
    frame.state.object(&loc).or_else(lasting)
}

/// The pattern that a compiled expression was made of.
fn compiled(analysis: &Analysis<'_>, frame: &Frame<'_>, value: &Value) -> Option<Value> {
    let [atom] = value.atoms.as_slice() else {
        return None;
    };
    object_of(analysis, frame, atom)?.fields.get("0").cloned()
}

fn is_collection(value: &Value) -> bool {
    value
        .atoms
        .iter()
        .any(|atom| matches!(atom, Atom::Object(_)))
        && !value
            .atoms
            .iter()
            .any(|atom| matches!(atom, Atom::Const(Const::Text(_))))
}

/// The variable a value was read from, through conversions that add nothing.
fn roots(block: &Block, var: Var) -> Vec<Var> {
    let mut roots = vec![var];
    let mut at = var;
    for _ in 0..MAX_LOOK {
        let next = match definition(block, at).map(|op| &op.kind) {
            Some(OpKind::Copy(_, from) | OpKind::Slice(_, from, _)) => *from,
            Some(OpKind::Call {
                callee: Callee::Method(receiver, name),
                args,
                ..
            }) => match name.as_ref() {
                "lower" | "upper" | "strip" | "casefold" | "toLowerCase" | "toUpperCase"
                | "trim" | "toString" | "encode" | "decode" | "toPath" => *receiver,
                "realpath" | "abspath" | "normpath" | "urlparse" | "urlsplit" | "get" | "str" => {
                    match args.first() {
                        Some(item) => item.var(),
                        None => *receiver,
                    }
                }
                "resolve" | "normalize" | "getCanonicalPath" | "toRealPath" => *receiver,
                _ => break,
            },
            Some(OpKind::Call {
                callee: Callee::Value(_),
                args,
                ..
            }) if args.len() == 1 => args[0].var(),
            _ => break,
        };
        roots.push(next);
        at = next;
    }
    roots
}
