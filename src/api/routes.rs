//! Every route of the API, in one list.

use super::handlers::{accounts, findings, objects, projects, repositories, scans, system};
use utoipa_actix_web::service_config::ServiceConfig;

/// Adds every route below the API prefix.
pub fn api(config: &mut ServiceConfig<'_>) {
    config
        .service(system::get_health)
        .service(system::get_readiness)
        .service(system::get_config)
        .service(accounts::create_session)
        .service(accounts::refresh_session)
        .service(accounts::delete_session)
        .service(accounts::get_me)
        .service(accounts::list_api_keys)
        .service(accounts::create_api_key)
        .service(accounts::delete_api_key)
        .service(projects::list_projects)
        .service(projects::create_project)
        .service(projects::get_project)
        .service(projects::replace_project)
        .service(projects::update_project)
        .service(projects::delete_project)
        .service(projects::list_project_repositories)
        .service(projects::create_repository)
        .service(projects::list_project_scans)
        .service(projects::list_project_findings)
        .service(repositories::get_repository)
        .service(repositories::update_repository)
        .service(repositories::delete_repository)
        .service(repositories::ingest_repository)
        .service(repositories::upload_archive)
        .service(repositories::get_job)
        .service(repositories::list_snapshots)
        .service(repositories::get_threat_profile)
        .service(repositories::replace_threat_profile)
        .service(repositories::generate_threat_profile)
        .service(repositories::create_scan)
        .service(repositories::list_repository_scans)
        .service(repositories::list_repository_events)
        .service(repositories::list_repository_findings)
        .service(scans::get_scan)
        .service(scans::cancel_scan)
        .service(scans::list_scan_events)
        .service(scans::list_scan_findings)
        .service(scans::get_report)
        .service(findings::get_finding)
        .service(findings::triage_finding)
        .service(objects::get_object);
}
