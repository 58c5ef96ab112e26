//! Values that become part of a shell command without quoting.

use crate::{
    domain::finding::Severity,
    engine::builtin::{
        checks::kubernetes::{Manifests, model},
        claim::Claim,
        rule::Rule,
        syntax::yaml::ValueId,
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "helm-shell-interpolation",
    area: "helm",
    title: "Chart value in a shell command",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-78"],
    owasp: &["A03:2021"],
    description: "A template puts a value into the script of sh -c without quoting it.",
    impact: "Whoever may choose the value of a release, often a tenant or a pipeline parameter, runs commands in the container.",
    remediation: "Hand the value over as an environment variable and quote its use, or pass it through squote.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
      command: [sh, -c]
      args:
        - run --name {{ .Values.name }}
"#,
    good: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: web
      image: shop:1.4.2
      command: [sh, -c]
      args:
        - run --name "$NAME"
      env:
        - name: NAME
          value: {{ .Values.name | quote }}
"#,
    references: &["https://helm.sh/docs/chart_template_guide/function_list/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, text: &str, claims: &mut Vec<Claim>) {
    for container in manifests.containers() {
        let words = |key| {
            let list = manifests.yaml.get(container.id, key);
            list.map(|list| manifests.yaml.items(list))
                .unwrap_or_default()
                .to_vec()
        };
        let all: Vec<_> = words("command").into_iter().chain(words("args")).collect();
        let is = |id: Option<&ValueId>, names: &[&str]| {
            id.and_then(|id| manifests.fixed(*id))
                .is_some_and(|text| names.contains(&text))
        };
        let shell = is(
            all.first(),
            &["sh", "bash", "/bin/sh", "/bin/bash", "ash", "/bin/ash"],
        );
        let Some(flag) = all
            .iter()
            .position(|id| is(Some(id), &["-c", "-ec", "-lc", "-cx", "-xc", "-euc"]))
        else {
            continue;
        };
        let Some(script) = all.get(flag + 1).filter(|_| shell) else {
            continue;
        };
        for action in manifests.actions_in(*script) {
            let code = &text[action.clone()];
            let quoted = [
                "quote", "include", "toJson", "b64enc", " int", "if ", "range ", "end", "with ",
            ]
            .iter()
            .any(|word| code.contains(word));
            if code.contains(".Values.") && !quoted {
                let what = "puts a value of the chart into a shell command without quoting it.";
                claims.push(model::on_container(&RULE, &container, action, what).at_sink("sh -c"));
            }
        }
    }
}
