//! Folders of the node that are mounted into pods.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-host-path",
    area: "kubernetes",
    title: "Folder of the node is mounted",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-668"],
    owasp: &["A05:2021"],
    description: "A pod mounts a folder of its node by hostPath.",
    impact: "Depending on the folder the pod reads secrets of other pods, writes start scripts of the node, or takes the node over.",
    remediation: "Use a persistent volume, an emptyDir, or a projected volume; if the folder is needed, mount the narrowest one read-only.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  volumes:
    - name: etc
      hostPath:
        path: /etc
  containers:
    - name: web
      image: shop:1.4.2
"#,
    good: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  volumes:
    - name: scratch
      emptyDir: {}
  containers:
    - name: web
      image: shop:1.4.2
"#,
    references: &["https://kubernetes.io/docs/concepts/storage/volumes/#hostpath"],
};

/// Whoever reads or writes these has the node, or much of it.
const TOTAL: &[&str] = &[
    "/",
    "/etc",
    "/root",
    "/proc",
    "/sys",
    "/dev",
    "/boot",
    "/usr",
    "/home",
    "/var",
    "/run",
    "/var/run",
    "/var/lib",
    "/var/lib/kubelet",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/etc/kubernetes",
];

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for (object, path, span) in manifests.host_paths() {
        // Sockets of container runtimes have a rule of their own.
        if path.ends_with(".sock") {
            continue;
        }
        let folder = if path == "/" {
            path
        } else {
            path.trim_end_matches('/')
        };
        let below = |top: &str| {
            folder
                .strip_prefix(top)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        let total = TOTAL.contains(&folder)
            || [
                "/etc/kubernetes",
                "/var/lib/kubelet",
                "/var/lib/docker",
                "/root",
            ]
            .iter()
            .any(|top| below(top));
        let what = format!("mounts {path} of its node.");
        let claim = model::on_object(&RULE, object, span, &what).at_sink("hostPath");
        claims.push(if total {
            claim.severity(Severity::High)
        } else {
            claim.severity(Severity::Low)
        });
    }
}
