use super::*;
use proptest::prelude::*;

fn line(text: &str) -> Vec<u8> {
    encode_after(7, "now", [text]).unwrap()
}

#[test]
fn a_line_is_valid_json_and_carries_its_own_checksum() {
    let line = line("a \"quoted\" text");
    let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(value["prev"], "00000007");
    let stated = u32::from_str_radix(value["crc"].as_str().unwrap(), 16).unwrap();
    assert_eq!(checksum_of(&line), Some(stated));
}

#[test]
fn a_line_without_its_newline_is_not_valid() {
    let line = line("x");
    assert_eq!(checksum_of(&line[..line.len() - 1]), None);
    assert_eq!(checksum_of(b"\n"), None);
}

#[test]
fn the_text_of_a_line_inside_a_text_is_not_a_line() {
    let inner = String::from_utf8(line("x")).unwrap();
    let mut outer = line(&inner);
    assert!(holds_valid_line(&outer));
    outer[20] ^= 1;
    assert!(!holds_valid_line(&outer));
}

#[test]
fn a_valid_line_is_found_behind_a_damaged_newline() {
    let mut two = [line("first"), line("second")].concat();
    let newline = two.iter().position(|byte| *byte == b'\n').unwrap();
    two[newline] = b' ';
    assert_eq!(checksum_of(&two), None);
    assert!(holds_valid_line(&two));
}

/// Counts what it is told, in order.
#[derive(Default)]
struct Told(Vec<(u64, usize)>);

impl Apply for Told {
    type Commit<'a> = (u64, usize);

    fn parse(line: &[u8], offset: u64) -> Result<(u64, usize), Cause> {
        Ok((offset, line.len()))
    }

    fn apply(&mut self, commit: (u64, usize)) -> Result<(), Cause> {
        self.0.push(commit);
        Ok(())
    }
}

/// A journal whose lines, one of them longer than a chunk, fill several chunks; with the places of
/// its lines behind the header.
fn long_journal() -> (Vec<u8>, Vec<(u64, usize)>) {
    let mut bytes = header(1).unwrap();
    let mut places = Vec::new();
    let mut last = checksum_of(&bytes).unwrap();
    let lengths = [100_000; 40].into_iter().chain([3 * CHUNK]).chain([10; 40]);
    for (number, length) in lengths.chain([200_000; 15]).enumerate() {
        let line = encode_after(last, number, ["x".repeat(length)]).unwrap();
        last = checksum_of(&line).unwrap();
        places.push((bytes.len() as u64, line.len()));
        bytes.extend(line);
    }
    (bytes, places)
}

fn followed(bytes: &[u8]) -> (Result<Tail>, Told, u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    std::fs::write(&path, bytes).unwrap();
    let mut journal = Journal::new(File::open(&path).unwrap(), path, 1);
    let mut told = Told::default();
    let tail = journal.follow(&mut told);
    (tail, told, journal.end())
}

#[test]
fn a_journal_of_many_chunks_is_read_in_order() {
    let (bytes, places) = long_journal();
    let (tail, told, end) = followed(&bytes);
    assert_eq!(tail.unwrap(), Tail::Clean);
    assert_eq!(told.0, places);
    assert_eq!(end, bytes.len() as u64);
}

#[test]
fn a_journal_cut_anywhere_is_read_up_to_its_last_whole_line() {
    let (bytes, places) = long_journal();
    for (place, (offset, length)) in places.iter().enumerate().step_by(7) {
        let cut = usize::try_from(*offset).unwrap() + length / 2;
        let (tail, told, end) = followed(&bytes[..cut]);
        assert_eq!(tail.unwrap(), Tail::Torn((length / 2) as u64));
        assert_eq!(told.0, places[..place]);
        assert_eq!(end, *offset);
    }
}

#[test]
fn damage_in_any_chunk_is_told_and_nothing_behind_it_is_read() {
    let (bytes, places) = long_journal();
    for (place, (offset, length)) in places.iter().enumerate().step_by(13) {
        let mut damaged = bytes.clone();
        damaged[usize::try_from(*offset).unwrap() + length / 2] ^= 1;
        let (tail, told, _) = followed(&damaged);
        assert!(tail.is_err() == (place + 1 < places.len()));
        assert_eq!(told.0, places[..place]);
    }
}

proptest! {
    #[test]
    fn any_damage_to_a_line_shows(text in ".*", place in any::<prop::sample::Index>(), bit in 0..8u32) {
        let mut line = line(&text);
        let place = place.index(line.len());
        line[place] ^= 1u8 << bit;
        prop_assert_eq!(checksum_of(&line), None);
    }

    #[test]
    fn foreign_bytes_are_never_a_line(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(checksum_of(&bytes), None);
        prop_assert!(!holds_valid_line(&bytes));
    }
}
