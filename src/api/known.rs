//! What the OpenAPI document says of each path: methods and query parameters.
//!
//! One source for two refusals that no handler can forget: 405 where a path exists and the method
//! does not, and `validation_error` for a query parameter the route does not take. A typing error in
//! a filter must not silently show everything.

use crate::error::{Error, ErrorCode};
use actix_web::{
    HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ResourceDef, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode},
    middleware::Next,
    web::Data,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};
use utoipa::openapi::{
    OpenApi as Document, PathItem, RefOr,
    path::{Operation, ParameterIn},
};

use super::{docs::Described, error::ApiError};

/// Query parameters by method.
type Methods = BTreeMap<&'static str, BTreeSet<String>>;

/// Every path the server knows.
pub struct KnownRoutes {
    paths: BTreeMap<String, Methods>,
    // Compiled on the first refusal: most servers never need it, and it is large.
    compiled: OnceLock<Vec<(ResourceDef, String)>>,
}

/// Paths at the root: name, and where the document describes them below the prefix.
const AT_THE_ROOT: &[&str] = &["/healthz", "/readyz"];
/// Paths the document does not describe; all of them are read only.
const UNDESCRIBED: &[&str] = &["/openapi.json", "/metrics", "/docs", "/docs/{file}", "/"];

impl KnownRoutes {
    /// The routes of `document`, which stand below `prefix`, and those beside it.
    pub fn of(document: &Document, prefix: &str) -> Self {
        let mut paths: BTreeMap<String, Methods> = document
            .paths
            .paths
            .iter()
            .map(|(path, item)| (path.clone(), methods(item)))
            .collect();
        for path in AT_THE_ROOT {
            if let Some(known) = paths.get(&format!("{prefix}{path}")).cloned() {
                paths.insert((*path).to_owned(), known);
            }
        }
        let read_only = || Methods::from([("GET", BTreeSet::new())]);
        for path in UNDESCRIBED {
            paths.insert((*path).to_owned(), read_only());
        }
        paths.insert(format!("{prefix}/openapi.json"), read_only());
        Self {
            paths,
            compiled: OnceLock::new(),
        }
    }

    /// The known path that `path` is an instance of, with its methods.
    fn at(&self, path: &str) -> Option<&Methods> {
        let compiled = self.compiled.get_or_init(|| {
            let paths = self.paths.keys();
            paths
                .map(|path| (ResourceDef::new(tail_of_any_depth(path)), path.clone()))
                .collect()
        });
        let (_, known) = compiled.iter().find(|(known, _)| known.is_match(path))?;
        self.paths.get(known)
    }

    /// Why nobody answers this request.
    fn refusal(&self, request: &HttpRequest) -> Error {
        let path = request.path();
        match self.at(path).map(allowed) {
            Some(allowed) => Error::new(
                ErrorCode::MethodNotAllowed,
                format!("{} is not allowed here; {allowed} is", request.method()),
            )
            .with_detail("allowed", allowed),
            None => Error::new(ErrorCode::NotFound, format!("There is nothing at {path}")),
        }
    }

    /// Refuses query parameters that the route does not take.
    fn check_query(&self, pattern: &str, method: &Method, query: &str) -> Result<(), Error> {
        let known = self.paths.get(&without_expressions(pattern));
        let Some(taken) = known.and_then(|methods| methods.get(method.as_str())) else {
            return Ok(());
        };
        for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
            if !name.is_empty() && !taken.contains(name.as_ref()) {
                let name: String = name.chars().take(100).collect();
                let offer = if taken.is_empty() {
                    "this route takes none".to_owned()
                } else {
                    let taken: Vec<_> = taken.iter().map(String::as_str).collect();
                    format!("this route takes {}", taken.join(", "))
                };
                let message = format!("unknown parameter '{name}'; {offer}");
                return Err(Error::field("query", message));
            }
        }
        Ok(())
    }
}

fn methods(item: &PathItem) -> Methods {
    let operations = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    operations
        .into_iter()
        .filter_map(|(name, operation)| Some((name, parameters(operation.as_ref()?))))
        .collect()
}

fn parameters(operation: &Operation) -> BTreeSet<String> {
    let parameters = operation.parameters.iter().flatten();
    parameters
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            // Ours are written in place.
            RefOr::Ref(_) => None,
        })
        .filter(|parameter| parameter.parameter_in == ParameterIn::Query)
        .map(|parameter| parameter.name.clone())
        .collect()
}

fn allowed(methods: &Methods) -> String {
    // The order people expect, not the alphabet's.
    let order = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let known = order.into_iter().filter(|it| methods.contains_key(it));
    known.collect::<Vec<_>>().join(", ")
}

/// Keys of objects and names of documentation files have any number of segments.
fn tail_of_any_depth(path: &str) -> String {
    path.replace("{key}", "{key:.*}")
        .replace("{file}", "{file:.*}")
}

/// The pattern as the document writes it: `{key}` for `{key:.*}`.
fn without_expressions(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    for part in pattern.split_inclusive('}') {
        match part.split_once(':') {
            Some((name, _)) if part.ends_with('}') => {
                text.push_str(name);
                text.push('}');
            }
            _ => text.push_str(part),
        }
    }
    text
}

/// Answers what no route takes; also the question of a browser whether it may ask from elsewhere.
pub async fn refuse(
    described: Data<Described>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let known = described.routes();
    if request.method() == Method::OPTIONS
        && super::cors::is_allowed_origin(&request)
        && let Some(methods) = known.at(request.path())
    {
        let mut response = HttpResponse::build(StatusCode::NO_CONTENT);
        super::cors::answer_preflight(&mut response, &allowed(methods));
        return Ok(response.finish());
    }
    Err(known.refusal(&request).into())
}

/// Refuses unknown query parameters before anything else is looked at.
pub async fn check_query(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let checked = match request.app_data::<Data<Described>>() {
        Some(described) if !request.query_string().is_empty() => match request.match_pattern() {
            Some(pattern) => {
                let query = request.query_string();
                described
                    .routes()
                    .check_query(&pattern, request.method(), query)
            }
            None => Ok(()),
        },
        _ => Ok(()),
    };
    match checked {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(error) => {
            let error = ApiError::from(error);
            Ok(request.error_response(error).map_into_right_body())
        }
    }
}
