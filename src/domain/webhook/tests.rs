use super::*;
use crate::domain::{repository::SealedSecret, time::Timestamp};

fn webhook() -> Webhook {
    Webhook {
        id: WebhookId::from_uuid(uuid::Uuid::nil()),
        user_id: UserId::from_uuid(uuid::Uuid::nil()),
        name: None,
        url: "https://example.com/".to_owned(),
        events: vec![WebhookEvent::ScanCompleted],
        project_id: None,
        secret: SealedSecret {
            key_id: String::new(),
            ciphertext: String::new(),
        },
        former_secret: None,
        enabled: true,
        disabled_reason: None,
        failing_since: None,
        last_success_at: None,
        created_at: Timestamp::epoch(),
        updated_at: Timestamp::epoch(),
    }
}

#[test]
fn waits_grow_to_about_a_day_and_then_end() {
    let base = Duration::from_secs(30);
    let waits: Vec<_> = (1..=MAX_TRIES)
        .map_while(|tries| wait_after(tries, base, 127))
        .collect();
    assert_eq!(waits.len(), MAX_TRIES as usize - 1);
    assert!(waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
    let total = waits.iter().sum::<Duration>().as_secs() / 3600;
    assert!((20..=26).contains(&total), "{total} hours");
    assert_eq!(wait_after(MAX_TRIES, base, 0), None);
}

#[test]
fn waits_are_spread_and_bounded_whatever_the_base() {
    let base = Duration::from_secs(100);
    assert_eq!(wait_after(1, base, 0), Some(Duration::from_secs(80)));
    assert_eq!(wait_after(1, base, 255), Some(Duration::from_secs(120)));
    let longest = wait_after(7, Duration::MAX, 255).unwrap();
    assert!(longest <= LONGEST_WAIT.mul_f64(1.2));
}

#[test]
fn only_days_without_success_disable_a_failing_webhook() {
    let start = Timestamp::epoch();
    let hook = webhook().after_attempt(Verdict::GivenUp, start);
    assert!(hook.enabled && hook.failing_since == Some(start));
    let later = start.after(FAILING_TOO_LONG);
    let trying = hook
        .clone()
        .after_attempt(Verdict::Again(Duration::ZERO), later);
    assert!(trying.enabled, "a delivery that goes on is not given up");
    let saved = hook.clone().after_attempt(Verdict::Delivered, later);
    assert_eq!(saved.failing_since, None);
    let saved = saved.after_attempt(Verdict::GivenUp, later);
    assert!(saved.enabled);
    let ended = hook.after_attempt(Verdict::GivenUp, later);
    assert_eq!(ended.disabled_reason, Some(DisabledReason::Failing));
    assert!(!ended.enabled);
}

#[test]
fn a_receiver_that_is_gone_is_told_nothing_more() {
    let hook = webhook().after_attempt(Verdict::Gone, Timestamp::epoch());
    assert_eq!(hook.disabled_reason, Some(DisabledReason::Gone));
    assert!(!hook.wants(
        WebhookEvent::ScanCompleted,
        ProjectId::from_uuid(uuid::Uuid::nil())
    ));
}

#[test]
fn only_the_last_attempt_keeps_what_was_answered() {
    let data = serde_json::Value::Null;
    let mut delivery = Delivery::new(
        DeliveryId::from_uuid(uuid::Uuid::nil()),
        WebhookId::from_uuid(uuid::Uuid::nil()),
        WebhookEvent::Ping,
        None,
        data,
        Timestamp::epoch(),
    );
    for number in 1..=50 {
        delivery.note(Attempt {
            number,
            at: Timestamp::epoch(),
            duration_ms: 1,
            response_status: Some(500),
            response_body: Some("no".to_owned()),
            error: Some("status 500".to_owned()),
        });
    }
    assert_eq!(delivery.attempts.len(), KEPT_ATTEMPTS);
    let with_body = delivery
        .attempts
        .iter()
        .filter(|it| it.response_body.is_some());
    assert_eq!(
        with_body.map(|it| it.number).collect::<Vec<_>>(),
        [50],
        "{delivery:?}"
    );
}
