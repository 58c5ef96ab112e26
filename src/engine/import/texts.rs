//! Foreign texts, made fit to be kept and shown.

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
