use super::*;
use type_safe_id::TypeSafeId;

fn id(n: u128) -> FindingId {
    TypeSafeId::from_uuid(uuid::Uuid::from_u128(n))
}

fn anchor(path: &str, symbol: &str, text: &str, line: u32) -> Anchor {
    Anchor {
        fingerprint: String::new(),
        rule_id: "python.eval".into(),
        path: path.into(),
        symbol: symbol.into(),
        text_hash: text.into(),
        occurrence: 0,
        source_symbol: String::new(),
        sink_symbol: String::new(),
        line,
    }
}

fn matched(
    known: &[(u128, Anchor)],
    incoming: &[Anchor],
    renames: &[(&str, &str)],
) -> Vec<Option<FindingId>> {
    let known: Vec<_> = known
        .iter()
        .map(|(n, anchor)| Known { id: id(*n), anchor })
        .collect();
    let incoming: Vec<_> = incoming.iter().collect();
    let renames = renames
        .iter()
        .map(|(old, new)| ((*old).to_owned(), (*new).to_owned()))
        .collect();
    match_findings(&known, &incoming, &renames)
}

#[test]
fn moved_lines_do_not_change_identity() {
    let result = matched(
        &[(1, anchor("a.py", "f", "x", 3))],
        &[anchor("a.py", "f", "x", 90)],
        &[],
    );
    assert_eq!(result, [Some(id(1))]);
}

#[test]
fn a_function_that_was_renamed_keeps_its_finding() {
    let result = matched(
        &[(1, anchor("a.py", "f", "x", 3))],
        &[anchor("a.py", "g", "x", 3)],
        &[],
    );
    assert_eq!(result, [Some(id(1))]);
}

#[test]
fn a_renamed_file_keeps_its_finding() {
    let known = [(1, anchor("old.py", "f", "x", 3))];
    let incoming = [anchor("new.py", "f", "x", 3)];
    assert_eq!(
        matched(&known, &incoming, &[("old.py", "new.py")]),
        [Some(id(1))]
    );
    assert_eq!(matched(&known, &incoming, &[]), [None]);
}

#[test]
fn changed_text_matches_the_nearest_in_the_same_function() {
    let known = [
        (1, anchor("a.py", "f", "x", 10)),
        (2, anchor("a.py", "f", "y", 40)),
    ];
    let incoming = [anchor("a.py", "f", "x2", 12), anchor("a.py", "f", "y2", 41)];
    assert_eq!(matched(&known, &incoming, &[]), [Some(id(1)), Some(id(2))]);
}

#[test]
fn two_equally_near_candidates_match_nothing() {
    let known = [
        (1, anchor("a.py", "f", "x", 10)),
        (2, anchor("a.py", "f", "y", 14)),
    ];
    assert_eq!(
        matched(&known, &[anchor("a.py", "f", "z", 12)], &[]),
        [None]
    );
}

#[test]
fn another_rule_never_matches() {
    let mut other = anchor("a.py", "f", "x", 3);
    other.rule_id = "python.exec".into();
    assert_eq!(
        matched(&[(1, anchor("a.py", "f", "x", 3))], &[other], &[]),
        [None]
    );
}
