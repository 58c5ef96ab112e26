//! In which order functions are looked at: callees before callers, as far as names tell who calls whom.
//!
//! What is called is only known once it was looked at, so this is no more than an order: a callee that
//! was not looked at yet is looked at by its caller.

use super::program::{FuncRef, Program, UnitRef, last_name};
use crate::engine::builtin::ir::{Callee, FunctionKind, OpKind};
use foldhash::HashMap;
use petgraph::{
    algo::kosaraju_scc,
    graph::{DiGraph, NodeIndex},
};
use std::collections::{BTreeMap, BTreeSet};

/// A name that more functions have says nothing of who is meant.
const MAX_NAMED: usize = 16;

/// Functions, those first that call nothing, then those that call only these, and so on; functions
/// that call each other in a circle are beside each other.
pub(super) fn bottom_up(program: &Program) -> Vec<Vec<FuncRef>> {
    let is_own = |function: &FuncRef| {
        let kind = program.function(*function).kind;
        !matches!(kind, FunctionKind::TopLevel | FunctionKind::ClassBody)
    };
    let functions = program.functions().filter(is_own);
    let (inner, functions): (Vec<FuncRef>, Vec<FuncRef>) =
        functions.partition(|it| program.around(*it).is_some());
    let mut graph: DiGraph<FuncRef, (), u32> = DiGraph::with_capacity(functions.len(), 0);
    // By name anywhere, and in each file.
    let mut named: HashMap<(Option<UnitRef>, &str), Vec<NodeIndex>> = HashMap::default();
    for function in &functions {
        let at = graph.add_node(*function);
        for within in [None, Some(function.unit)] {
            let name = called_as(program, *function);
            named.entry((within, name)).or_default().push(at);
        }
    }
    for caller in graph.node_indices() {
        let function = graph[caller];
        let names: BTreeSet<&str> = names_in(program, function).collect();
        let meant = |name| {
            let mut places = [None, Some(function.unit)].into_iter();
            let told = |within| {
                named
                    .get(&(within, name))
                    .filter(|it| it.len() <= MAX_NAMED)
            };
            places.find_map(told).into_iter().flatten()
        };
        let callees: BTreeSet<NodeIndex> = names.into_iter().flat_map(meant).copied().collect();
        for callee in callees {
            graph.add_edge(caller, callee, ());
        }
    }
    // Of each function: how many calls lie below it at most. Circles come behind those they lead to,
    // so whatever has no height yet is of the same circle.
    let mut height: Vec<Option<u32>> = vec![None; graph.node_count()];
    let mut groups: BTreeMap<u32, Vec<NodeIndex>> = BTreeMap::new();
    for circle in kosaraju_scc(&graph) {
        let callees = circle.iter().flat_map(|at| graph.neighbors(*at));
        let below = callees.filter_map(|callee| height[callee.index()]).max();
        let own = below.map_or(0, |below| below + 1);
        for at in &circle {
            height[at.index()] = Some(own);
            groups.entry(own).or_default().push(*at);
        }
    }
    let sorted = |mut group: Vec<NodeIndex>| {
        group.sort_unstable();
        group.into_iter().map(|at| graph[at]).collect()
    };
    let groups = groups.into_values().map(sorted);
    // What stands in a function is looked at from there; what nobody there called, at last.
    groups.chain([inner]).collect()
}

/// What callers call a function: a maker of objects by the name of its class.
fn called_as(program: &Program, function: FuncRef) -> &str {
    let name = &program.function(function).name;
    match name.rsplit_once('.') {
        Some((class, _)) if program.is_maker(function) => last_name(class),
        _ => last_name(name),
    }
}

/// Names of what a function may call.
fn names_in(program: &Program, function: FuncRef) -> impl Iterator<Item = &str> {
    let blocks = program.function(function).blocks.iter();
    let ops = blocks.flat_map(|block| &block.ops);
    ops.filter_map(|op| match &op.kind {
        OpKind::LoadGlobal(_, name)
        | OpKind::LoadField(_, _, name)
        | OpKind::Call {
            callee: Callee::Method(_, name) | Callee::Super(_, name),
            ..
        } => Some(name.as_ref()),
        OpKind::Call {
            callee: Callee::New(name),
            ..
        } => Some(last_name(name)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{
        builtin::{flow::program::SourceUnit, lower, text::SourceText},
        inventory::{FileRole, Language},
    };
    use tokio_util::sync::CancellationToken;

    /// The names of the functions of a Python file in the order in which they are looked at.
    fn order_of(text: &str) -> Vec<String> {
        let bytes = text.as_bytes().to_vec();
        let source = SourceText::new(
            "app.py",
            Some(Language::Python),
            FileRole::Production,
            bytes,
        );
        let lowered = lower::lower(&source, &CancellationToken::new());
        let unit = SourceUnit::new("app.py".into(), lowered.unwrap().unwrap().unit);
        let program = Program::new(vec![unit]);
        let order = bottom_up(&program);
        let name = |function: FuncRef| program.function(function).name.to_string();
        order.into_iter().flatten().map(name).collect()
    }

    #[test]
    fn callees_come_before_callers() {
        let text = "def view():\n    service()\n\ndef service():\n    Store().put()\n\n\
                    class Store:\n    def __init__(self):\n        self.open()\n\n    \
                    def open(self):\n        pass\n\n    def put(self):\n        pass\n";
        let order = order_of(text);
        let at = |name: &str| order.iter().position(|it| it == name).unwrap();
        assert!(at("Store.open") < at("Store.__init__"), "{order:?}");
        assert!(at("Store.__init__") < at("service"), "{order:?}");
        assert!(at("Store.put") < at("service"), "{order:?}");
        assert!(at("service") < at("view"), "{order:?}");
    }

    #[test]
    fn functions_of_a_circle_are_beside_each_other_and_below_their_callers() {
        let text = "def start():\n    even()\n\ndef even():\n    odd()\n\ndef odd():\n    even()\n    \
                    leaf()\n\ndef leaf():\n    pass\n\ndef other():\n    pass\n";
        assert_eq!(order_of(text), ["leaf", "other", "even", "odd", "start"]);
    }
}
