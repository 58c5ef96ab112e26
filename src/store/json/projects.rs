//! Projects: their rollups, and their deletion in two steps (mark, then purge by a job).

use super::{
    JsonStore,
    change::{Change, Decision, Deletion},
    paging, scans,
    state::State,
    view::{Moment, View},
};
use crate::{
    domain::{
        ids::{ProjectId, UserId},
        job::Job,
        project::{Project, ProjectRole, ProjectRollup},
        time::Timestamp,
    },
    error::{Error, Result},
    store::{Page, PageRequest, ProjectChange, ProjectStore},
};

#[async_trait::async_trait]
impl ProjectStore for JsonStore {
    async fn insert_project(&self, project: Project) -> Result<()> {
        self.commit(move |view, _| insert(view.state, project))
            .await
    }

    async fn project(&self, id: ProjectId) -> Result<Project> {
        self.read(move |view| visible(view.state, id).cloned())
            .await
    }

    async fn projects(
        &self,
        user: UserId,
        page: PageRequest,
    ) -> Result<Page<(Project, ProjectRollup)>> {
        self.read(move |view| {
            let state = view.state;
            let visible = state
                .projects
                .values()
                .filter(|project| project.deleted_at.is_none() && project.role_of(user).is_some());
            paging::newest_first(visible.map(|project| project.id), &page, |id| {
                let project = state.projects.get(id)?.clone();
                Some((project, rollup(state, id)))
            })
        })
        .await
    }

    async fn project_rollup(&self, id: ProjectId) -> Result<ProjectRollup> {
        self.read(move |view| {
            visible(view.state, id)?;
            Ok(rollup(view.state, id))
        })
        .await
    }

    async fn change_project(
        &self,
        id: ProjectId,
        change: ProjectChange,
        now: Timestamp,
    ) -> Result<Project> {
        self.commit(move |view, _| {
            let mut project = visible(view.state, id)?.clone();
            project.name = change.name.unwrap_or(project.name);
            project.description = change.description.unwrap_or(project.description);
            project.updated_at = now;
            Ok(Decision::new(project.clone(), vec![project.into()]))
        })
        .await
    }

    async fn set_project_member(
        &self,
        id: ProjectId,
        user: UserId,
        role: ProjectRole,
        now: Timestamp,
    ) -> Result<Project> {
        self.commit(move |view, _| {
            let mut project = visible(view.state, id)?.clone();
            project.set_member(user, role, now)?;
            project.updated_at = now;
            Ok(Decision::new(project.clone(), vec![project.into()]))
        })
        .await
    }

    async fn remove_project_member(
        &self,
        id: ProjectId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Project> {
        self.commit(move |view, _| {
            let mut project = visible(view.state, id)?.clone();
            let before = project.members.len();
            project.members.retain(|member| member.user_id != user);
            if project.members.len() == before {
                return Ok(Decision::unchanged(project));
            }
            project.updated_at = now;
            Ok(Decision::new(project.clone(), vec![project.into()]))
        })
        .await
    }

    async fn delete_project(&self, id: ProjectId, job: Job, now: Timestamp) -> Result<()> {
        self.commit(move |view, moment| delete(view, moment, id, job, now))
            .await
    }

    async fn purge_project(&self, id: ProjectId) -> Result<()> {
        self.commit(move |view, _| purge(view.state, id)).await
    }
}

/// The project unless it is marked as deleted.
pub(super) fn visible(state: &State, id: ProjectId) -> Result<&Project> {
    let project = state.projects.get(id);
    project
        .filter(|project| project.deleted_at.is_none())
        .ok_or_else(|| Error::not_found("Project", id))
}

fn insert(state: &State, project: Project) -> Result<Decision<()>> {
    if state.projects.get(project.id).is_some() {
        let id = project.id;
        return Err(Error::conflict(format!("Project {id} already exists")));
    }
    Ok(Decision::new((), vec![project.into()]))
}

fn rollup(state: &State, id: ProjectId) -> ProjectRollup {
    let mut rollup = ProjectRollup::default();
    for repository in state.repositories_of.of(&id) {
        rollup.repository_count += 1;
        state
            .findings
            .count_open(*repository, &mut rollup.finding_counts);
        for scan in state.scans_of.of(repository) {
            if let Some(scan) = state.scans.get(*scan) {
                *rollup.scan_counts.entry(scan.status).or_default() += 1;
                rollup.last_scan_at = rollup.last_scan_at.max(Some(scan.created_at));
            }
        }
    }
    rollup
}

fn delete(
    view: View<'_>,
    moment: &Moment<'_>,
    id: ProjectId,
    job: Job,
    now: Timestamp,
) -> Result<Decision<()>> {
    let mut project = visible(view.state, id)?.clone();
    project.deleted_at = Some(now);
    project.updated_at = now;
    let by = project.owner_user_id;
    let mut changes: Vec<Change> = vec![project.into(), job.into()];
    for scan in active_scans(view.state, id) {
        changes.extend(scans::cancel(view.state, moment, scan, by, now)?.changes);
    }
    Ok(Decision::new((), changes))
}

fn purge(state: &State, id: ProjectId) -> Result<Decision<()>> {
    let Some(project) = state.projects.get(id) else {
        return Ok(Decision::unchanged(()));
    };
    if project.deleted_at.is_none() {
        return Err(Error::conflict(format!(
            "Project {id} is not marked as deleted"
        )));
    }
    if let Some(scan) = active_scans(state, id).next() {
        return Err(Error::conflict(format!(
            "{} of project {id} is still {}",
            scan.id, scan.status
        )));
    }
    let deletion = Change::Delete(Deletion::Project(id));
    Ok(Decision::new((), vec![deletion]))
}

fn active_scans(
    state: &State,
    project: ProjectId,
) -> impl Iterator<Item = &crate::domain::scan::Scan> {
    let active = state.active_scans.iter();
    active
        .filter_map(|id| state.scans.get(*id))
        .filter(move |scan| scan.project_id == project)
}
