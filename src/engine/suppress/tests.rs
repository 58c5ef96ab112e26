use super::*;

fn marks(text: &str) -> Vec<Mark> {
    read("a.py", text.lines())
}

fn faults(text: &str) -> Vec<String> {
    marks(text)
        .into_iter()
        .filter_map(|mark| mark.fault)
        .collect()
}

#[test]
fn every_usual_comment_syntax_is_read() {
    for line in [
        "x() # vega:ignore python-weak-hash only a cache key",
        "x(); // vega:ignore python-weak-hash only a cache key",
        "x(); /* vega:ignore python-weak-hash only a cache key */",
        "-- vega:ignore python-weak-hash only a cache key",
        "<!-- vega:ignore python-weak-hash only a cache key -->",
        "{# vega:ignore python-weak-hash only a cache key #}",
        "{{/* vega:ignore python-weak-hash only a cache key */}}",
        "; vega:ignore python-weak-hash only a cache key",
        "# vega:ignore: python-weak-hash only a cache key",
    ] {
        let marks = marks(line);
        assert_eq!(marks.len(), 1, "{line}");
        assert_eq!(marks[0].reason, "only a cache key", "{line}");
        assert_eq!(marks[0].fault, None, "{line}");
    }
}

#[test]
fn what_is_no_comment_is_no_mark() {
    assert!(marks("x = 'vega:ignore python-weak-hash no comment'").is_empty());
    assert!(marks("# vega:ignored python-weak-hash another word").is_empty());
}

#[test]
fn a_mark_needs_rule_and_reason_and_a_real_day() {
    assert!(faults("# vega:ignore")[0].contains("no rule"));
    assert!(faults("# vega:ignore python-weak-hash")[0].contains("no reason"));
    assert!(faults("# vega:ignore python-weak-hash until=2030-01-01")[0].contains("no reason"));
    assert!(faults("# vega:ignore no-such-rule a reason")[0].contains("is no rule"));
    assert!(faults("# vega:ignore * everything here")[0].contains("is no rule"));
    assert!(
        faults("# vega:ignore python-weak-hash a reason until=2030-02-30")[0].contains("no day")
    );
    assert!(faults("# vega:ignore python-weak-hash a reason until=2030-02-28").is_empty());
}

#[test]
fn a_comment_of_its_own_speaks_of_the_next_line_of_code() {
    let marks = marks(
        "# vega:ignore python-weak-hash a cache key\n# vega:ignore python-weak-cipher old data\ncode()\n\
         code() # vega:ignore python-weak-hash a cache key\n",
    );
    let targets: Vec<u32> = marks.iter().map(|mark| mark.target).collect();
    assert_eq!(targets, [3, 3, 4]);
}
