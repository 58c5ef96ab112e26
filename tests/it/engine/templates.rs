//! Untrusted data that leaves through a template: the fault stands in the template, its way begins
//! in the code that renders it. Each vulnerable tree has a safe twin.

use super::{Memory, scan};
use vega::domain::finding::DetectedFinding;

/// What is found in files, by a scan of the whole tree.
fn findings(files: &[(&str, &str)]) -> Vec<DetectedFinding> {
    let tree = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let file = tree.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let report = scan(tree.path(), &Memory::default(), 2).report;
    let mut gaps = report.coverage_summary.gaps;
    gaps.retain(|reason, _| !reason.contains("for java"));
    assert!(gaps.is_empty(), "{gaps:?}");
    let mut findings = report.findings;
    findings.retain(|it| it.content.rule_id.ends_with("-xss") && !it.content.lead);
    findings
}

/// Each finding as `path:line from path:line`.
fn places(files: &[(&str, &str)]) -> Vec<String> {
    let mut places: Vec<String> = findings(files)
        .iter()
        .map(|it| {
            let at = &it.content.location;
            let steps = &it.content.trace;
            let first = steps.first().unwrap();
            let last = steps.last().unwrap();
            assert_eq!((&last.file, last.line), (&at.file_path, at.start_line));
            format!(
                "{}:{} from {}:{}",
                at.file_path, at.start_line, first.file, first.line
            )
        })
        .collect();
    places.sort();
    places
}

const FLASK: &str = r#"from flask import Flask, render_template, request

app = Flask(__name__)


@app.route("/search")
def search():
    query = request.args["q"]
    return render_template("search.html", query=query, title="Search")
"#;

#[test]
fn flask() {
    let page = |output: &str| format!("<h1>{{{{ title }}}}</h1>\n<p>{output}</p>\n");
    for output in [
        "{{ query|safe }}",
        "{{ query|upper|safe }}",
        "{{- query | safe -}}",
        "{% autoescape false %}{{ query }}{% endautoescape %}",
        "{% for part in query.split() %}{{ part|safe }}{% endfor %}",
        "{% if title %}{{ title }}{% else %}no{% endif %}{{ 'For: ' + query|safe }}",
        "{% set shown = query|trim %}{{ shown|safe }}",
        "{% with shown = query %}{{ shown|safe }}{% endwith %}",
        "{% macro bold(it) %}<b>{{ it|safe }}</b>{% endmacro %}{{ bold(query) }}",
        "{{ ('<b>'|safe ~ query)|safe if title else query|safe }}",
        "{{ request.args.q|safe }}",
    ] {
        let page = page(output);
        let found = findings(&[("app/main.py", FLASK), ("app/templates/search.html", &page)]);
        let [found] = found.as_slice() else {
            panic!("{output}: {found:?}");
        };
        assert_eq!(found.content.rule_id, "python-reflected-xss");
        assert_eq!(
            found.content.location.file_path,
            "app/templates/search.html"
        );
        assert_eq!(found.content.location.start_line, 2, "{output}");
        assert_eq!(found.content.trace.first().unwrap().file, "app/main.py");
    }
    for output in [
        "{{ query }}",
        "{{ query|e }}",
        "{{ query|e|safe }}",
        "{{ query|length|safe }}",
        "{{ query|tojson }}",
        "{{ title|safe }}",
        "{# {{ query|safe }} #}",
        "{% raw %}{{ query|safe }}{% endraw %}",
        "{% autoescape true %}{{ query }}{% endautoescape %}",
        "{% set query = title %}{{ query|safe }}",
        "{{ '<b>'|safe ~ query }}",
        "{% macro bold(it) %}<b>{{ it }}</b>{% endmacro %}{{ bold(query) }}",
    ] {
        let page = page(output);
        let files = [("app/main.py", FLASK), ("app/templates/search.html", &page)];
        assert_eq!(places(&files), Vec::<String>::new(), "{output}");
    }
}

#[test]
fn flask_escapes_by_the_name_of_the_template() {
    let main = FLASK.replace("search.html", "search.j2");
    let page = "<p>{{ query }}</p>\n";
    assert_eq!(
        places(&[("main.py", &main), ("templates/search.j2", page)]),
        ["templates/search.j2:1 from main.py:8"]
    );
    let letter = "Hello {{ query }}\n";
    let letter = [("main.py", main.as_str()), ("templates/search.j2", letter)];
    assert!(places(&letter).is_empty());
}

#[test]
fn templates_include_extend_and_import_each_other() {
    let base = "<title>{% block title %}{% endblock %}</title>{{ query|safe }}\n";
    let page = "{% extends \"base.html\" %}\n{% import \"forms.html\" as forms %}\n\
                {% block body %}\n{% for word in [query] %}{% include \"word.html\" %}{% endfor %}\n\
                {{ forms.field(\"q\", query) }}{% endblock %}\n";
    let word = "<b>{{ word|safe }}</b>{{ title|safe }}\n";
    let forms = "{% macro field(name, value) %}\n<input name={{ name }} value=\"{{ value|safe }}\">\n{% endmacro %}\n";
    let files = [
        ("main.py", FLASK),
        ("templates/search.html", page),
        ("templates/base.html", base),
        ("templates/word.html", word),
        ("templates/forms.html", forms),
    ];
    assert_eq!(
        places(&files),
        [
            "templates/base.html:1 from main.py:8",
            "templates/forms.html:2 from main.py:8",
            "templates/word.html:1 from main.py:8",
        ]
    );
    let safe = files.map(|(path, text)| (path, text.replace("|safe", "")));
    let safe: Vec<_> = safe
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    assert!(places(&safe).is_empty());
}

#[test]
fn the_nearest_template_of_a_name_is_meant() {
    let unsafe_page = "{{ query|safe }}";
    let files = [
        ("one/main.py", FLASK),
        ("one/templates/search.html", "{{ query }}"),
        ("two/templates/search.html", unsafe_page),
        ("one/templates/other/research.html", unsafe_page),
    ];
    assert!(places(&files).is_empty());
}

#[test]
fn django() {
    let urls = "from django.urls import path\nfrom . import views\n\
                urlpatterns = [path(\"search\", views.search)]\n";
    let views = "from django.shortcuts import render\n\n\n\
                 def search(request):\n    context = {\"query\": request.GET.get(\"q\"), \"user\": {\"bio\": \"x\"}}\n    \
                 context[\"form\"] = {\"name\": request.POST[\"name\"]}\n    \
                 return render(request, \"shop/search.html\", context)\n";
    let scan = |page: &str| {
        places(&[
            ("shop/urls.py", urls),
            ("shop/views.py", views),
            ("shop/__init__.py", ""),
            ("shop/templates/shop/search.html", page),
        ])
    };
    let here = "shop/templates/shop/search.html:1 from shop/views.py";
    for (page, line) in [
        ("{{ query|safe }}", 5),
        ("{{ form.name|default:\"nobody\"|safe }}", 6),
        ("{% autoescape off %}{{ query }}{% endautoescape %}", 5),
        (
            "{% with shown=query other=1 %}{{ shown|safe }}{% endwith %}",
            5,
        ),
        ("{% with query as shown %}{{ shown|safe }}{% endwith %}", 5),
        (
            "{% if user.bio and query|length > 3 %}{{ query|safe }}{% endif %}",
            5,
        ),
        (
            "{% for k, v in form.items %}{{ v|safe }}{% empty %}-{% endfor %}",
            6,
        ),
        ("{{ request.GET.q|safe }}", 7),
    ] {
        assert_eq!(scan(page), [format!("{here}:{line}")], "{page}");
    }
    for page in [
        "{{ query }}",
        "{{ user.bio|safe }}",
        "{{ query|linebreaks }}",
        "{{ query|urlencode|safe }}",
        "{{ query|escape|safe }}",
        "{% comment %}{{ query|safe }}{% endcomment %}",
        "{% with query=query|escape %}{{ query|safe }}{% endwith %}",
    ] {
        assert_eq!(scan(page), Vec::<String>::new(), "{page}");
    }
    let included = [
        ("shop/urls.py", urls),
        ("shop/views.py", views),
        ("shop/__init__.py", ""),
        (
            "shop/templates/shop/search.html",
            "{% include \"shop/part.html\" with shown=query only %}",
        ),
        (
            "shop/templates/shop/part.html",
            "{{ query|safe }}\n{{ shown|safe }}",
        ),
    ];
    assert_eq!(
        places(&included),
        ["shop/templates/shop/part.html:2 from shop/views.py:5"]
    );
}

#[test]
fn jinja_by_itself_escapes_what_its_environment_says() {
    let main = |autoescape: &str| {
        format!(
            "from flask import Flask, request\n\
             from jinja2 import Environment, FileSystemLoader, select_autoescape\n\
             app = Flask(__name__)\n\
             env = Environment(loader=FileSystemLoader(\"pages\"){autoescape})\n\
             @app.route(\"/\")\n\
             def page():\n    \
             return env.get_template(\"page.html\").render(query=request.args[\"q\"])\n"
        )
    };
    let scan = |autoescape: &str, page: &str| {
        places(&[("main.py", &main(autoescape)), ("pages/page.html", page)])
    };
    let page = "<p>{{ query }}</p>";
    let found = ["pages/page.html:1 from main.py:7"];
    assert_eq!(scan("", page), found);
    assert_eq!(scan(", autoescape=False", page), found);
    assert_eq!(scan(", autoescape=True", "<p>{{ query|safe }}</p>"), found);
    assert!(scan(", autoescape=True", page).is_empty());
    assert!(scan(", autoescape=select_autoescape()", page).is_empty());
    assert!(scan("", "<p>{{ query|e }}</p>").is_empty());
}

#[test]
fn mako() {
    let main = |lookup: &str| {
        format!(
            "from flask import Flask, request\n\
             from mako.lookup import TemplateLookup\n\
             app = Flask(__name__)\n\
             lookup = TemplateLookup(directories=[\"pages\"]{lookup})\n\
             @app.route(\"/\")\n\
             def page():\n    \
             return lookup.get_template(\"/page.mako\").render(query=request.args[\"q\"])\n"
        )
    };
    let scan = |lookup: &str, page: &str| {
        let page = format!("<p>\n{page}\n</p>\n");
        let files = [("main.py", main(lookup)), ("pages/page.mako", page)];
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        let found = findings(&files);
        found
            .iter()
            .map(|it| it.content.location.file_path.clone())
            .collect::<Vec<_>>()
    };
    let filters = ", default_filters=[\"h\"]";
    for (lookup, page) in [
        ("", "${query}"),
        ("", "% if query:\n${query.upper()}\n% endif"),
        (
            "",
            "% for part in query.split():\n  <b>${part}</b>\n% endfor",
        ),
        ("", "<%\n  shown = query.strip()\n%>\n${shown}"),
        (
            "",
            "<%def name=\"bold(it)\"><b>${it}</b></%def>${bold(query)}",
        ),
        (filters, "${query | n}"),
    ] {
        assert!(
            scan(lookup, page).contains(&"pages/page.mako".to_owned()),
            "{page}"
        );
    }
    for (lookup, page) in [
        ("", "${query | h}"),
        ("", "${query | n,h}"),
        ("", "<%page expression_filter=\"h\"/>${query}"),
        ("", "## ${query}"),
        ("", "<%doc>${query}</%doc><%text>${query}</%text>"),
        (filters, "${query}"),
    ] {
        assert!(
            !scan(lookup, page).contains(&"pages/page.mako".to_owned()),
            "{page}"
        );
    }
}

#[test]
fn thymeleaf() {
    let controller = "package shop;\n\
        import org.springframework.stereotype.Controller;\n\
        import org.springframework.ui.Model;\n\
        import org.springframework.web.bind.annotation.*;\n\
        @Controller\npublic class Search {\n  \
        @GetMapping(\"/search\")\n  \
        public String search(@RequestParam String q, Model model) {\n    \
        model.addAttribute(\"query\", q);\n    \
        model.addAttribute(\"title\", \"Search\");\n    \
        return \"shop/search\";\n  }\n}\n";
    let scan = |page: &str| {
        let page = format!("<html xmlns:th=\"http://www.thymeleaf.org\">\n{page}\n</html>");
        places(&[
            ("src/main/java/shop/Search.java", controller),
            ("src/main/resources/templates/shop/search.html", &page),
        ])
    };
    let found =
        ["src/main/resources/templates/shop/search.html:2 from src/main/java/shop/Search.java:7"];
    for page in [
        "<p th:utext=\"${query}\">x</p>",
        "<p th:utext=\"'For: ' + ${query.trim()}\">x</p>",
        "<p data-th-utext=\"|For ${query}|\">x</p>",
        "<p>[(${query})]</p>",
        "<p th:each=\"part : ${query.split(' ')}\" th:utext=\"${part}\">x</p>",
        "<p th:with=\"shown=${query}\" th:utext=\"${shown} ?: 'none'\">x</p>",
    ] {
        assert_eq!(scan(page), found, "{page}");
    }
    for page in [
        "<p th:text=\"${query}\">x</p>",
        "<p>[[${query}]]</p>",
        "<p th:utext=\"${title}\">x</p>",
        "<p th:utext=\"${#strings.escapeXml(query)}\">x</p>",
        "<p th:utext=\"#{welcome}\">x</p>",
    ] {
        assert_eq!(scan(page), Vec::<String>::new(), "{page}");
    }
}

#[test]
fn jsp() {
    let servlet = "package shop;\n\
        import javax.servlet.http.*;\n\
        public class Search extends HttpServlet {\n  \
        public void doGet(HttpServletRequest request, HttpServletResponse response) throws Exception {\n    \
        String q = request.getParameter(\"q\");\n    \
        request.setAttribute(\"query\", q);\n    \
        request.setAttribute(\"title\", \"Search\");\n    \
        request.getRequestDispatcher(\"/WEB-INF/search.jsp\").forward(request, response);\n  }\n}\n";
    let scan = |page: &str| {
        places(&[
            ("src/main/java/shop/Search.java", servlet),
            ("src/main/webapp/WEB-INF/search.jsp", page),
        ])
    };
    let page = "src/main/webapp/WEB-INF/search.jsp:1 from";
    let found = [format!("{page} src/main/java/shop/Search.java:5")];
    for text in [
        "<p>${query}</p>",
        "<input value=\"${requestScope.query}\">",
        "<c:out value=\"${query}\" escapeXml=\"false\"/>",
        "<c:set var=\"shown\" value=\"${query}\"/><p>${shown}</p>",
        "<p><%= request.getAttribute(\"query\") %></p>",
        "<% String q = (String) request.getAttribute(\"query\"); out.println(q); %>",
    ] {
        assert_eq!(scan(text), found, "{text}");
    }
    for text in [
        "<p>${param.q}</p>",
        "<p><%= request.getParameter(\"q\") %></p>",
    ] {
        assert_eq!(
            scan(text),
            [format!("{page} src/main/webapp/WEB-INF/search.jsp:1")],
            "{text}"
        );
    }
    for text in [
        "<p>${title}</p>",
        "<p><c:out value=\"${query}\"/></p>",
        "<p>${fn:escapeXml(query)}</p>",
        "<%-- ${query} --%>",
    ] {
        assert_eq!(scan(text), Vec::<String>::new(), "{text}");
    }
}
