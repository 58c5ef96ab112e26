//! How what refers to files, functions, classes, places of libraries and ways is written down, so that
//! the next scan of the tree understands it.
//!
//! In memory a file is its number among those of this scan. Written down it is a hash of its path; a
//! function is its number in its file, a class that of its body. What is written refers to a file or a
//! way a second time by the order in which they came. Who derives `Serialize` needs none of this; it
//! works only between [`Refs::write`], [`Refs::print`] and [`Refs::read`].

use super::{
    paths::PathId,
    program::{ClassRef, FuncRef, Program, UnitRef},
    steps::Steps,
    taint::Taints,
};
use crate::engine::builtin::ir::FunctionId;
use foldhash::{HashMap, HashMapExt};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _,
};
use sha2::{Digest, Sha256};
use std::{
    cell::RefCell,
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// The beginning of a SHA-256 of what was written: two things with the same are the same.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub(super) struct Print([u8; 16]);

impl Print {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut print = [0; 16];
        print.copy_from_slice(&Sha256::digest(bytes)[..16]);
        Self(print)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What files and classes are called from scan to scan.
#[derive(Debug)]
pub(super) struct Refs {
    /// Of the path of each file.
    hashes: Vec<u64>,
    units: HashMap<u64, UnitRef>,
    /// How many each file has.
    functions: Vec<usize>,
    /// Of each class.
    bodies: Vec<FuncRef>,
    classes: HashMap<FuncRef, ClassRef>,
    broken: AtomicBool,
}

/// What is being written or read on this thread.
enum Form {
    Nothing,
    Print(Arc<Refs>),
    Write(Writer),
    Read(Reader),
}

pub(super) struct Writer {
    refs: Arc<Refs>,
    units: HashMap<UnitRef, u32>,
    ways: Table,
    taints: Table,
    /// Of untrusted data, by where it lies.
    prints: HashMap<usize, Print>,
    places: BTreeSet<PathId>,
}

pub(super) struct Reader {
    refs: Arc<Refs>,
    units: Vec<UnitRef>,
    ways: Vec<Steps>,
    taints: Vec<Taints>,
}

thread_local! {
    static FORM: RefCell<Form> = const { RefCell::new(Form::Nothing) };
}

impl Refs {
    /// Of all files; `None` when two cannot be told apart.
    pub(super) fn of(program: &Program) -> Option<Arc<Self>> {
        let hashes: Vec<u64> = program.units.iter().map(|it| it.hash).collect();
        let units = hashes.iter().copied().zip((0_u32..).map(UnitRef));
        let units: HashMap<u64, UnitRef> = units.collect();
        let bodies: Vec<FuncRef> = program.classes.iter().map(|it| it.body).collect();
        let classes = bodies.iter().copied().zip((0_u32..).map(ClassRef));
        let classes = classes.collect();
        let functions = program.units.iter().map(|it| it.unit.functions.len());
        (units.len() == hashes.len()).then(|| {
            Arc::new(Self {
                functions: functions.collect(),
                hashes,
                units,
                bodies,
                classes,
                broken: AtomicBool::new(false),
            })
        })
    }

    /// What differs wherever anything that is written differs.
    pub(super) fn print(self: &Arc<Self>, of: &impl Serialize) -> Print {
        thread_local! {
            static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        let before = FORM.replace(Form::Print(self.clone()));
        let print = BYTES.with_borrow_mut(|bytes| {
            bytes.clear();
            let written = postcard::to_io(of, &mut *bytes);
            written.map(|bytes| Print::of(bytes))
        });
        FORM.replace(before);
        print.unwrap_or_else(|_| {
            self.distrust();
            Print::default()
        })
    }

    /// Adds the places of libraries that are spoken of to `places`.
    pub(super) fn write(
        self: &Arc<Self>,
        what: &impl Serialize,
        places: &mut BTreeSet<PathId>,
    ) -> Vec<u8> {
        let writer = Writer {
            refs: self.clone(),
            units: HashMap::new(),
            ways: Table::default(),
            taints: Table::default(),
            prints: HashMap::new(),
            places: std::mem::take(places),
        };
        let before = FORM.replace(Form::Write(writer));
        let written = postcard::to_stdvec(what);
        if let Form::Write(writer) = FORM.replace(before) {
            *places = writer.places;
        }
        self.broken.fetch_or(written.is_err(), Ordering::Relaxed);
        let mut written = written.unwrap_or_default();
        written.shrink_to_fit();
        written
    }

    /// `None` where it speaks of something that is no more.
    pub(super) fn read<T: DeserializeOwned>(self: &Arc<Self>, bytes: &[u8]) -> Option<T> {
        let reader = Reader {
            refs: self.clone(),
            units: Vec::new(),
            ways: Vec::new(),
            taints: Vec::new(),
        };
        let before = FORM.replace(Form::Read(reader));
        let read = postcard::from_bytes(bytes);
        FORM.replace(before);
        read.ok()
    }

    /// What is known to speak of nothing that is no more; where that was wrong, [`Self::is_broken`].
    pub(super) fn read_whole<T: DeserializeOwned>(self: &Arc<Self>, bytes: &[u8]) -> Option<T> {
        let read = self.read(bytes);
        if read.is_none() {
            self.distrust();
        }
        read
    }

    /// What was relied on was wrong.
    pub(super) fn distrust(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// Whether something was wrong that was relied on, or could not be read or written.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    pub(super) fn hash(&self, unit: UnitRef) -> u64 {
        self.hashes
            .get(unit.0 as usize)
            .copied()
            .unwrap_or_default()
    }
}

/// A file.
#[derive(Serialize, Deserialize)]
enum WrittenUnit {
    /// A hash of its path.
    New(u64),
    /// The one that came at this place.
    Known(u32),
}

impl Serialize for UnitRef {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let written = FORM.with_borrow_mut(|form| match form {
            Form::Print(refs) => WrittenUnit::New(refs.hash(*self)),
            Form::Write(writer) => {
                let next = u32::try_from(writer.units.len()).unwrap_or(u32::MAX);
                match writer.units.get(self) {
                    Some(known) => WrittenUnit::Known(*known),
                    None => {
                        writer.units.insert(*self, next);
                        WrittenUnit::New(writer.refs.hash(*self))
                    }
                }
            }
            _ => WrittenUnit::Known(self.0),
        });
        written.serialize(to)
    }
}

impl<'de> Deserialize<'de> for UnitRef {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = WrittenUnit::deserialize(from)?;
        let unit = FORM.with_borrow_mut(|form| {
            let Form::Read(reader) = form else {
                return None;
            };
            match written {
                WrittenUnit::New(hash) => {
                    let unit = *reader.refs.units.get(&hash)?;
                    reader.units.push(unit);
                    Some(unit)
                }
                WrittenUnit::Known(at) => reader.units.get(at as usize).copied(),
            }
        });
        unit.ok_or_else(|| D::Error::custom("no such file"))
    }
}

impl<'de> Deserialize<'de> for FuncRef {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (unit, id) = <(UnitRef, FunctionId)>::deserialize(from)?;
        let is_there = FORM.with_borrow(|form| {
            let Form::Read(reader) = form else {
                return false;
            };
            let count = reader.refs.functions.get(unit.0 as usize);
            count.is_some_and(|count| (id.0 as usize) < *count)
        });
        match is_there {
            true => Ok(Self { unit, id }),
            false => Err(D::Error::custom("no such function")),
        }
    }
}

impl Serialize for ClassRef {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let body = FORM.with_borrow(|form| {
            let (Form::Print(refs) | Form::Write(Writer { refs, .. })) = form else {
                return None;
            };
            refs.bodies.get(self.0 as usize).copied()
        });
        body.serialize(to)
    }
}

impl<'de> Deserialize<'de> for ClassRef {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let body = Option::<FuncRef>::deserialize(from)?;
        let class = FORM.with_borrow(|form| {
            let Form::Read(reader) = form else {
                return None;
            };
            reader.refs.classes.get(&body?).copied()
        });
        class.ok_or_else(|| D::Error::custom("no such class"))
    }
}

/// A place of a library is written.
pub(super) fn place(place: PathId) {
    FORM.with_borrow_mut(|form| {
        if let Form::Write(writer) = form {
            writer.places.insert(place);
        }
    });
}

/// How something is written that many others share.
pub(super) enum As {
    Print(Arc<Refs>),
    /// It came at this place.
    Known(u32),
    Whole(Print),
}

/// Things of one kind that many others share: each is written as a whole once.
#[derive(Default)]
pub(super) struct Table {
    /// By what they are, not by where: so the same is written whichever thread made it.
    written: HashMap<Print, u32>,
}

impl Table {
    fn place(&self, print: Print) -> As {
        match self.written.get(&print) {
            Some(known) => As::Known(*known),
            None => As::Whole(print),
        }
    }

    fn add(&mut self, print: Print) {
        let next = u32::try_from(self.written.len()).unwrap_or(u32::MAX);
        self.written.insert(print, next);
    }
}

/// How a way is to be written of which `print` tells the print.
pub(super) fn way(print: impl FnOnce(&Refs) -> Print) -> As {
    FORM.with_borrow(|form| match form {
        Form::Write(writer) => writer.ways.place(print(&writer.refs)),
        Form::Print(refs) => As::Print(refs.clone()),
        _ => As::Whole(Print::default()),
    })
}

/// How untrusted data is to be written that lies at an address.
pub(super) fn taints(at: usize, taints: &impl Serialize) -> As {
    let told = FORM.with_borrow(|form| match form {
        Form::Write(writer) => Ok((writer.refs.clone(), writer.prints.get(&at).copied())),
        Form::Print(refs) => Err(As::Print(refs.clone())),
        _ => Err(As::Whole(Print::default())),
    });
    let (refs, known) = match told {
        Ok(told) => told,
        Err(otherwise) => return otherwise,
    };
    let print = known.unwrap_or_else(|| refs.print(taints));
    FORM.with_borrow_mut(|form| match form {
        Form::Write(writer) => {
            writer.prints.insert(at, print);
            writer.taints.place(print)
        }
        _ => As::Whole(print),
    })
}

/// What many others share, of one kind.
pub(super) trait Common: Clone {
    fn written(writer: &mut Writer) -> &mut Table;
    fn read(reader: &mut Reader) -> &mut Vec<Self>;
}

impl Common for Steps {
    fn written(writer: &mut Writer) -> &mut Table {
        &mut writer.ways
    }

    fn read(reader: &mut Reader) -> &mut Vec<Self> {
        &mut reader.ways
    }
}

impl Common for Taints {
    fn written(writer: &mut Writer) -> &mut Table {
        &mut writer.taints
    }

    fn read(reader: &mut Reader) -> &mut Vec<Self> {
        &mut reader.taints
    }
}

/// Something was written whole.
pub(super) fn wrote<T: Common>(print: Print) {
    FORM.with_borrow_mut(|form| {
        if let Form::Write(writer) = form {
            T::written(writer).add(print);
        }
    });
}

/// Something was read whole.
pub(super) fn has_read(what: &impl Common) {
    FORM.with_borrow_mut(|form| {
        if let Form::Read(reader) = form {
            Common::read(reader).push(what.clone());
        }
    });
}

/// What came at this place.
pub(super) fn known<T: Common>(at: u32) -> Option<T> {
    FORM.with_borrow_mut(|form| match form {
        Form::Read(reader) => T::read(reader).get(at as usize).cloned(),
        _ => None,
    })
}
