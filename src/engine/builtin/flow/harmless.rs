//! What makes a text harmless, and for what: that something is not in it, or that a pattern describes
//! it as a whole.

use super::{
    call::Args,
    context::{Context, Contexts},
};

/// Where a text without `needle` can do no harm.
pub(super) fn lacking(needle: &str) -> Contexts {
    let mut safe = Contexts::default();
    let mut add = |context: Context| safe = safe.or(context.into());
    if needle.contains(['\'', '"']) {
        add(Context::Sql);
        add(Context::Xpath);
        add(Context::Code);
    }
    if needle.contains("..") || needle == "/" || needle == "\\" {
        add(Context::Path);
    }
    if needle.contains('<') || needle.contains('>') {
        add(Context::Html);
    }
    if matches!(needle, "&" | ";" | "|" | "`" | "$") {
        add(Context::Shell);
    }
    if matches!(needle, "*" | "(" | ")") {
        add(Context::Ldap);
    }
    if matches!(needle, "\n" | "\r") {
        add(Context::Header);
        add(Context::Log);
    }
    if needle == "//" || needle.contains("://") {
        add(Context::Redirect);
        add(Context::Url);
    }
    safe
}

/// Where a text that a pattern describes as a whole can do no harm.
pub(super) fn allowed_by(pattern: &str, whole: bool) -> Contexts {
    let anchored = whole || pattern.ends_with('$') || pattern.ends_with(r"\Z");
    let body = pattern
        .trim_start_matches('^')
        .trim_end_matches('$')
        .replace(r"\Z", "");
    let wide = body.contains('.') && !body.contains("[.") && !body.contains(r"\.")
        || body.contains("[^")
        || body.contains(r"\S")
        || body.contains(r"\D")
        || body.contains(r"\W");
    if !anchored || wide {
        return Contexts::default();
    }
    let dangerous = ['\'', '"', '<', '>', '/', ';', '&', '|', '*', '%', '`'];
    if body.contains(dangerous) && !body.ends_with('*') {
        return Contexts::default();
    }
    Contexts::ALL
}

/// Where a text can do no harm after a call that replaced what would do it by something else.
/// Characters with which more than one is needed, as in a command line, make nothing harmless.
pub(super) fn without(called: &str, args: &Args) -> Contexts {
    let replaces = matches!(called.rsplit('.').next(), Some("replace" | "replaceAll"));
    // With a third argument only so many are replaced.
    let [from, to] = args.places.as_slice() else {
        return Contexts::default();
    };
    match (from.only_text(), to.only_text()) {
        (Some(from), Some(to)) if replaces && !to.contains(from.as_ref()) => match from.as_ref() {
            // There is no other way out of a quoted text.
            "'" | "\"" => Context::Xpath.into(),
            "<" => Context::Html.into(),
            "/" => Context::Path.into(),
            "\n" | "\r" => [Context::Log, Context::Header].into_iter().collect(),
            _ => Contexts::default(),
        },
        _ => Contexts::default(),
    }
}
