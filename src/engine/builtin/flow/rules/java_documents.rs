//! Rules about Java: data from outside in expressions, templates, headers, logs and sessions.

use crate::{domain::finding::Severity, engine::builtin::rule::Rule};

/// Every rule of this file.
pub(super) static RULES: &[&Rule] = &[
    &XPATH,
    &XML,
    &TEMPLATE,
    &EXPRESSION,
    &HEADER,
    &LOG,
    &TRUST,
    &NOSQL,
    &REGEX,
];

static XPATH: Rule = Rule {
    id: "java-xpath-injection",
    area: "java",
    title: "XPath expression built from values",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-643"],
    owasp: &["A03:2021"],
    description: "Data from outside becomes part of the text of an XPath expression.",
    impact: "The expression can be made to select other nodes: a login is passed, or the whole document is read.",
    remediation: "Keep the expression fixed and give values through an XPathVariableResolver.",
    bad: r#"import javax.xml.xpath.*;
import javax.servlet.http.*;

class Shop {
    String find(HttpServletRequest request, org.w3c.dom.Document users) throws Exception {
        XPath path = XPathFactory.newInstance().newXPath();
        return path.evaluate("//user[@name='" + request.getParameter("name") + "']/mail", users);
    }
}
"#,
    good: r#"import javax.xml.xpath.*;
import javax.servlet.http.*;

class Shop {
    String find(HttpServletRequest request, org.w3c.dom.Document users) throws Exception {
        XPath path = XPathFactory.newInstance().newXPath();
        return path.evaluate("//user[@id=" + Integer.parseInt(request.getParameter("id")) + "]/mail", users);
    }
}
"#,
    references: &[
        "https://docs.oracle.com/en/java/javase/21/docs/api/java.xml/javax/xml/xpath/XPath.html",
    ],
};

static XML: Rule = Rule {
    id: "java-xml-external-entities",
    area: "java",
    title: "XML parser loads external entities",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-611"],
    owasp: &["A05:2021"],
    description: "A document from outside is parsed by a parser that resolves document types and external entities.",
    impact: "The document can read local files, reach services inside the network, or use up memory.",
    remediation: "Set the feature http://apache.org/xml/features/disallow-doctype-decl to true before parsing.",
    bad: r#"import javax.xml.parsers.*;
import javax.servlet.http.*;

class Shop {
    Object read(HttpServletRequest request) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        DocumentBuilder builder = factory.newDocumentBuilder();
        return builder.parse(request.getInputStream());
    }
}
"#,
    good: r#"import javax.xml.parsers.*;
import javax.servlet.http.*;

class Shop {
    Object read(HttpServletRequest request) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        DocumentBuilder builder = factory.newDocumentBuilder();
        return builder.parse(request.getInputStream());
    }
}
"#,
    references: &[
        "https://docs.oracle.com/en/java/javase/21/security/java-api-xml-processing-jaxp-security-guide.html",
    ],
};

static TEMPLATE: Rule = Rule {
    id: "java-template-injection",
    area: "java",
    title: "Template made from a value",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-1336", "CWE-94"],
    owasp: &["A03:2021"],
    description: "The text of a template is not fixed but put together from data from outside.",
    impact: "Template syntax in the value is run by the server and leads to code execution.",
    remediation: "Keep templates fixed and pass values as variables.",
    bad: r#"import org.apache.velocity.*;
import org.apache.velocity.app.Velocity;
import javax.servlet.http.*;

class Shop {
    void hello(HttpServletRequest request, java.io.Writer out) {
        Velocity.evaluate(new VelocityContext(), out, "hello", "Hello " + request.getParameter("name"));
    }
}
"#,
    good: r#"import org.apache.velocity.*;
import org.apache.velocity.app.Velocity;
import javax.servlet.http.*;

class Shop {
    void hello(HttpServletRequest request, java.io.Writer out) {
        VelocityContext context = new VelocityContext();
        context.put("name", request.getParameter("name"));
        Velocity.evaluate(context, out, "hello", "Hello $name");
    }
}
"#,
    references: &["https://velocity.apache.org/engine/2.4/developer-guide.html"],
};

static EXPRESSION: Rule = Rule {
    id: "java-expression-injection",
    area: "java",
    title: "Expression language from outside",
    severity: Severity::Critical,
    category: "injection",
    cwe: &["CWE-917"],
    owasp: &["A03:2021"],
    description: "Data from outside is parsed as an expression of SpEL, OGNL, MVEL or Jakarta EL.",
    impact: "Such expressions call any method, so the attacker runs code on the server.",
    remediation: "Keep expressions fixed and pass values as variables; for simple paths use SimpleEvaluationContext.",
    bad: r#"import org.springframework.expression.spel.standard.SpelExpressionParser;
import javax.servlet.http.*;

class Shop {
    Object rule(HttpServletRequest request) {
        return new SpelExpressionParser().parseExpression(request.getParameter("rule"));
    }
}
"#,
    good: r#"import org.springframework.expression.spel.standard.SpelExpressionParser;
import javax.servlet.http.*;

class Shop {
    Object rule(HttpServletRequest request) {
        return new SpelExpressionParser().parseExpression("amount > 10");
    }
}
"#,
    references: &[
        "https://docs.spring.io/spring-framework/reference/core/expressions/evaluation.html",
    ],
};

static HEADER: Rule = Rule {
    id: "java-header-injection",
    area: "java",
    title: "Header made of unchecked data",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-113"],
    owasp: &["A03:2021"],
    description: "Data from outside is written into a header of the response.",
    impact: "Where the server does not refuse line breaks, the value adds headers or a body of the attacker's choice.",
    remediation: "Take line breaks out or encode the value, for example with URLEncoder.",
    bad: r#"import javax.servlet.http.*;

class Shop {
    void topic(HttpServletRequest request, HttpServletResponse response) {
        response.setHeader("X-Topic", request.getParameter("topic"));
    }
}
"#,
    good: r#"import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import javax.servlet.http.*;

class Shop {
    void topic(HttpServletRequest request, HttpServletResponse response) {
        response.setHeader("X-Topic", URLEncoder.encode(request.getParameter("topic"), StandardCharsets.UTF_8));
    }
}
"#,
    references: &[
        "https://jakarta.ee/specifications/servlet/6.0/apidocs/jakarta.servlet/jakarta/servlet/http/httpservletresponse",
    ],
};

static LOG: Rule = Rule {
    id: "java-log-injection",
    area: "java",
    title: "Log line made of unchecked data",
    severity: Severity::Low,
    category: "injection",
    cwe: &["CWE-117"],
    owasp: &["A09:2021"],
    description: "Data from a request is written to a log as it came.",
    impact: "A line break in the value begins a line that looks like one of the application's own.",
    remediation: "Take line breaks out first, or let the logger's layout encode them.",
    bad: r#"import org.slf4j.*;
import javax.servlet.http.*;

class Shop {
    void login(HttpServletRequest request) {
        Logger log = LoggerFactory.getLogger("login");
        log.warn("no such user: " + request.getParameter("user"));
    }
}
"#,
    good: r#"import org.slf4j.*;
import javax.servlet.http.*;

class Shop {
    void login(HttpServletRequest request) {
        Logger log = LoggerFactory.getLogger("login");
        log.warn("no such user: {}", Integer.parseInt(request.getParameter("number")));
    }
}
"#,
    references: &["https://logging.apache.org/log4j/2.x/manual/pattern-layout.html"],
};

static TRUST: Rule = Rule {
    id: "java-trust-boundary",
    area: "java",
    title: "Unchecked data kept in the session",
    severity: Severity::Low,
    category: "authorization",
    cwe: &["CWE-501"],
    owasp: &["A04:2021"],
    description: "Data from a request is put into the session without a check, as a value or as a key.",
    impact: "Code that reads the session takes for granted that the application itself decided what is in it.",
    remediation: "Check the value against what is allowed before it is kept, and keep fixed keys.",
    bad: r#"import javax.servlet.http.*;

class Shop {
    void choose(HttpServletRequest request) {
        request.getSession().setAttribute("role", request.getParameter("role"));
    }
}
"#,
    good: r#"import javax.servlet.http.*;

class Shop {
    void choose(HttpServletRequest request) {
        boolean writer = "writer".equals(request.getParameter("role"));
        request.getSession().setAttribute("role", writer ? "writer" : "reader");
    }
}
"#,
    references: &[
        "https://jakarta.ee/specifications/servlet/6.0/apidocs/jakarta.servlet/jakarta/servlet/http/httpsession",
    ],
};

static NOSQL: Rule = Rule {
    id: "java-nosql-injection",
    area: "java",
    title: "Database query chosen by unchecked data",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-943"],
    owasp: &["A03:2021"],
    description: "Data from outside becomes the text of a query of a document database.",
    impact: "Operators or code in the data change what is selected.",
    remediation: "Build the query with Filters or Criteria from fixed names and plain values.",
    bad: r#"import org.bson.Document;
import javax.servlet.http.*;

class Shop {
    Document query(HttpServletRequest request) {
        return Document.parse("{name: '" + request.getParameter("name") + "'}");
    }
}
"#,
    good: r#"import org.bson.Document;
import javax.servlet.http.*;

class Shop {
    Document query(HttpServletRequest request) {
        return new Document("name", request.getParameter("name"));
    }
}
"#,
    references: &["https://www.mongodb.com/docs/drivers/java/sync/current/builders/filters/"],
};

static REGEX: Rule = Rule {
    id: "java-regex-injection",
    area: "java",
    title: "Regular expression from outside",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-1333", "CWE-400"],
    owasp: &["A03:2021"],
    description: "Data from outside is compiled as a regular expression.",
    impact: "A short pattern with nested repetition keeps a processor busy for hours, and other patterns match what they should not.",
    remediation: "Search for fixed text, or make the value literal with Pattern.quote.",
    bad: r#"import java.util.regex.Pattern;
import javax.servlet.http.*;

class Shop {
    boolean search(HttpServletRequest request, String text) {
        return Pattern.compile(request.getParameter("q")).matcher(text).find();
    }
}
"#,
    good: r#"import java.util.regex.Pattern;
import javax.servlet.http.*;

class Shop {
    boolean search(HttpServletRequest request, String text) {
        return Pattern.compile(Pattern.quote(request.getParameter("q"))).matcher(text).find();
    }
}
"#,
    references: &[
        "https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/regex/Pattern.html#quote(java.lang.String)",
    ],
};
