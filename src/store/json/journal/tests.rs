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
