//! A scan that knows of the last one says what one says that knows nothing, whatever changed between
//! them, and looks again only at what the change concerns.

use super::{Flow, flow_of, flow_with, found};
use crate::engine::cache::tests::open;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A tree that is scanned again and again.
pub(super) struct Tree {
    folder: TempDir,
    kept: Vec<u8>,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self {
            folder: tempfile::tempdir().unwrap(),
            kept: Vec::new(),
        };
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    /// With all programs of `tests/fixtures/flow` whose names begin so.
    pub(super) fn of_programs(begin: &str) -> Self {
        let tree = Self::new(&[]);
        for program in fs::read_dir("tests/fixtures/flow").unwrap() {
            let program = program.unwrap();
            if program.file_name().to_str().unwrap().starts_with(begin) {
                copy(&program.path(), &tree.root().join(program.file_name()));
            }
        }
        tree
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.root().join(path)).unwrap();
    }

    /// Files in the order of their paths.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        add_files(self.root(), &mut files);
        files.sort();
        files
    }

    /// Scans knowing of the last scan, and checks that it says what one says that does not; gives what
    /// is found, and how many steps were known and how many were not.
    pub(super) fn scan(&mut self) -> (Vec<String>, u64, u64) {
        let cache = open(self.kept.clone());
        let (told, files) = flow_with(self.root(), &cache);
        let (anew, _) = flow_of(self.root());
        assert_eq!(said(&told), said(&anew));
        if let Some(kept) = cache.to_bytes(false) {
            self.kept = kept;
        }
        let (known, asked) = cache.reuse();
        let found = found(self.root(), &told, &files).into_iter();
        let found = found.map(|(file, line, rule)| format!("{file}:{line} {rule}"));
        (found.collect(), known, asked - known)
    }
}

fn said(flow: &Flow) -> String {
    format!("{flow:#?}")
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

fn add_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => add_files(&path, files),
            false => files.push(path),
        }
    }
}

const VIEWS: &str = "from flask import Flask, request\nfrom tools import ready\nimport os\n\n\
    app = Flask(__name__)\n\n\n@app.route('/run')\ndef run():\n    name = request.args['name']\n    \
    if name is None:\n        return 'nothing'\n    os.system('ls ' + ready(name))\n    return 'done'\n";
const SAFE: &str = "import shlex\n\n\ndef ready(text):\n    cut = text.strip()\n    words = cut.split()\n    \
    return shlex.quote(words[0])\n";
const UNSAFE: &str = "import shlex\n\n\ndef ready(text):\n    cut = text.strip()\n    words = cut.split()\n    \
    return str(words[0])\n";
const OTHER: &str = "import os\n\n\ndef sizes(folder):\n    found = {}\n    \
    for name in os.listdir(folder):\n        path = os.path.join(folder, name)\n        \
    found[name] = os.path.getsize(path)\n    return found\n";

#[test]
fn what_a_callee_in_another_file_does_now_counts() {
    let mut tree = Tree::new(&[("views.py", VIEWS), ("tools.py", SAFE), ("other.py", OTHER)]);
    let (found, known, _) = tree.scan();
    assert_eq!((found, known), (vec![], 0));
    tree.write("tools.py", UNSAFE);
    let (found, known, unknown) = tree.scan();
    assert_eq!(found, ["views.py:13 python-command-injection"]);
    // `sizes`, the trees and the tables of the two files that stayed; not `ready` and `run`.
    assert!(known > 0 && unknown > 0, "{known} known, {unknown} not");
    tree.write("tools.py", SAFE);
    assert_eq!(tree.scan().0, Vec::<String>::new());
}

#[test]
fn a_change_that_concerns_nobody_costs_its_file_alone() {
    let mut tree = Tree::new(&[
        ("views.py", VIEWS),
        ("tools.py", UNSAFE),
        ("other.py", OTHER),
    ]);
    let (_, _, all) = tree.scan();
    tree.write("other.py", &OTHER.replace("getsize", "getmtime"));
    let (found, known, unknown) = tree.scan();
    assert_eq!(found.len(), 1);
    // What data flow says of all, the file as it is lowered, its table, and its function.
    assert_eq!(unknown, 4, "{known} known, of {all} at first");
}

#[test]
fn files_that_come_and_go_count() {
    let package = [("app/__init__.py", ""), ("app/views.py", VIEWS)];
    let mut tree = Tree::new(&package);
    tree.write("app/tools.py", SAFE);
    assert_eq!(tree.scan().0.len(), 0);
    tree.remove("app/tools.py");
    tree.scan();
    tree.write("app/tools/__init__.py", UNSAFE);
    assert_eq!(tree.scan().0.len(), 1);
    // What lies nearer is meant.
    tree.write("app/tools.py", SAFE);
    tree.scan();
    tree.write("before.py", OTHER);
    tree.scan();
}

#[test]
fn what_a_class_is_derived_from_counts() {
    let base = "class Base:\n    def text(self, given):\n        words = given.split()\n        \
                return words[0]\n";
    let safe = format!(
        "import shlex\nfrom base import Base\n\n\nclass Reader({{}}):\n{}",
        {
            "    def name(self, given):\n        plain = given.strip()\n        return self.text(plain)\n"
        }
    );
    let other = "import shlex\n\n\nclass Quoting:\n    def text(self, given):\n        \
                 words = given.split()\n        return shlex.quote(words[0])\n";
    let view = VIEWS.replace("tools import ready", "reader import Reader");
    let view = view.replace("ready(name)", "Reader().name(name)");
    let reader = |of: &str| safe.replace("{}", of);
    let mut tree = Tree::new(&[
        ("base.py", base),
        ("other.py", other),
        ("reader.py", &reader("Base")),
        ("views.py", &view),
    ]);
    assert_eq!(tree.scan().0.len(), 1);
    let quoting = reader("Quoting").replace("base import Base", "other import Quoting");
    tree.write("reader.py", &quoting);
    assert_eq!(tree.scan().0.len(), 0);
    tree.write("reader.py", &reader("Base"));
    tree.write("base.py", &base.replace("words[0]", "'fixed'"));
    assert_eq!(tree.scan().0.len(), 0);
}

#[test]
fn settings_and_templates_count() {
    let view = "from flask import Flask, render_template, request\n\napp = Flask(__name__)\n\n\n\
                @app.route('/')\ndef show():\n    name = request.args['name']\n    \
                text = name.strip()\n    return render_template('show.html', text=text)\n";
    let page = "<p>{{ text }}</p>\n";
    let mut tree = Tree::new(&[("views.py", view), ("templates/show.html", page)]);
    assert_eq!(tree.scan().0.len(), 0);
    tree.write("templates/show.html", "<p>{{ text|safe }}</p>\n");
    assert_eq!(tree.scan().0.len(), 1);
    tree.write("other/show.html", page);
    tree.scan();
    tree.remove("templates/show.html");
    assert_eq!(tree.scan().0.len(), 0);
}

#[test]
fn functions_in_functions_count() {
    let view = "from flask import Flask, request\nfrom tools import ready\nimport os\n\n\
                app = Flask(__name__)\n\n\n@app.route('/run')\ndef run():\n    \
                given = request.args['name']\n    shown = ''\n\n    def show(text):\n        \
                nonlocal shown\n        shown = shown + text\n        \
                words = ready(text)\n        return 'ls ' + words + str(len(shown))\n\n    \
                os.system(show(given))\n    return 'done'\n";
    let mut tree = Tree::new(&[
        ("views.py", view),
        ("tools.py", UNSAFE),
        ("other.py", OTHER),
    ]);
    assert_eq!(tree.scan().0.len(), 1);
    tree.write("other.py", &format!("{OTHER}\n"));
    let (found, known, unknown) = tree.scan();
    assert_eq!((found.len(), unknown), (1, 4), "{known} known");
    tree.write("tools.py", SAFE);
    tree.scan();
    tree.write("tools.py", &UNSAFE.replace("str(words[0])", "'fixed'"));
    assert_eq!(tree.scan().0.len(), 0);
    tree.write("tools.py", UNSAFE);
    assert_eq!(tree.scan().0.len(), 1);
}

#[test]
fn what_was_asked_for_in_vain_is_not_looked_at_again() {
    let walk = "import os\nfrom flask import request\nfrom tools import ready\n\n\ndef below(node):\n    \
                left = node.left\n    right = node.right\n    found = walk(left)\n    \
                found = found + walk(right)\n    return found\n\n\ndef walk(node):\n    \
                found = below(node)\n    name = request.args['name']\n    words = ready(name)\n    \
                os.system('ls ' + words)\n    return found + words\n";
    let mut tree = Tree::new(&[("walk.py", walk), ("tools.py", SAFE), ("other.py", OTHER)]);
    assert_eq!(tree.scan().0.len(), 0);
    tree.write("tools.py", UNSAFE);
    let (found, known, unknown) = tree.scan();
    assert_eq!(found.len(), 1);
    // What is said of all and of two files, and the ways of calling `walk`, `below` and `ready`, each once.
    assert_eq!(unknown, 10, "{known} known");
}

#[test]
fn what_a_look_puts_into_fields_does_not_keep_it_from_being_known() {
    let shop = "package shop;\n\nclass Shop {\n  private String name;\n  private Stock stock;\n\n  \
                String open(String given) {\n    String first = given.trim();\n    \
                String second = first.toLowerCase();\n    this.name = second;\n    \
                String third = stock.all(this.name);\n    String fourth = third.trim();\n    \
                return fourth + second;\n  }\n}\n";
    let stock = "package shop;\n\nclass Stock {\n  private String kind;\n\n  String all(String of) {\n    \
                 return kind + of;\n  }\n}\n";
    let aside = "package shop;\n\nclass Aside {\n  int one() {\n    return 1;\n  }\n}\n";
    let mut tree = Tree::new(&[
        ("shop/Shop.java", shop),
        ("shop/Stock.java", stock),
        ("shop/Aside.java", aside),
    ]);
    tree.scan();
    tree.write("shop/Aside.java", &aside.replace("1;", "2;"));
    let (_, known, unknown) = tree.scan();
    // What data flow says of all, the file as it is lowered, and its table.
    assert_eq!(unknown, 3, "{known} known");
}

/// What has nothing to do with the rest.
const ASIDE: (&str, &str) = ("zz.py", "def q():\n    return 1\n");

/// Scans, changes what has nothing to do with the rest, and scans again; how many findings there are.
fn found_after_a_change_aside(files: &[(&str, &str)]) -> usize {
    let mut tree = Tree::new(files);
    tree.write(ASIDE.0, ASIDE.1);
    tree.scan();
    tree.write(ASIDE.0, "def q():\n    return 2\n");
    tree.scan().0.len()
}

#[test]
fn whoever_looked_into_an_object_it_made_itself_looks_again() {
    let state = "import os\nfrom flask import request\nCACHE = None\nMODE = None\n\n\ndef put(a):\n    \
                 global CACHE\n    b = a + 1\n    c = b + 2\n    d = c + 3\n    e = d + 4\n    if a:\n        \
                 CACHE = []\n    else:\n        e = CACHE[0]\n    if MODE:\n        \
                 os.system(request.args['q'])\n    return e\n\n\ndef later():\n    global MODE\n    \
                 MODE = 'on'\n";
    let views = "import state\nfrom flask import Flask, request\napp = Flask(__name__)\n\n\n\
                 def mid():\n    return 1\n\n\n@app.route('/x')\ndef fill():\n    mid()\n    \
                 state.CACHE.append(request.args['x'])\n    return 'done'\n";
    let files = [("state.py", state), ("views.py", views)];
    assert_eq!(found_after_a_change_aside(&files), 1);
}

#[test]
fn what_a_look_says_a_name_is_counts_for_what_it_asks() {
    let views = "import os\nHttpRequest = None\n\n\ndef show(request):\n    a = 1\n    \
                 os.system(request.GET['x'])\n\n\nHANDLERS = [show]\n\n\ndef setup(req):\n    \
                 global HttpRequest\n    from django.http import HttpRequest\n    a = req + 1\n    \
                 b = a + 2\n    c = b + 3\n    d = c + 4\n    HANDLERS[0](req)\n    return d\n";
    assert_eq!(found_after_a_change_aside(&[("views.py", views)]), 1);
}

#[test]
fn what_a_function_that_was_given_looks_at_counts_for_who_calls_it() {
    let util = "import state\nfrom flask import request\n\n\ndef h0():\n    return 1\n\n\ndef h1():\n    \
                return h0()\n\n\ndef apply(cb):\n    a = cb()\n    b = a + 1\n    c = b + 2\n    \
                d = c + 3\n    e = d + h1()\n    state.G = request.args['q']\n    return e\n\n\n\
                FUNCS = [apply]\n";
    let views = "from util import FUNCS\nimport state\nimport os\n\n\ndef outer(x):\n    y = x\n\n    \
                 def cb():\n        z = 1\n        return 1\n\n    FUNCS[0](cb)\n    return y\n";
    let state = "G = None\n";
    let mut tree = Tree::new(&[("util.py", util), ("state.py", state), ("views.py", views)]);
    tree.scan();
    tree.write("views.py", &views.replace("z = 1", "os.system(state.G)"));
    tree.scan();
}

#[test]
fn what_is_kept_of_hostile_code_is_bounded() {
    let sinks = "    os.system(x)\n".repeat(20);
    let mut chain = format!("import os\n\n\ndef f0(x):\n{sinks}\n");
    for at in 1..600 {
        chain += &format!(
            "def f{at}(x):\n    y = x\n    f{}(y)\n    return y\n\n",
            at - 1
        );
    }
    let many = "    shown = data\n    leaf(1)\n".repeat(600);
    let data: String = (0..30)
        .map(|at| format!("'{at}': {{'a': {{'b': request.args['q']}}}}, "))
        .collect();
    let puts = format!(
        "from flask import request\n\n\ndef leaf(x):\n    return x\n\n\ndef run():\n    \
         data = {{{data}}}\n    shown = None\n\n    def show():\n        return shown\n\n{many}    \
         return show()\n"
    );
    let mut tree = Tree::new(&[("chain.py", &chain), ("puts.py", &puts)]);
    tree.scan();
    assert!(tree.kept.len() < 2_000_000, "{}", tree.kept.len());
}

#[test]
fn what_is_kept_does_not_depend_on_what_was_kept_before() {
    let mut tree = Tree::new(&[("views.py", VIEWS), ("tools.py", SAFE), ("other.py", OTHER)]);
    tree.scan();
    let first = tree.kept.clone();
    for tools in [UNSAFE, SAFE] {
        tree.write("tools.py", tools);
        tree.scan();
    }
    assert!(
        tree.kept == first,
        "{} and {}",
        tree.kept.len(),
        first.len()
    );
}

const CLASSES: &str = "import os\n\nclass Shell:\n    def run(self, cmd):\n        os.system(cmd)\n\n\
    class D:\n    def run(self, cmd):\n        return 1\n\nclass E:\n    \
    def run(self, cmd):\n        return 2\n";
const LEAF: &str = "def leaf(x):\n    y = [1, 2, 3]\n    for i in y:\n        x = x + i\n    \
    return 'a'\n";

/// Scans, changes what `leaf` gives, and scans again.
fn change_the_leaf(app: &str, jobs: &str) {
    let mut tree = Tree::new(&[
        ("app.py", app),
        ("classes.py", CLASSES),
        ("jobs.py", jobs),
        ("leafs.py", LEAF),
    ]);
    tree.scan();
    tree.write("leafs.py", &LEAF.replace("'a'", "'b'"));
    tree.scan();
}

#[test]
fn what_a_type_means_is_asked_before_others_give_the_name_to_something_else() {
    let app = "from flask import Flask, request\nfrom jobs import work, choose\n\
                app = Flask(__name__)\n\n@app.route('/x/<p>')\ndef show(p):\n    choose()\n    \
                work(p, request.args['cmd'])\n    return 'ok'\n";
    let jobs = "from leafs import leaf\nfrom classes import Shell\n\nRunner = None\n\n\
                def work(x: Runner, cmd):\n    a = [1, 2, 3]\n    for i in a:\n        \
                a.append(i)\n    for i in a:\n        a.append(leaf(1))\n    \
                x.run(cmd)\n    return a\n\ndef last():\n    return 1\n\ndef before():\n    \
                return last()\n\ndef choose():\n    global Runner\n    before()\n    \
                Runner = Shell\n";
    change_the_leaf(app, jobs);
}

#[test]
fn what_a_type_means_is_asked_before_the_function_gives_the_name_to_something_else() {
    let app = "from flask import Flask, request\nfrom jobs import work\n\
                app = Flask(__name__)\n\n@app.route('/x/<p>')\ndef show(p):\n    \
                work(p, request.args['cmd'], p)\n    return 'ok'\n";
    let jobs = "from leafs import leaf\nfrom classes import Shell\n\nRunner = None\n\n\
                def work(x: Runner, cmd, n):\n    global Runner\n    Runner = Shell\n    \
                a = [1, 2, 3]\n    for i in a:\n        a.append(leaf(1))\n    \
                x.run(cmd)\n    work(n, cmd, n)\n    return a\n";
    change_the_leaf(app, jobs);
}

#[test]
fn how_many_settings_were_put_together_counts() {
    let many = |of: &str| format!("${{{of}}}").repeat(60);
    let settings = format!(
        "big={}\na={}\nb=${{c}}${{c}}\nc=x\nalg=${{base}}\nbase=DES\n",
        many("a"),
        many("b")
    );
    let reader = |name: &str, what: &str| {
        format!(
            "import org.springframework.core.env.Environment;\n\nclass {name} {{\n  Environment env;\n{what}}}\n"
        )
    };
    let burn = |times: usize| {
        let methods = (0..times).map(|at| {
            format!(
                "  void burn{at}() {{\n    System.out.println(env.getProperty(\"big\"));\n  }}\n"
            )
        });
        reader("Burn", &methods.collect::<String>())
    };
    let loops = "    for (int i = 0; i < 3; i++) {\n      text = text + i;\n    }\n".repeat(2);
    let open = format!(
        "  void last() {{}}\n\n  void before() {{\n    last();\n  }}\n\n  \
         Object open() throws Exception {{\n    before();\n    String text = \"\";\n{loops}    \
         return new Lock().of(env.getProperty(\"alg\"));\n  }}\n"
    );
    let lock = "import javax.crypto.Cipher;\n\nclass Lock {\n  Object of(String name) throws Exception {\n    \
                return Cipher.getInstance(name);\n  }\n}\n";
    let mut tree = Tree::new(&[
        ("src/main/resources/application.properties", &settings),
        ("src/main/java/Burn.java", &burn(2)),
        ("src/main/java/Door.java", &reader("Door", &open)),
        ("src/main/java/Lock.java", lock),
    ]);
    assert_eq!(tree.scan().0.len(), 1);
    tree.write("src/main/java/Burn.java", &burn(12));
    assert_eq!(tree.scan().0.len(), 0);
}
