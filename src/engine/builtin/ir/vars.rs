//! Which variables an operation touches.

use super::{Callee, Entry, Item, NamedItem, OpKind, Piece, Shape, Var};

impl OpKind {
    /// The variable it assigns.
    pub(crate) fn result(&self) -> Option<Var> {
        match self {
            Self::Literal(to, _)
            | Self::Copy(to, _)
            | Self::Binary(to, ..)
            | Self::Unary(to, ..)
            | Self::Format(to, _)
            | Self::LoadGlobal(to, _)
            | Self::LoadOuter(to, ..)
            | Self::LoadField(to, ..)
            | Self::LoadIndex(to, ..)
            | Self::Slice(to, ..)
            | Self::Make(to, ..)
            | Self::MakeMap(to, _)
            | Self::Call { to, .. }
            | Self::Closure(to, _)
            | Self::Class(to, ..)
            | Self::Import(to, _)
            | Self::Element(to, _)
            | Self::HasNext(to, _)
            | Self::Enter(to, _)
            | Self::Caught(to, _)
            | Self::Matches(to, ..)
            | Self::Await(to, _)
            | Self::Yield(to, _)
            | Self::YieldFrom(to, _)
            | Self::Opaque(to, _) => Some(*to),
            Self::StoreGlobal(..)
            | Self::StoreOuter(..)
            | Self::StoreField(..)
            | Self::StoreIndex(..)
            | Self::DeleteIndex(..)
            | Self::Append(..)
            | Self::ImportAll(_) => None,
        }
    }

    /// Every variable of this function it names, assigned or read.
    pub(crate) fn variables(&self, see: &mut impl FnMut(Var)) {
        if let Some(to) = self.result() {
            see(to);
        }
        match self {
            Self::Copy(_, from)
            | Self::Unary(_, _, from)
            | Self::StoreGlobal(_, from)
            | Self::StoreOuter(_, _, from)
            | Self::LoadField(_, from, _)
            | Self::Element(_, from)
            | Self::HasNext(_, from)
            | Self::Enter(_, from)
            | Self::Await(_, from)
            | Self::Yield(_, from)
            | Self::YieldFrom(_, from) => see(*from),
            Self::Binary(_, _, one, two)
            | Self::StoreField(one, _, two)
            | Self::LoadIndex(_, one, two)
            | Self::DeleteIndex(one, two)
            | Self::Append(one, two) => [*one, *two].into_iter().for_each(see),
            Self::StoreIndex(object, key, value) => {
                [*object, *key, *value].into_iter().for_each(see);
            }
            Self::Slice(_, of, bounds) => {
                see(*of);
                bounds.iter().flatten().copied().for_each(see);
            }
            Self::Format(_, pieces) => {
                for piece in pieces {
                    if let Piece::Value(var) = piece {
                        see(*var);
                    }
                }
            }
            Self::Make(_, _, items) => items.iter().for_each(|item| see(item.var())),
            Self::MakeMap(_, entries) => {
                for entry in entries {
                    match entry {
                        Entry::One(key, value) => [*key, *value].into_iter().for_each(&mut *see),
                        Entry::Spread(map) => see(*map),
                    }
                }
            }
            Self::Call {
                callee,
                args,
                named,
                ..
            } => {
                match callee {
                    Callee::Value(var) | Callee::Method(var, _) | Callee::Super(var, _) => {
                        see(*var);
                    }
                    Callee::New(_) => {}
                }
                args.iter().for_each(|item| see(item.var()));
                for item in named {
                    match item {
                        NamedItem::One(_, var) | NamedItem::Spread(var) => see(*var),
                    }
                }
            }
            Self::Class(_, _, vars) | Self::Caught(_, vars) | Self::Opaque(_, vars) => {
                vars.iter().copied().for_each(see);
            }
            Self::Matches(_, of, shape) => {
                see(*of);
                if let Shape::Instance(class) = shape {
                    see(*class);
                }
            }
            Self::Literal(..)
            | Self::LoadGlobal(..)
            | Self::LoadOuter(..)
            | Self::Closure(..)
            | Self::Import(..)
            | Self::ImportAll(_) => {}
        }
    }
}

impl Item {
    /// What is given, one or many.
    pub(crate) fn var(&self) -> Var {
        match self {
            Self::One(var) | Self::Spread(var) => *var,
        }
    }
}
