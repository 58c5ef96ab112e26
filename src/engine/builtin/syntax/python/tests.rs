use super::*;
use crate::engine::inventory::{FileRole, Language};

fn with<T>(code: &str, ask: impl FnOnce(&Module<'_>) -> T) -> T {
    let source = SourceText::new(
        "a.py",
        Some(Language::Python),
        FileRole::Production,
        code.as_bytes().to_vec(),
    );
    let module = Module::parse(&source, &CancellationToken::new()).unwrap();
    ask(&module)
}

fn first_argument_origin(code: &str) -> Origin {
    with(code, |module| {
        let call = module
            .calls()
            .find(|call| module.method(*call) == Some("sink"))
            .unwrap();
        module.origin(module.args(call).positional[0])
    })
}

#[test]
fn aliases_are_resolved_and_own_names_are_not() {
    let callees = |code: &str| {
        with(code, |module| {
            module
                .calls()
                .map(|call| module.callee(call))
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(
        callees("import os as o\no.system('x')"),
        [Some("os.system".to_owned())]
    );
    assert_eq!(
        callees("from subprocess import run as r\nr('x')"),
        [Some("subprocess.run".to_owned())]
    );
    assert_eq!(callees("import a.b\na.b.c()"), [Some("a.b.c".to_owned())]);
    assert_eq!(callees("def eval(x): pass\neval('x')"), [None]);
    assert_eq!(callees("eval('x')"), [Some("eval".to_owned())]);
}

#[test]
fn origins_follow_assignments_inside_a_function() {
    let flask = "from flask import request\n";
    assert_eq!(
        first_argument_origin("X = 'a'\nsink(X + 'b')"),
        Origin::Constant
    );
    assert_eq!(
        first_argument_origin("def f(x):\n    sink(x)"),
        Origin::Unknown
    );
    assert_eq!(
        first_argument_origin(&format!(
            "{flask}def f():\n    a = request.args['q']\n    b = a\n    sink(b)"
        )),
        Origin::Remote
    );
    assert_eq!(
        first_argument_origin("@app.get('/x/{q}')\ndef f(q):\n    sink(f'a {q}')"),
        Origin::Remote
    );
    assert_eq!(
        first_argument_origin("import sys\nsink(sys.argv[1])"),
        Origin::Local
    );
}

#[test]
fn a_hundred_thousand_levels_do_not_overflow_the_stack() {
    for deep in [
        "(".repeat(100_000),
        "a = ".to_owned() + &"1+".repeat(100_000) + "1",
        "[".repeat(50_000) + &"]".repeat(50_000),
    ] {
        let source = SourceText::new("a.py", None, FileRole::Production, deep.into_bytes());
        if let Ok(module) = Module::parse(&source, &CancellationToken::new()) {
            for call in module.calls() {
                module.symbol(call);
            }
            module.is_constant(module.tree.root());
        }
    }
}
