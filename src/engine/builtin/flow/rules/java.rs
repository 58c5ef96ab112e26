//! Rules about Java: data from outside that is read as code, a query, a path or a page.

use crate::{domain::finding::Severity, engine::builtin::rule::Rule};

/// Every rule of this file.
pub(super) static RULES: &[&Rule] = &[
    &SQL,
    &COMMAND,
    &CODE,
    &PATH,
    &ZIP,
    &XSS,
    &STORED_XSS,
    &SSRF,
    &REDIRECT,
    &DESERIALIZE,
    &LDAP,
];

static SQL: Rule = Rule {
    id: "java-sql-injection",
    area: "java",
    title: "SQL built from values",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-89"],
    owasp: &["A03:2021"],
    description: "Data from outside becomes part of the text of a query, in JDBC, JPA, Hibernate, MyBatis or Spring.",
    impact: "A value with SQL in it reads or changes what the application never meant to give.",
    remediation: "Keep the text fixed with ? or :name in it, and bind the values.",
    bad: r#"import java.sql.*;
import javax.servlet.http.*;

class Shop {
    ResultSet find(HttpServletRequest request, Connection connection) throws SQLException {
        String name = request.getParameter("name");
        return connection.createStatement().executeQuery("SELECT * FROM users WHERE name = '" + name + "'");
    }
}
"#,
    good: r#"import java.sql.*;
import javax.servlet.http.*;

class Shop {
    ResultSet find(HttpServletRequest request, Connection connection) throws SQLException {
        PreparedStatement query = connection.prepareStatement("SELECT * FROM users WHERE name = ?");
        query.setString(1, request.getParameter("name"));
        return query.executeQuery();
    }
}
"#,
    references: &["https://docs.oracle.com/javase/tutorial/jdbc/basics/prepared.html"],
};

static COMMAND: Rule = Rule {
    id: "java-command-injection",
    area: "java",
    title: "Command built from values",
    severity: Severity::Critical,
    category: "injection",
    cwe: &["CWE-78"],
    owasp: &["A03:2021"],
    description: "Data from outside becomes a command, or what a shell reads as one.",
    impact: "Shell syntax, another program or an option in the value runs what the attacker wants on the server.",
    remediation: "Call the program itself with a fixed name and a list of arguments, without a shell, after checking what the arguments may be.",
    bad: r#"import javax.servlet.http.*;

class Shop {
    void ping(HttpServletRequest request) throws java.io.IOException {
        Runtime.getRuntime().exec(new String[] {"sh", "-c", "ping -c 1 " + request.getParameter("host")});
    }
}
"#,
    good: r#"import javax.servlet.http.*;

class Shop {
    void ping(HttpServletRequest request) throws java.io.IOException {
        int port = Integer.parseInt(request.getParameter("port"));
        new ProcessBuilder("nc", "-z", "localhost", String.valueOf(port)).start();
    }
}
"#,
    references: &[
        "https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/lang/ProcessBuilder.html",
    ],
};

static CODE: Rule = Rule {
    id: "java-code-execution",
    area: "java",
    title: "Code from outside is run",
    severity: Severity::Critical,
    category: "injection",
    cwe: &["CWE-94", "CWE-95"],
    owasp: &["A03:2021"],
    description: "Data from outside is given to a script engine or becomes the name of a class that is loaded.",
    impact: "Whoever chooses the text runs code with the rights of the server.",
    remediation: "Do not evaluate what comes from outside; choose among fixed operations by name.",
    bad: r#"import javax.script.*;
import javax.servlet.http.*;

class Shop {
    Object rule(HttpServletRequest request) throws ScriptException {
        ScriptEngine engine = new ScriptEngineManager().getEngineByName("js");
        return engine.eval(request.getParameter("rule"));
    }
}
"#,
    good: r#"import javax.script.*;
import javax.servlet.http.*;

class Shop {
    Object rule(HttpServletRequest request) throws ScriptException {
        ScriptEngine engine = new ScriptEngineManager().getEngineByName("js");
        engine.put("amount", Integer.parseInt(request.getParameter("amount")));
        return engine.eval("amount * 2");
    }
}
"#,
    references: &[
        "https://docs.oracle.com/en/java/javase/21/docs/api/java.scripting/javax/script/ScriptEngine.html",
    ],
};

static PATH: Rule = Rule {
    id: "java-path-traversal",
    area: "java",
    title: "File chosen by unchecked data",
    severity: Severity::High,
    category: "files",
    cwe: &["CWE-22"],
    owasp: &["A01:2021"],
    description: "Data from outside becomes part of the name of a file that is opened, written, moved or deleted.",
    impact: "With ../ or an absolute name the value leads to files outside of the folder that was meant.",
    remediation: "Take the last part of the name only, or resolve the path and check that it still lies in the folder.",
    bad: r#"import java.io.*;
import javax.servlet.http.*;

class Shop {
    InputStream open(HttpServletRequest request) throws IOException {
        return new FileInputStream("/srv/files/" + request.getParameter("name"));
    }
}
"#,
    good: r#"import java.io.*;
import javax.servlet.http.*;

class Shop {
    InputStream open(HttpServletRequest request) throws IOException {
        int number = Integer.parseInt(request.getParameter("number"));
        return new FileInputStream("/srv/files/" + number + ".pdf");
    }
}
"#,
    references: &[
        "https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/nio/file/Path.html#normalize()",
    ],
};

static ZIP: Rule = Rule {
    id: "java-zip-slip",
    area: "java",
    title: "Name from an archive used as a path",
    severity: Severity::High,
    category: "files",
    cwe: &["CWE-22"],
    owasp: &["A01:2021"],
    description: "The name of an archive's entry decides which file is written.",
    impact: "An entry called ../../x is written outside of the folder the archive is unpacked to.",
    remediation: "Resolve the entry's name against the folder, normalise it, and refuse what does not lie in the folder.",
    bad: r#"import java.io.*;
import java.util.zip.*;

class Shop {
    void unpack(ZipInputStream zip, File folder) throws IOException {
        ZipEntry entry = zip.getNextEntry();
        new FileOutputStream(new File(folder, entry.getName())).close();
    }
}
"#,
    good: r#"import java.io.*;
import java.util.zip.*;

class Shop {
    void unpack(ZipInputStream zip, File folder) throws IOException {
        int number = 0;
        while (zip.getNextEntry() != null) {
            new FileOutputStream(new File(folder, "part" + number++)).close();
        }
    }
}
"#,
    references: &[
        "https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/zip/ZipEntry.html#getName()",
    ],
};

static XSS: Rule = Rule {
    id: "java-reflected-xss",
    area: "java",
    title: "Request data on a page, unescaped",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-79"],
    owasp: &["A03:2021"],
    description: "Data from a request becomes part of a page without being escaped.",
    impact: "A link with markup in it runs scripts in the browser of whoever follows it, as that user.",
    remediation: "Encode for the place where the value stands, for example with Encode.forHtml, or render with a template that escapes.",
    bad: r#"import javax.servlet.http.*;

class Shop {
    void hello(HttpServletRequest request, HttpServletResponse response) throws java.io.IOException {
        response.getWriter().println("<p>Hello " + request.getParameter("name") + "</p>");
    }
}
"#,
    good: r#"import org.owasp.encoder.Encode;
import javax.servlet.http.*;

class Shop {
    void hello(HttpServletRequest request, HttpServletResponse response) throws java.io.IOException {
        response.getWriter().println("<p>Hello " + Encode.forHtml(request.getParameter("name")) + "</p>");
    }
}
"#,
    references: &["https://owasp.org/www-project-java-encoder/"],
};

static STORED_XSS: Rule = Rule {
    id: "java-stored-xss",
    area: "java",
    title: "Stored data on a page, unescaped",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-79"],
    owasp: &["A03:2021"],
    description: "Text from a database or another store becomes part of a page without being escaped.",
    impact: "Markup that one user left there runs scripts in the browser of another.",
    remediation: "Encode for the place where the value stands, for example with Encode.forHtml, or render with a template that escapes.",
    bad: r#"import java.sql.*;
import javax.servlet.http.*;

class Shop {
    void board(Connection connection, HttpServletResponse response) throws Exception {
        ResultSet rows = connection.createStatement().executeQuery("SELECT text FROM notes");
        while (rows.next()) {
            response.getWriter().println("<p>" + rows.getString("text") + "</p>");
        }
    }
}
"#,
    good: r#"import java.sql.*;
import javax.servlet.http.*;
import org.owasp.encoder.Encode;

class Shop {
    void board(Connection connection, HttpServletResponse response) throws Exception {
        ResultSet rows = connection.createStatement().executeQuery("SELECT text FROM notes");
        while (rows.next()) {
            response.getWriter().println("<p>" + Encode.forHtml(rows.getString("text")) + "</p>");
        }
    }
}
"#,
    references: &["https://owasp.org/www-project-java-encoder/"],
};

static SSRF: Rule = Rule {
    id: "java-server-side-request",
    area: "java",
    title: "Request to an address from outside",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-918"],
    owasp: &["A10:2021"],
    description: "The server makes a request to an address that data from outside decides.",
    impact: "The attacker reaches services inside the network, or the metadata of the machine, through the server.",
    remediation: "Choose the host from a fixed list and let only the path or the query come from outside.",
    bad: r#"import java.net.URL;
import javax.servlet.http.*;

class Shop {
    void fetch(HttpServletRequest request) throws java.io.IOException {
        new URL(request.getParameter("url")).openStream().close();
    }
}
"#,
    good: r#"import java.net.URL;
import javax.servlet.http.*;

class Shop {
    void fetch(HttpServletRequest request) throws java.io.IOException {
        new URL("https://stock.example.org/item?id=" + request.getParameter("id")).openStream().close();
    }
}
"#,
    references: &["https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/net/URL.html"],
};

static REDIRECT: Rule = Rule {
    id: "java-open-redirect",
    area: "java",
    title: "Redirect to an address from outside",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-601"],
    owasp: &["A01:2021"],
    description: "The browser is sent to an address that data from outside decides.",
    impact: "A link to the application leads to a page of the attacker, which users trust because of the link.",
    remediation: "Redirect to fixed paths, or check the host of the address against a list.",
    bad: r#"import javax.servlet.http.*;

class Shop {
    void back(HttpServletRequest request, HttpServletResponse response) throws java.io.IOException {
        response.sendRedirect(request.getParameter("next"));
    }
}
"#,
    good: r#"import javax.servlet.http.*;

class Shop {
    void back(HttpServletRequest request, HttpServletResponse response) throws java.io.IOException {
        response.sendRedirect("/orders?page=" + Integer.parseInt(request.getParameter("page")));
    }
}
"#,
    references: &[
        "https://jakarta.ee/specifications/servlet/6.0/apidocs/jakarta.servlet/jakarta/servlet/http/httpservletresponse#sendRedirect(java.lang.String)",
    ],
};

static DESERIALIZE: Rule = Rule {
    id: "java-unsafe-deserialization",
    area: "java",
    title: "Objects made of data from outside",
    severity: Severity::Critical,
    category: "deserialization",
    cwe: &["CWE-502"],
    owasp: &["A08:2021"],
    description: "Data from outside is read as serialised objects of any class.",
    impact: "Classes that lie on the class path run code of the attacker's choice while they are read.",
    remediation: "Exchange data as JSON with fixed types, or set an ObjectInputFilter that allows only what is expected.",
    bad: r#"import java.io.*;
import javax.servlet.http.*;

class Shop {
    Object read(HttpServletRequest request) throws Exception {
        ObjectInputStream stream = new ObjectInputStream(request.getInputStream());
        return stream.readObject();
    }
}
"#,
    good: r#"import java.io.*;
import javax.servlet.http.*;

class Shop {
    int read(HttpServletRequest request) throws Exception {
        DataInputStream stream = new DataInputStream(request.getInputStream());
        return stream.readInt();
    }
}
"#,
    references: &[
        "https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/io/ObjectInputFilter.html",
    ],
};

static LDAP: Rule = Rule {
    id: "java-ldap-injection",
    area: "java",
    title: "LDAP query built from values",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-90"],
    owasp: &["A03:2021"],
    description: "Data from outside becomes part of an LDAP filter or name.",
    impact: "Characters such as * and ) change what is searched for: a login is passed, or other entries are read.",
    remediation: "Give values as arguments of the filter ({0}), or escape them.",
    bad: r#"import javax.naming.directory.*;
import javax.servlet.http.*;

class Shop {
    Object find(HttpServletRequest request, DirContext context) throws Exception {
        String filter = "(uid=" + request.getParameter("user") + ")";
        return context.search("ou=people", filter, new SearchControls());
    }
}
"#,
    good: r#"import javax.naming.directory.*;
import javax.servlet.http.*;

class Shop {
    Object find(HttpServletRequest request, DirContext context) throws Exception {
        Object[] values = {request.getParameter("user")};
        return context.search("ou=people", "(uid={0})", values, new SearchControls());
    }
}
"#,
    references: &[
        "https://docs.oracle.com/en/java/javase/21/docs/api/java.naming/javax/naming/directory/DirContext.html",
    ],
};
