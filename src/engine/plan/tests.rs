use super::*;
use crate::engine::inventory::SourceFile;

fn inventory(paths: &[&str]) -> Inventory {
    Inventory {
        files: paths
            .iter()
            .map(|path| SourceFile {
                path: (*path).to_owned(),
                size: 1,
                language: Language::of_path(path),
                role: FileRole::Production,
                unread: None,
                sha256: String::new(),
                os_path: None,
            })
            .collect(),
        unlisted: Vec::new(),
    }
}

#[test]
fn every_file_is_in_exactly_one_component() {
    let inventory = inventory(&["a.py", "app/b.py", "app/c/d.py", "root/x.py", "App/e.py"]);
    let plan = make_plan(&inventory, None);
    let mut files: Vec<usize> = plan
        .components
        .iter()
        .flat_map(|component| component.files.clone())
        .collect();
    files.sort_unstable();
    assert_eq!(files, [0, 1, 2, 3, 4]);
    let ids: BTreeSet<_> = plan.components.iter().map(|c| c.id.clone()).collect();
    assert_eq!(ids.len(), plan.components.len());
    for id in ids {
        assert!(id.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-')));
    }
}

#[test]
fn the_id_of_a_folder_does_not_depend_on_its_neighbours() {
    let one = make_plan(&inventory(&["App/a.py"]), None);
    let two = make_plan(&inventory(&["App/a.py", "app/a.py"]), None);
    let id = |plan: &Plan| {
        plan.components
            .iter()
            .find(|component| component.folder == "App")
            .map(|component| component.id.clone())
    };
    assert_eq!(id(&one), id(&two));
}
