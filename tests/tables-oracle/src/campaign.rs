//! Many programs from a seed, each against several subjects.

#[cfg(feature = "host")]
use crate::program::Step;
use crate::program::{self, Program};
use crate::run::run;
use crate::shares::{Covered, Shares};
use crate::subject::Native;
#[cfg(feature = "host")]
use crate::subject::{Component, Host, Unplanned};
use mapi_engine::backend::Store;
use mapi_engine::memory::{Faulty, MemoryStore, PushDown};
use mapi_engine::properties::Guid;
#[cfg(feature = "host")]
use mapi_engine::tables::TABLE_SORT_COMBINE;
#[cfg(feature = "host")]
use mapi_session::backends::sqlite::{SqliteStore, database::Access};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::cell::{Cell, RefCell};
#[cfg(feature = "host")]
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

#[cfg(feature = "host")]
/// A store with the file it lies in, used for many programs.
struct OnDisk {
    store: Rc<dyn Store>,
    folders: u32,
    _folder: tempfile::TempDir,
}

#[cfg(feature = "host")]
impl OnDisk {
    fn new() -> Result<Self, String> {
        let said = |error: &dyn core::fmt::Display| format!("no store on disk: {error}");
        // Memory that looks like a disk needs no waiting for one.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.map_err(|error| said(&error))?;
        let store = SqliteStore::open(&folder.path().join("store.sqlite"), Access::Create).map_err(|error| said(&error))?;
        Ok(Self { store: Rc::new(Arc::new(store)), folders: 0, _folder: folder })
    }

    /// A folder nobody has used.
    fn folder(&mut self) -> String {
        self.folders += 1;
        format!("folder {}", self.folders)
    }
}

/// How a program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Memory(PushDown),
    #[cfg(feature = "host")]
    Disk,
    #[cfg(feature = "host")]
    DiskWithoutPushDown,
}

const MEMORY: [Where; 3] = [Where::Memory(PushDown::EXACT), Where::Memory(PushDown::INEXACT), Where::Memory(PushDown::NONE)];
#[cfg(feature = "host")]
const DISK: [Where; 2] = [Where::Disk, Where::DiskWithoutPushDown];
#[cfg(not(feature = "host"))]
const DISK: [Where; 0] = [];

struct Stores {
    #[cfg(feature = "host")]
    disk: OnDisk,
}

impl Stores {
    fn run(&mut self, program: &Program, place: Where, alone: bool) -> Result<Covered, String> {
        let (store, folder): (Rc<dyn Store>, String) = match place {
            Where::Memory(push_down) => {
                let store = MemoryStore::new(Guid([9; 16]), "programs");
                store.set_push_down(push_down);
                (Rc::new(Arc::new(store)), "folder".to_owned())
            }
            #[cfg(feature = "host")]
            Where::Disk => (Rc::clone(&self.disk.store), self.disk.folder()),
            #[cfg(feature = "host")]
            Where::DiskWithoutPushDown => (Rc::new(Unplanned(Rc::clone(&self.disk.store))), self.disk.folder()),
        };
        // No fault is commanded: what is called is noted.
        let noted = Faulty::new(store);
        let faults = Arc::clone(&noted.faults);
        let store: Rc<dyn Store> = Rc::new(noted);
        let mut native = Native::new(&store, &folder, alone, program.slice).map_err(|code| format!("no table: {code:?}"))?;
        let covered = run(program, &mut native).map_err(|error| format!("{place:?}: {error}"))?;
        let made = faults.calls().contains(&"groups");
        Ok(Covered { made, made_on_disk: made && !matches!(place, Where::Memory(_)), ..covered })
    }
}

/// Runs so many programs from a seed against the engine, over stores in memory and on disk.
///
/// # Errors
/// The smallest program found at which the engine and the model differ, a step a line.
pub fn natively(seed: u64, programs: u32) -> Result<Shares, String> {
    let stores = RefCell::new(Stores {
        #[cfg(feature = "host")]
        disk: OnDisk::new()?,
    });
    // Where a program failed is where smaller ones are tried.
    let last = Cell::new((MEMORY[0], false));
    let number = Cell::new(0_u32);
    let one = |program: &Program| {
        let (place, alone) = last.get();
        stores.borrow_mut().run(program, place, alone)
    };
    let all = |program: &Program| {
        number.set(number.get() + 1);
        // Each program runs in memory; every third also on disk, with push-down and without.
        let on_disk = number.get().is_multiple_of(3) && !DISK.is_empty();
        let places: Vec<Where> = if on_disk { [MEMORY.as_slice(), &DISK].concat() } else { MEMORY.to_vec() };
        let mut covered = Covered::default();
        for place in &places {
            last.set((*place, number.get().is_multiple_of(2)));
            let met = one(program)?;
            let (made, made_on_disk) = (covered.made || met.made, covered.made_on_disk || met.made_on_disk);
            covered = Covered { made, made_on_disk, ..met };
        }
        Ok((covered, places.len(), on_disk))
    };
    campaign(seed, programs, all, |program| one(program).map(drop))
}

/// Runs so many programs from a seed against the component; what is compiled is kept in that folder. Work is
/// never left over there: a slice is longer than the tables of the programs.
///
/// # Errors
/// As [`natively`].
#[cfg(feature = "host")]
pub fn through_the_component(cache: &Path, seed: u64, programs: u32) -> Result<Shares, String> {
    let host = Host::new(cache)?;
    let folders = Cell::new(0_u32);
    let one = |program: &Program| {
        folders.set(folders.get() + 1);
        let mut component =
            Component::new(&host, &format!("folder {}", folders.get())).map_err(|code| format!("no table: {code:?}"))?;
        run(program, &mut component)
    };
    let said = |program: &Program| one(&sayable(program));
    campaign(seed, programs, |program| Ok((said(program)?, 1, false)), |program| said(program).map(drop))
}

/// The program without what the world has no word for: combined keys that descend.
#[cfg(feature = "host")]
fn sayable(program: &Program) -> Program {
    let mut program = program.clone();
    for step in &mut program.steps {
        if let Step::Sort(sort, _) = step {
            sort.keys.iter_mut().filter(|key| key.order & TABLE_SORT_COMBINE != 0).for_each(|key| key.order = TABLE_SORT_COMBINE);
        }
    }
    program
}

fn campaign(
    seed: u64,
    programs: u32,
    mut run: impl FnMut(&Program) -> Result<(Covered, usize, bool), String>,
    mut again: impl FnMut(&Program) -> Result<(), String>,
) -> Result<Shares, String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let programs_of = program::program();
    let mut shares = Shares::default();
    for number in 0..programs {
        let mut tree = programs_of.new_tree(&mut runner).map_err(|reason| format!("no program: {reason}"))?;
        let program = tree.current();
        match run(&program) {
            Ok((covered, runs, on_disk)) => shares.count(&covered, u32::try_from(runs).unwrap_or(u32::MAX), on_disk),
            Err(first) => {
                // Leaves out whatever can be left out.
                let (mut smallest, mut error) = (program, first);
                let mut going = tree.simplify();
                for _ in 0..3_000 {
                    if !going {
                        break;
                    }
                    let candidate = tree.current();
                    going = match again(&candidate) {
                        Err(what) => {
                            (smallest, error) = (candidate, what);
                            tree.simplify()
                        }
                        Ok(()) => tree.complicate(),
                    };
                }
                leave_out(&mut smallest, &mut error, &mut again);
                return Err(format!("program {number} of seed {seed}: {error}\n{}", smallest.listing()));
            }
        }
    }
    Ok(shares)
}

/// Leaves out every step and every message without which the program fails as well.
fn leave_out(program: &mut Program, error: &mut String, again: &mut impl FnMut(&Program) -> Result<(), String>) {
    let mut at = program.steps.len() + program.messages.len();
    while at > 0 {
        at -= 1;
        let mut candidate = program.clone();
        if at < candidate.messages.len() {
            candidate.messages.remove(at);
        } else {
            candidate.steps.remove(at - program.messages.len());
        }
        if let Err(what) = again(&candidate) {
            (*program, *error) = (candidate, what);
        }
    }
}
