//! Secret objects whose values stand in the repository.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{checks::is_plain_credential, claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-secret-in-manifest",
    area: "kubernetes",
    title: "Secret object with its values",
    severity: Severity::Medium,
    category: "secrets",
    cwe: &["CWE-312"],
    owasp: &["A07:2021"],
    description: "A Secret object in the repository holds a credential, in stringData or merely encoded in data.",
    impact: "Base64 hides nothing: everybody who may read the repository has the credential.",
    remediation: "Keep secrets in a secret store or sealed, let the cluster fetch them, and change this one.",
    bad: r#"apiVersion: v1
kind: Secret
metadata:
  name: db
stringData:
  password: s3cretw0rd9
"#,
    good: r#"apiVersion: v1
kind: Secret
metadata:
  name: db
stringData:
  password: changeme
"#,
    references: &["https://kubernetes.io/docs/concepts/configuration/secret/"],
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for object in manifests
        .objects
        .iter()
        .filter(|object| object.kind == "Secret")
    {
        for field in ["stringData", "data"] {
            let values = manifests
                .yaml
                .get(object.root, field)
                .map(|id| manifests.yaml.entries(id));
            for (key, value) in values.into_iter().flatten() {
                let Some(text) = manifests.fixed(value) else {
                    continue;
                };
                let plain = match field {
                    "data" => STANDARD
                        .decode(text.trim())
                        .ok()
                        .and_then(|bytes| String::from_utf8(bytes).ok()),
                    _ => Some(text.to_owned()),
                };
                if plain.is_some_and(|plain| is_plain_credential(&key.text, plain.trim())) {
                    let span = key.span.start..manifests.yaml.span(value).end;
                    let what = format!("holds the value of {}.", key.text);
                    claims.push(
                        model::on_object(&RULE, object, span, &what)
                            .at_sink(field)
                            .hiding(text),
                    );
                }
            }
        }
    }
}
