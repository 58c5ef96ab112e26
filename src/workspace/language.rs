//! Which language a file is written in, judged by name and first bytes.
//!
//! File names come before extensions, extensions before `#!` lines; the content is looked at only
//! for the latter. Good enough to choose auditors and to show shares; not a parser's verdict.

/// Names that tell the language whatever their extension.
const NAMES: &[(&str, &str)] = &[
    ("dockerfile", "dockerfile"),
    ("containerfile", "dockerfile"),
    ("makefile", "makefile"),
    ("gnumakefile", "makefile"),
    ("cmakelists.txt", "cmake"),
    ("jenkinsfile", "groovy"),
    ("rakefile", "ruby"),
    ("gemfile", "ruby"),
    ("vagrantfile", "ruby"),
    ("podfile", "ruby"),
    ("pipfile", "toml"),
    ("cargo.lock", "toml"),
    ("poetry.lock", "toml"),
    ("go.mod", "go-module"),
    ("requirements.txt", "requirements"),
    (".env", "dotenv"),
    (".htaccess", "apache-config"),
    ("nginx.conf", "nginx-config"),
];

const EXTENSIONS: &[(&str, &str)] = &[
    ("py", "python"),
    ("pyi", "python"),
    ("pyw", "python"),
    ("ipynb", "jupyter"),
    ("js", "javascript"),
    ("mjs", "javascript"),
    ("cjs", "javascript"),
    ("jsx", "javascript"),
    ("ts", "typescript"),
    ("mts", "typescript"),
    ("cts", "typescript"),
    ("tsx", "typescript"),
    ("vue", "vue"),
    ("svelte", "svelte"),
    ("java", "java"),
    ("kt", "kotlin"),
    ("kts", "kotlin"),
    ("scala", "scala"),
    ("groovy", "groovy"),
    ("gradle", "groovy"),
    ("clj", "clojure"),
    ("go", "go"),
    ("rs", "rust"),
    ("c", "c"),
    ("h", "c"),
    ("cc", "cpp"),
    ("cpp", "cpp"),
    ("cxx", "cpp"),
    ("hh", "cpp"),
    ("hpp", "cpp"),
    ("hxx", "cpp"),
    ("m", "objective-c"),
    ("mm", "objective-c"),
    ("cs", "csharp"),
    ("cshtml", "razor"),
    ("razor", "razor"),
    ("fs", "fsharp"),
    ("vb", "visual-basic"),
    ("swift", "swift"),
    ("dart", "dart"),
    ("rb", "ruby"),
    ("erb", "html-template"),
    ("php", "php"),
    ("phtml", "php"),
    ("pl", "perl"),
    ("pm", "perl"),
    ("lua", "lua"),
    ("r", "r"),
    ("ex", "elixir"),
    ("exs", "elixir"),
    ("erl", "erlang"),
    ("hs", "haskell"),
    ("ml", "ocaml"),
    ("zig", "zig"),
    ("sol", "solidity"),
    ("sh", "shell"),
    ("bash", "shell"),
    ("zsh", "shell"),
    ("ps1", "powershell"),
    ("bat", "batch"),
    ("cmd", "batch"),
    ("sql", "sql"),
    ("graphql", "graphql"),
    ("gql", "graphql"),
    ("proto", "protobuf"),
    ("tf", "hcl"),
    ("tfvars", "hcl"),
    ("hcl", "hcl"),
    ("bicep", "bicep"),
    ("yaml", "yaml"),
    ("yml", "yaml"),
    ("json", "json"),
    ("jsonc", "json"),
    ("toml", "toml"),
    ("ini", "ini"),
    ("cfg", "ini"),
    ("properties", "properties"),
    ("xml", "xml"),
    ("html", "html"),
    ("htm", "html"),
    ("xhtml", "html"),
    ("jinja", "html-template"),
    ("jinja2", "html-template"),
    ("j2", "html-template"),
    ("ejs", "html-template"),
    ("hbs", "html-template"),
    ("mustache", "html-template"),
    ("twig", "html-template"),
    ("jsp", "html-template"),
    ("css", "css"),
    ("scss", "css"),
    ("less", "css"),
    ("cmake", "cmake"),
    ("mk", "makefile"),
    ("dockerfile", "dockerfile"),
    ("md", "markdown"),
    ("rst", "restructuredtext"),
];

const INTERPRETERS: &[(&str, &str)] = &[
    ("python", "python"),
    ("node", "javascript"),
    ("deno", "typescript"),
    ("ruby", "ruby"),
    ("perl", "perl"),
    ("php", "php"),
    ("lua", "lua"),
    ("bash", "shell"),
    ("dash", "shell"),
    ("zsh", "shell"),
    ("ksh", "shell"),
    ("sh", "shell"),
    ("Rscript", "r"),
    ("groovy", "groovy"),
];

/// The language of a file, or `None` when it is not source Vega knows.
///
/// `first_bytes` may be empty; only a `#!` line in it is looked at.
pub fn detect(path: &str, first_bytes: &[u8]) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let is_requirements = name.starts_with("requirements") && name.ends_with(".txt");
    if is_requirements {
        return Some("requirements");
    }
    // `Dockerfile.prod`, `.env.local`: the first part tells.
    if name.starts_with("dockerfile.") || name.starts_with("containerfile.") {
        return Some("dockerfile");
    }
    if name.starts_with(".env.") {
        return Some("dotenv");
    }
    find(NAMES, &name)
        .or_else(|| {
            let (_, extension) = name.rsplit_once('.')?;
            find(EXTENSIONS, extension)
        })
        .or_else(|| by_shebang(first_bytes))
}

fn find(table: &[(&str, &'static str)], wanted: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(name, _)| *name == wanted)
        .map(|(_, language)| *language)
}

/// The interpreter of a `#!` line, through `env` and with version digits dropped.
fn by_shebang(first_bytes: &[u8]) -> Option<&'static str> {
    let line = first_bytes.strip_prefix(b"#!")?;
    let line = line.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line
        .split_ascii_whitespace()
        .map(|word| word.rsplit('/').next().unwrap_or(word));
    let mut program = words.next()?;
    if program == "env" {
        // `env -S VAR=1 python3`: options and assignments come first.
        program = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
    }
    let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    find(INTERPRETERS, program)
}

#[cfg(test)]
mod tests;
