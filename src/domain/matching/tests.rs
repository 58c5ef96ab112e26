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
        line_hash: String::new(),
        near_hash: String::new(),
    }
}

fn matched(
    known: &[(u128, Anchor)],
    incoming: &[Anchor],
    renames: &[(&str, &str)],
) -> Vec<Option<FindingId>> {
    let known: Vec<_> = known
        .iter()
        .map(|(n, anchor)| Known {
            id: id(*n),
            anchor,
            resolved: false,
        })
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

fn on_line(text: &str, own: &str, line: u32, occurrence: u32) -> Anchor {
    Anchor {
        line_hash: own.into(),
        occurrence,
        ..anchor("a.py", "f", text, line)
    }
}

#[test]
fn the_second_of_two_equal_ones_stays_itself_when_the_first_is_fixed() {
    let known = [
        (1, on_line("x", "one", 3, 0)),
        (2, on_line("x", "two", 5, 1)),
    ];
    let left = [on_line("x", "two", 4, 0)];
    assert_eq!(matched(&known, &left, &[]), [Some(id(2))]);
    let unknown = [on_line("x", "three", 4, 0)];
    assert_eq!(matched(&known, &unknown, &[]), [None]);
}

#[test]
fn changed_texts_below_new_lines_keep_their_order() {
    let known = [
        (1, anchor("a.py", "f", "x", 10)),
        (2, anchor("a.py", "f", "y", 14)),
    ];
    let incoming = [anchor("a.py", "f", "x2", 30), anchor("a.py", "f", "y2", 34)];
    assert_eq!(matched(&known, &incoming, &[]), [Some(id(1)), Some(id(2))]);
}

#[test]
fn moved_and_edited_at_once_is_neither() {
    let with_sink = |symbol, text| Anchor {
        sink_symbol: "eval".into(),
        ..anchor("a.py", symbol, text, 3)
    };
    let incoming = [with_sink("f", "y"), with_sink("g", "x")];
    let result = matched(&[(1, with_sink("f", "x"))], &incoming, &[]);
    assert_eq!(result, [None, None]);
}

#[test]
fn what_was_resolved_comes_back_only_with_its_text() {
    let old = on_line("x", "one", 3, 0);
    let known = [Known {
        id: id(1),
        anchor: &old,
        resolved: true,
    }];
    let again = |new: Anchor| match_findings(&known, &[&new], &BTreeMap::new());
    assert_eq!(again(on_line("x", "one", 8, 0)), [Some(id(1))]);
    assert_eq!(again(on_line("y", "one", 3, 0)), [None]);
    assert_eq!(again(on_line("x", "two", 3, 0)), [None]);
}
