use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_burst_is_fine_and_more_has_to_wait_for_its_turn() {
    let mut throttle = Throttle::new(60, SECOND * 60);
    for _ in 0..60 {
        assert_eq!(throttle.take(1, SECOND), Ok(()));
    }
    let wait = throttle.take(1, SECOND).unwrap_err();
    assert!(wait > SECOND / 2 && wait <= SECOND, "{wait:?}");
    assert_eq!(throttle.take(1, SECOND + wait), Ok(()));
    assert!(throttle.take(1, SECOND + wait).is_err());
}

#[test]
fn keys_do_not_share_and_a_forgiven_one_starts_anew() {
    let mut throttle = Throttle::new(1, SECOND * 60);
    assert_eq!(throttle.take(1, SECOND), Ok(()));
    assert_eq!(throttle.take(2, SECOND), Ok(()));
    assert!(throttle.check(1, SECOND).is_err());
    throttle.forgive(1);
    assert_eq!(throttle.check(1, SECOND), Ok(()));
}

#[test]
fn a_permit_that_is_given_back_can_be_taken_again() {
    let mut throttle = Throttle::new(2, SECOND * 60);
    for _ in 0..2 {
        assert_eq!(throttle.take(1, SECOND), Ok(()));
    }
    throttle.give_back(1, SECOND);
    assert_eq!(throttle.take(1, SECOND), Ok(()));
    assert!(throttle.take(1, SECOND).is_err());
    for _ in 0..9 {
        throttle.give_back(1, SECOND);
    }
    for _ in 0..2 {
        assert_eq!(throttle.take(1, SECOND), Ok(()));
    }
    assert!(
        throttle.take(1, SECOND).is_err(),
        "never more than a full bucket"
    );
}

#[test]
fn zero_permits_switch_it_off() {
    let mut throttle = Throttle::new(0, SECOND);
    for _ in 0..1_000 {
        assert_eq!(throttle.take(1, SECOND), Ok(()));
    }
}

#[test]
fn the_table_is_bounded_and_forgets_the_emptiest_last() {
    let mut throttle = Throttle::new(3, SECOND * 3_600);
    for _ in 0..3 {
        throttle.spend(u64::MAX, SECOND);
    }
    for key in 0..(MAX_KEYS as u64 * 2) {
        throttle.spend(key, SECOND);
    }
    assert!(throttle.buckets.len() <= MAX_KEYS);
    assert!(throttle.check(u64::MAX, SECOND).is_err());
}
