//! What others see of a file without looking at what its functions do.

use super::{
    bind::MAX_SPECIAL,
    program::{Program, UnitRef},
};
use crate::engine::builtin::ir::{
    Annotation, Function, FunctionId, FunctionKind, Name, Param, Var,
};
use serde::Serialize;

/// A file as others see it.
#[derive(Serialize)]
pub(super) struct Declared<'a> {
    path: &'a str,
    package: &'a Option<Name>,
    functions: Vec<DeclaredFunction<'a>>,
}

#[derive(Serialize)]
struct DeclaredFunction<'a> {
    name: &'a str,
    kind: FunctionKind,
    parent: Option<FunctionId>,
    params: &'a [Param],
    /// Names of parameters; of a body, those of all variables.
    names: Vec<Option<&'a Name>>,
    annotations: &'a [Annotation],
    field_annotations: &'a [(Var, Annotation)],
    returns: &'a Option<Name>,
    is_static: bool,
    is_abstract: bool,
    is_small: bool,
}

impl<'a> Declared<'a> {
    pub(super) fn of(program: &'a Program, unit: UnitRef) -> Self {
        let source = program.unit(unit);
        Self {
            path: &source.path,
            package: &source.unit.package,
            functions: source
                .unit
                .functions
                .iter()
                .map(DeclaredFunction::of)
                .collect(),
        }
    }
}

impl<'a> DeclaredFunction<'a> {
    fn of(function: &'a Function) -> Self {
        let is_body = matches!(
            function.kind,
            FunctionKind::TopLevel | FunctionKind::ClassBody
        );
        let name = |var: Var| function.vars.get(var.0 as usize)?.name.as_ref();
        let size: usize = function.blocks.iter().map(|block| block.ops.len()).sum();
        Self {
            name: &function.name,
            kind: function.kind,
            parent: function.parent,
            params: &function.params,
            names: match is_body {
                true => function
                    .vars
                    .iter()
                    .map(|info| info.name.as_ref())
                    .collect(),
                false => function
                    .params
                    .iter()
                    .map(|param| name(param.var))
                    .collect(),
            },
            annotations: &function.annotations,
            field_annotations: &function.field_annotations,
            returns: &function.returns,
            is_static: function.is_static,
            is_abstract: function.is_abstract,
            is_small: size <= MAX_SPECIAL,
        }
    }
}
