use super::*;
use crate::error::ErrorCode;

fn serve(pairs: &[(&str, &str)]) -> Result<ServeSettings> {
    ServeSettings::load(&Env::from_pairs(pairs.iter().copied()))
}

#[test]
fn a_laptop_needs_no_setting_at_all() {
    let settings = serve(&[]).unwrap();
    assert_eq!(settings.listen.port, 8000);
    assert_eq!(settings.app.api_prefix, "/v1");
    assert!(settings.auth.debug_user.is_some());
}

#[test]
fn every_problem_is_reported_at_once() {
    let error = serve(&[
        ("VEGA_PORT", "eighty"),
        ("VEGA_SCAN_EXECUTION_MODE", "fork"),
        ("VEGA_AUTH_SECRET", "short"),
        ("VEGA_PERSISTENCE_BACKEND", "postgres"),
    ])
    .unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValidationError);
    let fields = error.details()["fields"].to_string();
    for name in [
        "VEGA_PORT",
        "VEGA_SCAN_EXECUTION_MODE",
        "VEGA_AUTH_SECRET",
        "VEGA_DATABASE_URL",
    ] {
        assert!(fields.contains(name), "{name} missing in {fields}");
    }
}

#[test]
fn prod_refuses_what_is_unsafe_for_the_api() {
    let error = serve(&[("VEGA_ENVIRONMENT", "prod")]).unwrap_err();
    let fields = error.details()["fields"].to_string();
    for name in [
        "VEGA_PERSISTENCE_BACKEND",
        "VEGA_FILE_STORAGE_BACKEND",
        "VEGA_SCAN_EXECUTION_MODE",
        "VEGA_AUTH_PROVIDER",
    ] {
        assert!(fields.contains(name), "{name} missing in {fields}");
    }
}

#[test]
fn the_documented_production_example_is_accepted() {
    let settings = serve(&[
        ("VEGA_ENVIRONMENT", "prod"),
        ("VEGA_PERSISTENCE_BACKEND", "postgres"),
        ("VEGA_DATABASE_URL", "postgresql://user:pass@host:5432/vega"),
        ("VEGA_FILE_STORAGE_BACKEND", "s3"),
        ("VEGA_S3_SOURCE_BUCKET", "vega-prod-source-abc123"),
        ("VEGA_S3_ARTIFACTS_BUCKET", "vega-prod-artifacts-abc123"),
        ("VEGA_SCAN_EXECUTION_MODE", "sqs"),
        (
            "VEGA_SCAN_QUEUE_URL",
            "https://sqs.us-west-1.amazonaws.com/123/vega-prod-scans",
        ),
        ("VEGA_AUTH_PROVIDER", "cognito"),
        ("VEGA_COGNITO_REGION", "us-west-1"),
        ("VEGA_COGNITO_USER_POOL_ID", "us-west-1_xxxxx"),
        ("VEGA_COGNITO_APP_CLIENT_ID", "xxxxx"),
    ])
    .unwrap();
    assert!(settings.auth.debug_user.is_none());
}

#[test]
fn unknown_names_are_told() {
    let env = Env::from_pairs([("VEGA_PROT", "1"), ("OTHER", "2"), ("VEGA_PORT", "3")]);
    assert_eq!(env.unknown_names(), ["VEGA_PROT"]);
}

#[test]
fn a_child_sees_only_what_its_role_reads() {
    let env = Env::from_pairs([
        ("PATH", "/bin"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("VEGA_AUTH_SECRET", "x"),
        ("VEGA_LLM_PROVIDER_API_KEY", "x"),
        ("VEGA_V16_MODEL", "m"),
    ]);
    let names: Vec<_> = env.for_child(Role::Runner).into_keys().collect();
    assert_eq!(names, ["PATH", "VEGA_V16_MODEL"]);
}

#[test]
fn secrets_are_not_printed() {
    let settings = serve(&[(
        "VEGA_AUTH_SECRET",
        "0123456789012345678901234567890123456789",
    )])
    .unwrap();
    assert!(!format!("{settings:?}").contains("0123456789"));
    let env = Env::from_pairs([("VEGA_AUTH_SECRET", "0123456789")]);
    assert!(!format!("{:?}", effective(&env, Role::Api)).contains("0123456789"));
}

#[test]
fn each_variable_stands_once_and_says_something() {
    let mut names: Vec<_> = catalogue::CATALOGUE.iter().map(|it| it.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(
        catalogue::CATALOGUE
            .iter()
            .all(|it| it.help.len() > 5 && !it.roles.is_empty())
    );
}
