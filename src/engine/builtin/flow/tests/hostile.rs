//! Files that are made to keep the data flow busy, to overflow its stack or to fill the memory, and
//! files of which nobody thought: every one comes to an end, without a panic.

use super::super::trial;
use crate::engine::{
    builtin::text::SourceText,
    inventory::{FileRole, Language},
};
use std::fmt::Write as _;

/// One file alone; `None` when the data flow broke.
fn followed(name: &str, text: &str) -> Option<super::super::FileFlow> {
    let language = Language::of_path(name);
    let bytes = text.as_bytes().to_vec();
    trial::alone(&SourceText::new(
        name,
        language,
        FileRole::Production,
        bytes,
    ))
}

/// `each` for every number below `count`, one behind the other.
fn many(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).map(each).collect()
}

const REQUEST: &str = "import os\nimport flask\nq = flask.request.args\n";

fn hostile_python() -> Vec<(&'static str, String)> {
    let body = |text: String| format!("{REQUEST}{text}os.system(q)\n");
    let mut inner = String::new();
    for depth in 0..60 {
        let _ = writeln!(inner, "{}def f{depth}(a{depth}):", " ".repeat(depth));
    }
    let _ = writeln!(inner, "{}return a0 + a59", " ".repeat(60));
    let nested_loops = many(40, |at| {
        format!("{}for a{at} in q[a{at}]:\n", " ".repeat(at))
    });
    vec![
        ("sums", format!("{REQUEST}os.system({})\n", vec!["q['a']"; 2_000].join("+"))),
        (
            "branches",
            body("if q: pass\n".to_owned() + &many(600, |at| format!("elif q[{at}]: v{at} = q\n"))),
        ),
        (
            "variables of branches",
            format!(
                "def f(q):\n{}\n",
                many(500, |at| format!(" if q[{at}]:\n  v{} = q + v{at}\n", at + 1))
            ),
        ),
        (
            "functions in a circle",
            body(many(1_500, |at| {
                format!("def f{at}(a):\n return f{}(a)\n", (at * 7 + 1) % 1_500)
            })),
        ),
        (
            "texts that double",
            body(many(30, |at| {
                let next = at + 1;
                format!(
                    "def f{at}(a):\n return g{at}(a + 'a') + h{at}(a + 'b')\n\
                     def g{at}(a):\n return f{next}(a)\n\
                     def h{at}(a):\n return f{next}(a)\n"
                )
            }) + "def f30(a):\n return a\ndef start():\n return f0('s')\n"),
        ),
        (
            "functions of one name",
            body(many(10_000, |_| "def f():\n f()\n".to_owned())),
        ),
        (
            "functions that double",
            body(many(1_000, |at| {
                format!("def f{at}(a):\n return f{}(a) + f{}(a)\n", at + 1, at + 2)
            }) + "f0(q)\n"),
        ),
        (
            "objects in a circle",
            body(many(60, |at| {
                format!(
                    "def f{at}(a, b):\n f{}(b, a)\n f{}(a, [b])\n f{}([a], {{'x': b}})\n os.system(b)\n return [a, b]\n",
                    (at + 1) % 60,
                    (at * 7 + 3) % 60,
                    (at * 13 + 5) % 60
                )
            }) + "f1(q, 2)\n"),
        ),
        (
            "fields in a circle",
            body(many(60, |at| {
                format!(
                    "class C{at}:\n def m(self, a):\n  self.a = a\n  self.b = C{}()\n  self.b.c = self\n  return self.b.m(self.a).c.b.m(a)\n",
                    (at + 1) % 60
                )
            }) + "C0().m(q)\n"),
        ),
        ("keys", body("d = {}\n".to_owned() + &many(1_500, |at| format!("d['k{at}'] = q['{at}']\n")))),
        (
            "loops",
            format!(
                "def f():\n{} while x:\n{}",
                many(200, |at| format!(" v{at} = 1\n")),
                many(200, |at| format!("  v{at} = v{}\n  if v{at}: continue\n", at + 1))
            ),
        ),
        ("nested loops", body(nested_loops + &" ".repeat(40) + "q = a39\n")),
        (
            "containers that grow",
            body("x = [q]\n".to_owned() + &"x = [x, x]\n".repeat(400) + &"q = {1: q, 2: x}\n".repeat(400)),
        ),
        (
            "containers that grow in loops",
            body(
                "x = [q]\nwhile x:\n".to_owned()
                    + &" x = [x, x]\n y = {'a': x, 'b': q}\n x.append(y)\n s += s + str(x)\n".repeat(25),
            ),
        ),
        ("texts that double", "s = 'a'\n".to_owned() + &"s = s + s\n".repeat(400)),
        (
            "numbers and texts without end",
            "s = 'aaaaaaaaaa' * 1000000000\nt = s * 1000\nx = 2 ** (2 ** 100000)\ny = 1 << 1000000000\nz = '%1000000000d' % 3\nl = [1] * 1000000000\nr = list(range(10 ** 12))\n'{:>1000000000}'.format(1)\n'a'.ljust(10 ** 10).center(10 ** 10)\n".to_owned(),
        ),
        ("pieces", format!("{REQUEST}os.system(f\"{}\")\n", "{q}".repeat(2_000))),
        ("arguments", format!("f(*a, **b, {})\n", many(3_000, |at| format!("k{at}=x, ")))),
        ("members of members", format!("x = a{}\nx{} = 3\n", ".b".repeat(5_000), ".c".repeat(5_000))),
        ("calls of calls", format!("{REQUEST}x = q{}\nos.system(x)\n", ".b()".repeat(3_000))),
        ("items of items", format!("{REQUEST}x = q{}\nos.system(x)\n", "[1]".repeat(3_000))),
        (
            "classes in a circle",
            many(400, |at| {
                format!(
                    "class C{at}(C{}, C{at}, C{}):\n def m(self): return self.m().n\n def n(self): return super().m()\n",
                    (at + 1) % 400,
                    (at * 3) % 400
                )
            }),
        ),
        (
            "classes of themselves",
            "class A(A): pass\nclass B(C): x = 1\nclass C(B): x = B.x\nclass D(E):\n def m(self):\n  self.f = self.m()\n  return self.zz.m()\nclass E(F): pass\nclass F(D): pass\nD().m().q\nB().x.y\n".to_owned(),
        ),
        ("everything of everywhere", many(400, |at| format!("from m{at} import *\n")) + &"zz\n".repeat(100)),
        (
            "functions of functions",
            "def f(x):\n return f([x, x]) + f({'a': x}) + f(lambda: f(x))\nf(f)(f)(f(f))\n".repeat(40),
        ),
        ("decorators", "@d\n".repeat(2_000) + "def f(x): return f\n"),
        ("functions in functions", inner),
    ]
}

fn hostile_java() -> Vec<(&'static str, String)> {
    let body = |text: String| {
        format!("class A {{ void f(javax.servlet.http.HttpServletRequest q) {{ {text} }} }}\n")
    };
    let run = "Runtime.getRuntime().exec(x);";
    vec![
        ("sums", body(format!("String x = {};{run}", vec!["q.getParameter(\"a\")"; 1_500].join("+")))),
        ("branches", body(many(400, |at| format!("int v{at} = 0; if (q.a({at})) v{at} = 1;")))),
        ("else", body("if (a) {} ".to_owned() + &many(600, |at| format!("else if (b{at}) c{at}(); ")))),
        (
            "functions in a circle",
            format!(
                "class A {{{}}}",
                many(1_500, |at| format!("String f{at}(String a) {{ return f{}(a); }}\n", (at * 7 + 1) % 1_500))
            ),
        ),
        (
            "classes in a circle",
            many(400, |at| {
                format!(
                    "class C{at} extends C{} implements C{at}, C{} {{ Object m() {{ return this.m(); }} C{} x = new C{}(); }}\n",
                    (at + 1) % 400,
                    (at * 3) % 400,
                    (at + 9) % 400,
                    (at + 8) % 400
                )
            }),
        ),
        (
            "classes of themselves",
            "class A extends A { A a = new A(); }\nclass B extends C { B x = new C(); static int y = C.z; }\nclass C extends B { static int z = B.y; C q = new B(); void f() { this.q.x.q.x.f(); } }\ninterface I extends J {} interface J extends I { default void m() { m(); } }\nclass G<T extends G<T>> extends H<G<T>> { T t; G<H<G<T>>> g; }\nclass H<T extends H<T>> extends G<H<T>> { T u; Object f() { return t.u.t.u.f(); } }\n".to_owned(),
        ),
        ("cases", body(format!("switch (a) {{{}}}", many(600, |at| format!("case {at}: b{at} = q; "))))),
        ("calls of calls", body(format!("a{};", ".b()".repeat(3_000)))),
        (
            "many functions",
            format!(
                "class A {{{}}}",
                many(500, |at| {
                    format!("String f{at}(String a) {{ String b = a; if (b == null) return a; for (int i = 0; i < 3; i++) {{ b += a; }} return b; }}")
                })
            ),
        ),
        (
            "a text of itself",
            body(format!(
                "StringBuilder b = new StringBuilder();{}Runtime.getRuntime().exec(b.toString());",
                "b.append(q.getParameter(\"a\")).append(b);".repeat(800)
            )),
        ),
        (
            "constants",
            format!("enum E {{ {}; E(Object x) {{}} }}", many(1_500, |at| format!("A{at}(B{at}),"))),
        ),
        (
            "functions of one name",
            format!("class A {{{}}}", many(700, |at| format!("void f(C{at} x) {{ f(x); this.f(this); }}"))),
        ),
        (
            "classes of one kind",
            "interface I { Object m(Object x); }\n".to_owned()
                + &many(300, |at| {
                    format!("class C{at} implements I {{ I i; public Object m(Object x) {{ return i.m(i.m(x)); }} }}\n")
                }),
        ),
    ]
}

#[test]
fn hostile_python_comes_to_an_end() {
    for (what, text) in hostile_python() {
        assert!(followed("a.py", &text).is_some(), "{what}");
    }
}

#[test]
fn hostile_java_comes_to_an_end() {
    for (what, text) in hostile_java() {
        assert!(followed("A.java", &text).is_some(), "{what}");
    }
}

mod random {
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    /// The text of all fixtures with this ending.
    fn fixtures(ending: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let mut waiting: Vec<_> = ["flow", "models", "checks"].map(|it| root.join(it)).into();
        let mut files = Vec::new();
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else if path.extension().is_some_and(|it| it == ending) {
                    files.push(path);
                }
            }
        }
        files.sort();
        let texts = files
            .iter()
            .map(|path| std::fs::read_to_string(path).unwrap());
        texts.collect()
    }

    /// Lines of fixtures, some without their beginning or end, in any order.
    fn shuffled(ending: &str) -> impl Strategy<Value = String> + use<> {
        let lines: Vec<String> = fixtures(ending)
            .split_inclusive('\n')
            .map(str::to_owned)
            .collect();
        let line = (prop::sample::select(lines), 0_usize..12, any::<bool>());
        let cut = line.prop_map(|(line, cut, behind)| match behind {
            true => line.chars().skip(cut / 8).collect::<String>(),
            false if cut > 9 => line.chars().take(line.len() / 2).collect(),
            false => line,
        });
        prop::collection::vec(cut, 0..60).prop_map(|lines| lines.concat())
    }

    proptest! {
        #[test]
        fn any_python_is_followed_without_a_panic(text in shuffled("py")) {
            prop_assert!(followed("a.py", &text).is_some());
        }

        #[test]
        fn any_java_is_followed_without_a_panic(text in shuffled("java")) {
            prop_assert!(followed("A.java", &text).is_some());
        }
    }
}
