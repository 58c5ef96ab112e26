//! Every route of the API, in one list.
//!
//! The list serves twice: once to collect the OpenAPI document, once per server thread to build
//! the routes alone (a document per thread would be megabytes nobody reads).

use super::handlers::{
    accounts, archive_uploads, billing, code, exports, findings, git_remote, git_uploads, imports,
    inbox, members, objects, ops, projects, repositories, scan_tools, scans, sessions, stream,
    system, timeline, webhooks,
};
use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

macro_rules! every_route {
    ($($handler:path,)+) => {
        /// Adds every route below the API prefix, with its description.
        pub fn described(config: &mut ServiceConfig<'_>) {
            config$(.service($handler))+;
        }

        /// Adds every route below the API prefix.
        pub fn plain(config: &mut web::ServiceConfig) {
            config$(.service($handler))+;
        }
    };
}

every_route! {
    system::get_health,
    system::get_readiness,
    system::get_config,
    accounts::create_session,
    accounts::refresh_session,
    accounts::delete_session,
    accounts::get_me,
    accounts::list_api_keys,
    accounts::create_api_key,
    accounts::delete_api_key,
    projects::list_projects,
    projects::create_project,
    projects::get_project,
    projects::replace_project,
    projects::update_project,
    projects::delete_project,
    members::list_members,
    members::set_member,
    members::remove_member,
    projects::list_project_repositories,
    projects::create_repository,
    projects::list_project_scans,
    projects::list_project_findings,
    repositories::get_repository,
    repositories::update_repository,
    repositories::delete_repository,
    repositories::ingest_repository,
    repositories::upload_archive,
    repositories::get_job,
    repositories::list_snapshots,
    code::get_snapshot_tree,
    code::get_snapshot_file,
    repositories::get_threat_profile,
    repositories::replace_threat_profile,
    repositories::generate_threat_profile,
    scan_tools::list_threat_profiles,
    scan_tools::estimate_scan,
    repositories::create_scan,
    repositories::list_repository_scans,
    repositories::list_repository_events,
    repositories::list_repository_findings,
    imports::import_findings,
    exports::create_export,
    exports::list_exports,
    scans::get_scan,
    scans::cancel_scan,
    scan_tools::retry_scan,
    scan_tools::compare_scans,
    scans::list_scan_events,
    stream::stream_scan_events,
    scans::list_scan_findings,
    scans::get_report,
    inbox::list_findings,
    inbox::get_finding_facets,
    inbox::get_project_finding_facets,
    inbox::get_repository_finding_facets,
    inbox::get_scan_finding_facets,
    inbox::triage_findings,
    findings::get_finding,
    findings::triage_finding,
    timeline::create_comment,
    timeline::list_comments,
    timeline::get_finding_history,
    timeline::list_similar_findings,
    objects::get_object,
    ops::list_audit_log,
    ops::get_limits,
    ops::list_workers,
    ops::list_all_scans,
    ops::list_all_jobs,
    ops::run_cleanup,
    ops::run_recovery,
    billing::list_usage,
    billing::get_billing_summary,
    archive_uploads::create_archive_upload,
    archive_uploads::complete_archive_upload,
    objects::put_object,
    sessions::list_sessions,
    sessions::create_session,
    sessions::get_session,
    sessions::upload_session,
    sessions::analyze_session,
    sessions::get_session_result,
    sessions::delete_session,
    git_uploads::list_git_uploads,
    git_uploads::create_git_upload,
    git_uploads::get_git_upload,
    git_uploads::delete_git_upload,
    git_remote::get_git_refs,
    git_remote::receive_git_push,
    git_remote::refuse_git_fetch,
    webhooks::list_webhooks,
    webhooks::create_webhook,
    webhooks::get_webhook,
    webhooks::update_webhook,
    webhooks::delete_webhook,
    webhooks::ping_webhook,
    webhooks::list_deliveries,
    webhooks::get_delivery,
    webhooks::retry_delivery,
}
