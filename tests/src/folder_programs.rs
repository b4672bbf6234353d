//! Random programs of folder and message operations on two stores, held to a naive model: after each step
//! both have the same folders with the same messages in the same order, and the same answer was given.

#![allow(clippy::expect_used, clippy::panic, reason = "a program that cannot go on ends the test")]

use mapi_backend_kit::dice::Dice;
use mapi_engine::backend::{Environment, Store};
use mapi_engine::entry_id::WrappedStoreId;
use mapi_engine::error::{Code, Result, Warned};
use mapi_engine::memory::{MemoryClock, MemoryLog, MemoryProgress, SeededEntropy};
use mapi_engine::properties::{KEEP_OPEN_READWRITE, MAPI_BEST_ACCESS, Property, Value, tags};
use mapi_engine::session::Alive;
use mapi_engine::stores::{
    CLEAR_READ_FLAG, COPY_SUBFOLDERS, Connection, DEL_FOLDERS, DEL_MESSAGES, DELETE_HARD_DELETE, FOLDER_GENERIC, FOLDER_MOVE,
    Folder, MESSAGE_MOVE, OpenedEntry, StoreObject, StoreOpening,
};
use mapi_engine::tables::MAPI_UNICODE;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

/// The names folders get; two of them differ in case only.
const NAMES: [&str; 5] = ["red", "green", "Green", "blue", "Ärger"];

/// A folder of the model.
#[derive(Clone, Default)]
struct Node {
    name: String,
    /// Subjects, and whether they were read, by arrival.
    messages: Vec<(String, bool)>,
    children: Vec<Node>,
}

type Path = Vec<String>;
/// What a call answers: whether all was done, or why not.
type Answer = core::result::Result<bool, Code>;

impl Node {
    fn at(&self, path: &[String]) -> &Self {
        path.iter().fold(self, |node, name| node.children.iter().find(|child| child.name == *name).expect("a path of the model"))
    }

    fn at_mut(&mut self, path: &[String]) -> &mut Self {
        path.iter()
            .fold(self, |node, name| node.children.iter_mut().find(|child| child.name == *name).expect("a path of the model"))
    }

    fn has(&self, name: &str) -> bool {
        self.children.iter().any(|child| child.name.eq_ignore_ascii_case(name))
    }

    fn paths(&self) -> Vec<Path> {
        let mut paths = vec![Vec::new()];
        for child in &self.children {
            paths.extend(child.paths().into_iter().map(|path| [vec![child.name.clone()], path].concat()));
        }
        paths
    }

    fn holds_messages(&self) -> bool {
        !self.messages.is_empty() || self.children.iter().any(Self::holds_messages)
    }

    fn take(&mut self, name: &str) -> Self {
        let place = self.children.iter().position(|child| child.name == name).expect("a child of the model");
        self.children.remove(place)
    }

    fn dump(&self, path: &str, out: &mut String) {
        let unread = self.messages.iter().filter(|(_, read)| !read).count();
        let _ = writeln!(out, "{path}/ {} {unread} {:?}", self.messages.len(), self.messages);
        let mut children: Vec<&Self> = self.children.iter().collect();
        children.sort_by_key(|child| child.name.clone());
        for child in children {
            child.dump(&format!("{path}/{}", child.name), out);
        }
    }
}

/// One of the two stores.
struct Side {
    store: StoreObject,
    model: Node,
}

impl Side {
    fn open(backend: Rc<dyn Store>, seed: u64) -> Self {
        let private = backend.identity().private_entry;
        let environment = Environment {
            clock: Rc::new(MemoryClock::default()),
            entropy: Rc::new(SeededEntropy::new(seed)),
            log: Rc::new(MemoryLog::default()),
            progress: Rc::new(MemoryProgress::default()),
        };
        let opening = StoreOpening {
            entry_id: WrappedStoreId::new("programs", &private).expect("the backend has a name"),
            writable: true,
            alive: Alive::new(),
            is_default: Rc::new(|| true),
            mail: None,
        };
        let connection = Connection::new(backend, environment).expect("the store opens");
        Self { store: StoreObject::open(connection, opening), model: Node::default() }
    }

    fn folder(&self, path: &[String]) -> Folder {
        path.iter().fold(self.store.root_folder().expect("a root"), |folder, name| self.child(&folder, name).0)
    }

    /// The child folder of exactly that name, and its identifier.
    fn child(&self, folder: &Folder, name: &str) -> (Folder, Vec<u8>) {
        let (_, entry_id) = children(folder).into_iter().find(|(known, _)| known == name).expect("a folder that is there");
        match self.store.open_entry(Some(&entry_id), None, MAPI_BEST_ACCESS).expect("a folder opens") {
            OpenedEntry::Folder(folder) => (folder, entry_id),
            _ => panic!("{name} is no folder"),
        }
    }

    fn dump(&self) -> String {
        let mut out = String::new();
        self.dump_below(&self.store.root_folder().expect("a root"), "", &mut out);
        out
    }

    fn dump_below(&self, folder: &Folder, path: &str, out: &mut String) {
        let counts = folder.properties().get_props(Some(&[tags::CONTENT_COUNT, tags::CONTENT_UNREAD]), 0).expect("counts").value;
        let [Value::Long(count), Value::Long(unread)] = [&counts[0].value, &counts[1].value] else {
            panic!("no counts: {counts:?}")
        };
        let messages: Vec<_> = messages(folder).into_iter().map(|(_, subject, read)| (subject, read)).collect();
        let _ = writeln!(out, "{path}/ {count} {unread} {messages:?}");
        let mut below = children(folder);
        below.sort();
        for (name, _) in below {
            self.dump_below(&self.child(folder, &name).0, &format!("{path}/{name}"), out);
        }
    }
}

fn children(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let table = folder.get_hierarchy_table(MAPI_UNICODE).expect("a table");
    table.set_columns(&[tags::DISPLAY_NAME, tags::ENTRYID], 0).expect("columns");
    let row = |row: Vec<Property>| match (&row[0].value, &row[1].value) {
        (Value::Unicode(name), Value::Binary(entry_id)) => (name.clone(), entry_id.clone()),
        other => panic!("unexpected cells {other:?}"),
    };
    table.query_rows(1000, 0).expect("rows").into_iter().map(row).collect()
}

fn messages(folder: &Folder) -> Vec<(Vec<u8>, String, bool)> {
    let table = folder.get_contents_table(MAPI_UNICODE).expect("a table");
    table.set_columns(&[tags::ENTRYID, tags::SUBJECT, tags::READ], 0).expect("columns");
    let row = |row: Vec<Property>| match (&row[0].value, &row[1].value, &row[2].value) {
        (Value::Binary(entry_id), Value::Unicode(subject), Value::Boolean(read)) => (entry_id.clone(), subject.clone(), *read),
        other => panic!("unexpected cells {other:?}"),
    };
    table.query_rows(10_000, 0).expect("rows").into_iter().map(row).collect()
}

fn answer(result: Result<Warned<()>>) -> Answer {
    match result {
        Ok(done) => Ok(done.warning.is_none()),
        Err(failure) => Err(failure.code()),
    }
}

/// A step: what it did, what the store answered and what the model says.
struct Step {
    what: String,
    found: Answer,
    expected: Answer,
}

/// Runs programs of so many steps, one for each seed, each on two new stores.
///
/// # Errors
/// The program up to the step at which a store and its model differ.
///
/// # Panics
/// When a store cannot be read at all.
pub fn run<S: Store + 'static>(
    make: impl Fn() -> Arc<S>,
    seeds: std::ops::Range<u64>,
    steps: usize,
) -> core::result::Result<(), String> {
    for seed in seeds {
        let dice = Dice::new(seed);
        let mut sides = [Side::open(Rc::new(make()), 2 * seed), Side::open(Rc::new(make()), 2 * seed + 1)];
        let mut program = format!("seed {seed}\n");
        for number in 0..steps {
            let step = step(&dice, &mut sides, number);
            let _ = writeln!(program, "{number}: {} -> {:?}", step.what, step.found);
            if step.found != step.expected {
                return Err(format!("{program}the model answers {:?}", step.expected));
            }
            for side in &sides {
                let mut expected = String::new();
                side.model.dump("", &mut expected);
                let found = side.dump();
                if found != expected {
                    return Err(format!("{program}found\n{found}instead of\n{expected}"));
                }
            }
        }
    }
    Ok(())
}

fn step(dice: &Dice, sides: &mut [Side; 2], number: usize) -> Step {
    let from = dice.below(2);
    let to = if dice.once_in(3) { 1 - from } else { from };
    let path = dice.pick(&sides[from].model.paths()).clone();
    let target = dice.pick(&sides[to].model.paths()).clone();
    match dice.below(10) {
        0 | 1 => make_folder(dice, &mut sides[from], &path),
        2 | 3 => put_message(&mut sides[from], &path, number),
        4 | 5 => copy_messages(dice, sides, (from, &path), (to, &target)),
        6 => delete_messages(dice, &mut sides[from], &path),
        7 => copy_folder(dice, sides, (from, &path), (to, &target)),
        8 => mark(dice, &mut sides[from], &path),
        _ => remove(dice, &mut sides[from], &path),
    }
}

fn make_folder(dice: &Dice, side: &mut Side, path: &[String]) -> Step {
    let name = *dice.pick(&NAMES);
    let found = side.folder(path).create_folder(FOLDER_GENERIC, name, None, None, 0);
    let node = side.model.at_mut(path);
    let expected = if node.has(name) { Err(Code::Collision) } else { Ok(true) };
    if expected.is_ok() {
        node.children.push(Node { name: name.to_owned(), ..Node::default() });
    }
    Step { what: format!("create {name} in {path:?}"), found: found.map(|_| true).map_err(|failure| failure.code()), expected }
}

fn put_message(side: &mut Side, path: &[String], number: usize) -> Step {
    let subject = format!("m{number}");
    let save = || {
        let message = side.folder(path).create_message(None, 0)?;
        message.properties().set_props(vec![Property::new(tags::SUBJECT, Value::Unicode(subject.clone()))])?;
        message.properties().save_changes(KEEP_OPEN_READWRITE)
    };
    let found = save().map(|()| true).map_err(|failure| failure.code());
    side.model.at_mut(path).messages.push((subject.clone(), false));
    Step { what: format!("put {subject} into {path:?}"), found, expected: Ok(true) }
}

/// Some of the places of a list, ascending.
fn some(dice: &Dice, length: usize) -> Vec<usize> {
    (0..length).filter(|_| !dice.once_in(3)).collect()
}

fn copy_messages(dice: &Dice, sides: &mut [Side; 2], (from, path): (usize, &Path), (to, target): (usize, &Path)) -> Step {
    let moving = dice.once_in(2);
    let source = sides[from].folder(path);
    let listed = messages(&source);
    let places = some(dice, listed.len());
    let ids: Vec<Vec<u8>> = places.iter().map(|place| listed[*place].0.clone()).collect();
    let flags = if moving { MESSAGE_MOVE } else { 0 };
    let found = answer(source.copy_messages(&ids, None, &sides[to].folder(target), flags));
    let taken: Vec<(String, bool)> = places.iter().map(|place| sides[from].model.at(path).messages[*place].clone()).collect();
    let stays = moving && from == to && path == target;
    if moving && !stays {
        let mut place = 0;
        sides[from].model.at_mut(path).messages.retain(|_| {
            place += 1;
            !places.contains(&(place - 1))
        });
    }
    if !stays {
        sides[to].model.at_mut(target).messages.extend(taken);
    }
    let what = format!("{} {places:?} of {from}{path:?} to {to}{target:?}", if moving { "move" } else { "copy" });
    Step { what, found, expected: Ok(true) }
}

fn delete_messages(dice: &Dice, side: &mut Side, path: &[String]) -> Step {
    let folder = side.folder(path);
    let listed = messages(&folder);
    let places = some(dice, listed.len());
    let mut ids: Vec<Vec<u8>> = places.iter().map(|place| listed[*place].0.clone()).collect();
    // One that is not there fails alone.
    let wrong = dice.once_in(4);
    if wrong {
        ids.insert(0, folder.entry_id_of(folder.object()));
    }
    let flags = if dice.once_in(2) { DELETE_HARD_DELETE } else { 0 };
    let found = answer(folder.delete_messages(&ids, flags));
    let mut place = 0;
    side.model.at_mut(path).messages.retain(|_| {
        place += 1;
        !places.contains(&(place - 1))
    });
    Step { what: format!("delete {places:?} of {path:?}, flags {flags}"), found, expected: Ok(!wrong) }
}

fn mark(dice: &Dice, side: &mut Side, path: &[String]) -> Step {
    let folder = side.folder(path);
    let listed = messages(&folder);
    let places = if dice.once_in(2) { None } else { Some(some(dice, listed.len())) };
    let ids: Option<Vec<Vec<u8>>> = places.as_ref().map(|places| places.iter().map(|place| listed[*place].0.clone()).collect());
    let clear = dice.once_in(2);
    let found = answer(folder.set_read_flags(ids.as_deref(), if clear { CLEAR_READ_FLAG } else { 0 }));
    for (place, (_, read)) in side.model.at_mut(path).messages.iter_mut().enumerate() {
        if places.as_ref().is_none_or(|places| places.contains(&place)) {
            *read = !clear;
        }
    }
    Step { what: format!("mark {places:?} of {path:?} as read: {}", !clear), found, expected: Ok(true) }
}

fn copy_folder(dice: &Dice, sides: &mut [Side; 2], (from, path): (usize, &Path), (to, target): (usize, &Path)) -> Step {
    let Some((name, parent)) = path.split_last() else {
        return empty(&mut sides[from], path);
    };
    let moving = dice.once_in(2);
    let deep = dice.once_in(2);
    let new_name = if dice.once_in(2) { Some(*dice.pick(&NAMES)) } else { None };
    let flags = if moving { FOLDER_MOVE } else { 0 } | if deep { COPY_SUBFOLDERS } else { 0 };
    let source = sides[from].folder(parent);
    let (_, entry_id) = sides[from].child(&source, name);
    let found = answer(source.copy_folder(&entry_id, None, &sides[to].folder(target), new_name, flags));
    let called = new_name.unwrap_or(name).to_owned();
    let what = format!("copy folder {from}{path:?} to {to}{target:?} as {called}, flags {flags}");
    let here = from == to && parent == target.as_slice();
    let taken = sides[to]
        .model
        .at(target)
        .children
        .iter()
        .any(|child| child.name.eq_ignore_ascii_case(&called) && !(moving && here && child.name == *name));
    let expected = if from == to && target.starts_with(path) {
        Err(Code::FolderCycle)
    } else if taken {
        Err(Code::Collision)
    } else {
        Ok(true)
    };
    if expected.is_ok() {
        let mut copied = if moving { sides[from].model.at_mut(parent).take(name) } else { sides[from].model.at(path).clone() };
        copied.name = called;
        if !moving && !deep {
            copied.children.clear();
        }
        sides[to].model.at_mut(target).children.push(copied);
    }
    Step { what, found, expected }
}

fn remove(dice: &Dice, side: &mut Side, path: &[String]) -> Step {
    let Some((name, parent)) = path.split_last().filter(|_| !dice.once_in(3)) else {
        return empty(side, path);
    };
    let pick = |flag| if dice.once_in(3) { 0 } else { flag };
    let flags = pick(DEL_MESSAGES) | pick(DEL_FOLDERS) | pick(DELETE_HARD_DELETE);
    let folder = side.folder(parent);
    let (_, entry_id) = side.child(&folder, name);
    let found = answer(folder.delete_folder(&entry_id, flags));
    let node = side.model.at(path);
    let expected = if flags & DEL_FOLDERS == 0 && !node.children.is_empty() {
        Err(Code::HasFolders)
    } else if flags & DEL_MESSAGES == 0 && node.holds_messages() {
        Err(Code::HasMessages)
    } else {
        Ok(true)
    };
    if expected.is_ok() {
        side.model.at_mut(parent).take(name);
    }
    Step { what: format!("delete folder {path:?}, flags {flags}"), found, expected }
}

fn empty(side: &mut Side, path: &[String]) -> Step {
    let found = answer(side.folder(path).empty_folder(0));
    let expected = if path.is_empty() { Err(Code::NoSupport) } else { Ok(true) };
    if expected.is_ok() {
        let node = side.model.at_mut(path);
        node.messages.clear();
        node.children.clear();
    }
    Step { what: format!("empty {path:?}"), found, expected }
}
