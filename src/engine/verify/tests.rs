use super::*;
use crate::engine::{
    builtin::{self, SourceText},
    inventory,
};
use tokio_util::sync::CancellationToken;

#[test]
fn claims_whose_evidence_is_not_in_the_tree_are_dropped() {
    let tree = tempfile::tempdir().unwrap();
    let code = "import tempfile\ntempfile.mktemp()\n";
    std::fs::write(tree.path().join("a.py"), code).unwrap();
    let cancel = CancellationToken::new();
    let inventory = inventory::take_inventory(tree.path(), &cancel).unwrap();
    let file = &inventory.files[0];
    let source = SourceText::new(&file.path, file.language, file.role, code.into());
    let examined = builtin::examine(&source, None, &cancel);
    let claim = builtin::conclude(&source, examined, &builtin::RuleSet::default(), None)
        .findings
        .remove(0);

    let mut other_bytes = claim.clone();
    other_bytes.content.evidence[0].sha256 = "0".repeat(64);
    let mut other_quote = claim.clone();
    other_quote.content.evidence[0].snippet = "eval(input())".to_owned();
    let mut out_of_range = claim.clone();
    out_of_range.content.location.end_line = 99;
    let mut other_file = claim.clone();
    other_file.content.location.file_path = "../etc/passwd".to_owned();
    let mut no_evidence = claim.clone();
    no_evidence.content.evidence.clear();

    let claims = vec![
        claim,
        other_bytes,
        other_quote,
        out_of_range,
        other_file,
        no_evidence,
    ];
    let verified = verify(tree.path(), &inventory, claims);
    assert_eq!((verified.findings.len(), verified.unanchored), (1, 5));
}
