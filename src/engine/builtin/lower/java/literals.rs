//! Literals of Java: numbers, and what the text of a string or a character stands for.
//! Source: the Java Language Specification 21, chapters 3.3 and 3.10.

use crate::engine::builtin::ir::Literal;

/// An integer as written; [`Literal::Number`] when it does not fit.
pub(super) fn integer(text: &str) -> Literal {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let lower = digits.to_ascii_lowercase();
    let (digits, is_long) = match lower.strip_suffix('l') {
        Some(digits) => (digits, true),
        None => (lower.as_str(), false),
    };
    let based = match digits.get(..2) {
        Some("0x") => Some((&digits[2..], 16)),
        Some("0b") => Some((&digits[2..], 2)),
        _ if digits.len() > 1 => digits.strip_prefix('0').map(|rest| (rest, 8)),
        _ => None,
    };
    // What is not decimal says the bits, also that of the sign.
    let value = match based {
        Some((digits, radix)) if is_long => u64::from_str_radix(digits, radix)
            .ok()
            .map(u64::cast_signed),
        Some((digits, radix)) => u32::from_str_radix(digits, radix)
            .ok()
            .map(|bits| i64::from(bits.cast_signed())),
        None => digits.parse().ok(),
    };
    value.map_or_else(|| Literal::Number(text.into()), Literal::Int)
}

/// What a literal in single or double quotes, or a text block, stands for.
pub(super) fn text(written: &str) -> String {
    if let Some(block) = written.strip_prefix("\"\"\"") {
        let block = block.strip_suffix("\"\"\"").unwrap_or(block);
        return unescaped(&without_indentation(block));
    }
    let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inside = match quote {
        Some(quote) => {
            let inside = &written[1..];
            inside.strip_suffix(quote).unwrap_or(inside)
        }
        None => written,
    };
    unescaped(inside)
}

/// The lines of a text block without what they all begin with, and without blanks at their ends.
fn without_indentation(block: &str) -> String {
    // The rest of the opening line is blank.
    let body = block.split_once('\n').map_or(block, |(_, body)| body);
    let lines: Vec<&str> = body
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .collect();
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let last = lines.len() - 1;
    let common = lines
        .iter()
        .enumerate()
        // The line of the closing quotes counts although it is blank.
        .filter(|(place, line)| *place == last || !line.trim().is_empty())
        .map(|(_, line)| indentation(line))
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> = lines
        .into_iter()
        .map(|line| line.get(common..).unwrap_or_default().trim_end())
        .collect();
    lines.join("\n")
}

/// The text that `written` stands for.
pub(super) fn unescaped(written: &str) -> String {
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = escape(&rest[at + 1..], &mut out);
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
        // The line goes on in the next one.
        '\n' => return after,
        '\\' | '\'' | '"' => letter,
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\x08',
        'f' => '\x0c',
        's' => ' ',
        'u' => return unicode(rest, out),
        '0'..='7' => {
            let most = if letter <= '3' { 3 } else { 2 };
            let length = rest
                .bytes()
                .take(most)
                .take_while(|b| (b'0'..=b'7').contains(b))
                .count();
            let code = u32::from_str_radix(&rest[..length], 8).ok();
            out.extend(code.and_then(char::from_u32));
            return &rest[length..];
        }
        _ => {
            out.push('\\');
            letter
        }
    };
    out.push(simple);
    after
}

/// `uXXXX`, with its other half where it is one; as written when it is no character.
fn unicode<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let Some((first, after)) = unit(rest) else {
        out.push('\\');
        return rest;
    };
    if let Some(c) = char::from_u32(first.into()) {
        out.push(c);
        return after;
    }
    if let Some((second, behind)) = after.strip_prefix('\\').and_then(unit)
        && let Some(Ok(c)) = char::decode_utf16([first, second]).next()
    {
        out.push(c);
        return behind;
    }
    out.push('\\');
    rest
}

/// The number of `uXXXX`; there may be several `u`.
fn unit(rest: &str) -> Option<(u16, &str)> {
    let digits = rest.strip_prefix('u')?.trim_start_matches('u');
    let code = u16::from_str_radix(digits.get(..4)?, 16).ok()?;
    Some((code, &digits[4..]))
}
