//! What is read of each form, and of which files.

use super::*;

fn config(files: &[(&str, &str)]) -> Config {
    let mut config = Config::default();
    for (path, text) in files {
        config.add(path, text.as_bytes().to_vec(), &CancellationToken::new());
    }
    config
}

/// What a setting may be, `?` for what is not known, `-` where nobody sets it.
fn said(setting: Option<&Setting>) -> String {
    setting.map_or("-".to_owned(), |setting| {
        let values = setting.values().map(|value| value.unwrap_or("?"));
        values.collect::<Vec<_>>().join("|")
    })
}

#[test]
fn properties_are_read_as_java_reads_them() {
    let text = "# no\na = 1\n b: two\nlong=x\\\n   y\n! no\n=\nbare\nspace d e \n\
                k\\:\\ =v\nback=c:\\\\dir\\\\\nuni=\\u0041\\ud83d\\ude00\nbad=\\u00\nsign=\\u+041\r\nold=m\rmac=n\n\
                tail=\\\\\\\n # on";
    let config = config(&[("a/app.properties", text)]);
    let of = |key: &str| said(config.property(key));
    let asked = [
        ("a", "1"),
        ("b", "two"),
        ("long", "xy"),
        ("no", "-"),
        ("bare", ""),
        ("space", "d e "),
        ("k: ", "v"),
        ("back", "c:\\dir\\"),
        ("uni", "A\u{1f600}"),
        ("bad", "?"),
        ("sign", "?"),
        ("old", "m"),
        ("mac", "n"),
        ("tail", "\\# on"),
        ("A", "-"),
    ];
    for (key, value) in asked {
        assert_eq!(of(key), value, "{key}");
    }
    assert_eq!(said(config.framework("SPACE")), "d e ");
}

#[test]
fn a_key_of_many_files_may_be_any_of_them_or_anything() {
    let of = |values: &[&str]| {
        let texts: Vec<String> = values.iter().map(|value| format!("k={value}")).collect();
        let files = texts.iter().map(|text| ("x.properties", text.as_str()));
        let config = config(&files.collect::<Vec<_>>());
        said(config.property("k"))
    };
    assert_eq!(of(&["2", "1", "2"]), "1|2");
    assert_eq!(of(&["1", "2", "3", "4"]), "1|2|3|4");
    assert_eq!(of(&["1", "2", "3", "4", "5", "6"]), "?");
    assert_eq!(of(&["1", "\\u00", "2"]), "1|2|?");
}

#[test]
fn an_environment_is_read_without_looking_anything_up() {
    let text = "# A=0\nA=1\nexport B = \"two words\" # no\nC='$HOME'\nD=plain # no\nE=#\nF=\n\
                G=\"first\nX=inside\nlast\"\nH=1\nI=\"a\\nb\"\nnot a key=1\nJ";
    let config = config(&[("deploy/.env.example", text)]);
    let asked = [
        ("A", "1"),
        ("B", "two words"),
        ("C", "$HOME"),
        ("D", "plain"),
        ("E", "?"),
        ("F", ""),
        ("G", "?"),
        ("X", "-"),
        ("H", "1"),
        ("I", "?"),
        ("J", "-"),
    ];
    for (key, value) in asked {
        assert_eq!(said(config.environment(key)), value, "{key}");
    }
}

#[test]
fn trees_are_read_by_the_way_to_each_scalar() {
    let yaml = "app:\n  url: https://one.example/\n  none: ~\n  list:\n    - a\n    - b: c\n\
                ---\napp.url: https://two.example/\n";
    let json = r#"{"app": {"mode": "fast", "port": 80}}"#;
    let config = config(&[("application.yml", yaml), ("conf/settings.json", json)]);
    let asked = [
        ("app.url", "https://one.example/|https://two.example/"),
        ("App.URL", "https://one.example/|https://two.example/"),
        ("app.none", "?"),
        ("app.list[0]", "a"),
        ("app.list[1].b", "c"),
        ("app.mode", "fast"),
        ("app.port", "80"),
        ("app", "-"),
    ];
    for (key, value) in asked {
        assert_eq!(said(config.framework(key)), value, "{key}");
    }
    assert_eq!(said(config.property("app.mode")), "-");
}

#[test]
fn hostile_files_are_read_to_an_end() {
    let cancel = CancellationToken::new();
    let mut laughs = "a0: &a0 {x: 1, y: 2}\n".to_owned();
    for at in 1..40 {
        laughs.push_str(&format!(
            "a{at}: &a{at} {{x: *a{}, y: *a{}}}\n",
            at - 1,
            at - 1
        ));
    }
    // One text many times over, and one key within many.
    let long = "x".repeat(200_000);
    let copied = format!("a: &a {long}\nb: [{}]\n", "*a,".repeat(10_000));
    let within = format!(
        "{{\"{long}\": {{{}}}}}",
        (0..8_000)
            .map(|at| format!("\"{at}\":1,"))
            .collect::<String>()
    );
    let deep = format!("{}1{}", "{a: ".repeat(5_000), "}".repeat(5_000));
    for text in [
        laughs,
        deep,
        copied,
        within,
        "a: [".to_owned(),
        "\u{0}: \u{0}".to_owned(),
    ] {
        let entries = forms::Form::Tree.entries(text.into_bytes(), &cancel);
        assert!(entries.len() <= 20_000);
        let bytes = entries
            .iter()
            .map(|(key, value)| key.len() + value.as_ref().map_or(0, String::len));
        assert!(
            bytes.sum::<usize>() < 10_000_000,
            "it stays about as large as it was"
        );
    }
    for bytes in [
        vec![0xfe],
        vec![0xff, 0xfe, b'a'],
        vec![b'\\'],
        vec![b'='; 9],
    ] {
        for form in [
            forms::Form::Properties,
            forms::Form::Environment,
            forms::Form::Tree,
        ] {
            form.entries(bytes.clone(), &cancel);
        }
    }
    let latin = forms::Form::Properties.entries(vec![b'a', b'=', 0xe9], &cancel);
    assert_eq!(latin, [("a".to_owned(), Some("é".to_owned()))]);
}

#[test]
fn only_settings_of_what_runs_are_read() {
    let settings = [
        ".env",
        "a/.env.example",
        "prod.env",
        "src/main/resources/application-prod.yml",
        "config.json",
        "any.properties",
        "default.yaml",
    ];
    let others = [
        ".env.test",
        "application-test.yml",
        "test.properties",
        "deployment.yaml",
        "package.json",
        "environment.md",
        "configure.yaml",
    ];
    for path in settings {
        assert!(form(path).is_some(), "{path}");
    }
    for path in others {
        assert!(form(path).is_none(), "{path}");
    }
    for path in [
        "shop/settings.py",
        "shop/settings/prod.py",
        "config.py",
        "local_settings.py",
    ] {
        assert!(is_settings_module(path), "{path}");
    }
    let others = [
        "settings/test.py",
        "tests/settings.py",
        "setup.py",
        "settings/testing.py",
        "settings.txt",
    ];
    for path in others {
        assert!(!is_settings_module(path), "{path}");
    }
}
