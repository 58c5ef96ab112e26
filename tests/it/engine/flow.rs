//! Data flow over a whole program: what is found, and with which way, does not depend on how many
//! threads looked, nor on which of two runs it was.

use super::{Memory, scan};
use std::path::Path;
use vega::{domain::finding::FindingContent, engine::to_json};

/// Chains of this many Python files and of this many Java files, each with a fault at its end.
const CHAINS: usize = 12;

pub(super) fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// The programs that are fixtures of the data flow with their settings, each in a folder of its own
/// below `to`.
fn copy_programs(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy_programs(&from, &to);
        } else if from.extension().is_none_or(|it| it != "snap") {
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(&from, &to).unwrap();
        }
    }
}

/// A view, a service and a store of which the last runs what the first was sent. Every store is
/// called by two services, so that more than one way leads to it.
fn python_chain(root: &Path, n: usize) {
    let other = (n + 1) % CHAINS;
    let view = format!(
        "from flask import Flask, render_template, request\nfrom web.service{n} import find\n\n\
         app = Flask(__name__)\n\n\n@app.route(\"/{n}\")\ndef view():\n    \
         name = request.args[\"name\"]\n    find(name)\n    \
         return render_template(\"page{n}.html\", name=name)\n"
    );
    let service = format!(
        "from web import store{n}, store{other}\n\n\ndef find(name):\n    \
         store{n}.run({{\"name\": name}})\n    store{other}.run({{\"name\": name}})\n"
    );
    let store =
        "import os\n\n\ndef run(wish):\n    os.system(\"ls \" + wish[\"name\"])\n".to_owned();
    write(root, &format!("web/view{n}.py"), &view);
    write(root, &format!("web/service{n}.py"), &service);
    write(root, &format!("web/store{n}.py"), &store);
    let page = "<h1>Found</h1>\n<p>{{ name|safe }}</p>\n";
    write(root, &format!("web/templates/page{n}.html"), page);
}

/// The same for servlets, whose page is a JSP.
fn java_chain(root: &Path, n: usize) {
    let other = (n + 1) % CHAINS;
    let servlet = format!(
        "package shop;\nimport javax.servlet.http.*;\n\
         public class View{n} extends HttpServlet {{\n  \
         public void doGet(HttpServletRequest request, HttpServletResponse response) throws Exception {{\n    \
         String name = request.getParameter(\"name\");\n    new Service{n}().find(name);\n    \
         request.setAttribute(\"name\", name);\n    \
         request.getRequestDispatcher(\"/WEB-INF/page{n}.jsp\").forward(request, response);\n  }}\n}}\n"
    );
    let service = format!(
        "package shop;\npublic class Service{n} {{\n  \
         void find(String name) throws Exception {{\n    \
         new Store{n}().run(name);\n    new Store{other}().run(name);\n  }}\n}}\n"
    );
    let store = format!(
        "package shop;\npublic class Store{n} {{\n  \
         void run(String name) throws Exception {{\n    \
         Runtime.getRuntime().exec(name);\n  }}\n}}\n"
    );
    let code = "shop/src/main/java/shop";
    write(root, &format!("{code}/View{n}.java"), &servlet);
    write(root, &format!("{code}/Service{n}.java"), &service);
    write(root, &format!("{code}/Store{n}.java"), &store);
    let page = format!("shop/src/main/webapp/WEB-INF/page{n}.jsp");
    write(root, &page, "<p>${name}</p>\n");
}

/// Whether the way leads through several files to one that is named like this.
fn crosses(content: &FindingContent, name: &str, ending: &str) -> bool {
    let at = &content.location.file_path;
    let elsewhere = content.trace.iter().any(|step| &step.file != at);
    elsewhere && !content.lead && at.contains(name) && at.ends_with(ending)
}

/// Many programs in Python and Java, with a fault at the end of every chain.
pub(super) fn write_programs(root: &Path) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for programs in ["flow", "models", "checks/java", "checks/python"] {
        copy_programs(&fixtures.join(programs), &root.join("lib").join(programs));
    }
    for n in 0..CHAINS {
        python_chain(root, n);
        java_chain(root, n);
    }
}

#[test]
fn a_program_of_many_files_gives_the_same_report_on_any_number_of_threads() {
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path();
    write_programs(root);
    let first = scan(root, &Memory::default(), 1).report;
    for (name, ending) in [
        ("web/store", ".py"),
        ("web/templates/page", ".html"),
        ("shop/Store", ".java"),
        ("WEB-INF/page", ".jsp"),
    ] {
        let found = first.shown().map(|finding| &finding.content);
        let found = found.filter(|content| crosses(content, name, ending));
        assert_eq!(found.count(), CHAINS, "{name}");
    }
    assert!(first.summary.leads > 0, "leads are compared too");
    let expected = to_json(&first).unwrap();
    for threads in [1, 2, 2, 4, 4] {
        let again = to_json(&scan(root, &Memory::default(), threads).report).unwrap();
        let equal = again == expected;
        assert!(equal, "another report with {threads} threads");
    }
}
