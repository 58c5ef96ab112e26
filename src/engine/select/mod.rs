//! Stage 3: what of the plan this request looks at.
//!
//! Applies gitignore-style patterns (here they say what to take, the last match decides, `!` takes
//! away) and sets aside what no auditor reads. Everything set aside carries its reason, which ends
//! in the coverage ledger. Knows nothing of findings.

mod ignore_file;

pub(crate) use ignore_file::{Excluded, REASON as EXCLUDED};

use rayon::prelude::*;

use super::{
    inventory::{FileRole, Inventory},
    plan::Plan,
};
use crate::error::{Error, Result};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::{Deserialize, Serialize};

/// The reason in the ledger for a file the request does not ask for.
const OUTSIDE: &str = "outside the selected paths";

/// The work that is left after selection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Parallel to the plan's components.
    pub components: Vec<SelectedComponent>,
}

/// What is taken and left of one component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectedComponent {
    /// Indexes of files to audit.
    pub take: Vec<usize>,
    /// Indexes of files left out, with the reason.
    pub leave: Vec<(usize, String)>,
}

impl Selection {
    /// Indexes of all files to audit, in the order of the inventory.
    pub(crate) fn taken(&self) -> Vec<usize> {
        let all = self.components.iter().flat_map(|it| it.take.iter());
        let mut taken: Vec<usize> = all.copied().collect();
        taken.sort_unstable();
        taken
    }

    /// Whether the request's paths leave nothing of a tree that has files: a scan that looked at
    /// nothing should not pass for a clean one.
    pub(crate) fn misses_everything(&self) -> bool {
        let mut components = self.components.iter();
        let mut left = components.clone().flat_map(|component| &component.leave);
        components.all(|component| component.take.is_empty())
            && left.next().is_some()
            && left.all(|(_, why)| why == OUTSIDE)
    }

    /// How many files were left out for `reason`.
    pub(crate) fn left_for(&self, reason: &str) -> u64 {
        let left = self
            .components
            .iter()
            .flat_map(|component| &component.leave);
        left.filter(|(_, why)| why == reason).count() as u64
    }
}

/// Chooses files by `paths`; none = all.
///
/// # Errors
/// `validation_error` on the field `paths` for a pattern that cannot be read.
pub fn select(
    inventory: &Inventory,
    plan: &Plan,
    paths: &[String],
    excluded: &Excluded,
) -> Result<Selection> {
    let filter = PathFilter::new(paths)?;
    let components = plan
        .components
        .iter()
        .map(|component| {
            let mut selected = SelectedComponent::default();
            for index in &component.files {
                let file = &inventory.files[*index];
                if !filter.takes(&file.path) {
                    selected.leave.push((*index, OUTSIDE.to_owned()));
                } else if excluded.has(&file.path) {
                    selected
                        .leave
                        .push((*index, ignore_file::REASON.to_owned()));
                } else if file.role == FileRole::Vendored {
                    selected.leave.push((*index, "vendored code".to_owned()));
                } else if let Some(unread) = file.unread {
                    selected.leave.push((*index, unread.reason().to_owned()));
                } else {
                    selected.take.push(*index);
                }
            }
            selected
        })
        .collect();
    Ok(Selection { components })
}

/// Why `pattern` is no gitignore-style pattern of what to look at, if it is none.
pub fn check_pattern(pattern: &str) -> std::result::Result<(), String> {
    if pattern.trim().is_empty() || pattern.starts_with('#') {
        return Err("names nothing".to_owned());
    }
    let mut builder = builder();
    match builder.add_line(None, &anchored(pattern)) {
        Ok(_) => builder.build().map(drop).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Those of `patterns` that match none of `files`; all of them where together they leave nothing.
/// Otherwise patterns that take away are never among them.
///
/// # Errors
/// As [`select`], for a pattern that cannot be read.
pub(crate) fn unmatched(patterns: &[String], files: &[String]) -> Result<Vec<String>> {
    let together = PathFilter::new(patterns)?;
    if !files.par_iter().any(|path| together.takes(path)) {
        return Ok(patterns.to_vec());
    }
    let mut idle = Vec::new();
    for pattern in patterns.iter().filter(|it| !it.starts_with('!')) {
        let filter = PathFilter::new(std::slice::from_ref(pattern))?;
        if !files.par_iter().any(|path| filter.takes(path)) {
            idle.push(pattern.clone());
        }
    }
    Ok(idle)
}

fn builder() -> GitignoreBuilder {
    let mut builder = GitignoreBuilder::new("");
    // `[` alone is a slip, not a name.
    builder.allow_unclosed_class(false);
    builder
}

/// The pattern with `./`, as shells complete paths, written as gitignore has it: `/`.
fn anchored(pattern: &str) -> String {
    let (not, rest) = match pattern.strip_prefix('!') {
        Some(rest) => ("!", rest),
        None => ("", pattern),
    };
    match rest {
        "." | "./" => format!("{not}**"),
        _ => match rest.strip_prefix("./") {
            Some(below) => format!("{not}/{}", below.trim_start_matches('/')),
            None => pattern.to_owned(),
        },
    }
}

/// The patterns of a request, compiled.
struct PathFilter {
    matcher: Option<Gitignore>,
    default: bool,
}

impl PathFilter {
    fn new(patterns: &[String]) -> Result<Self> {
        if patterns.is_empty() {
            return Ok(Self {
                matcher: None,
                default: true,
            });
        }
        let mut builder = builder();
        for pattern in patterns {
            builder
                .add_line(None, &anchored(pattern))
                .map_err(|error| {
                    Error::field("paths", format!("The pattern \"{pattern}\": {error}"))
                })?;
        }
        let matcher = builder
            .build()
            .map_err(|error| Error::field("paths", error.to_string()))?;
        Ok(Self {
            matcher: Some(matcher),
            default: patterns.iter().all(|pattern| pattern.starts_with('!')),
        })
    }

    fn takes(&self, path: &str) -> bool {
        let Some(matcher) = &self.matcher else {
            return true;
        };
        let matched = matcher.matched_path_or_any_parents(path.trim_start_matches('/'), false);
        if matched.is_ignore() {
            true
        } else if matched.is_whitelist() {
            false
        } else {
            self.default
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_matching_pattern_decides() {
        let patterns = ["app/".to_owned(), "!app/static/**".to_owned()];
        let filter = PathFilter::new(&patterns).unwrap();
        assert!(filter.takes("app/main.py"));
        assert!(!filter.takes("app/static/x.js"));
        assert!(!filter.takes("other/main.py"));
        let without = PathFilter::new(&["!docs/".to_owned()]).unwrap();
        assert!(without.takes("app/main.py"));
        assert!(!without.takes("docs/a.md"));
    }

    #[test]
    fn a_broken_pattern_is_a_validation_error() {
        for pattern in ["[z-a]", "["] {
            let error = PathFilter::new(&[pattern.to_owned()]).err().unwrap();
            assert_eq!(error.code(), crate::error::ErrorCode::ValidationError);
            assert!(check_pattern(pattern).is_err(), "{pattern}");
        }
        for pattern in ["", " ", "# a comment"] {
            assert!(check_pattern(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn paths_as_shells_complete_them_are_below_the_root() {
        let filter = PathFilter::new(&["./js".to_owned(), "!./js/x.js".to_owned()]).unwrap();
        assert!(filter.takes("js/a.js"));
        assert!(!filter.takes("js/x.js") && !filter.takes("web/js/a.js"));
        assert!(PathFilter::new(&["./".to_owned()]).unwrap().takes("a.py"));
    }

    #[test]
    fn a_pattern_without_a_file_is_named() {
        let files = ["app/a.py".to_owned(), "b.py".to_owned()];
        let patterns = ["app/", "*.py", "nothing/**", "/home/me/b.py", "!docs/"];
        let patterns = patterns.map(str::to_owned);
        let idle = unmatched(&patterns, &files).unwrap();
        assert_eq!(idle, ["nothing/**", "/home/me/b.py"]);
        let nothing = ["*.py".to_owned(), "!**".to_owned()];
        assert_eq!(unmatched(&nothing, &files).unwrap(), nothing);
    }
}
