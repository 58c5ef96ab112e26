use super::*;
use proptest::prelude::*;

fn shown(language: Language, text: &str) -> Vec<(u32, String, &'static str)> {
    let lines: Vec<&str> = text.split('\n').collect();
    highlight(language, text)
        .into_iter()
        .map(|span| {
            let line = lines[span.line as usize - 1];
            let (start, end) = (span.start as usize, span.end as usize);
            let piece = line.chars().skip(start).take(end - start).collect();
            (span.line, piece, span.class)
        })
        .collect()
}

#[test]
fn every_grammar_of_the_list_is_usable() {
    for language in [
        Language::Python,
        Language::Yaml,
        Language::Javascript,
        Language::Typescript,
    ] {
        assert!(can_highlight(language), "{language}");
    }
    assert!(!can_highlight(Language::Cpp));
}

#[test]
fn pieces_are_named_and_placed_by_character() {
    let spans = shown(Language::Python, "# ärger\ndef f():\n    return \"ö\"\n");
    assert!(
        spans.contains(&(1, "# ärger".to_owned(), "comment")),
        "{spans:?}"
    );
    assert!(
        spans.contains(&(2, "def".to_owned(), "keyword")),
        "{spans:?}"
    );
    assert!(
        spans.contains(&(3, "\"ö\"".to_owned(), "string")),
        "{spans:?}"
    );
}

#[test]
fn a_text_over_several_lines_has_a_span_on_each() {
    let spans = shown(Language::Python, "x = '''a\n\nb'''\n");
    assert!(
        spans.contains(&(1, "'''a".to_owned(), "string")),
        "{spans:?}"
    );
    assert!(
        spans.contains(&(3, "b'''".to_owned(), "string")),
        "{spans:?}"
    );
}

#[test]
fn what_has_no_grammar_or_is_too_long_is_plain() {
    assert_eq!(highlight(Language::Cpp, "int a;"), []);
    assert_eq!(highlight(Language::Python, &"x = 1\n".repeat(100_000)), []);
}

proptest! {
    #[test]
    fn spans_lie_in_their_lines_whatever_the_text(text in "[a-z#'\"(){}:=\n\té ]{0,200}") {
        let lines: Vec<usize> = text.split('\n').map(|line| line.chars().count()).collect();
        for span in highlight(Language::Python, &text) {
            prop_assert!(span.start < span.end);
            prop_assert!(span.end as usize <= lines[span.line as usize - 1]);
        }
    }
}
