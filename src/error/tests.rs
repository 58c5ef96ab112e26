use super::*;

#[test]
fn codes_are_unique_and_parse_back() {
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::parse(code.as_str()), Some(*code));
    }
    let mut names: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ErrorCode::ALL.len());
}

#[test]
fn a_server_fault_never_shows_its_own_sentence() {
    let error = Error::internal(
        "could not open /secret/path",
        std::io::Error::other("denied"),
    );
    assert_eq!(
        error.public_message(),
        ErrorCode::InternalError.default_message()
    );
    assert!(!error.to_failure().message.contains("secret"));
}

#[test]
fn validation_lists_every_field() {
    let error = Error::validation(vec![
        FieldError::new("name", "must not be empty"),
        FieldError::new("git_url", "is required"),
    ]);
    assert_eq!(error.details()["fields"].as_array().map(Vec::len), Some(2));
    assert!(error.message().contains("1 more"));
}
