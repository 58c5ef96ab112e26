//! What every metadata store promises, as cases against [`Backend`].
//!
//! A backend joins with one `store_conformance!` line. Cases name the promise they hold a backend
//! to; what only the JSON files promise lies in `json`.

mod accounts;
mod audit;
mod concurrency;
mod events;
mod finding_history;
mod finding_lists;
mod findings;
mod fixtures;
mod git_uploads;
mod jobs;
mod json;
mod lifecycle;
mod ops;
mod recovery;
mod scans;
mod sources;
mod transfer;
mod webhooks;
mod workers;

use std::time::Duration;
use vega::{domain::time::Timestamp, store::SharedStore};

/// A store under test, and the world around it.
#[async_trait::async_trait]
pub trait Backend: Send + Sync {
    /// A fresh, empty store.
    async fn fresh() -> Self
    where
        Self: Sized;
    /// The store as the first process sees it.
    fn store(&self) -> SharedStore;
    /// The same data as another process sees them.
    async fn another_process(&self) -> SharedStore;
    /// Ends the first process in order and starts it again.
    async fn reopen(&mut self);
    /// The store's clock.
    fn now(&self) -> Timestamp;
    /// Moves the store's clock on.
    fn advance(&self, by: Duration);
}

/// Declares each case as a test of `$backend`.
macro_rules! cases {
    ($backend:ty: $($module:ident { $($case:ident,)+ })+) => {
        $(mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let mut backend = <$backend as super::super::Backend>::fresh().await;
                super::super::$module::$case(&mut backend).await;
            })+
        })+
    };
}

macro_rules! store_conformance {
    ($name:ident, $backend:ty) => {
        mod $name {
            cases! { $backend:
                accounts {
                    an_email_can_be_taken_once,
                    users_are_listed_by_email,
                    a_new_password_ends_every_session,
                    disabling_a_user_ends_every_session,
                    a_refresh_token_works_once,
                    an_old_refresh_token_revokes_the_session,
                    an_expired_session_cannot_be_rotated,
                    revocation_is_seen_by_another_process_at_once,
                    long_ended_sessions_are_removed,
                    an_expired_api_key_is_not_found,
                    a_revoked_api_key_is_gone_at_once,
                    only_the_owner_can_revoke_an_api_key,
                    uses_of_an_api_key_are_noted_to_the_hour,
                }
                sources {
                    missing_things_are_not_found,
                    projects_are_listed_newest_first_with_their_rollups,
                    another_owner_sees_no_projects,
                    changing_a_project_keeps_absent_fields,
                    a_deleted_project_is_gone_and_its_scans_are_called_off,
                    purging_waits_for_running_scans_and_is_idempotent,
                    changing_a_repository_keeps_absent_fields,
                    only_one_ingest_at_a_time,
                    an_equal_tree_is_the_same_snapshot,
                    a_failed_ingest_keeps_the_latest_snapshot,
                    removing_a_repository_waits_for_its_scans,
                    threat_profiles_are_numbered_and_kept,
                    an_edited_profile_is_not_overwritten_when_only_missing_is_asked,
                    pages_stay_stable_while_things_are_added,
                    a_foreign_cursor_is_a_validation_error,
                    everything_is_there_after_reopening,
                }
                scans {
                    a_repository_that_is_not_ready_cannot_be_scanned,
                    scans_beyond_the_quota_are_refused,
                    final_scans_do_not_count_against_the_quota,
                    scans_are_filtered_by_status_and_place,
                    a_queued_scan_is_cancelled_at_once_with_one_event,
                    a_running_scan_learns_of_its_cancellation_when_it_renews,
                    cancelling_is_idempotent_and_final_scans_stay,
                    unpublished_artifacts_are_listed_until_marked,
                }
                lifecycle {
                    the_oldest_scan_is_claimed_first_and_keeps_its_place,
                    a_named_scan_can_be_claimed,
                    nothing_to_claim_is_none,
                    a_claim_raises_attempt_and_fence_and_writes_a_runner_job,
                    adoption_raises_the_fence_and_shuts_the_launcher_out,
                    a_stale_fence_writes_nothing,
                    a_released_scan_is_queued_again_without_being_counted,
                    a_released_scan_that_was_called_off_is_cancelled,
                    a_failed_scan_says_why_in_its_last_event,
                    a_completed_scan_carries_summary_and_coverage,
                    a_claimed_scan_cannot_complete,
                    a_runner_job_that_is_over_stays_so,
                    progress_never_goes_back,
                }
                events {
                    events_are_numbered_without_gaps_across_attempts,
                    nothing_follows_the_terminal_event,
                    a_runner_cannot_write_a_terminal_event,
                    a_finished_component_is_stored_once,
                    events_are_read_after_a_number_and_by_kind,
                    events_of_a_repository_come_newest_first,
                    events_of_another_repository_are_not_found,
                }
                recovery {
                    a_living_owner_is_left_alone,
                    a_scan_with_an_expired_lease_is_queued_again,
                    a_dead_owner_is_seen_before_its_lease_expires,
                    progress_is_kept_and_counted_apart,
                    attempts_without_progress_end_the_scan,
                    recoveries_are_limited,
                    a_scan_called_off_before_its_owner_died_is_cancelled,
                    a_scan_running_too_long_times_out,
                }
                findings {
                    a_first_sight_is_new_with_observation_and_event,
                    a_finding_seen_again_keeps_its_identity,
                    a_repeated_batch_changes_nothing,
                    a_renamed_file_keeps_its_findings,
                    unseen_findings_resolve_only_where_the_scan_looked,
                    a_resolved_finding_that_is_back_is_reopened,
                    a_failed_scan_resolves_nothing,
                    an_older_scan_that_ends_late_overwrites_nothing,
                    an_older_scan_resolves_nothing_a_newer_one_left,
                    decisions_survive_every_rescan,
                    triage_needs_the_current_version,
                    leads_are_not_counted,
                    findings_are_listed_worst_first_in_stable_pages,
                    every_filter_narrows_the_list,
                    a_scan_shows_what_it_saw_then,
                }
                finding_history {
                    decisions_are_remembered_with_who_and_what,
                    decisions_that_make_no_sense_are_refused,
                    scans_tell_what_they_changed,
                    comments_are_part_of_the_history,
                    a_history_goes_with_its_repository,
                    several_findings_are_judged_each_for_itself,
                    an_accepted_risk_comes_back_once,
                    similar_findings_share_rule_or_class_and_text,
                }
                finding_lists {
                    findings_are_found_by_what_they_say,
                    an_inbox_shows_the_named_projects_only,
                    every_order_comes_in_stable_pages,
                    facets_count_what_the_filter_chooses,
                }
                jobs {
                    jobs_are_claimed_oldest_first_by_kind,
                    an_expired_job_lease_can_be_claimed_again,
                    a_dead_owners_job_can_be_claimed_at_once,
                    a_stale_job_fence_is_refused,
                    a_released_job_is_not_counted,
                    a_job_out_of_attempts_fails_with_its_repository,
                    jobs_of_a_subject_come_newest_first,
                }
                webhooks {
                    the_end_of_a_scan_is_told_in_the_same_commit,
                    every_way_a_scan_can_end_is_told_once,
                    what_a_scan_sees_again_is_told_as_reopened,
                    the_end_of_an_ingest_is_told,
                    only_administrators_are_told_and_only_what_they_asked_for,
                    one_process_sends_a_delivery_and_the_next_when_it_died,
                    a_dead_senders_delivery_is_free_at_once,
                    a_failed_delivery_is_due_again_by_the_stores_clock,
                    a_delivery_that_kills_its_sender_is_given_up,
                    a_slow_receiver_keeps_only_its_own_user_waiting,
                    a_webhook_without_success_for_days_is_disabled_with_an_entry,
                    a_changed_secret_keeps_the_former_one_for_a_day,
                    webhooks_are_limited_listed_and_removed_with_their_deliveries,
                    a_projects_webhooks_go_with_it,
                    an_old_address_says_nothing_about_a_webhook_that_moved,
                    ended_deliveries_are_let_go,
                    a_webhook_keeps_and_waits_for_a_limited_number_of_deliveries,
                }
                workers {
                    heartbeats_are_judged_by_the_stores_clock,
                    workers_silent_for_long_are_forgotten,
                    the_store_answers_a_ping,
                }
                git_uploads {
                    a_remote_expires_by_the_stores_clock,
                    remotes_beyond_the_quota_are_refused,
                    a_push_is_noted_with_its_ingest,
                    a_push_counts_by_what_its_maker_may_do_at_its_end,
                    remotes_are_listed_for_members_only,
                    remotes_go_with_their_repository_and_after_their_time,
                }
                audit {
                    a_change_is_committed_with_its_audit_entry,
                    the_audit_log_is_filtered_and_comes_in_parts,
                    the_log_keeps_a_limited_number_of_refused_sign_ins,
                    a_key_is_reserved_once_and_answers_for_a_day,
                    a_released_or_abandoned_key_is_free_again,
                    a_key_knows_what_was_made_even_without_its_answer,
                }
                ops {
                    figures_count_everything_and_tell_how_long_it_waits,
                    jobs_of_everyone_are_filtered,
                    a_dry_run_tells_what_recovery_would_do,
                    retention_lets_go_what_is_over_and_nothing_that_is_needed,
                }
                transfer {
                    a_frozen_store_stays_as_it_was,
                    everything_moves_into_an_empty_store,
                    nothing_that_is_there_is_replaced,
                    what_does_not_fit_is_refused_as_a_whole,
                    a_scan_waits_until_all_of_it_is_there,
                }
                concurrency {
                    what_many_write_at_once_is_all_there,
                    exactly_one_claim_wins,
                    two_processes_number_events_without_gaps,
                    quota_holds_under_races,
                }
            }
        }
    };
}

store_conformance!(json_files, crate::conformance::store::json::JsonBackend);
