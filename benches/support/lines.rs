//! What a store that never compacts wrote to its journal.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

/// The lines that were appended to the journal behind `known` bytes.
pub fn new_lines(folder: &Path, known: u64) -> Vec<Vec<u8>> {
    let mut journal = File::open(folder.join("metadata/journal-1.jsonl")).unwrap();
    journal.seek(SeekFrom::Start(known)).unwrap();
    let mut new = Vec::new();
    journal.read_to_end(&mut new).unwrap();
    let lines = new.split_inclusive(|byte| *byte == b'\n');
    lines.map(<[u8]>::to_vec).collect()
}
