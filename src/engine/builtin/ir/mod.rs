//! The intermediate representation: what a file computes, in one small language for all.
//!
//! A file is a list of functions; the first is its top level. A function is a control-flow graph of
//! blocks with small operations over variables. Variables are assigned any number of times: the
//! data flow keeps a state per block, so no phi is needed. Every operation knows the bytes it comes
//! from. What a lowering does not understand becomes [`OpKind::Opaque`] with the values it used,
//! never nothing: an unknown step loses precision, not the flow.
//! This module knows neither grammars nor what any call does. The whole of it can be written down, for
//! the next scan.

mod build;
mod print;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod valid;
mod vars;

pub(crate) use build::Builder;
pub(crate) use print::print;

use serde::{Deserialize, Serialize};
use std::{ops::Range, sync::Arc};

/// A text kept once per use.
pub(crate) type Name = Arc<str>;

/// A variable of a function: a name of the source or a value on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Var(pub(crate) u32);

/// A block of a function; the first is where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct BlockId(pub(crate) u32);

/// A function of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct FunctionId(pub(crate) u32);

/// Bytes of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl From<Range<usize>> for Span {
    // Files above 1 MiB are not audited, so offsets fit.
    fn from(range: Range<usize>) -> Self {
        let bounded = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: bounded(range.start),
            end: bounded(range.end),
        }
    }
}

/// A lowered file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Unit {
    /// What the names of its top level belong to, dotted, where the language has packages.
    pub(crate) package: Option<Name>,
    /// The top level first, then in the order in which they were come across.
    pub(crate) functions: Vec<Function>,
}

/// What kind of body a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FunctionKind {
    /// The file itself: runs once.
    TopLevel,
    /// The body of a class: what it assigns are the members of the class.
    ClassBody,
    /// A function or a method.
    Function,
    /// A function that is awaited.
    Async,
    /// A function whose calls give what it yields, one by one.
    Generator,
    /// A function without a name.
    Lambda,
}

/// A function.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Function {
    /// Dotted from the top level, `Class.method`; the top level's is empty.
    pub(crate) name: String,
    pub(crate) kind: FunctionKind,
    /// Where it stands.
    pub(crate) parent: Option<FunctionId>,
    pub(crate) params: Vec<Param>,
    pub(crate) vars: Vec<VarInfo>,
    pub(crate) blocks: Vec<Block>,
    /// Its own, or those of the class whose body it is.
    pub(crate) annotations: Vec<Annotation>,
    /// Those of the fields, in the body of a class.
    pub(crate) field_annotations: Vec<(Var, Annotation)>,
    /// The type of what it gives, as written.
    pub(crate) returns: Option<Name>,
    /// A method of the class itself: called without an instance.
    pub(crate) is_static: bool,
    /// Only declared: what runs stands in a derived class or is no source. Its body then says that
    /// anything may come of its parameters.
    pub(crate) is_abstract: bool,
    pub(crate) span: Span,
}

/// What is noted at a declaration: `@Name(key = value)`. Decorators are no annotations, but calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Annotation {
    /// As written.
    pub(crate) name: Name,
    /// Texts as what they stand for, everything else as written; a list is its key several times.
    pub(crate) args: Vec<(Name, Name)>,
}

/// How an argument reaches a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ParamKind {
    /// By place or name.
    Plain,
    /// By place only.
    PositionalOnly,
    /// By name only.
    KeywordOnly,
    /// All further places, as one list.
    Rest,
    /// All further names, as one map.
    KeywordRest,
}

/// A parameter.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Param {
    pub(crate) var: Var,
    pub(crate) kind: ParamKind,
    /// The outer function's variable that holds the default.
    pub(crate) default: Option<Var>,
    /// The type as written.
    pub(crate) declared: Option<Name>,
    pub(crate) annotations: Vec<Annotation>,
}

/// What is known of a variable before anything runs.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct VarInfo {
    /// Its name in the source; values on the way have none.
    pub(crate) name: Option<Name>,
    /// Its type as written.
    pub(crate) declared: Option<Name>,
}

/// Operations one after another, then one way on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Block {
    pub(crate) ops: Vec<Op>,
    pub(crate) end: End,
    /// Where an exception of any operation in it goes; `None`: out of the function.
    pub(crate) handler: Option<BlockId>,
}

/// How a block ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum End {
    Jump(BlockId),
    Branch {
        condition: Var,
        yes: BlockId,
        no: BlockId,
    },
    Return(Option<Var>),
    Throw(Option<Var>),
    /// Nothing comes here, or the lowering gave up behind it.
    Unreachable,
}

/// An operation with its place.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Op {
    pub(crate) kind: OpKind,
    pub(crate) span: Span,
}

/// A value written in the source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Literal {
    None,
    Bool(bool),
    Int(i64),
    /// A number as written: floats, and integers that do not fit.
    Number(Name),
    Text(Name),
    Bytes(Name),
}

/// Operators with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    MatMul,
    ShiftLeft,
    ShiftRight,
    ShiftRightUnsigned,
    BitAnd,
    BitOr,
    BitXor,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    Is,
    IsNot,
}

/// Operators with one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum UnaryOp {
    Not,
    Negate,
    Plus,
    Invert,
}

/// What kind of container is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Container {
    List,
    Tuple,
    Set,
}

/// An element of a container that is made, or an argument of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Item {
    One(Var),
    /// All elements of it.
    Spread(Var),
}

/// An argument given by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum NamedItem {
    One(Name, Var),
    /// All entries of a map.
    Spread(Var),
}

/// An entry of a map that is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Entry {
    One(Var, Var),
    Spread(Var),
}

/// What is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Callee {
    /// A value.
    Value(Var),
    /// A method of a value.
    Method(Var, Name),
    /// A method of the class above, on the receiver.
    Super(Var, Name),
    /// The constructor of a class, by its name as written, for languages with `new`.
    New(Name),
}

/// A part of a text that is put together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Piece {
    Fixed(Name),
    Value(Var),
}

/// What an operation does. The first variable is what it assigns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum OpKind {
    Literal(Var, Literal),
    Copy(Var, Var),
    Binary(Var, BinaryOp, Var, Var),
    Unary(Var, UnaryOp, Var),
    /// A text of pieces, each turned into text.
    Format(Var, Vec<Piece>),
    /// A name of the top level or of the language itself.
    LoadGlobal(Var, Name),
    StoreGlobal(Name, Var),
    /// A variable of a function around this one.
    LoadOuter(Var, FunctionId, Var),
    StoreOuter(FunctionId, Var, Var),
    LoadField(Var, Var, Name),
    StoreField(Var, Name, Var),
    LoadIndex(Var, Var, Var),
    StoreIndex(Var, Var, Var),
    /// Takes an element out.
    DeleteIndex(Var, Var),
    /// A part of a sequence: from, to, step.
    Slice(Var, Var, [Option<Var>; 3]),
    Make(Var, Container, Vec<Item>),
    MakeMap(Var, Vec<Entry>),
    /// Adds an element to a container that is being made.
    Append(Var, Var),
    Call {
        to: Var,
        callee: Callee,
        args: Vec<Item>,
        named: Vec<NamedItem>,
    },
    /// A function as a value.
    Closure(Var, FunctionId),
    /// A class as a value: its body, and what it is derived from.
    Class(Var, FunctionId, Vec<Var>),
    /// A module, or a name of one: `path` is dotted; leading dots are relative.
    Import(Var, Name),
    /// Every name of a module.
    ImportAll(Name),
    /// Any element of a container.
    Element(Var, Var),
    /// Whether an iteration goes on: nothing is known of it.
    HasNext(Var, Var),
    /// What entering a context gives.
    Enter(Var, Var),
    /// The exception that is being handled; the types it may have.
    Caught(Var, Vec<Var>),
    /// Whether a value has the shape of a pattern.
    Matches(Var, Var, Shape),
    Await(Var, Var),
    /// Gives a value to whoever iterates; the first is what is sent back.
    Yield(Var, Var),
    YieldFrom(Var, Var),
    /// Something that was not understood, made of these values.
    Opaque(Var, Vec<Var>),
}

/// The shape a pattern asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Shape {
    /// A sequence of this length, or of at least it.
    Sequence { least: u32, open: bool },
    /// A map.
    Map,
    /// An instance of a class.
    Instance(Var),
}
