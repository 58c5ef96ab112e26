//! Foreign texts, made fit to be kept and shown.

/// Longest argument put into a message, in characters.
const MAX_ARGUMENT: usize = 200;

/// The first text that says something.
pub(super) fn prefer<'a>(first: &'a str, second: &'a str) -> &'a str {
    if first.is_empty() { second } else { first }
}

/// The first line of a text.
pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Foreign text as it may be kept: no control characters but line ends and tabs, no characters
/// that reverse the direction of writing, cut at `max` characters.
pub(super) fn clean(text: &str, max: usize) -> String {
    let kept = |c: &char| {
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        matches!(c, '\n' | '\t') || !(c.is_control() || turns)
    };
    let mut chars = text.trim().chars().filter(kept);
    let mut cleaned: String = chars.by_ref().take(max).collect();
    if chars.next().is_some() {
        cleaned.push('…');
    }
    cleaned
}

/// A text with `{0}`, `{1}`, … replaced by arguments, cut at `max` characters. What an argument
/// brings in is not looked at again, or a few lines could grow beyond all memory.
pub(super) fn filled(text: &str, arguments: &[String], max: usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    // A character has at most four bytes.
    while let Some((before, after)) = rest.split_once('{').filter(|_| out.len() <= 4 * max) {
        out.push_str(before);
        let argument = after.split_once('}').and_then(|(number, after)| {
            let argument = arguments.get(number.parse::<usize>().ok()?)?;
            Some((argument, after))
        });
        match argument {
            Some((argument, after)) => {
                out.push_str(&clean(argument, MAX_ARGUMENT));
                rest = after;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    clean(&out, max)
}
