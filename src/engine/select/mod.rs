//! Stage 3: what of the plan this request looks at.
//!
//! Applies gitignore-style patterns (here they say what to take, the last match decides, `!` takes
//! away) and sets aside what no auditor reads. Everything set aside carries its reason, which ends
//! in the coverage ledger. Knows nothing of findings.

mod ignore_file;

pub(crate) use ignore_file::{Excluded, REASON as EXCLUDED};

use super::{
    inventory::{FileRole, Inventory},
    plan::Plan,
};
use crate::error::{Error, Result};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::{Deserialize, Serialize};

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
                    let reason = "outside the selected paths".to_owned();
                    selected.leave.push((*index, reason));
                } else if excluded.has(&file.path) {
                    selected
                        .leave
                        .push((*index, ignore_file::REASON.to_owned()));
                } else if let Some(unread) = file.unread {
                    selected.leave.push((*index, unread.reason().to_owned()));
                } else if file.role == FileRole::Vendored {
                    selected.leave.push((*index, "vendored code".to_owned()));
                } else {
                    selected.take.push(*index);
                }
            }
            selected
        })
        .collect();
    Ok(Selection { components })
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
        let mut builder = GitignoreBuilder::new("");
        for pattern in patterns {
            builder.add_line(None, pattern).map_err(|error| {
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
        let error = PathFilter::new(&["[z-a]".to_owned()]).err().unwrap();
        assert_eq!(error.code(), crate::error::ErrorCode::ValidationError);
    }
}
