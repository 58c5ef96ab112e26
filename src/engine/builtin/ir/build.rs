//! Puts functions together: blocks, variables, and what surrounds the place being lowered.

use super::{
    Annotation, Block, BlockId, End, Function, FunctionId, FunctionKind, Name, Op, OpKind, Param,
    Span, Var, VarInfo,
};

/// Operations and blocks one function may have; what is longer is cut off.
const MAX_OPS: usize = 200_000;

/// A function that is being lowered.
#[derive(Debug)]
pub(crate) struct Builder {
    function: Function,
    /// Where operations go.
    at: BlockId,
    /// Where exceptions of new blocks go.
    handler: Option<BlockId>,
    /// Operations and blocks so far.
    size: usize,
}

impl Builder {
    /// An empty function.
    pub(crate) fn new(
        name: String,
        kind: FunctionKind,
        parent: Option<FunctionId>,
        span: Span,
    ) -> Self {
        let mut builder = Self {
            function: Function {
                name,
                kind,
                parent,
                params: Vec::new(),
                vars: Vec::new(),
                blocks: Vec::new(),
                annotations: Vec::new(),
                field_annotations: Vec::new(),
                returns: None,
                is_static: false,
                is_abstract: false,
                span,
            },
            at: BlockId(0),
            handler: None,
            size: 0,
        };
        builder.at = builder.block();
        builder
    }

    /// The function, with an end where its text ends.
    pub(crate) fn finish(mut self) -> Function {
        if self.is_open() {
            self.end(End::Return(None));
        }
        self.function
    }

    /// Whether it grew too large: what follows was left out.
    pub(crate) fn is_full(&self) -> bool {
        self.size >= MAX_OPS
    }

    /// Operations and blocks so far.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn name(&self) -> &str {
        &self.function.name
    }

    pub(crate) fn kind(&self) -> FunctionKind {
        self.function.kind
    }

    /// The variable of the first parameter.
    pub(crate) fn first_param(&self) -> Option<Var> {
        self.function.params.first().map(|param| param.var)
    }

    pub(crate) fn add_param(&mut self, param: Param) {
        self.function.params.push(param);
    }

    /// What is noted at the function, or at the class whose body it is.
    pub(crate) fn annotate(&mut self, annotations: Vec<Annotation>) {
        self.function.annotations = annotations;
    }

    /// What is noted at a field.
    pub(crate) fn annotate_field(&mut self, field: Var, annotations: Vec<Annotation>) {
        let noted = annotations.into_iter().map(|it| (field, it));
        self.function.field_annotations.extend(noted);
    }

    /// Of which type what it gives is.
    pub(crate) fn returns(&mut self, declared: Option<Name>) {
        self.function.returns = declared;
    }

    /// Says that it needs no instance.
    pub(crate) fn set_static(&mut self) {
        self.function.is_static = true;
    }

    /// Says that it is only declared.
    pub(crate) fn set_abstract(&mut self) {
        self.function.is_abstract = true;
    }

    /// The variables of the parameters.
    pub(crate) fn param_vars(&self) -> Vec<Var> {
        self.function.params.iter().map(|param| param.var).collect()
    }

    /// A variable of the source.
    pub(crate) fn named(&mut self, name: Name, declared: Option<Name>) -> Var {
        self.var(VarInfo {
            name: Some(name),
            declared,
        })
    }

    /// The type of a variable as written.
    pub(crate) fn declared(&self, var: Var) -> Option<Name> {
        self.function.vars.get(var.0 as usize)?.declared.clone()
    }

    /// Says of which type a variable of the source is.
    pub(crate) fn declare(&mut self, var: Var, declared: Name) {
        if let Some(info) = self.function.vars.get_mut(var.0 as usize) {
            info.declared = Some(declared);
        }
    }

    /// A value on the way that is said to be of a type.
    pub(crate) fn typed(&mut self, declared: Name) -> Var {
        self.var(VarInfo {
            name: None,
            declared: Some(declared),
        })
    }

    /// A value on the way.
    pub(crate) fn temp(&mut self) -> Var {
        self.var(VarInfo::default())
    }

    fn var(&mut self, info: VarInfo) -> Var {
        let var = Var(u32::try_from(self.function.vars.len()).unwrap_or(u32::MAX));
        self.function.vars.push(info);
        var
    }

    /// A new block, with the handler in force.
    pub(crate) fn block(&mut self) -> BlockId {
        self.size += 1;
        let id = BlockId(u32::try_from(self.function.blocks.len()).unwrap_or(u32::MAX));
        self.function.blocks.push(Block {
            ops: Vec::new(),
            end: End::Unreachable,
            handler: self.handler,
        });
        id
    }

    /// Goes on in `block`.
    pub(crate) fn enter(&mut self, block: BlockId) {
        self.at = block;
    }

    /// Where exceptions of blocks made from now on go; gives what was in force.
    pub(crate) fn set_handler(&mut self, handler: Option<BlockId>) -> Option<BlockId> {
        std::mem::replace(&mut self.handler, handler)
    }

    /// The handler in force.
    pub(crate) fn handler(&self) -> Option<BlockId> {
        self.handler
    }

    /// Whether the current block has no end yet.
    pub(crate) fn is_open(&self) -> bool {
        self.current().is_some_and(|it| it.end == End::Unreachable)
    }

    fn current(&self) -> Option<&Block> {
        self.function.blocks.get(self.at.0 as usize)
    }

    /// Adds an operation. Behind an end it goes nowhere.
    pub(crate) fn push(&mut self, kind: OpKind, span: Span) {
        if self.is_full() || !self.is_open() {
            return;
        }
        self.size += 1;
        if let Some(block) = self.function.blocks.get_mut(self.at.0 as usize) {
            block.ops.push(Op { kind, span });
        }
    }

    /// Ends the current block, unless it has ended.
    pub(crate) fn end(&mut self, end: End) {
        if let Some(block) = self.function.blocks.get_mut(self.at.0 as usize)
            && block.end == End::Unreachable
        {
            block.end = end;
        }
    }

    /// Goes to `block` and on from there.
    pub(crate) fn flow_into(&mut self, block: BlockId) {
        self.end(End::Jump(block));
        self.enter(block);
    }

    /// Adds an operation that gives a value.
    pub(crate) fn value(&mut self, span: Span, make: impl FnOnce(Var) -> OpKind) -> Var {
        let to = self.temp();
        self.push(make(to), span);
        to
    }
}
