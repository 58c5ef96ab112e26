use super::*;

#[test]
fn a_cancelled_component_has_no_result() {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let unit = AuditUnit {
        root: Path::new("/nonexistent"),
        inventory: &Inventory::default(),
        component: &Component {
            id: "root".to_owned(),
            folder: String::new(),
            files: Vec::new(),
            languages: Vec::new(),
            questions: Vec::new(),
        },
        selected: &SelectedComponent::default(),
        auditors: &[BUILTIN.to_owned()],
        rules: &RuleSet::default(),
        models: &Models::default(),
        flow: &Flow::default(),
        cache: &Cache::default(),
        examined: &ExaminedFiles::default(),
        cancel: &cancel,
    };
    assert!(audit(&unit).is_none());
}
