use super::*;

#[test]
fn names_extensions_and_shebangs_tell_the_language() {
    for (path, head, language) in [
        ("a/b.py", "", Some("python")),
        ("A.PY", "", Some("python")),
        ("deploy/Dockerfile", "", Some("dockerfile")),
        ("Dockerfile.prod", "", Some("dockerfile")),
        ("web.dockerfile", "", Some("dockerfile")),
        ("k8s/app.yml", "", Some("yaml")),
        ("main.tf", "", Some("hcl")),
        ("requirements-dev.txt", "", Some("requirements")),
        ("bin/run", "#!/usr/bin/env python3.11\n", Some("python")),
        (
            "bin/run",
            "#!/usr/bin/env -S FOO=1 node\n",
            Some("javascript"),
        ),
        ("bin/run", "#!/bin/sh -e\n", Some("shell")),
        ("templates/x.html", "", Some("html")),
        ("templates/x.jinja2", "", Some("html-template")),
        ("photo.png", "\u{89}PNG", None),
        ("README", "hello", None),
    ] {
        assert_eq!(detect(path, head.as_bytes()), language, "{path}");
    }
}

#[test]
fn at_least_forty_languages_are_known() {
    let mut known: Vec<_> = NAMES
        .iter()
        .chain(EXTENSIONS)
        .map(|(_, language)| language)
        .collect();
    known.sort_unstable();
    known.dedup();
    assert!(known.len() >= 40);
}
