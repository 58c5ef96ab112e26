//! Generated sources: many files with faults worth finding, in several components.

use super::tar_gz;
use std::fmt::Write;

/// A path and a content.
pub type SourceFile = (String, String);

/// `folders` components of `files` Python files each, with a Dockerfile and a workflow apiece.
/// Every file has `size` functions without a fault around the faulty ones.
pub fn corpus(folders: usize, files: usize, size: usize) -> Vec<SourceFile> {
    let mut source = Vec::new();
    for folder in 0..folders {
        let name = format!("service{folder}");
        source.push((
            format!("{name}/Dockerfile"),
            "FROM python:latest\nRUN curl http://example.com/install.sh | sh\nCOPY . /app\n"
                .to_owned(),
        ));
        source.push((
            format!("{name}/.github/workflows/build.yml"),
            workflow(folder),
        ));
        for file in 0..files {
            source.push((
                format!("{name}/pkg{}/module{file}.py", file % 3),
                module(folder, file, size),
            ));
        }
    }
    source
}

fn workflow(folder: usize) -> String {
    format!(
        "name: build{folder}\non: [pull_request_target]\njobs:\n  build:\n    runs-on: ubuntu-latest\n    \
         steps:\n      - uses: actions/checkout@main\n      - run: echo \"${{{{ github.event.pull_request.title }}}}\"\n"
    )
}

fn module(folder: usize, file: usize, size: usize) -> String {
    let mut text = format!(
        "import hashlib\nimport os\nfrom flask import request\n\nNAME = 'm{folder}_{file}'\n\n"
    );
    for number in 0..size {
        let _ = write!(
            text,
            "def step_{number}(values, limit={number}):\n    total = 0\n    for value in values:\n        \
             if value > limit:\n            total += value * {number}\n        else:\n            total -= 1\n    \
             return {{'total': total, 'name': NAME, 'label': 'step {number}'}}\n\n\n"
        );
    }
    let _ = write!(
        text,
        "def handle_{file}():\n    name = request.args.get('name')\n    os.system('ls ' + name)\n    \
         return eval(request.args.get('expression{file}'))\n\n\ndef digest_{file}(password):\n    \
         return hashlib.md5(password.encode()).hexdigest()\n"
    );
    text
}

/// The files as a tar.gz.
pub fn archive_of(files: &[SourceFile]) -> Vec<u8> {
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    tar_gz(&files)
}
