//! Names the build of the engine, so that what another build worked out is not taken for its own.

use std::{
    collections::hash_map::DefaultHasher,
    env, fs,
    hash::{Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

/// What decides on what the engine says of a file: its code and models, the types of what it says,
/// and the libraries it reads with.
const DECISIVE: &[&str] = &["src/engine", "src/domain", "Cargo.lock", "Cargo.toml"];
/// How it is built: what overflows in one profile goes on in another.
const BUILT: &[&str] = &["PROFILE", "TARGET"];

fn main() -> io::Result<()> {
    let mut hasher = DefaultHasher::new();
    for path in DECISIVE {
        println!("cargo::rerun-if-changed={path}");
        add(Path::new(path), &mut hasher)?;
    }
    for name in BUILT {
        #[expect(
            clippy::disallowed_methods,
            reason = "how cargo tells a build script of the build"
        )]
        env::var(name).ok().hash(&mut hasher);
    }
    let build = hasher.finish();
    println!("cargo::rustc-env=VEGA_ENGINE_BUILD={build:016x}");
    Ok(())
}

fn add(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    if !path.is_dir() {
        path.to_string_lossy().hash(hasher);
        fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries: Vec<PathBuf> = entries.collect::<io::Result<_>>()?;
    // Editors leave links to nowhere.
    entries.retain(|path| {
        path.file_name()
            .is_some_and(|it| !it.as_encoded_bytes().starts_with(b"."))
    });
    entries.sort();
    entries.iter().try_for_each(|entry| add(entry, hasher))
}
