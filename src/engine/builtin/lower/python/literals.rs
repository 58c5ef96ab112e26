//! Literals of Python: numbers, and what a string's text stands for.
//! Source: the Python language reference, chapter 2 (lexical analysis).

use crate::engine::builtin::ir::Literal;

/// An integer as written; [`Literal::Number`] when it does not fit.
pub(super) fn integer(text: &str) -> Literal {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let lower = digits.to_ascii_lowercase();
    let parsed = match lower.get(..2) {
        Some("0x") => i64::from_str_radix(&lower[2..], 16),
        Some("0o") => i64::from_str_radix(&lower[2..], 8),
        Some("0b") => i64::from_str_radix(&lower[2..], 2),
        _ => lower.parse(),
    };
    parsed.map_or_else(|_| Literal::Number(text.into()), Literal::Int)
}

/// What stands before the quotes of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) raw: bool,
    pub(super) bytes: bool,
}

/// The prefix in the opening of a string, such as `Rb"""`.
pub(super) fn prefix(opening: &str) -> Prefix {
    let has = |wanted: char| opening.chars().any(|c| c.eq_ignore_ascii_case(&wanted));
    Prefix {
        raw: has('r'),
        bytes: has('b'),
    }
}

/// The text that `written` stands for.
pub(super) fn unescaped(written: &str) -> String {
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        rest = escape(rest, &mut out);
    }
    out.push_str(rest);
    out
}

/// Reads what follows a backslash; gives what follows that.
fn escape<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let Some(letter) = rest.chars().next() else {
        out.push('\\');
        return rest;
    };
    let after = &rest[letter.len_utf8()..];
    let simple = match letter {
        '\n' => return after,
        '\\' | '\'' | '"' => letter,
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'v' => '\x0b',
        'x' => return coded(after, 2, 16, "\\x", out),
        'u' => return coded(after, 4, 16, "\\u", out),
        'U' => return coded(after, 8, 16, "\\U", out),
        '0'..='7' => {
            let digits = rest
                .bytes()
                .take(3)
                .take_while(|b| (b'0'..=b'7').contains(b));
            return coded(rest, digits.count(), 8, "\\", out);
        }
        // Unknown ones stay as they are, also names of characters.
        _ => {
            out.push('\\');
            letter
        }
    };
    out.push(simple);
    after
}

/// A character given by `length` digits.
fn coded<'a>(rest: &'a str, length: usize, radix: u32, written: &str, out: &mut String) -> &'a str {
    let code = rest.get(..length).and_then(|digits| {
        let code = u32::from_str_radix(digits, radix).ok()?;
        char::from_u32(code)
    });
    match code {
        Some(c) => {
            out.push(c);
            &rest[length..]
        }
        None => {
            out.push_str(written);
            rest
        }
    }
}
