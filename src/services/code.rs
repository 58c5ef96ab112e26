//! The code viewer: folders and files of a snapshot, with colours computed here.
//!
//! A snapshot that was looked at stays open for a while, so that walking through it fetches it once.

use super::{access, working_dir::WorkingRoot};
use crate::{
    context::ServeContext,
    domain::{access::Actor, ids::SnapshotId, object_key::ObjectKey, snapshot::Snapshot},
    engine::{self, HighlightSpan, Language},
    error::{Error, Result},
    shutdown::blocking,
    workspace::snapshot::Browser,
};

pub use crate::workspace::snapshot::{EntryKind, FolderEntry};

use std::sync::{Arc, Mutex, PoisonError};

/// So many snapshots stay open in one process.
const KEPT_OPEN: usize = 4;
/// Files larger than this are not shown, in bytes.
const MAX_SHOWN: u64 = 4 * 1024 * 1024;
/// At most so many lines come in one answer.
pub const MAX_LINES: u32 = 5_000;

/// Snapshots that were looked at lately, newest last.
pub struct OpenSnapshots {
    working: Arc<WorkingRoot>,
    open: Mutex<Vec<(SnapshotId, Arc<Browser>)>>,
}

impl OpenSnapshots {
    /// None yet; files go below `working`.
    pub fn new(working: Arc<WorkingRoot>) -> Self {
        Self {
            working,
            open: Mutex::new(Vec::new()),
        }
    }

    async fn get(&self, ctx: &ServeContext, snapshot: &Snapshot) -> Result<Arc<Browser>> {
        if let Some(known) = self.known(snapshot.id) {
            return Ok(known);
        }
        let folder = self.working.folder("code")?;
        let zip = folder.path().join("snapshot.zip");
        let key = ObjectKey::parse(&snapshot.storage_key)?;
        ctx.app.objects.fetch_to(&key, &zip).await?;
        let browser = blocking(move || {
            let browser = Browser::open(&zip);
            // The open file outlives its name; nothing is left behind.
            drop(folder);
            browser
        })
        .await?;
        let browser = Arc::new(browser);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(id, _)| *id != snapshot.id);
        open.push((snapshot.id, Arc::clone(&browser)));
        let surplus = open.len().saturating_sub(KEPT_OPEN);
        open.drain(..surplus);
        Ok(browser)
    }

    fn known(&self, id: SnapshotId) -> Option<Arc<Browser>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let place = open.iter().position(|(known, _)| *known == id)?;
        let entry = open.remove(place);
        let browser = Arc::clone(&entry.1);
        open.push(entry);
        Some(browser)
    }
}

/// What stands in a folder of a snapshot of the caller.
pub async fn folder(
    ctx: &ServeContext,
    open: &OpenSnapshots,
    actor: &Actor,
    id: SnapshotId,
    path: String,
) -> Result<Vec<FolderEntry>> {
    let snapshot = access::snapshot(&ctx.app.store, actor, id).await?;
    let browser = open.get(ctx, &snapshot).await?;
    blocking(move || {
        let entries = browser.folder(&path);
        entries.ok_or_else(|| Error::not_found("Folder", path))
    })
    .await
}

/// A piece of a file.
#[derive(Debug)]
pub struct FileView {
    /// What the file is.
    pub kind: EntryKind,
    /// Its size, in bytes.
    pub size: u64,
    /// The language, where its name tells.
    pub language: Option<Language>,
    /// The text; why there is none otherwise.
    pub text: std::result::Result<TextView, &'static str>,
}

/// Lines of a text with their colours.
#[derive(Debug)]
pub struct TextView {
    /// Lines in the whole file.
    pub total_lines: u32,
    /// The number of the first line here, from 1.
    pub first: u32,
    /// The lines asked for.
    pub lines: Vec<String>,
    /// Colours of these lines, in order.
    pub spans: Vec<HighlightSpan>,
}

/// Lines `start` to `end` (from 1, included) of a file in a snapshot of the caller.
pub async fn file(
    ctx: &ServeContext,
    open: &OpenSnapshots,
    actor: &Actor,
    id: SnapshotId,
    path: String,
    (start, end): (u32, u32),
) -> Result<FileView> {
    let snapshot = access::snapshot(&ctx.app.store, actor, id).await?;
    let browser = open.get(ctx, &snapshot).await?;
    blocking(move || view(&browser, &path, start, end)).await
}

fn view(browser: &Browser, path: &str, start: u32, end: u32) -> Result<FileView> {
    let kind = browser
        .file(path)
        .ok_or_else(|| Error::not_found("File", path))?;
    let mut file = FileView {
        kind,
        size: 0,
        language: Language::of_path(path),
        text: Err("larger than 4 MiB"),
    };
    if let EntryKind::File { size } = kind {
        file.size = size;
        if size > MAX_SHOWN {
            return Ok(file);
        }
    }
    let content = browser.content(path)?.unwrap_or_default();
    file.size = content.len() as u64;
    file.text = match String::from_utf8(content) {
        Ok(text) if !text.contains('\0') => Ok(lines(&text, file.language, start, end)),
        _ => Err("binary"),
    };
    Ok(file)
}

fn lines(text: &str, language: Option<Language>, start: u32, end: u32) -> TextView {
    let end = end.min(start.saturating_add(MAX_LINES - 1));
    let spans = language.map_or_else(Vec::new, |language| engine::highlight(language, text));
    let within = |number: u32| (start..=end).contains(&number);
    let numbered = || (1..).zip(text.lines());
    TextView {
        total_lines: numbered().count().try_into().unwrap_or(u32::MAX),
        first: start,
        lines: numbered()
            .filter(|(number, _)| within(*number))
            .map(|(_, line)| line.to_owned())
            .collect(),
        spans: spans.into_iter().filter(|span| within(span.line)).collect(),
    }
}
