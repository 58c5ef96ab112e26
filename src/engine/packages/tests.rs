use super::*;

/// Reads a fixture (`tests/fixtures/packages`) and writes each entry as one line.
macro_rules! read {
    ($module:ident, $file:literal) => {
        lines($module::parse(include_str!(concat!(
            "../../../tests/fixtures/packages/",
            $file
        ))))
    };
}

fn lines(entries: Entries) -> Vec<String> {
    let line = |entry: Entry| {
        let version = match (&entry.version, &entry.requirement) {
            (Some(version), _) => format!("@{version}"),
            (None, Some(requirement)) => format!(" {requirement}"),
            (None, None) => String::new(),
        };
        let need = if entry.need == Need::Runtime {
            ""
        } else {
            entry.need.as_str()
        };
        format!("{}{version} {need}", entry.name)
            .trim_end()
            .to_owned()
    };
    let mut lines: Vec<String> = entries.unwrap().into_iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn npm_files_are_read() {
    assert_eq!(
        read!(package_json, "package.json"),
        [
            "@fastify/cors@9.0.1",
            "express ^4.19.0",
            "fsevents@2.3.3 optional",
            "vitest ~1.6.0 development"
        ]
    );
    assert_eq!(
        read!(package_lock, "package-lock.v1.json"),
        ["debug@2.6.9", "express@4.19.2", "mocha@10.4.0 development"]
    );
    assert_eq!(
        read!(package_lock, "package-lock.v3.json"),
        [
            "@babel/core@7.24.5 development",
            "debug@2.6.9",
            "express@4.19.2",
            "fsevents@2.3.3 optional",
            "real-name@1.0.0"
        ]
    );
    assert_eq!(
        read!(yarn_lock, "yarn.v1.lock"),
        ["@babel/core@7.24.5", "debug@4.3.4"]
    );
    assert_eq!(
        read!(yarn_lock, "yarn.berry.lock"),
        ["debug@4.3.4", "real-name@1.0.4"]
    );
    assert_eq!(
        read!(pnpm_lock, "pnpm-lock.v5.yaml"),
        ["@babel/core@7.24.5 development", "express@4.19.2"]
    );
    assert_eq!(
        read!(pnpm_lock, "pnpm-lock.v9.yaml"),
        ["@babel/core@7.24.5", "express@4.19.2"]
    );
}

#[test]
fn python_files_are_read() {
    assert_eq!(
        read!(requirements, "requirements.txt"),
        [
            "Flask@3.0.3",
            "cryptography@42.0.7",
            "django == 4.2.*",
            "pkg @ https://example.org/pkg-1.0.zip",
            "requests >=2.31,<3",
            "typing_extensions@4.11.0"
        ]
    );
    assert_eq!(
        read!(poetry_lock, "poetry.lock"),
        [
            "flask@3.0.3",
            "mypy@1.10.0 development",
            "pytest@8.2.0 development"
        ]
    );
    assert_eq!(
        read!(pipfile_lock, "Pipfile.lock"),
        ["flask@3.0.3", "pytest@8.2.0 development", "tool"]
    );
    assert_eq!(read!(uv_lock, "uv.lock"), ["anyio@4.3.0"]);
    assert_eq!(
        read!(pyproject, "pyproject.toml"),
        [
            "flask >=3",
            "httpx ^0.27",
            "pytest ~=8.0 development",
            "requests@2.31.0",
            "sphinx ^7.0 development",
            "uvloop optional"
        ]
    );
}

#[test]
fn files_of_other_ecosystems_are_read() {
    assert_eq!(read!(cargo_lock, "Cargo.lock"), ["serde@1.0.200"]);
    assert_eq!(
        read!(go_mod, "go.mod"),
        [
            "github.com/Azure/go-autorest@v14.2.0+incompatible",
            "github.com/gin-gonic/gin@v1.10.0",
            "golang.org/x/net@v0.25.0"
        ]
    );
    assert_eq!(
        read!(go_sum, "go.sum"),
        ["github.com/gin-gonic/gin@v1.10.0"]
    );
    assert_eq!(
        read!(pom, "pom.xml"),
        [
            "com.fasterxml.jackson.core:jackson-databind@2.17.1",
            "junit:junit@4.13.2 development",
            "odd:entity@1",
            "org.example:core@2.0.0",
            "org.springframework.boot:spring-boot-starter-web"
        ]
    );
    assert_eq!(
        read!(gradle_lockfile, "gradle.lockfile"),
        [
            "com.google.guava:guava@33.2.0-jre",
            "org.junit.jupiter:junit-jupiter@5.10.2 development"
        ]
    );
    assert_eq!(
        read!(composer_lock, "composer.lock"),
        [
            "Laravel/framework@v11.7.0",
            "phpunit/phpunit@11.1.3 development"
        ]
    );
    assert_eq!(
        read!(gemfile_lock, "Gemfile.lock"),
        ["nokogiri@1.16.5", "racc@1.7.3", "tool@0.2.0"]
    );
    assert_eq!(
        read!(nuget_lock, "packages.lock.json"),
        ["Newtonsoft.Json@13.0.3"]
    );
    assert_eq!(
        read!(csproj, "shop.csproj"),
        ["Central", "Dapper@2.1.35", "Polly 8.*", "Serilog@3.1.1"]
    );
}

#[test]
fn package_urls_keep_to_the_specification() {
    for (ecosystem, name, version, expected) in [
        (
            Ecosystem::Npm,
            "@angular/animation",
            "12.3.1",
            "pkg:npm/%40angular/animation@12.3.1",
        ),
        (
            Ecosystem::Pypi,
            "Zope.Interface_x",
            "1.0",
            "pkg:pypi/zope-interface-x@1.0",
        ),
        (
            Ecosystem::Golang,
            "github.com/Azure/sdk",
            "v1.0.0+incompatible",
            "pkg:golang/github.com/azure/sdk@v1.0.0%2Bincompatible",
        ),
        (
            Ecosystem::Maven,
            "org.apache:core",
            "1:2",
            "pkg:maven/org.apache/core@1:2",
        ),
        (
            Ecosystem::Composer,
            "Laravel/Framework",
            "v1",
            "pkg:composer/laravel/framework@v1",
        ),
        (
            Ecosystem::Nuget,
            "Newtonsoft.Json",
            "13.0.3",
            "pkg:nuget/Newtonsoft.Json@13.0.3",
        ),
        (Ecosystem::Gem, "a?b#c", "1", "pkg:gem/a%3Fb%23c@1"),
    ] {
        assert_eq!(purl::of(ecosystem, name, Some(version)), expected);
    }
}

#[test]
fn hostile_files_are_faults_or_nothing() {
    let deep_json = format!(
        "{{\"dependencies\":{}",
        "{\"a\":{\"dependencies\":".repeat(50_000)
    );
    let deep_toml = format!("a = {}", "[".repeat(100_000));
    let deep_xml = "<a>".repeat(100_000);
    let entities = "<!DOCTYPE a [<!ENTITY x \"&x;&x;\">]><project>&x;</project>";
    for format in FORMATS {
        for text in [
            "",
            "\u{0}",
            "[]",
            "{}",
            "null",
            "{",
            "@:\n  version \n",
            &deep_json,
            &deep_toml,
            &deep_xml,
            entities,
        ] {
            if let Ok(entries) = (format.parse)(text) {
                assert!(entries.len() < 10, "{entries:?}");
            }
        }
    }
    assert!(package_lock::parse(&deep_json).is_err());
    assert!(uv_lock::parse(&deep_toml).is_err());
    assert!(pom::parse(&deep_xml).is_err());
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_a_reader(text in r#"([ \n\t:='"@/\[\]{}()<>#,;-]|[a-z0-9.]{1,5}|version|packages|require |name|node_modules/|<dependency>|\PC){0,60}"#) {
        for format in FORMATS {
            let _ = (format.parse)(&text);
        }
    }
}
