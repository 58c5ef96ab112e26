use super::*;
use crate::{clock::new_id, domain::user::Group};

fn actor(scopes: &[Scope], groups: &[Group], is_key: bool) -> Actor {
    Actor {
        user_id: new_id(),
        groups: groups.to_vec(),
        scopes: scopes.to_vec(),
        api_key: is_key.then(new_id),
    }
}

#[test]
fn an_answer_goes_to_who_can_do_all_that_the_first_could() {
    use Scope::{Ops, Read, Write};
    let operator = [Group::User, Group::Operator];
    let user = [Group::User];
    let needs = |first: &Actor, again: &Actor| {
        let refused = Rights::require(Some(&Rights::of(first)), again).err();
        refused.map(|error| error.code())
    };
    let all = actor(Scope::ALL, &operator, false);
    assert_eq!(needs(&all, &all), None);
    assert_eq!(needs(&all, &actor(Scope::ALL, &operator, true)), None);
    let weaker = actor(&[Read, Write], &operator, true);
    assert_eq!(needs(&all, &weaker), Some(ErrorCode::InsufficientScope));
    assert_eq!(needs(&weaker, &all), None);
    // Who is no operator has no use for the scope, and no longer gets what operators got.
    let plain = actor(Scope::ALL, &user, false);
    assert_eq!(needs(&plain, &actor(&[Read, Write], &user, true)), None);
    assert_eq!(needs(&all, &plain), Some(ErrorCode::Forbidden));
    assert_eq!(
        needs(&weaker, &actor(&[Read, Write], &user, true)),
        Some(ErrorCode::Forbidden)
    );
    let writer = actor(&[Write], &user, true);
    assert_eq!(
        needs(&writer, &actor(&[Read, Ops], &user, true)),
        Some(ErrorCode::InsufficientScope)
    );
}

#[test]
fn an_answer_of_an_earlier_version_goes_to_sessions_and_full_keys() {
    use Scope::{Read, Write};
    let user = [Group::User];
    assert!(Rights::require(None, &actor(Scope::ALL, &user, false)).is_ok());
    assert!(Rights::require(None, &actor(Scope::ALL, &user, true)).is_ok());
    let refused = Rights::require(None, &actor(&[Read, Write], &user, true)).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InsufficientScope);
}

#[test]
fn a_stored_answer_without_rights_is_read() {
    let stored = serde_json::json!({
        "scope": "write", "fingerprint": "f", "status": 201,
        "body": {"key_id": "k", "ciphertext": "c"}
    });
    let answer: KeptAnswer = serde_json::from_value(stored).unwrap();
    assert_eq!(answer.rights, None);
}
