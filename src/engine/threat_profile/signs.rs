//! What gives frameworks, entry points and assets away, line by line.
//!
//! Forms only, no parsing: a profile is a hint for people and models, a missed route costs little.

use crate::{
    domain::threat_profile::EntryPoint,
    engine::{
        inventory::{Language, SourceFile},
        packages::Ecosystem,
    },
};
use std::collections::BTreeSet;

/// Framework, where its package comes from, and whether it serves the web.
const FRAMEWORKS: &[(&str, Ecosystem, bool)] = &[
    ("flask", Ecosystem::Pypi, true),
    ("django", Ecosystem::Pypi, true),
    ("fastapi", Ecosystem::Pypi, true),
    ("starlette", Ecosystem::Pypi, true),
    ("aiohttp", Ecosystem::Pypi, true),
    ("tornado", Ecosystem::Pypi, true),
    ("celery", Ecosystem::Pypi, false),
    ("sqlalchemy", Ecosystem::Pypi, false),
    ("click", Ecosystem::Pypi, false),
    ("typer", Ecosystem::Pypi, false),
    ("express", Ecosystem::Npm, true),
    ("next", Ecosystem::Npm, true),
    ("react", Ecosystem::Npm, true),
    ("koa", Ecosystem::Npm, true),
    ("fastify", Ecosystem::Npm, true),
    ("@nestjs/core", Ecosystem::Npm, true),
    (
        "org.springframework.boot:spring-boot-starter-web",
        Ecosystem::Maven,
        true,
    ),
    ("github.com/gin-gonic/gin", Ecosystem::Golang, true),
    ("github.com/labstack/echo/v4", Ecosystem::Golang, true),
    ("laravel/framework", Ecosystem::Composer, true),
    ("symfony/http-kernel", Ecosystem::Composer, true),
    ("rails", Ecosystem::Gem, true),
    ("sinatra", Ecosystem::Gem, true),
    ("axum", Ecosystem::Cargo, true),
    ("actix-web", Ecosystem::Cargo, true),
];

/// Whether a framework serves the web.
pub(super) fn is_web(name: &str) -> bool {
    FRAMEWORKS
        .iter()
        .any(|(known, _, web)| *known == name && *web)
}

/// The framework that a package is.
pub(super) fn framework_of(
    ecosystem: Ecosystem,
    package: &str,
    found: &mut BTreeSet<&'static str>,
) {
    let known = FRAMEWORKS
        .iter()
        .find(|(name, from, _)| *from == ecosystem && *name == package);
    found.extend(known.map(|(name, ..)| *name));
}

/// Frameworks a file imports (manifests are read as what they are).
pub(super) fn frameworks(file: &SourceFile, text: &str, found: &mut BTreeSet<&'static str>) {
    if file.language != Some(Language::Python) {
        return;
    }
    for (framework, ..) in FRAMEWORKS
        .iter()
        .filter(|(_, from, _)| *from == Ecosystem::Pypi)
    {
        let imported = text.lines().any(|line| {
            ["import ", "from "].iter().any(|word| {
                line.strip_prefix(word)
                    .and_then(|rest| rest.strip_prefix(framework))
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '.', ',']))
            })
        });
        if imported {
            found.insert(framework);
        }
    }
}

/// Places where the outside world gets in.
pub(super) fn entry_points(file: &SourceFile, text: &str, found: &mut Vec<EntryPoint>) {
    if file.path.contains(".github/workflows/") {
        found.push(entry(
            "workflow",
            file,
            1,
            "GitHub Actions workflow".to_owned(),
        ));
    }
    for (index, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.len() < 400)
    {
        let trimmed = line.trim();
        let kind = match file.language {
            Some(Language::Python) => python(trimmed),
            Some(Language::Javascript | Language::Typescript) => javascript(trimmed),
            Some(Language::Dockerfile) if trimmed.to_uppercase().starts_with("EXPOSE ") => {
                Some("container_port")
            }
            _ => None,
        };
        if let Some(kind) = kind {
            found.push(entry(
                kind,
                file,
                index + 1,
                trimmed.chars().take(120).collect(),
            ));
        }
    }
}

fn entry(kind: &str, file: &SourceFile, line: usize, description: String) -> EntryPoint {
    EntryPoint {
        kind: kind.to_owned(),
        location: format!("{}:{line}", file.path),
        description,
    }
}

fn python(line: &str) -> Option<&'static str> {
    const ROUTES: &[&str] = &[
        ".route(",
        ".get(",
        ".post(",
        ".put(",
        ".delete(",
        ".patch(",
        ".websocket(",
    ];
    if line.starts_with('@') {
        let route = ROUTES.iter().any(|call| line.contains(call))
            && (line.contains("\"/") || line.contains("'/"));
        let command = line.contains(".command(");
        let task = line.contains(".task") || line.starts_with("@shared_task");
        return match () {
            () if route => Some("http_route"),
            () if command => Some("cli"),
            () if task => Some("message_consumer"),
            () => None,
        };
    }
    let django = ["path(", "re_path(", "url("]
        .iter()
        .any(|call| line.starts_with(call))
        && line.contains(['"', '\'']);
    match () {
        () if django => Some("http_route"),
        () if line.contains("argparse.ArgumentParser(") => Some("cli"),
        () => None,
    }
}

fn javascript(line: &str) -> Option<&'static str> {
    let route = ["app.", "router."].iter().any(|object| {
        ["get(", "post(", "put(", "delete(", "patch(", "all("]
            .iter()
            .any(|method| {
                line.strip_prefix(object)
                    .and_then(|rest| rest.strip_prefix(method))
                    .is_some_and(|rest| rest.starts_with(['"', '\'', '`']))
            })
    });
    route.then_some("http_route")
}

/// What the source speaks of that an attacker would want.
pub(super) fn assets(text: &str, found: &mut BTreeSet<&'static str>) {
    const WORDS: &[(&str, &str)] = &[
        ("password", "user passwords"),
        ("credit_card", "payment data"),
        ("card_number", "payment data"),
        ("access_token", "access tokens"),
        ("session", "user sessions"),
        ("private_key", "private keys"),
        ("email", "personal data"),
        ("cursor", "database content"),
    ];
    for (word, asset) in WORDS {
        if text.contains(word) {
            found.insert(asset);
        }
    }
}
