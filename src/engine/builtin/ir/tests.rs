//! Golden dumps per construct, and lowerings of hostile and of random text.

use super::valid::assert_valid;
use crate::engine::{
    builtin::{
        lower::{dump_ir, lower},
        text::SourceText,
    },
    inventory::{FileRole, Language},
};
use std::{fs, path::Path};
use tokio_util::sync::CancellationToken;

fn fixtures(language: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ir");
    let mut found: Vec<_> = fs::read_dir(folder.join(language))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// Lowers a text and looks at whether what came out is whole.
fn check(name: &str, content: &[u8]) {
    let language = Language::of_path(name);
    let source = SourceText::new(name, language, FileRole::Production, content.to_vec());
    if let Ok(lowered) = lower(&source, &CancellationToken::new()).unwrap() {
        assert_valid(&lowered.unit, lowered.gap.is_none());
    }
}

fn dump(name: &str, content: &[u8]) -> String {
    check(name, content);
    let dump = dump_ir(name, content.to_vec()).unwrap().unwrap();
    match dump.gap {
        Some(gap) => format!("gap: {gap}\n{}", dump.text),
        None => dump.text,
    }
}

#[test]
fn every_python_construct_has_its_golden_form() {
    for (name, content) in fixtures("python") {
        let source = String::from_utf8_lossy(&content);
        let form = format!("{source}\n---\n{}", dump(&name, &content));
        insta::assert_snapshot!(name.replace(".py", ""), form);
    }
}

#[test]
fn every_java_construct_has_its_golden_form() {
    for (name, content) in fixtures("java") {
        let source = String::from_utf8_lossy(&content);
        let form = format!("{source}\n---\n{}", dump(&name, &content));
        let name = name.replace(".java", "").to_lowercase();
        insta::assert_snapshot!(format!("java_{name}"), form);
    }
}

#[test]
fn every_construct_of_templates_has_its_golden_form() {
    for (name, content) in fixtures("template") {
        let source = String::from_utf8_lossy(&content);
        let form = format!("{source}\n---\n{}", dump(&name, &content));
        let name = name.replace('.', "_");
        insta::assert_snapshot!(format!("template_{name}"), form);
    }
}

/// Texts whose depth or width would overflow a stack or never end.
fn hostile() -> Vec<(&'static str, String)> {
    let deep = 100_000;
    vec![
        (
            "parentheses",
            format!("x = {}1{}", "(".repeat(deep), ")".repeat(deep)),
        ),
        ("lists", "[".repeat(deep)),
        ("sum", format!("x = {}", vec!["a"; deep].join(" + "))),
        (
            "and",
            format!("if {}: pass", vec!["a"; 20_000].join(" and ")),
        ),
        ("not", format!("x = {} a", "not ".repeat(deep))),
        ("chain", format!("x = a{}", ".b()".repeat(50_000))),
        ("ternary", format!("x = {}0", "1 if a else ".repeat(20_000))),
        ("lambda", format!("x = {}0", "lambda: ".repeat(20_000))),
        (
            "blocks",
            (0..500)
                .map(|level| format!("{}if a:\n", " ".repeat(level)))
                .collect(),
        ),
        (
            "finally",
            (0..60).fold("return 1".to_owned(), |inner, _| {
                let inner = inner.replace('\n', "\n ");
                format!("try:\n {inner}\nfinally:\n g()")
            }),
        ),
        (
            "finally in finally",
            (0..40).fold("return 1".to_owned(), |inner, _| {
                let inner = inner.replace('\n', "\n ");
                format!("try:\n f()\nfinally:\n {inner}")
            }),
        ),
        (
            "nothing finally",
            (0..60).fold("pass".to_owned(), |inner, _| {
                let inner = inner.replace('\n', "\n ");
                format!("try:\n pass\nfinally:\n {inner}")
            }),
        ),
        (
            "functions finally",
            (0..40).fold("x = lambda: (a, b, c)".to_owned(), |inner, _| {
                let inner = inner.replace('\n', "\n ");
                format!("try:\n pass\nfinally:\n {inner}")
            }),
        ),
        ("nul", "x = '\0'\n\u{feff}y = \"\u{202e}\"".to_owned()),
    ]
}

fn hostile_java() -> Vec<(&'static str, String)> {
    let deep = 20_000;
    let expression = |text: String| format!("class A {{ Object f() {{ return {text}; }} }}");
    let statement = |text: String| format!("class A {{ void f() {{ {text} }} }}");
    let nested = |levels: usize, start: &str, around: fn(String) -> String| {
        (0..levels).fold(start.to_owned(), |inner, _| around(inner))
    };
    let repeated = |text: &str, end: &str| format!("{}1{}", text.repeat(deep), end.repeat(deep));
    let many = |text: &str| text.repeat(10_000);
    let numbered = |make: fn(usize) -> String| (0..10_000).map(make).collect::<String>();
    vec![
        ("parentheses", expression(repeated("(", ")"))),
        ("casts", expression(repeated("(A) ", ""))),
        ("not", expression(repeated("!", ""))),
        (
            "arrays",
            expression(format!("new A[] {}", repeated("{", "}"))),
        ),
        ("sum", expression(vec!["a"; deep].join(" + "))),
        (
            "and",
            statement(format!("if ({}) f();", vec!["a"; deep].join(" && "))),
        ),
        ("chain", expression(format!("a{}", ".b()".repeat(deep)))),
        ("names", expression(format!("a{}", ".b".repeat(deep)))),
        ("elements", expression(format!("a{}", "[0]".repeat(deep)))),
        ("types", statement(format!("{}B x;", "A.".repeat(deep)))),
        (
            "arguments of types",
            statement(format!("{}A{} x;", many("A<"), many(">"))),
        ),
        ("dimensions", statement(format!("int{} x;", many("[]")))),
        ("ternary", expression(format!("{}0", many("a ? 1 : ")))),
        ("lambda", expression(format!("{}0", many("x -> ")))),
        (
            "creations",
            expression(format!("new A(){}", many(".new A()"))),
        ),
        ("blocks", statement(many("{"))),
        ("ifs", statement(many("if (a) "))),
        ("else ifs", statement(many("if (a) b(); else "))),
        ("loops", statement(many("for (;;) "))),
        ("labels", statement(many("a: "))),
        ("switches", expression(many("switch (a) { default -> "))),
        ("classes", many("class A { int a = f(); ")),
        ("derived", expression(many("new A() { int a = "))),
        ("annotations", format!("{}class A {{}}", many("@A("))),
        (
            "patterns",
            statement(format!("if (a instanceof {}) b();", many("A("))),
        ),
        (
            "finally",
            statement(nested(60, "return;", |it| {
                format!("try {{ {it} }} finally {{ g(); }}")
            })),
        ),
        (
            "finally in finally",
            statement(nested(40, "return;", |it| {
                format!("try {{ f(); }} finally {{ {it} }}")
            })),
        ),
        (
            "nothing finally",
            statement(nested(60, "", |it| format!("try {{ }} finally {{ {it} }}"))),
        ),
        (
            "classes finally",
            statement(nested(40, "new A() { int x = y; };", |it| {
                format!("try {{ }} finally {{ {it} }}")
            })),
        ),
        (
            "constructors and fields",
            format!(
                "class A {{ {}{} }}",
                numbered(|it| format!("A(int a) {{ b{it} = a; }} ")),
                numbered(|it| format!("int b{it} = {it}; "))
            ),
        ),
        (
            "cases",
            statement(format!(
                "switch (a) {{ {} }}",
                numbered(|it| format!("case {it}: int b{it} = {it}; "))
            )),
        ),
        (
            "inner names",
            nested(200, "void f() { f(); a = A.this.a; }", |it| {
                format!("class A {{ int a; {it} }}")
            }),
        ),
        (
            "escapes",
            expression(format!("\"{}\\", many("\\u\\7\\uD83D"))),
        ),
        (
            "nul",
            "class A { char x = '\0'; }\n\u{feff}int y = \"\u{202e}\";".to_owned(),
        ),
    ]
}

fn assert_bounded(file: &str, texts: Vec<(&'static str, String)>) {
    for (name, text) in texts {
        check(file, text.as_bytes());
        let Some(dump) = dump_ir(file, text.into_bytes()) else {
            panic!("{file} has a lowering");
        };
        let length = dump.map_or(0, |dump| dump.text.len());
        assert!(length < 100_000_000, "{name}: {length}");
    }
}

#[test]
fn hostile_text_is_lowered_or_given_up_in_bounds() {
    assert_bounded("a.py", hostile());
}

#[test]
fn hostile_java_is_lowered_or_given_up_in_bounds() {
    assert_bounded("A.java", hostile_java());
}

fn hostile_templates() -> Vec<(&'static str, String)> {
    let many = |text: &str| text.repeat(6_000);
    let nested = |begin: &str, end: &str| format!("<p>{}{}", many(begin), many(end));
    let output = |text: String| format!("<p>{{{{ {text} }}}}${{{text}}}<%= {text} %>[({text})]");
    vec![
        ("nothing", String::new()),
        ("outputs", many("<p>{{ a }}${a}")),
        ("open outputs", many("{{ ' ${ ' <%= ' [[ ")),
        ("open tags", many("<a b='<%c ")),
        ("open braces", many("{{ { ${ { ")),
        (
            "parentheses",
            output(format!("{}a{}", many("("), many(")"))),
        ),
        ("lists", output(format!("{}a{}", many("["), many("]")))),
        ("maps", output(many("{a: "))),
        ("sum", output(vec!["a"; 6_000].join(" + "))),
        ("or", output(vec!["a"; 6_000].join(" or "))),
        ("not", output(many("not "))),
        ("minus", output(many("- "))),
        ("new", output(many("new "))),
        ("casts", output(many("(a) "))),
        ("names", output(format!("a{}", many(".b")))),
        ("calls", output(format!("a{}", many(".b()")))),
        ("arguments", output(many("a("))),
        ("filters", output(format!("a{}", many("|b")))),
        ("arguments of filters", output(many("a|b("))),
        ("ternaries", output(format!("{}a", many("a if b else ")))),
        ("questions", output(format!("{}a", many("a ? b : ")))),
        ("elvis", output(format!("{}a", many("a ?: ")))),
        ("tests", output(format!("a{}", many(" is b not c")))),
        ("ifs", nested("{% if a %}", "{% endif %}")),
        ("else ifs", format!("{{% if a %}}{}", many("{% elif b %}"))),
        ("loops", nested("{% for a in b %}", "{% endfor %}")),
        ("open loops", many("{% for a 1 2 in b %}{% else %}")),
        ("with", nested("{% with a=b %}", "{% endwith %}")),
        ("macros", nested("{% macro a(b) %}", "{% endmacro %}")),
        (
            "ends",
            many("{% endif %}{% endfor %}{% endmacro %}{% else %}"),
        ),
        ("raw", many("{% raw %}{% endraw")),
        ("lines", many("% if a:\n% for b in c:\n")),
        ("code", many("<% a = b; { out.print(c) } %>\n")),
        (
            "elements",
            many("<c:forEach var='a' items='${b}'><p th:each='a : ${b}' th:utext='${a}'>"),
        ),
        (
            "nul",
            "{{ '\0' }}\u{feff}{{ \u{202e} }}{% é %}{{ \"é\"|ü }}".to_owned(),
        ),
    ]
}

/// One name for each dialect.
const TEMPLATES: [&str; 4] = ["a.jinja", "a.mako", "a.jsp", "a.html"];

#[test]
fn hostile_templates_are_lowered_or_given_up_in_bounds() {
    for (name, text) in hostile_templates() {
        for file in TEMPLATES {
            let text = match file {
                "a.html" => format!("<html xmlns:th=\"t\"><p th:utext=\"{text}\">{text}"),
                _ => text.clone(),
            };
            assert_bounded(file, vec![(name, text)]);
        }
    }
}

mod random {
    use super::*;
    use proptest::prelude::*;

    /// Pieces of the fixtures in any order, cut anywhere.
    fn shuffled(language: &str) -> impl Strategy<Value = String> + use<> {
        let text: String = fixtures(language)
            .into_iter()
            .map(|(_, content)| String::from_utf8(content).unwrap())
            .collect();
        let pieces: Vec<String> = text
            .split_inclusive([' ', '\n', '(', ':', '{'])
            .map(str::to_owned)
            .collect();
        let pieces = prop::collection::vec(prop::sample::select(pieces), 0..120);
        (pieces, 0_usize..200).prop_map(|(pieces, cut)| {
            let mut text = pieces.concat();
            let at = text.len().saturating_sub(cut);
            if text.is_char_boundary(at) {
                text.truncate(at);
            }
            text
        })
    }

    fn lowered_twice(file: &str, text: &str) -> [Result<String, String>; 2] {
        check(file, text.as_bytes());
        [(); 2].map(|()| {
            let dump = dump_ir(file, text.as_bytes().to_vec());
            dump.unwrap().map(|dump| dump.text)
        })
    }

    proptest! {
        #[test]
        fn any_text_is_lowered_without_a_panic(text in shuffled("python")) {
            let [first, again] = lowered_twice("a.py", &text);
            prop_assert_eq!(first, again);
        }

        #[test]
        fn any_template_is_lowered_without_a_panic(text in shuffled("template")) {
            for file in TEMPLATES {
                let text = match file {
                    "a.html" => format!("<p xmlns:th=\"t\">{text}"),
                    _ => text.clone(),
                };
                let [first, again] = lowered_twice(file, &text);
                prop_assert_eq!(first, again);
            }
        }

        #[test]
        fn any_java_is_lowered_without_a_panic(text in shuffled("java")) {
            let [first, again] = lowered_twice("A.java", &text);
            prop_assert_eq!(first, again);
        }
    }
}
