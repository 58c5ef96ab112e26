//! Templates: pages with code in them, lowered to a function of the values they are rendered with.
//!
//! What a page puts out is a call that models know: `unescaped output` where the value stands in
//! the page as it is, `escaped output` elsewhere. Filters are calls as well. Which file a name
//! means is not known here; whoever follows the data looks for it.

mod expression;
mod html;
mod jinja;
mod jsp;
mod mako;
mod thymeleaf;
mod tokens;
mod writer;

pub(crate) use writer::{RENDER, RENDER_UNESCAPED};

use super::Lowered;
use crate::engine::{builtin::text::SourceText, inventory::Language};
use writer::Writer;

/// How a template is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Jinja and Django.
    Jinja,
    Mako,
    Thymeleaf,
    Jsp,
}

/// The language of the programs that render such a template; `None` when it is none.
pub(crate) fn language(source: &SourceText) -> Option<Language> {
    dialect(source).map(|dialect| match dialect {
        Dialect::Jinja | Dialect::Mako => Language::Python,
        Dialect::Thymeleaf | Dialect::Jsp => Language::Java,
    })
}

/// Lowers a template; `None` when the file is none.
pub(super) fn lower(source: &SourceText) -> Option<Lowered> {
    let dialect = dialect(source)?;
    let mut writer = Writer::new(source.text.len());
    let write = match dialect {
        Dialect::Jinja => jinja::write,
        Dialect::Mako => mako::write,
        Dialect::Thymeleaf => thymeleaf::write,
        Dialect::Jsp => jsp::write,
    };
    let given = if dialect == Dialect::Jsp {
        SERVLET
    } else {
        &[]
    };
    // What is no page may as well be a letter or a configuration. What others import is of the
    // first way, so that is the usual one.
    let ways: &[bool] = match dialect {
        Dialect::Jinja if is_page(&source.text) => &[true, false],
        Dialect::Mako if is_page(&source.text) => &[false, true],
        _ => &[true],
    };
    for escapes in ways {
        let name = if *escapes { RENDER } else { RENDER_UNESCAPED };
        writer.begin_render(name, *escapes, given);
        write(&mut writer, &source.text);
        writer.end_render();
    }
    Some(writer.finish())
}

/// What every JSP page has.
const SERVLET: &[(&str, &str)] = &[
    ("request", "javax.servlet.http.HttpServletRequest"),
    ("session", "javax.servlet.http.HttpSession"),
];

/// By the extension, else by what stands in it.
fn dialect(source: &SourceText) -> Option<Dialect> {
    if source.language != Some(Language::Html) {
        return None;
    }
    let extension = source.path.rsplit('.').next().unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "ejs" | "hbs" => None,
        "jinja" | "jinja2" | "j2" => Some(Dialect::Jinja),
        "mako" => Some(Dialect::Mako),
        "jsp" | "jspx" | "jspf" => Some(Dialect::Jsp),
        _ => {
            let text = &source.text;
            let has = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
            if has(&[
                "xmlns:th=",
                " th:text=",
                " th:utext=",
                " th:each=",
                " data-th-",
            ]) {
                Some(Dialect::Thymeleaf)
            } else if has(&["{{", "{%"]) {
                Some(Dialect::Jinja)
            } else {
                has(&["${", "<%"]).then_some(Dialect::Mako)
            }
        }
    }
}

/// Whether there are elements of HTML in it.
fn is_page(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or_default();
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!' || c == '/')
    })
}
