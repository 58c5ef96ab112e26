//! The way data takes: from a tool's code flows to a trace.
//!
//! A trace is an extra to a result. Whatever is wrong with a flow costs the flow, never the result.

use super::{
    places::Places,
    results::{MAX_SUMMARY, location, message_of, symbol_of, uri_of},
    sarif::{CodeFlow, FlowLocation, Rule, Run, ThreadFlow},
    texts::clean,
};
use crate::domain::finding::{TraceRole, TraceStep};

/// Steps of a flow: of a longer one half from its beginning, half from its end.
const MAX_STEPS: usize = 200;
/// Flows of a result that are looked at for one that lies in the tree.
const MAX_FLOWS: usize = 100;

/// The way of the first flow that lies in the tree as a whole; of several, one of more than a step.
pub(super) fn trace(
    flows: &[CodeFlow],
    run: &Run,
    rule: Option<&Rule>,
    places: &Places<'_>,
) -> Vec<TraceStep> {
    let flows = flows.iter().flat_map(|flow| &flow.thread_flows);
    let mut single = Vec::new();
    for flow in flows.take(MAX_FLOWS) {
        let Some(steps) = steps(flow, run, rule, places) else {
            continue;
        };
        if steps.len() > 1 {
            return steps;
        }
        if single.is_empty() {
            single = steps;
        }
    }
    single
}

/// The steps of a flow that have a place: all of them, or the beginning and the end of a long one.
/// `None` when a place is not in the tree: a flow with a hole would be another flow.
fn steps(
    flow: &ThreadFlow,
    run: &Run,
    rule: Option<&Rule>,
    places: &Places<'_>,
) -> Option<Vec<TraceStep>> {
    let placed: Vec<(&FlowLocation, &str)> = flow
        .locations
        .iter()
        .filter_map(|step| {
            let own = uri_of(&step.location, run);
            own.map(|uri| (step, uri)).or_else(|| {
                let index = usize::try_from(step.index?).ok()?;
                let shared = run.thread_flow_locations.get(index)?;
                Some((shared, uri_of(&shared.location, run)?))
            })
        })
        .collect();
    let left_out = placed.len().saturating_sub(MAX_STEPS);
    let goes_on = MAX_STEPS / 2 + left_out;
    let steps = placed.iter().enumerate();
    steps
        .filter(|(index, _)| *index < MAX_STEPS / 2 || *index >= goes_on)
        .map(|(index, (step, uri))| {
            let is = |role: TraceRole| step.kinds.iter().any(|kind| kind == role.as_str());
            let said = TraceRole::ALL.iter().copied().find(|role| is(*role));
            let role = said.unwrap_or(match index {
                0 => TraceRole::Source,
                _ if index + 1 == placed.len() => TraceRole::Sink,
                _ => TraceRole::Step,
            });
            let path = places.path(uri)?;
            let note = clean(&message_of(&step.location.message, rule), MAX_SUMMARY);
            Some(TraceStep {
                line: location(&path, &step.location).start_line,
                file: path,
                role,
                symbol: symbol_of(&step.location, MAX_SUMMARY),
                note: match left_out > 0 && index == goes_on {
                    true => format!("{left_out} steps before this one are left out. {note}"),
                    false => note,
                },
            })
        })
        .collect()
}
