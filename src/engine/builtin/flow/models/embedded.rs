//! The models that are part of Vega.

use super::{ModelFile, parse};
use crate::engine::inventory::Language;
use std::sync::OnceLock;

/// The embedded files, by language and name.
pub(super) const FILES: &[(Language, &str, &str)] = &[
    (
        Language::Python,
        "stdlib",
        include_str!("python/stdlib.yaml"),
    ),
    (
        Language::Python,
        "settings",
        include_str!("python/settings.yaml"),
    ),
    (Language::Python, "flask", include_str!("python/flask.yaml")),
    (
        Language::Python,
        "database",
        include_str!("python/database.yaml"),
    ),
    (
        Language::Python,
        "web_stdlib",
        include_str!("python/web_stdlib.yaml"),
    ),
    (
        Language::Python,
        "logging",
        include_str!("python/logging.yaml"),
    ),
    (Language::Python, "nosql", include_str!("python/nosql.yaml")),
    (
        Language::Python,
        "django",
        include_str!("python/django.yaml"),
    ),
    (
        Language::Python,
        "starlette",
        include_str!("python/starlette.yaml"),
    ),
    (
        Language::Python,
        "aiohttp",
        include_str!("python/aiohttp.yaml"),
    ),
    (
        Language::Python,
        "tornado",
        include_str!("python/tornado.yaml"),
    ),
    (
        Language::Python,
        "bottle",
        include_str!("python/bottle.yaml"),
    ),
    (
        Language::Python,
        "crypto",
        include_str!("python/crypto.yaml"),
    ),
    (
        Language::Python,
        "documents",
        include_str!("python/documents.yaml"),
    ),
    (
        Language::Python,
        "clients",
        include_str!("python/clients.yaml"),
    ),
    (Language::Python, "other", include_str!("python/other.yaml")),
    (Language::Java, "core", include_str!("java/core.yaml")),
    (Language::Java, "servlet", include_str!("java/servlet.yaml")),
    (
        Language::Java,
        "database",
        include_str!("java/database.yaml"),
    ),
    (Language::Java, "spring", include_str!("java/spring.yaml")),
    (
        Language::Java,
        "settings",
        include_str!("java/settings.yaml"),
    ),
    (Language::Java, "tokens", include_str!("java/tokens.yaml")),
    (Language::Java, "logging", include_str!("java/logging.yaml")),
    (Language::Java, "xml", include_str!("java/xml.yaml")),
    (Language::Java, "clients", include_str!("java/clients.yaml")),
    (Language::Java, "mongo", include_str!("java/mongo.yaml")),
    (
        Language::Java,
        "expressions",
        include_str!("java/expressions.yaml"),
    ),
    (
        Language::Python,
        "templates",
        include_str!("python/templates.yaml"),
    ),
    (Language::Python, "output", include_str!("templates.yaml")),
    (Language::Java, "output", include_str!("templates.yaml")),
    (
        Language::Java,
        "templates",
        include_str!("java/templates.yaml"),
    ),
];

/// An embedded file, read.
pub(super) struct Embedded {
    pub(super) language: Language,
    pub(super) name: &'static str,
    pub(super) file: ModelFile,
}

/// The embedded files, read once: whoever looks at many small trees asks again and again.
///
/// # Errors
/// Which file is wrong, and how; tests check them.
pub(super) fn files() -> Result<&'static [Embedded], String> {
    static READ: OnceLock<Result<Vec<Embedded>, String>> = OnceLock::new();
    let read = || {
        let files = FILES.iter().map(|(language, name, text)| {
            let file = parse(text).map_err(|error| format!("models/{name}.yaml: {error}"))?;
            Ok(Embedded {
                language: *language,
                name,
                file,
            })
        });
        files.collect()
    };
    match READ.get_or_init(read) {
        Ok(files) => Ok(files),
        Err(error) => Err(error.clone()),
    }
}
