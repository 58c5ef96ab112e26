//! What language a file is written in, by name alone.
//!
//! Extensions and well-known file names; no content is read. An unknown name is `None`, which is
//! a plain text or data file to the rest of the engine, not an error.

use crate::domain::text_enum;

text_enum! {
    /// A language the engine can name (being named does not mean that it has checks for it).
    Language {
        /// Python.
        Python = "python",
        /// JavaScript, also JSX.
        Javascript = "javascript",
        /// TypeScript, also TSX.
        Typescript = "typescript",
        /// Java.
        Java = "java",
        /// Kotlin.
        Kotlin = "kotlin",
        /// Scala.
        Scala = "scala",
        /// Go.
        Go = "go",
        /// Ruby.
        Ruby = "ruby",
        /// PHP.
        Php = "php",
        /// C.
        C = "c",
        /// C++.
        Cpp = "cpp",
        /// C#.
        Csharp = "csharp",
        /// Rust.
        Rust = "rust",
        /// Swift.
        Swift = "swift",
        /// Objective-C.
        ObjectiveC = "objective-c",
        /// POSIX shells.
        Shell = "shell",
        /// PowerShell.
        Powershell = "powershell",
        /// Perl.
        Perl = "perl",
        /// Lua.
        Lua = "lua",
        /// Elixir.
        Elixir = "elixir",
        /// Dart.
        Dart = "dart",
        /// SQL.
        Sql = "sql",
        /// HTML and templates.
        Html = "html",
        /// Style sheets.
        Css = "css",
        /// Vue and Svelte components.
        Vue = "vue",
        /// Dockerfile or Containerfile.
        Dockerfile = "dockerfile",
        /// Terraform and other HCL.
        Terraform = "terraform",
        /// YAML.
        Yaml = "yaml",
        /// JSON.
        Json = "json",
        /// TOML.
        Toml = "toml",
        /// XML.
        Xml = "xml",
        /// Key = value files.
        Properties = "properties",
        /// Markdown, reStructuredText and plain text.
        Markdown = "markdown",
    }
}

impl Language {
    /// Whether this is a programming language, as against data, markup or configuration.
    pub fn is_code(self) -> bool {
        !matches!(
            self,
            Self::Dockerfile
                | Self::Terraform
                | Self::Yaml
                | Self::Json
                | Self::Toml
                | Self::Xml
                | Self::Properties
                | Self::Markdown
                | Self::Html
                | Self::Css
        )
    }

    /// The language of the file called `path`.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let lower = name.to_ascii_lowercase();
        let by_name = match lower.as_str() {
            "dockerfile" | "containerfile" => Some(Self::Dockerfile),
            "makefile" | "gnumakefile" | "justfile" => Some(Self::Shell),
            "gemfile" | "rakefile" | "vagrantfile" => Some(Self::Ruby),
            "pipfile" => Some(Self::Toml),
            ".env" | ".npmrc" | ".pypirc" | ".netrc" | ".flaskenv" => Some(Self::Properties),
            ".bashrc" | ".profile" | ".zshrc" => Some(Self::Shell),
            _ if lower.starts_with("dockerfile.") || lower.starts_with("containerfile.") => {
                Some(Self::Dockerfile)
            }
            _ if lower.starts_with(".env.") => Some(Self::Properties),
            _ => None,
        };
        by_name.or_else(|| {
            let (stem, extension) = lower.rsplit_once('.')?;
            (!stem.is_empty() || !extension.is_empty())
                .then(|| Self::of_extension(extension))
                .flatten()
        })
    }

    fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension {
            "py" | "pyw" | "pyi" => Self::Python,
            "js" | "jsx" | "mjs" | "cjs" => Self::Javascript,
            "ts" | "tsx" | "mts" | "cts" => Self::Typescript,
            "java" => Self::Java,
            "kt" | "kts" => Self::Kotlin,
            "scala" | "sc" => Self::Scala,
            "go" => Self::Go,
            "rb" | "erb" | "rake" | "gemspec" => Self::Ruby,
            "php" | "phtml" => Self::Php,
            "c" | "h" => Self::C,
            "cc" | "cpp" | "cxx" | "hpp" | "hh" | "hxx" => Self::Cpp,
            "cs" => Self::Csharp,
            "rs" => Self::Rust,
            "swift" => Self::Swift,
            "m" | "mm" => Self::ObjectiveC,
            "sh" | "bash" | "zsh" | "ksh" | "mk" => Self::Shell,
            "ps1" | "psm1" => Self::Powershell,
            "pl" | "pm" => Self::Perl,
            "lua" => Self::Lua,
            "ex" | "exs" => Self::Elixir,
            "dart" => Self::Dart,
            "sql" => Self::Sql,
            "html" | "htm" | "xhtml" | "jinja" | "jinja2" | "j2" | "mako" | "ejs" | "hbs"
            | "jsp" | "jspx" | "jspf" => Self::Html,
            "css" | "scss" | "sass" | "less" => Self::Css,
            "vue" | "svelte" => Self::Vue,
            "dockerfile" | "containerfile" => Self::Dockerfile,
            "tf" | "hcl" | "tfvars" => Self::Terraform,
            "yml" | "yaml" => Self::Yaml,
            "json" | "jsonc" | "ipynb" => Self::Json,
            "toml" => Self::Toml,
            "xml" | "xsd" | "pom" | "plist" => Self::Xml,
            "properties" | "ini" | "cfg" | "conf" | "env" => Self::Properties,
            "md" | "markdown" | "rst" | "txt" | "adoc" => Self::Markdown,
            _ => return None,
        })
    }
}
