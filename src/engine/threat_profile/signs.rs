//! What gives frameworks, entry points and assets away, line by line.
//!
//! Forms only, no parsing: a profile is a hint for people and models, a missed route costs little.

use crate::{
    domain::threat_profile::EntryPoint,
    engine::inventory::{Language, SourceFile},
};
use std::collections::BTreeSet;

/// Framework and the package name by which manifests and imports know it.
const FRAMEWORKS: &[(&str, Language, bool)] = &[
    ("flask", Language::Python, true),
    ("django", Language::Python, true),
    ("fastapi", Language::Python, true),
    ("starlette", Language::Python, true),
    ("aiohttp", Language::Python, true),
    ("tornado", Language::Python, true),
    ("celery", Language::Python, false),
    ("sqlalchemy", Language::Python, false),
    ("click", Language::Python, false),
    ("typer", Language::Python, false),
    ("express", Language::Javascript, true),
    ("next", Language::Javascript, true),
    ("react", Language::Javascript, true),
    ("koa", Language::Javascript, true),
    ("fastify", Language::Javascript, true),
];

/// Whether a framework serves the web.
pub(super) fn is_web(name: &str) -> bool {
    FRAMEWORKS
        .iter()
        .any(|(known, _, web)| *known == name && *web)
}

/// Frameworks a file imports or names as a dependency.
pub(super) fn frameworks(file: &SourceFile, text: &str, found: &mut BTreeSet<&'static str>) {
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    for (framework, language, _) in FRAMEWORKS {
        let there = match (file.language, name) {
            (Some(Language::Python), _) if *language == Language::Python => {
                text.lines().any(|line| {
                    ["import ", "from "].iter().any(|word| {
                        line.strip_prefix(word)
                            .and_then(|rest| rest.strip_prefix(framework))
                            .is_some_and(|rest| {
                                rest.is_empty() || rest.starts_with([' ', '.', ','])
                            })
                    })
                })
            }
            (_, "package.json") if *language == Language::Javascript => {
                text.contains(&format!("\"{framework}\":"))
            }
            (_, name) if name.starts_with("requirements") && *language == Language::Python => {
                text.lines().any(|line| {
                    let line = line.to_lowercase();
                    line.strip_prefix(framework).is_some_and(|rest| {
                        !rest.starts_with(|next: char| {
                            next.is_alphanumeric() || next == '-' || next == '_'
                        })
                    })
                })
            }
            _ => false,
        };
        if there {
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
