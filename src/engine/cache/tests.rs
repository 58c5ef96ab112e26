use super::{Cache, Key, KeyOf, ScanCache};
use crate::error::Result;

/// What a scan finds.
#[derive(Debug)]
struct Left(Vec<u8>);

impl ScanCache for Left {
    fn load(&self) -> Option<Vec<u8>> {
        Some(self.0.clone())
    }

    fn save(&self, _: Vec<u8>) -> Result<()> {
        unreachable!("the cache itself saves nothing")
    }
}

pub(crate) fn open(left: Vec<u8>) -> Cache {
    Cache::open(Some(&Left(left)))
}

fn key(of: &str) -> Key {
    KeyOf::new("test").and(of).key()
}

fn kept(of: &[(&str, &str)]) -> Vec<u8> {
    let cache = open(Vec::new());
    for (name, value) in of {
        cache.put(key(name), value);
    }
    cache.to_bytes(false).unwrap()
}

fn read(cache: &Cache, of: &str) -> Option<String> {
    cache.get(key(of))
}

#[test]
fn parts_of_a_key_do_not_run_into_each_other() {
    let of = |parts: &[&str]| {
        let key = parts
            .iter()
            .fold(KeyOf::new("test"), |key, part| key.and(part));
        key.key()
    };
    assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    assert_ne!(of(&["ab"]), of(&["ab", ""]));
    assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
}

#[test]
fn what_is_used_goes_on_and_the_rest_goes() {
    let first = kept(&[("a", "1"), ("b", "2"), ("c", "3")]);
    let second = open(first);
    assert_eq!(read(&second, "a").as_deref(), Some("1"));
    assert_eq!(read(&second, "new"), None);
    second.keep(key("b"));
    second.put(key("d"), &"4");
    assert_eq!(second.reuse(), (1, 2));
    let third = open(second.to_bytes(false).unwrap());
    let of = |name| read(&third, name);
    assert_eq!(
        [of("a"), of("b"), of("c"), of("d")],
        [Some("1".into()), Some("2".into()), None, Some("4".into())]
    );
}

#[test]
fn a_scan_of_a_part_leaves_the_rest() {
    let part = open(kept(&[("a", "1"), ("b", "2")]));
    part.put(key("a"), &"other");
    let next = open(part.to_bytes(true).unwrap());
    assert_eq!(read(&next, "a").as_deref(), Some("other"));
    assert_eq!(read(&next, "b").as_deref(), Some("2"));
}

#[test]
fn a_file_that_was_cut_or_changed_holds_nothing() {
    let whole = kept(&[("a", "some text"), ("b", "2")]);
    assert!(read(&open(whole.clone()), "a").is_some());
    for end in 0..whole.len() {
        let cut = open(whole[..end].to_vec());
        assert!(cut.known.is_empty(), "cut at {end}");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        let changed = open(changed);
        assert!(changed.known.is_empty(), "changed at {at}");
    }
}

#[test]
fn an_entry_of_another_form_is_not_there() {
    let cache = open(kept(&[("a", "text")]));
    assert_eq!(cache.get::<Vec<(u64, u64, String)>>(key("a")), None);
    assert_eq!(cache.reuse(), (0, 1));
}

#[test]
fn the_same_entries_are_the_same_file() {
    let one = kept(&[("a", "1"), ("b", "2")]);
    let other = kept(&[("b", "2"), ("a", "1")]);
    assert_eq!(one, other);
}

#[test]
fn what_did_not_change_is_not_written() {
    let same = open(kept(&[("a", "1"), ("b", "2")]));
    assert!(read(&same, "a").is_some());
    assert!(same.to_bytes(false).is_some(), "b goes");
    same.keep(key("b"));
    assert_eq!(same.to_bytes(false), None);
}

#[test]
fn without_a_next_scan_nothing_is_kept() {
    let cache = Cache::open(None);
    cache.put(key("a"), &"1");
    let next = open(cache.to_bytes(false).unwrap());
    assert_eq!(read(&next, "a"), None);
}

#[test]
fn what_no_scan_of_a_part_uses_goes_in_the_end() {
    let mut left = kept(&[("a", "1"), ("b", "2")]);
    for _ in 0..super::MAX_AGE {
        let part = open(left);
        assert!(read(&part, "a").is_some() && part.known.contains_key(&key("b")));
        left = part.to_bytes(true).unwrap();
    }
    let last = open(left);
    assert!(read(&last, "a").is_some());
    let left = open(last.to_bytes(true).unwrap());
    assert!(read(&left, "a").is_some() && read(&left, "b").is_none());
}
