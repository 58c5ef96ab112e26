use super::{Backend, fixtures::*};
use std::time::Duration;
use vega::domain::{
    job::{JobKind, JobStatus},
    scan::ScanStatus,
};

pub async fn figures_count_everything_and_tell_how_long_it_waits(backend: &mut dyn Backend) {
    let store = backend.store();
    let empty = store.figures().await.unwrap();
    assert_eq!((empty.scans.len(), empty.jobs.len()), (0, 0));
    assert_eq!(empty.oldest_queued_scan, None);
    let world = World::of(backend).await;
    let export = job(JobKind::Export, "a", backend.now());
    store.enqueue_job(export).await.unwrap();
    world.running().await;
    world.queued().await;
    let minute = Duration::from_secs(60);
    backend.advance(minute);
    let figures = backend.another_process().await.figures().await.unwrap();
    assert_eq!(figures.scans[&ScanStatus::Queued], 1);
    assert_eq!(figures.scans[&ScanStatus::Running], 1);
    assert_eq!(figures.jobs[&(JobKind::Export, JobStatus::Queued)], 1);
    assert_eq!(figures.oldest_queued_scan, Some(minute));
    assert_eq!(figures.oldest_queued_job, Some(minute));
    assert_eq!(figures.open_findings.critical, 0);
}
