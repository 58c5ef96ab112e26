//! Kubernetes objects of a YAML file: what detectors may ask.
//!
//! Also of Helm templates: their actions are blanked out first, keeping every offset, and a value
//! that an action has a part in is unknown, never a constant.

use crate::engine::builtin::{
    claim::Claim,
    rule::Rule,
    syntax::yaml::{ValueId, Yaml},
};
use std::ops::Range;

/// At most so many objects of one file are looked at.
const MAX_OBJECTS: usize = 5_000;

/// The objects of one file.
pub(crate) struct Manifests<'a> {
    pub(crate) yaml: &'a Yaml,
    /// Where template actions stood, in order.
    actions: &'a [Range<usize>],
    pub(crate) objects: Vec<Object>,
}

/// One object.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) root: ValueId,
    /// The specification of its pods, if it has any.
    pub(crate) pod: Option<ValueId>,
}

/// A container of an object's pods.
pub(crate) struct Container<'a> {
    pub(crate) object: &'a Object,
    pub(crate) name: String,
    pub(crate) id: ValueId,
    pub(crate) pod: ValueId,
}

impl Container<'_> {
    pub(crate) fn symbol(&self) -> String {
        format!("{}/{}", self.object.symbol(), self.name)
    }
}

impl Object {
    pub(crate) fn symbol(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

/// Whether a text may hold Kubernetes objects.
pub(crate) fn may_be_kubernetes(text: &str) -> bool {
    text.contains("apiVersion:") && text.contains("kind:")
}

impl<'a> Manifests<'a> {
    /// The objects of a parsed file whose template actions stood at `actions`.
    pub(crate) fn new(yaml: &'a Yaml, actions: &'a [Range<usize>]) -> Self {
        let mut manifests = Self {
            yaml,
            actions,
            objects: Vec::new(),
        };
        let mut todo: Vec<ValueId> = yaml.roots().to_vec();
        todo.reverse();
        // Lists may hold lists, and with an alias themselves.
        for _ in 0..MAX_OBJECTS {
            let Some(root) = todo.pop() else { break };
            let text = |path: &[&str]| yaml.at(root, path).and_then(|id| manifests.fixed(id));
            let (Some(_), Some(kind)) = (yaml.get(root, "apiVersion"), text(&["kind"])) else {
                continue;
            };
            if kind == "List" {
                let items = yaml
                    .get(root, "items")
                    .map(|items| yaml.items(items).to_vec());
                todo.extend(items.into_iter().flatten().rev());
                continue;
            }
            let object = Object {
                name: text(&["metadata", "name"]).unwrap_or_default().to_owned(),
                pod: manifests.pod_of(root),
                kind: kind.to_owned(),
                root,
            };
            manifests.objects.push(object);
        }
        manifests
    }

    /// The pod specification: an object's own, or that of its template.
    fn pod_of(&self, root: ValueId) -> Option<ValueId> {
        const PLACES: &[&[&str]] = &[
            &["spec"],
            &["spec", "template", "spec"],
            &["spec", "jobTemplate", "spec", "template", "spec"],
        ];
        PLACES
            .iter()
            .filter_map(|place| self.yaml.at(root, place))
            .find(|spec| self.yaml.get(*spec, "containers").is_some())
    }

    /// Every container, also of the preparing and debugging kind.
    pub(crate) fn containers(&self) -> Vec<Container<'_>> {
        let mut containers = Vec::new();
        for object in &self.objects {
            let Some(pod) = object.pod else { continue };
            for list in ["containers", "initContainers", "ephemeralContainers"] {
                let items = self.yaml.get(pod, list).map(|list| self.yaml.items(list));
                for id in items.into_iter().flatten() {
                    let name = self.yaml.get(*id, "name").and_then(|name| self.fixed(name));
                    let name = name.unwrap_or_default().to_owned();
                    containers.push(Container {
                        object,
                        name,
                        id: *id,
                        pod,
                    });
                }
            }
        }
        containers
    }

    /// Every object with pods.
    pub(crate) fn pods(&self) -> impl Iterator<Item = (&Object, ValueId)> {
        self.objects
            .iter()
            .filter_map(|object| Some((object, object.pod?)))
    }

    /// The text of a scalar that no template action has a part in.
    pub(crate) fn fixed(&self, id: ValueId) -> Option<&str> {
        (!self.is_open(id)).then(|| self.yaml.scalar(id)).flatten()
    }

    /// Whether the file is a template: what is missing in it may be said by another one.
    pub(crate) fn is_templated(&self) -> bool {
        !self.actions.is_empty()
    }

    /// The template actions inside a value.
    pub(crate) fn actions_in(&self, id: ValueId) -> Vec<Range<usize>> {
        let span = self.yaml.span(id);
        let inside = |action: &&Range<usize>| action.start < span.end && span.start < action.end;
        self.actions.iter().filter(inside).cloned().collect()
    }

    /// Whether a template action stands in a value.
    pub(crate) fn is_open(&self, id: ValueId) -> bool {
        let span = self.yaml.span(id);
        let next = self
            .actions
            .partition_point(|action| action.end <= span.start);
        self.actions
            .get(next)
            .is_some_and(|action| action.start < span.end)
    }

    /// A setting at `path` below `id`: its place (key and value) and its text.
    pub(crate) fn setting(&self, id: ValueId, path: &[&str]) -> Option<(Range<usize>, &str)> {
        let (last, folders) = path.split_last()?;
        let holder = self.yaml.at(id, folders)?;
        let (key, value) = self.yaml.entry(holder, last)?;
        Some((
            key.span.start..self.yaml.span(value).end,
            self.fixed(value)?,
        ))
    }

    /// A setting of a container's security context, or of its pod's.
    pub(crate) fn security(
        &self,
        container: &Container<'_>,
        path: &[&str],
    ) -> Option<(Range<usize>, &str)> {
        let full: Vec<&str> = std::iter::once("securityContext")
            .chain(path.iter().copied())
            .collect();
        self.setting(container.id, &full)
            .or_else(|| self.setting(container.pod, &full))
    }

    /// Where a container's name stands, for what is missing in it.
    pub(crate) fn name_span(&self, container: &Container<'_>) -> Range<usize> {
        match self.yaml.entry(container.id, "name") {
            Some((key, value)) => key.span.start..self.yaml.span(value).end,
            None => {
                let span = self.yaml.span(container.id);
                span.start..span.end.min(span.start + 1)
            }
        }
    }

    /// Folders of the host that pods mount: object, path, place.
    pub(crate) fn host_paths(&self) -> Vec<(&Object, &str, Range<usize>)> {
        let mut paths = Vec::new();
        for (object, pod) in self.pods() {
            let volumes = self
                .yaml
                .get(pod, "volumes")
                .map(|list| self.yaml.items(list));
            for volume in volumes.into_iter().flatten() {
                if let Some((span, path)) = self.setting(*volume, &["hostPath", "path"]) {
                    paths.push((object, path, span));
                }
            }
        }
        paths
    }

    /// The rules of roles: the object, and each rule with what a field of it lists.
    pub(crate) fn role_rules(&self) -> Vec<(&Object, ValueId)> {
        let roles = self
            .objects
            .iter()
            .filter(|object| matches!(object.kind.as_str(), "Role" | "ClusterRole"));
        roles
            .flat_map(|object| {
                let rules = self
                    .yaml
                    .get(object.root, "rules")
                    .map(|rules| self.yaml.items(rules));
                rules.into_iter().flatten().map(move |rule| (object, *rule))
            })
            .collect()
    }

    /// What a field of a rule lists.
    pub(crate) fn listed(&self, rule: ValueId, field: &str) -> Vec<&str> {
        self.yaml
            .get(rule, field)
            .map(|list| self.yaml.names(list))
            .unwrap_or_default()
    }
}

/// A claim on a container.
pub(crate) fn on_container(
    rule: &'static Rule,
    container: &Container<'_>,
    span: Range<usize>,
    what: &str,
) -> Claim {
    let detail = format!("The container {} {what}", shown(&container.name));
    Claim::new(rule, span, detail).in_symbol(container.symbol())
}

/// A claim on an object.
pub(crate) fn on_object(
    rule: &'static Rule,
    object: &Object,
    span: Range<usize>,
    what: &str,
) -> Claim {
    let detail = format!("{} {} {what}", object.kind, shown(&object.name));
    Claim::new(rule, span, detail).in_symbol(object.symbol())
}

fn shown(name: &str) -> &str {
    if name.is_empty() {
        "(named by a template)"
    } else {
        name
    }
}
