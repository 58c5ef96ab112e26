//! The OpenAPI 3.1 document: collected from the routes, completed with what holds for all of them.

use super::error::ErrorEnvelope;
use crate::error::ErrorCode;
use std::collections::BTreeSet;
use utoipa::{
    OpenApi, PartialSchema, ToSchema,
    openapi::{
        Content, ContentBuilder, InfoBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder,
        Schema, Server,
        path::{Parameter, ParameterBuilder, ParameterIn},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

const DESCRIPTION: &str = "Vega scans source code for security faults.\n\n\
    Sign in with `POST /auth/login` and send the access token (or an API key) as \
    `Authorization: Bearer …`. Lists are arrays; `Link` leads to the next part. Every failure has \
    the same envelope; see the schema `ErrorEnvelope`.";

#[derive(OpenApi)]
#[openapi()]
struct Empty;

/// The document before any route is added.
pub fn base(app_name: &str) -> Document {
    let mut document = Empty::openapi();
    document.info = InfoBuilder::new()
        .title(app_name)
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .build();
    document.servers = Some(vec![Server::new("/")]);
    document
}

/// Adds the bearer scheme and the error answer to every operation.
pub fn completed(mut document: Document) -> Document {
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some("An access token or an API key"))
                .build(),
        ),
    );
    components.add_security_scheme(
        "basic",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Basic)
                .description(Some("User name and password of a git upload"))
                .build(),
        ),
    );
    let mut schemas = vec![(ErrorEnvelope::name().into_owned(), ErrorEnvelope::schema())];
    ErrorEnvelope::schemas(&mut schemas);
    components.schemas.extend(schemas);
    let loose: BTreeSet<String> = components
        .schemas
        .iter()
        .filter(|(_, schema)| needs_nothing(schema))
        .map(|(name, _)| format!("#/components/schemas/{name}"))
        .collect();
    document.security = Some(vec![SecurityRequirement::new("bearer", [""; 0])]);
    for (path, item) in &mut document.paths.paths {
        if let Some(create) = item.post.as_mut().filter(|_| takes_keys(path)) {
            create
                .parameters
                .get_or_insert_default()
                .push(RefOr::T(key_parameter()));
        }
        if let Some(RefOr::T(body)) = item.post.as_mut().and_then(|it| it.request_body.as_mut())
            && body.content.values().all(|it| refers_to(it, &loose))
        {
            // `JsonBody` takes a POST without a body for `{}`.
            body.required = None;
        }
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            for (status, description) in refusals() {
                operation
                    .responses
                    .responses
                    .entry(status)
                    .or_insert_with(|| error_response(&description));
            }
        }
    }
    document
}

/// Whether `{}` satisfies a schema.
fn needs_nothing(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.required.is_empty())
}

fn refers_to(content: &RefOr<Content>, names: &BTreeSet<String>) -> bool {
    let RefOr::T(content) = content else {
        return false;
    };
    matches!(&content.schema, Some(RefOr::Ref(it)) if names.contains(&it.ref_location))
}

/// Whether a POST to `path` makes something on behalf of a bearer.
fn takes_keys(path: &str) -> bool {
    !path.contains("/auth/") && !path.contains("/repo.git/")
}

/// The header that makes a POST safe to repeat.
fn key_parameter() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "Chosen by you; a repeated request with it gets the first answer for 24 hours",
        ))
        .schema(Some(String::schema()))
        .build()
}

/// Every status of the catalogue with the codes that lead to it.
fn refusals() -> Vec<(String, String)> {
    let mut statuses: Vec<u16> = ErrorCode::ALL.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
        .into_iter()
        .map(|status| {
            let codes: Vec<_> = ErrorCode::ALL
                .iter()
                .filter(|code| code.status() == status)
                .map(|code| format!("`{code}`"))
                .collect();
            (status.to_string(), codes.join(", "))
        })
        .collect()
}

fn error_response(description: &str) -> RefOr<utoipa::openapi::Response> {
    let schema = Ref::from_schema_name(ErrorEnvelope::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    RefOr::T(
        ResponseBuilder::new()
            .description(description)
            .content("application/json", content)
            .build(),
    )
}
