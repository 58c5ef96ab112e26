//! Sockets of container runtimes in pods.

use super::model::{self, Manifests};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule},
};

pub(crate) static RULE: Rule = Rule {
    id: "kubernetes-runtime-socket",
    area: "kubernetes",
    title: "Container runtime's socket is mounted",
    severity: Severity::High,
    category: "configuration",
    cwe: &["CWE-250"],
    owasp: &["A05:2021"],
    description: "A pod mounts the socket of Docker, containerd or CRI-O.",
    impact: "Whoever can write to the socket starts a privileged container and owns the node.",
    remediation: "Build images with a tool that needs no daemon, and ask the Kubernetes API instead of the runtime.",
    bad: r#"apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  volumes:
    - name: docker
      hostPath:
        path: /var/run/docker.sock
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
    - name: work
      emptyDir: {}
  containers:
    - name: web
      image: shop:1.4.2
"#,
    references: &["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
};

pub(crate) fn check(manifests: &Manifests<'_>, claims: &mut Vec<Claim>) {
    for (object, path, span) in manifests.host_paths() {
        let socket = [
            "docker.sock",
            "containerd.sock",
            "crio.sock",
            "podman.sock",
            "cri-dockerd.sock",
        ]
        .iter()
        .any(|name| path.ends_with(name));
        if socket {
            let what = format!("mounts the container runtime's socket {path}.");
            claims.push(model::on_object(&RULE, object, span, &what).at_sink("hostPath"));
        }
    }
}
