use super::*;

fn source(bytes: &[u8]) -> SourceText {
    SourceText::new("a", None, FileRole::Config, bytes.to_vec())
}

#[test]
fn invalid_bytes_keep_offsets() {
    let bytes = b"a\xff\xfeb\xe4";
    let text = same_length_utf8(bytes);
    assert_eq!(text.len(), bytes.len());
    assert_eq!(text, "a??b?");
}

#[test]
fn a_quote_cuts_every_secret_on_its_lines() {
    let source = source(b"x = 'tok_abcdef'\ny = 2\n");
    let cut = Redaction {
        span: 5..15,
        visible: 4,
        digest: "12345678".to_owned(),
    };
    let quote = source.quote(&(0..1), &[cut]);
    assert_eq!(quote.snippet, "x = 'tok_…[sha256:12345678]'");
    assert_eq!(visible_parts(&quote.snippet), ["x = 'tok_", "'"]);
}

#[test]
fn lines_are_found_by_offset_and_by_number() {
    let index = LineIndex::new(b"one\ntwo\r\nthree");
    assert_eq!(index.count(), 3);
    assert_eq!(index.line_of(0), 1);
    assert_eq!(index.line_of(4), 2);
    assert_eq!(index.line_of(13), 3);
    assert_eq!(index.lines(1, 1), Some(0..3));
    assert_eq!(index.lines(3, 3), Some(9..14));
    assert_eq!(index.lines(4, 4), None);
}

#[test]
fn an_overlong_line_is_quoted_around_the_place() {
    let mut bytes = vec![b'a'; 5_000];
    bytes[3_000..3_004].copy_from_slice(b"HERE");
    let source = source(&bytes);
    let quote = source.quote(&(3_000..3_004), &[]);
    assert!(quote.snippet.contains("HERE"));
    assert!(quote.snippet.len() < 500);
}
