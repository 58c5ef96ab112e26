//! Is the whole file what an export wrote? Judged without any store, before anything is changed.
//!
//! Beyond checksums, the records have to make sense together: each can be read by this version
//! without losing a field, has what it needs in the same file, and events and histories have no
//! gaps. So a file that someone made up cannot bring a store into a state that it never has.

use super::{
    CONTENTS, Checksum, Contents, FORMAT, MANIFEST, Manifest, OLDEST_FORMAT, PREFIXES, PRODUCT,
    object_name, part_name,
    reader::{Entry, damaged, each_entry},
};
use crate::{
    domain::{
        object_key::ObjectKey,
        portable::{Portable, PortableKind},
    },
    error::{Error, ErrorCode, Result},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    io,
    path::Path,
};

/// Reads the whole file.
pub fn verify(path: &Path) -> Result<Contents> {
    let mut found = Found::default();
    each_entry(path, |entry| found.take(entry))?;
    found.judge()
}

/// What was in the file so far.
#[derive(Default)]
struct Found {
    manifest: Option<Checksum>,
    objects: Vec<Checksum>,
    parts: Vec<(PortableKind, u32, u64, Checksum)>,
    contents: Option<Contents>,
    records: Records,
}

impl Found {
    fn take(&mut self, entry: Entry<'_>) -> Result<()> {
        if self.contents.is_some() {
            return Err(damaged(format!("something follows {CONTENTS}")));
        }
        if self.manifest.is_none() {
            return self.take_manifest(entry);
        }
        if entry.name == CONTENTS {
            let (text, _) = entry.into_bytes()?;
            self.contents = Some(parsed(&text, CONTENTS)?);
            return Ok(());
        }
        if self.parts.is_empty() && entry.name == object_name(self.objects.len() + 1) {
            self.objects.push(entry.copy_to(&mut io::sink())?);
            return Ok(());
        }
        let (kind, number) = self.part_named(&entry.name)?;
        let name = entry.name.clone();
        let (text, checksum) = entry.into_bytes()?;
        let mut count = 0;
        for line in lines(&text) {
            count += 1;
            let record =
                read(kind, line).map_err(|why| damaged(format!("{name}, {count}: {why}")))?;
            self.records
                .add(&record)
                .map_err(|why| damaged(format!("{name}, {count}: {why}")))?;
        }
        self.parts.push((kind, number, count, checksum));
        Ok(())
    }

    fn take_manifest(&mut self, entry: Entry<'_>) -> Result<()> {
        if entry.name != MANIFEST {
            return Err(damaged(format!("it does not begin with {MANIFEST}")));
        }
        let (text, checksum) = entry.into_bytes()?;
        let whole: Value = parsed(&text, MANIFEST)?;
        if whole.get("product").and_then(Value::as_str) != Some(PRODUCT) {
            return Err(damaged("its manifest is not that of a Vega export"));
        }
        // Said before the rest is looked at: another format has another manifest.
        let format = whole.get("format").and_then(Value::as_u64);
        match format {
            Some(newer) if newer > u64::from(FORMAT) => return Err(too_new(newer, &whole)),
            Some(known) if known >= u64::from(OLDEST_FORMAT) => {}
            _ => return Err(damaged("its manifest names no format")),
        }
        let _: Manifest = parsed(&text, MANIFEST)?;
        self.manifest = Some(checksum);
        Ok(())
    }

    /// The part with this name, if it is one that may come now.
    fn part_named(&self, name: &str) -> Result<(PortableKind, u32)> {
        let last = self.parts.last();
        let known = PortableKind::ALL.iter().copied().filter_map(|kind| {
            let number = match last {
                Some((same, number, ..)) if *same == kind => number.checked_add(1)?,
                Some((before, ..)) if *before > kind => return None,
                _ => 1,
            };
            Some((kind, number))
        });
        known
            .into_iter()
            .find(|(kind, number)| part_name(*kind, *number) == name)
            .ok_or_else(|| damaged(format!("'{}' has no place in it", name.escape_debug())))
    }

    fn judge(self) -> Result<Contents> {
        let Some(contents) = self.contents else {
            return Err(damaged(format!("it was cut off: {CONTENTS} is missing")));
        };
        if self.manifest.as_ref() != Some(&contents.manifest) {
            return Err(damaged(format!("{MANIFEST} was changed")));
        }
        let named = contents.objects.len();
        if named != self.objects.len() {
            let there = self.objects.len();
            return Err(damaged(format!("{there} of {named} objects are in it")));
        }
        let mut keys = BTreeSet::new();
        for (number, (object, found)) in contents.objects.iter().zip(&self.objects).enumerate() {
            if object.checksum != *found {
                return Err(damaged(format!("{} was changed", object_name(number + 1))));
            }
            if !self.records.own(&object.key) || !keys.insert(&object.key) {
                let key = object.key.escape_debug();
                return Err(damaged(format!("'{key}' is no place for an object")));
            }
        }
        if contents.records.len() != self.parts.len() {
            return Err(damaged("there are other records in it than it says"));
        }
        for (part, (kind, number, records, found)) in contents.records.iter().zip(&self.parts) {
            let same = part.kind == *kind && part.number == *number && part.records == *records;
            if !same || part.checksum != *found {
                return Err(damaged(format!("{} was changed", part.name())));
            }
        }
        self.records.judge()?;
        Ok(contents)
    }
}

/// The refusal of a whole file of another time.
fn too_new(format: u64, manifest: &Value) -> Error {
    let by = manifest.get("vega_version").and_then(Value::as_str);
    let by = by.map_or_else(String::new, |it| {
        let version: String = it.chars().take(50).collect();
        format!(" ({})", version.escape_debug())
    });
    let message = format!(
        "the file was written by a newer Vega{by}: its format is {format}, and this version ({}) reads \
         {OLDEST_FORMAT} to {FORMAT}",
        env!("CARGO_PKG_VERSION")
    );
    Error::new(ErrorCode::ValidationError, message)
}

fn parsed<T: DeserializeOwned>(text: &[u8], name: &str) -> Result<T> {
    serde_json::from_slice(text)
        .map_err(|error| damaged(format!("{name} cannot be read")).caused_by(error))
}

/// The lines of a part, without their ends.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let whole = !text.is_empty();
    text.split(|byte| *byte == b'\n').filter(move |_| whole)
}

/// Reads a record; it has to say the same when it is written again.
pub fn read(kind: PortableKind, line: &[u8]) -> std::result::Result<Portable, String> {
    let record = Portable::parse(kind, line).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&record).map_err(|error| error.to_string())?;
    let given: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if keeps(&written, &given) {
        return Ok(record);
    }
    Err(format!(
        "{} has fields that this version would lose",
        record.id()
    ))
}

/// Whether `written` says all that `given` says.
fn keeps(written: &Value, given: &Value) -> bool {
    match (written, given) {
        (Value::Object(written), Value::Object(given)) => given.iter().all(|(name, given)| {
            given.is_null() || written.get(name).is_some_and(|it| keeps(it, given))
        }),
        (Value::Array(written), Value::Array(given)) => {
            written.len() == given.len()
                && written
                    .iter()
                    .zip(given)
                    .all(|(it, given)| keeps(it, given))
        }
        _ => written == given,
    }
}

/// The key of the object that a record names, and what it has to begin with: what is named is read,
/// and removed after its time.
fn kept_at(record: &Portable) -> Option<(&str, String)> {
    match record {
        Portable::Snapshot(it) => {
            let prefix = ObjectKey::snapshots_prefix(it.repository_id);
            Some((&it.storage_key, prefix))
        }
        Portable::Job(it) => {
            let key = it.input.get("key")?.as_str()?;
            Some((key, format!("uploads/{}/", it.subject_id)))
        }
        _ => None,
    }
}

/// What the records read so far say of each other.
#[derive(Default)]
struct Records {
    ids: HashSet<(PortableKind, String)>,
    emails: HashSet<String>,
    /// The number of the last event that each scan has and of the last one read.
    events: BTreeMap<String, (u64, u64)>,
    histories: HashMap<String, u32>,
}

impl Records {
    fn add(&mut self, record: &Portable) -> std::result::Result<(), String> {
        for needed in record.needs() {
            if !self.ids.contains(&needed) {
                return Err(format!("{} needs {}", record.id(), needed.1));
            }
        }
        if let Some((key, prefix)) = kept_at(record)
            && !(key.starts_with(&prefix) && ObjectKey::parse(key).is_ok())
        {
            let key = key.escape_debug();
            return Err(format!(
                "'{key}' is no place for what {} needs",
                record.id()
            ));
        }
        match record {
            Portable::User(user) if !self.emails.insert(user.email.clone()) => {
                return Err(format!("two users have the email {}", user.email));
            }
            Portable::Scan(scan) => {
                self.events.insert(scan.id.to_string(), (scan.last_seq, 0));
            }
            Portable::Event(event) => {
                let counts = self.events.get_mut(&event.scan_id.to_string());
                let (_, read) = counts.ok_or("it has no scan")?;
                if event.seq != *read + 1 {
                    return Err(format!("event {} is out of order", record.id()));
                }
                *read = event.seq;
                return Ok(());
            }
            Portable::History(entry) => {
                let next = self.histories.entry(entry.finding_id().to_string());
                let next = next.or_default();
                if entry.place != *next {
                    return Err(format!("entry {} is out of order", record.id()));
                }
                *next += 1;
                return Ok(());
            }
            _ => {}
        }
        if self.ids.insert((record.kind(), record.id())) {
            return Ok(());
        }
        Err(format!("{} is in it twice", record.id()))
    }

    /// Whether an object may lie there: below a place of something that is in the file.
    fn own(&self, key: &str) -> bool {
        let mut segments = key.split('/');
        let (Some(prefix), Some(owner), Some(_)) =
            (segments.next(), segments.next(), segments.next())
        else {
            return false;
        };
        let kind = match prefix {
            "scans" => PortableKind::Scan,
            _ => PortableKind::Repository,
        };
        PREFIXES.contains(&prefix)
            && ObjectKey::parse(key).is_ok()
            && self.ids.contains(&(kind, owner.to_owned()))
    }

    fn judge(&self) -> Result<()> {
        for (scan, (last, read)) in &self.events {
            if last != read {
                return Err(damaged(format!("{scan} has {last} events, not {read}")));
            }
        }
        Ok(())
    }
}
