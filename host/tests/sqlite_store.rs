//! The SQLite store against the plainest store there is, against death in mid-commit, and against another
//! process on the same file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use mapi_engine::backend::{
    Change, Commit, Expected, Filter, FilterTest, ObjectId, ObjectKind, Objects, OrderKey, PlanRequest, RowKey, ScanFrom,
    ScanKind, ScanRequest, Scope, Store, StoredProperty, StoredValue, Support, TextMatch, Want,
};
use mapi_engine::collation;
use mapi_engine::memory::MemoryStore;
use mapi_engine::properties::{FileTime, Guid, PropTag, Property, Value, tags};
use mapi_engine::restriction::{BitRelation, Relop};
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use std::path::Path;
use std::process::Command;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        let place = self.roll(values.len() as u64);
        &values[usize::try_from(place).unwrap()]
    }
}

const WORDS: [&str; 8] = ["stm32", "Clock", "driver", "ärger", "日本語", "board", "U-Boot", "x"];

fn indexed(store: &dyn Store, property: Property) -> StoredProperty {
    let plan = store.identity().index;
    let order_key =
        plan.ordered.iter().any(|tag| tag.id() == property.tag.id()).then(|| collation::order_key(&property.value)).flatten();
    let folded = match &property.value {
        Value::Unicode(text) if plan.searched.iter().any(|tag| tag.id() == property.tag.id()) => {
            Some(collation::fold(text).into_owned())
        }
        _ => None,
    };
    StoredProperty { tag: property.tag, value: StoredValue::Inline(property.value), order_key, folded }
}

fn message(dice: &mut Dice) -> Vec<Property> {
    let mut properties = Vec::new();
    let text = |dice: &mut Dice, words: u64| (0..words).map(|_| *dice.pick(&WORDS)).collect::<Vec<_>>().join(" ");
    if dice.roll(5) > 0 {
        let words = dice.roll(4);
        properties.push(Property::new(tags::SUBJECT, Value::Unicode(text(dice, words))));
    }
    if dice.roll(4) > 0 {
        properties.push(Property::new(tags::MESSAGE_DELIVERY_TIME, Value::SysTime(FileTime(dice.roll(40)))));
    }
    if dice.roll(3) > 0 {
        let flags = i32::try_from(dice.roll(4)).unwrap();
        properties.push(Property::new(tags::MESSAGE_FLAGS, Value::Long(flags)));
    }
    if dice.roll(2) > 0 {
        let words = dice.roll(400);
        properties.push(Property::new(tags::BODY, Value::Unicode(text(dice, words))));
    }
    if dice.roll(6) == 0 {
        let number = i64::try_from(dice.roll(1000)).unwrap();
        properties.push(Property::new(mapi_engine::backend::QUEUE_NUMBER, Value::I8(number)));
    }
    properties
}

/// One filter, of every kind now and then.
fn filter(dice: &mut Dice, depth: u32) -> Filter {
    let children = |dice: &mut Dice, first: FilterTest, count: u32| {
        let mut filter = vec![first];
        for _ in 0..count {
            filter.extend(self::filter(dice, depth + 1));
        }
        filter
    };
    let sides = if depth < 3 { 10 } else { 7 };
    match dice.roll(sides) {
        0 => {
            let value = Value::SysTime(FileTime(dice.roll(40)));
            let relop = *dice.pick(&[Relop::Lt, Relop::Le, Relop::Gt, Relop::Ge, Relop::Eq, Relop::Ne]);
            let key = collation::order_key(&value).unwrap();
            vec![FilterTest::Compare { tag: tags::MESSAGE_DELIVERY_TIME, relop, key, bounded: false, constant: value }]
        }
        1 => {
            let value = Value::Unicode((*dice.pick(&WORDS)).into());
            let key = collation::order_key(&value).unwrap();
            let relop = *dice.pick(&[Relop::Eq, Relop::Ge]);
            vec![FilterTest::Compare { tag: tags::SUBJECT, relop, key, bounded: false, constant: value }]
        }
        2 | 3 => {
            let word: Vec<char> = collation::fold(WORDS[usize::try_from(dice.roll(8)).unwrap()]).chars().collect();
            let from = usize::try_from(dice.roll(word.len() as u64)).unwrap();
            let tag = *dice.pick(&[tags::SUBJECT, tags::BODY]);
            let how = *dice.pick(&[TextMatch::Full, TextMatch::Prefix, TextMatch::Substring]);
            vec![FilterTest::Text { tag, how, folded: word[from..].iter().collect() }]
        }
        4 => {
            let relation = *dice.pick(&[BitRelation::Eqz, BitRelation::Nez]);
            vec![FilterTest::Bits { tag: tags::MESSAGE_FLAGS, relation, mask: 1 }]
        }
        5 => {
            let size = u32::try_from(dice.roll(3000)).unwrap();
            vec![FilterTest::Size { tag: tags::BODY, relop: *dice.pick(&[Relop::Lt, Relop::Ge]), size }]
        }
        6 => vec![FilterTest::Exist(*dice.pick(&[tags::SUBJECT, tags::BODY]))],
        7 => children(dice, FilterTest::And(2), 2),
        8 => children(dice, FilterTest::Or(2), 2),
        _ => children(dice, FilterTest::Not, 1),
    }
}

struct Both {
    model: MemoryStore,
    store: SqliteStore,
    folders: Vec<ObjectId>,
    messages: Vec<ObjectId>,
}

impl Both {
    fn new(path: &Path) -> Self {
        let store = SqliteStore::open(path, Access::Create).unwrap();
        let model = MemoryStore::new(Guid([1; 16]), "model");
        model.set_index(store.identity().index);
        let root = store.identity().root;
        assert_eq!(root, model.identity().root);
        Self { model, store, folders: vec![root], messages: Vec::new() }
    }

    /// The same identifier in both.
    fn reserve(&self) -> ObjectId {
        loop {
            // Copies use up identifiers of their own in the model.
            let (ours, theirs) = (self.store.reserve(1).unwrap().remove(0), self.model.reserve(1).unwrap().remove(0));
            match ours.cmp(&theirs) {
                std::cmp::Ordering::Equal => return ours,
                std::cmp::Ordering::Less => while self.store.reserve(1).unwrap()[0] < theirs {},
                std::cmp::Ordering::Greater => while self.model.reserve(1).unwrap()[0] < ours {},
            }
        }
    }

    fn commit(&self, changes: Vec<Change>, defer_indexing: bool) {
        let commit = Commit { changes, token: 1, defer_indexing, delivery: false };
        let theirs = self.model.commit(commit.clone());
        let ours = self.store.commit(commit);
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => {
                let versions = |objects: &[(u64, u64)]| objects.iter().map(|(version, _)| *version).collect::<Vec<_>>();
                assert_eq!(versions(&ours.objects), versions(&theirs.objects));
            }
            (Err(ours), Err(theirs)) => assert_eq!(ours.code(), theirs.code(), "{ours} / {theirs}"),
            _ => panic!("{ours:?} / {theirs:?}"),
        }
    }

    fn properties(&self, properties: Vec<Property>) -> Vec<StoredProperty> {
        properties.into_iter().map(|property| indexed(&self.store, property)).collect()
    }

    fn step(&mut self, dice: &mut Dice) {
        let mut changes = Vec::new();
        for _ in 0..=dice.roll(12) {
            let any = |dice: &mut Dice, list: &[ObjectId]| dice.pick(list).clone();
            let expected = Expected::Exists;
            match dice.roll(23) {
                0 => {
                    let object = self.reserve();
                    let parent = any(dice, &self.folders);
                    let name = Property::new(tags::DISPLAY_NAME, Value::Unicode(format!("folder {}", dice.roll(99))));
                    let properties = self.properties(vec![name]);
                    changes.push(Change::Create { object: object.clone(), parent, kind: ObjectKind::Folder, properties });
                    self.folders.push(object);
                }
                1..=10 => {
                    let object = self.reserve();
                    let parent = any(dice, &self.folders);
                    let kind = if dice.roll(8) == 0 { ObjectKind::Associated } else { ObjectKind::Message };
                    let properties = self.properties(message(dice));
                    changes.push(Change::Create { object: object.clone(), parent, kind, properties });
                    for _ in 0..dice.roll(3) {
                        let name = Property::new(tags::DISPLAY_NAME, Value::Unicode((*dice.pick(&WORDS)).into()));
                        changes.push(Change::Create {
                            object: self.reserve(),
                            parent: object.clone(),
                            kind: ObjectKind::Recipient,
                            properties: self.properties(vec![name]),
                        });
                    }
                    self.messages.push(object);
                }
                11..=13 if !self.messages.is_empty() => {
                    let set = self.properties(message(dice));
                    let delete = if dice.roll(2) == 0 { vec![tags::SUBJECT] } else { Vec::new() };
                    let set = set.into_iter().filter(|one| !delete.contains(&one.tag)).collect();
                    let quiet = dice.roll(2) == 0;
                    changes.push(Change::Set { object: any(dice, &self.messages), expected, set, delete, quiet });
                }
                14 if !self.messages.is_empty() => {
                    let (set, clear) = if dice.roll(2) == 0 { (1, 0) } else { (0, 1) };
                    changes.push(Change::Bits { object: any(dice, &self.messages), tag: tags::MESSAGE_FLAGS, set, clear });
                }
                15 if !self.messages.is_empty() => {
                    let list = if dice.roll(5) == 0 { &self.folders } else { &self.messages };
                    let object = any(dice, list);
                    let set = if dice.roll(2) == 0 { self.properties(message(dice)) } else { Vec::new() };
                    let parent = any(dice, &self.folders);
                    changes.push(Change::Move { object, expected, parent, set, restore: dice.roll(2) == 0 });
                }
                16 if !self.messages.is_empty() => {
                    let object = self.reserve();
                    // Long values and texts are shared where they do not differ.
                    let (set, delete) = match dice.roll(3) {
                        0 => (self.properties(message(dice)), vec![tags::BODY]),
                        1 => (Vec::new(), vec![tags::MESSAGE_FLAGS]),
                        _ => (self.properties(vec![Property::new(tags::MESSAGE_FLAGS, Value::Long(1))]), Vec::new()),
                    };
                    let (source, parent) = (any(dice, &self.messages), any(dice, &self.folders));
                    changes.push(Change::Copy { source, object: object.clone(), parent, set, delete });
                    self.messages.push(object);
                }
                19..=21 if !self.messages.is_empty() => {
                    // Several changes of one object follow each other.
                    let object = any(dice, &self.messages);
                    for _ in 0..dice.roll(3) + 2 {
                        changes.push(match dice.roll(4) {
                            0 => Change::Set {
                                object: object.clone(),
                                expected,
                                set: self.properties(message(dice)),
                                delete: Vec::new(),
                                quiet: dice.roll(2) == 0,
                            },
                            1 => Change::Bits { object: object.clone(), tag: tags::MESSAGE_FLAGS, set: 1, clear: 2 },
                            2 => Change::Move {
                                object: object.clone(),
                                expected,
                                parent: any(dice, &self.folders),
                                set: Vec::new(),
                                restore: true,
                            },
                            _ => Change::Remove { object: object.clone(), expected, hard: dice.roll(3) == 0 },
                        });
                    }
                }
                17 | 18 if !self.messages.is_empty() => {
                    let list = if dice.roll(8) == 0 { &self.folders } else { &self.messages };
                    changes.push(Change::Remove { object: any(dice, list), expected, hard: dice.roll(2) == 0 });
                }
                _ => {}
            }
        }
        self.commit(changes, dice.roll(3) == 0);
    }

    fn compare(&self, dice: &mut Dice) {
        for object in self.folders.iter().chain(&self.messages) {
            let (ours, theirs) = (self.store.read(object, Want::All, 9999), self.model.read(object, Want::All, 9999));
            match (ours, theirs) {
                (Ok((our_head, ours)), Ok((their_head, theirs))) => {
                    assert_eq!(ours, theirs);
                    assert_eq!(
                        (our_head.kind, our_head.version, our_head.deleted, our_head.parent),
                        (their_head.kind, their_head.version, their_head.deleted, their_head.parent)
                    );
                    assert_eq!(self.store.list_tags(object).unwrap(), self.model.list_tags(object).unwrap());
                }
                (Err(ours), Err(theirs)) => assert_eq!(ours.code(), theirs.code()),
                (ours, theirs) => panic!("{ours:?} / {theirs:?}"),
            }
        }
        for _ in 0..12 {
            self.compare_scans(dice);
        }
    }

    fn compare_scans(&self, dice: &mut Dice) {
        let key = |tag: PropTag, descending: bool| OrderKey { tag, descending };
        let (time, subject) = (tags::MESSAGE_DELIVERY_TIME, tags::SUBJECT);
        let orders = [
            vec![],
            vec![key(time, false)],
            vec![key(time, true)],
            vec![key(subject, false)],
            vec![key(subject, true)],
            vec![key(subject, true), key(time, false)],
        ];
        let kinds = [
            ScanKind::Contents,
            ScanKind::Contents,
            ScanKind::Contents,
            ScanKind::Associated,
            ScanKind::Subfolders,
            ScanKind::DeletedContents,
            ScanKind::DeletedSubfolders,
            ScanKind::Queue,
        ];
        let kind = *dice.pick(&kinds);
        let order = dice.pick(&orders).clone();
        let scope = if dice.roll(4) == 0 {
            Scope::Several { containers: vec![dice.pick(&self.folders).clone()], recursive: dice.roll(2) == 0 }
        } else {
            Scope::One(dice.pick(&self.folders).clone())
        };
        let filters: Vec<Filter> = (0..dice.roll(3)).map(|_| filter(dice, 0)).collect();
        let request = PlanRequest { scope: &scope, kind, filters: &filters, order: &order };
        let plan = self.store.plan(&request).unwrap();
        assert!(plan.filters.iter().all(|support| *support == Support::Exact), "{filters:?} {plan:?}");
        assert_eq!(
            self.store.count(&scope, kind, &filters).unwrap(),
            self.model.count(&scope, kind, &filters).unwrap(),
            "{scope:?} {kind:?} {filters:?}"
        );
        let backwards = dice.roll(2) == 0;
        let mut starts = (ScanFrom::Start, ScanFrom::Start);
        match dice.roll(3) {
            0 => {}
            1 => {
                let position = dice.roll(30);
                starts = (ScanFrom::Position(position), ScanFrom::Position(position));
            }
            _ => {
                let absent = RowKey { keys: order.iter().map(|_| None).collect(), arrival: 1_000_000 };
                starts = (ScanFrom::After(absent.clone()), ScanFrom::After(absent));
            }
        }
        let columns = [tags::SUBJECT, time, tags::BODY, tags::CONTENT_COUNT];
        for _ in 0..6 {
            let max = u32::try_from(dice.roll(9)).unwrap() + 1;
            let request = |from| ScanRequest {
                scope: &scope,
                kind,
                columns: &columns,
                cell_limit: 20,
                filters: &filters,
                order: &order,
                from,
                backwards,
                max,
            };
            let ours = self.store.scan(&request(starts.0.clone())).unwrap();
            let theirs = self.model.scan(&request(starts.1.clone())).unwrap();
            assert_eq!(ours.batch.ids, theirs.batch.ids, "{scope:?} {kind:?} {order:?} {filters:?} {starts:?} {backwards}");
            assert_eq!(ours.batch.columns, theirs.batch.columns);
            assert_eq!(ours.batch.parents, theirs.batch.parents);
            assert_eq!(ours.batch.kinds, theirs.batch.kinds);
            assert_eq!(ours.more, theirs.more);
            let (Some(our_last), Some(their_last)) = (ours.last, theirs.last) else { break };
            assert_eq!(our_last.keys, their_last.keys);
            let rank = |store: &dyn Store, key| store.rank(&scope, kind, &filters, &order, key).unwrap();
            assert_eq!(rank(&self.store, &our_last), rank(&self.model, &their_last));
            starts = if dice.roll(2) == 0 {
                (ScanFrom::At(our_last), ScanFrom::At(their_last))
            } else {
                (ScanFrom::After(our_last), ScanFrom::After(their_last))
            };
        }
    }
}

fn assert_sound(store: &SqliteStore) {
    let report = store.check(false).unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[test]
fn random_commits_leave_the_same_store_as_in_memory() {
    for seed in 1..=6 {
        let folder = tempfile::tempdir().unwrap();
        let mut both = Both::new(&folder.path().join("store.mapi"));
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        for round in 0..60 {
            both.step(&mut dice);
            if round % 6 == 5 {
                both.compare(&mut dice);
            }
            if round % 25 == 24 {
                both.store.index_step(1_000_000).unwrap();
                both.store.compact().unwrap();
            }
        }
        assert_sound(&both.store);
        let copy = folder.path().join("copy.mapi");
        both.store.backup(copy.to_str().unwrap()).unwrap();
        both.store = SqliteStore::open(&copy, Access::Write).unwrap();
        both.compare(&mut dice);
        assert_sound(&both.store);
    }
}

fn simple(store: &SqliteStore, number: u64) -> Vec<Change> {
    let mut ids = store.reserve(3).unwrap();
    let properties = vec![
        Property::new(tags::SUBJECT, Value::Unicode(format!("message {number}"))),
        Property::new(tags::MESSAGE_DELIVERY_TIME, Value::SysTime(FileTime(number % 977))),
        Property::new(tags::BODY, Value::Unicode("body text ".repeat(300))),
    ];
    let properties = properties.into_iter().map(|property| indexed(store, property)).collect();
    let message = ids.remove(0);
    let root = store.identity().root;
    let mut changes = vec![Change::Create { object: message.clone(), parent: root, kind: ObjectKind::Message, properties }];
    for object in ids {
        let name = indexed(store, Property::new(tags::DISPLAY_NAME, Value::Unicode("someone".into())));
        changes.push(Change::Create { object, parent: message.clone(), kind: ObjectKind::Recipient, properties: vec![name] });
    }
    changes
}

#[test]
fn a_copy_shares_long_values_and_texts_and_outlives_its_original() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.mapi");
    let store = SqliteStore::open(&path, Access::Create).unwrap();
    let commit = |changes: Vec<Change>| drop(store.commit(Commit { changes, ..Commit::default() }).unwrap());
    let root = store.identity().root;
    let bare = store.quota().unwrap().used;
    let (body, data) = ("a needle in much hay ".repeat(20_000), vec![7; 1 << 20]);
    let properties = vec![
        indexed(&store, Property::new(tags::BODY, Value::Unicode(body.clone()))),
        indexed(&store, Property::new(tags::ATTACH_DATA_BIN, Value::Binary(data.clone()))),
    ];
    let original = store.reserve(1).unwrap().remove(0);
    let (object, parent) = (original.clone(), root.clone());
    commit(vec![Change::Create { object, parent, kind: ObjectKind::Message, properties }]);
    let before = store.quota().unwrap().used;
    let copies = store.reserve(50).unwrap();
    // Copies of the original, and copies of copies.
    let sources = std::iter::repeat_n(&original, 25).chain(&copies[..25]);
    let copy = |(object, source): (&ObjectId, &ObjectId)| Change::Copy {
        source: source.clone(),
        object: object.clone(),
        parent: root.clone(),
        set: Vec::new(),
        delete: Vec::new(),
    };
    commit(copies.iter().zip(sources).map(copy).collect());
    let grown = store.quota().unwrap().used - before;
    assert!(grown < 256 << 10, "50 copies take {grown} bytes");

    let found = || {
        let text = FilterTest::Text { tag: tags::BODY, how: TextMatch::Substring, folded: "needle".into() };
        store.count(&Scope::One(root.clone()), ScanKind::Contents, &[vec![text]]).unwrap()
    };
    let check = |copies: &[ObjectId], hits: u64| {
        assert_eq!(found(), hits);
        for object in copies {
            let (_, properties) = store.read(object, Want::Tags(&[tags::BODY, tags::ATTACH_DATA_BIN]), u32::MAX).unwrap();
            let values: Vec<Value> = properties.into_iter().map(|property| property.value).collect();
            assert_eq!(values, [Value::Unicode(body.clone()), Value::Binary(data.clone())]);
        }
        assert_sound(&store);
    };
    let remove = |object: &ObjectId| vec![Change::Remove { object: object.clone(), expected: Expected::Exists, hard: true }];
    check(&copies, 51);
    commit(remove(&original));
    check(&copies, 50);
    store.compact().unwrap();
    check(&copies, 50);
    // One changes and one goes: the others stay as they are.
    let set = vec![indexed(&store, Property::new(tags::BODY, Value::Unicode("nothing".into())))];
    let object = copies[0].clone();
    commit(vec![Change::Set { object, expected: Expected::Exists, set, delete: Vec::new(), quiet: false }]);
    commit(remove(&copies[1]));
    check(&copies[2..], 48);
    store.compact().unwrap();
    check(&copies[2..], 48);
    for object in &copies {
        if store.read(object, Want::Tags(&[]), 0).is_ok() {
            commit(remove(object));
        }
    }
    store.compact().unwrap();
    check(&[], 0);
    let left = store.quota().unwrap().used.saturating_sub(bare);
    assert!(left < 128 << 10, "{left} bytes are left of what was removed");
}

/// Not a test of its own: what the child processes of the tests below run.
#[test]
fn child_process() {
    let Ok(path) = std::env::var("SQLITE_STORE_CHILD") else { return };
    let count: u64 = std::env::var("SQLITE_STORE_COUNT").unwrap().parse().unwrap();
    let store = SqliteStore::open(Path::new(&path), Access::Write).unwrap();
    for number in 0..count {
        let changes = (0..5).flat_map(|part| simple(&store, number * 5 + part)).collect();
        store.commit(Commit { changes, ..Commit::default() }).unwrap();
        println!("committed {number}");
    }
}

fn child(path: &Path, count: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child_process", "--nocapture"])
        .env("SQLITE_STORE_CHILD", path)
        .env("SQLITE_STORE_COUNT", count.to_string())
        .stdout(std::process::Stdio::piped());
    command
}

fn contents(store: &SqliteStore) -> u64 {
    store.count(&Scope::One(store.identity().root), ScanKind::Contents, &[]).unwrap()
}

#[test]
fn what_a_killed_process_committed_is_there_and_nothing_else() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.mapi");
    let store = SqliteStore::open(&path, Access::Create).unwrap();
    let mut known = 0;
    for round in 0..8_u64 {
        let mut running = child(&path, 1_000_000).spawn().unwrap();
        let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
        let mut seen = 0;
        while seen < 3 + round * 7 {
            if lines.next().unwrap().unwrap().starts_with("committed") {
                seen += 1;
            }
        }
        running.kill().unwrap();
        running.wait().unwrap();
        seen += lines.map_while(Result::ok).filter(|line| line.starts_with("committed")).count() as u64;
        let now = contents(&store);
        // One commit may have become durable without the process living to say so.
        assert!((known + seen * 5..=known + seen * 5 + 5).contains(&now) && now.is_multiple_of(5), "{known} {seen} {now}");
        known = now;
        assert_sound(&store);
    }
}

#[test]
fn two_processes_write_one_file_and_never_see_stale_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.mapi");
    let store = SqliteStore::open(&path, Access::Create).unwrap();
    let scope = Scope::One(store.identity().root);
    let order = [OrderKey { tag: tags::MESSAGE_DELIVERY_TIME, descending: true }];
    let mut running = child(&path, 120).spawn().unwrap();
    let mut ours = 0;
    let mut last = 0;
    loop {
        let done = running.try_wait().unwrap();
        let changes = simple(&store, 5000 + ours);
        store.commit(Commit { changes, ..Commit::default() }).unwrap();
        ours += 1;
        let count = contents(&store);
        assert!(count > last, "a count went back");
        last = count;
        let request = ScanRequest {
            scope: &scope,
            kind: ScanKind::Contents,
            columns: &[tags::SUBJECT],
            cell_limit: 255,
            filters: &[],
            order: &order,
            from: ScanFrom::Position(count - 1),
            backwards: true,
            max: 1,
        };
        assert_eq!(store.scan(&request).unwrap().batch.len(), 1);
        if let Some(status) = done {
            assert!(status.success());
            break;
        }
    }
    assert_eq!(contents(&store), 600 + ours);
    assert_sound(&store);
}
