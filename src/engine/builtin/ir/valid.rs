//! What holds of every lowered file: places that exist, and nothing that ends without an end.

use super::{
    BlockId, Callee, End, Entry, Function, FunctionId, Item, NamedItem, OpKind, Piece, Shape, Unit,
    Var,
};

/// Fails when something is named that is not there. With `whole`, also when a block that can be
/// reached has no end: without a gap nothing may have been given up.
pub(super) fn assert_valid(unit: &Unit, whole: bool) {
    for (index, function) in unit.functions.iter().enumerate() {
        let name = &function.name;
        let parent = function.parent.map(|parent| parent.0 as usize);
        assert!(parent.is_none_or(|parent| parent < index), "{name}: parent");
        assert!(!function.blocks.is_empty(), "{name}: has a beginning");
        for param in &function.params {
            assert_var(function, param.var);
        }
        for (field, _) in &function.field_annotations {
            assert_var(function, *field);
        }
        for block in &function.blocks {
            for id in targets(&block.end).into_iter().chain(block.handler) {
                assert!((id.0 as usize) < function.blocks.len(), "{name}: b{}", id.0);
            }
            for op in &block.ops {
                assert!(op.span.start <= op.span.end, "{name}: {op:?}");
                assert_op(unit, FunctionId(index as u32), &op.kind);
            }
        }
        if whole {
            assert_ends(function);
        }
    }
}

fn assert_ends(function: &Function) {
    let mut seen = vec![false; function.blocks.len()];
    let mut next = vec![BlockId(0)];
    while let Some(id) = next.pop() {
        if std::mem::replace(&mut seen[id.0 as usize], true) {
            continue;
        }
        let block = &function.blocks[id.0 as usize];
        let name = &function.name;
        assert_ne!(block.end, End::Unreachable, "{name}: b{} is reached", id.0);
        next.extend(targets(&block.end).into_iter().chain(block.handler));
    }
}

fn targets(end: &End) -> Vec<BlockId> {
    match end {
        End::Jump(block) => vec![*block],
        End::Branch { yes, no, .. } => vec![*yes, *no],
        End::Return(_) | End::Throw(_) | End::Unreachable => Vec::new(),
    }
}

fn assert_var(function: &Function, var: Var) {
    let known = (var.0 as usize) < function.vars.len();
    assert!(known, "{}: {var:?}", function.name);
}

fn assert_op(unit: &Unit, at: FunctionId, op: &OpKind) {
    let function = &unit.functions[at.0 as usize];
    for var in vars(op) {
        assert_var(function, var);
    }
    match op {
        OpKind::LoadOuter(_, outer, var) | OpKind::StoreOuter(outer, var, _) => {
            let mut around = function.parent;
            while around.is_some_and(|it| it != *outer) {
                around = around.and_then(|it| unit.functions[it.0 as usize].parent);
            }
            assert!(around.is_some(), "{}: {outer:?} is around", function.name);
            assert_var(&unit.functions[outer.0 as usize], *var);
        }
        OpKind::Closure(_, inner) | OpKind::Class(_, inner, _) => {
            assert!((inner.0 as usize) < unit.functions.len(), "{inner:?}");
        }
        _ => {}
    }
}

fn items(items: &[Item]) -> impl Iterator<Item = Var> {
    items.iter().map(|item| match item {
        Item::One(var) | Item::Spread(var) => *var,
    })
}

/// The variables of an operation, without those of functions around.
fn vars(op: &OpKind) -> Vec<Var> {
    match op {
        OpKind::Literal(a, _)
        | OpKind::LoadGlobal(a, _)
        | OpKind::StoreGlobal(_, a)
        | OpKind::LoadOuter(a, ..)
        | OpKind::StoreOuter(_, _, a)
        | OpKind::Closure(a, _)
        | OpKind::Import(a, _) => vec![*a],
        OpKind::Copy(a, b)
        | OpKind::Unary(a, _, b)
        | OpKind::LoadField(a, b, _)
        | OpKind::StoreField(a, _, b)
        | OpKind::DeleteIndex(a, b)
        | OpKind::Append(a, b)
        | OpKind::Element(a, b)
        | OpKind::HasNext(a, b)
        | OpKind::Enter(a, b)
        | OpKind::Await(a, b)
        | OpKind::Yield(a, b)
        | OpKind::YieldFrom(a, b) => vec![*a, *b],
        OpKind::Binary(a, _, b, c) | OpKind::LoadIndex(a, b, c) | OpKind::StoreIndex(a, b, c) => {
            vec![*a, *b, *c]
        }
        OpKind::Matches(a, b, shape) => match shape {
            Shape::Instance(class) => vec![*a, *b, *class],
            Shape::Sequence { .. } | Shape::Map => vec![*a, *b],
        },
        OpKind::Format(a, pieces) => {
            let values = pieces.iter().filter_map(|piece| match piece {
                Piece::Value(var) => Some(*var),
                Piece::Fixed(_) => None,
            });
            values.chain([*a]).collect()
        }
        OpKind::Slice(a, b, bounds) => bounds.iter().flatten().copied().chain([*a, *b]).collect(),
        OpKind::Make(a, _, parts) => items(parts).chain([*a]).collect(),
        OpKind::MakeMap(a, entries) => {
            let parts = entries.iter().flat_map(|entry| match entry {
                Entry::One(key, value) => vec![*key, *value],
                Entry::Spread(map) => vec![*map],
            });
            parts.chain([*a]).collect()
        }
        OpKind::Class(a, _, more) | OpKind::Caught(a, more) | OpKind::Opaque(a, more) => {
            more.iter().copied().chain([*a]).collect()
        }
        OpKind::Call {
            to,
            callee,
            args,
            named,
        } => {
            let callee = match callee {
                Callee::Value(var) | Callee::Method(var, _) | Callee::Super(var, _) => Some(*var),
                Callee::New(_) => None,
            };
            let named = named.iter().map(|item| match item {
                NamedItem::One(_, var) | NamedItem::Spread(var) => *var,
            });
            items(args)
                .chain(named)
                .chain(callee)
                .chain([*to])
                .collect()
        }
        OpKind::ImportAll(_) => Vec::new(),
    }
}
