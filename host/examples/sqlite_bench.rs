//! Times the SQLite store alone, without engine or component: `sqlite_bench [ROWS] [DOCUMENTS]`.
//!
//! ROWS messages without a body are committed for pages and positions, then DOCUMENTS messages of about 11 KB
//! with three recipients for imports and searches.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on stops")]

use mapi_engine::backend::{
    Change, Commit, FilterTest, ObjectId, ObjectKind, Objects, OrderKey, ScanFrom, ScanKind, ScanRequest, Scope, Store,
    StoredProperty, StoredValue, TextMatch,
};
use mapi_engine::collation;
use mapi_engine::properties::{FileTime, PropTag, Property, Value, tags};
use mapi_session::backends::sqlite::SqliteStore;
use mapi_session::backends::sqlite::database::Access;
use std::time::{Duration, Instant};

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn indexed(ordered: &[PropTag], searched: &[PropTag], property: Property) -> StoredProperty {
    let order_key =
        ordered.iter().any(|tag| tag.id() == property.tag.id()).then(|| collation::order_key(&property.value)).flatten();
    let folded = match &property.value {
        Value::Unicode(text) if searched.iter().any(|tag| tag.id() == property.tag.id()) => {
            Some(collation::fold(text).into_owned())
        }
        _ => None,
    };
    StoredProperty { tag: property.tag, value: StoredValue::Inline(property.value), order_key, folded }
}

fn text(dice: &mut Dice, words: &[String], length: usize) -> String {
    let mut text = String::with_capacity(length + 16);
    while text.len() < length {
        // Common words are common, rare ones rare.
        let range = 1 << (1 + dice.roll(14));
        text.push_str(&words[usize::try_from(dice.roll(range)).unwrap_or_default() % words.len()]);
        text.push(if dice.roll(12) == 0 { '\n' } else { ' ' });
    }
    text
}

fn message(dice: &mut Dice, words: &[String], number: u64, body: usize) -> Vec<Property> {
    let string = |tag, text: String| Property::new(tag, Value::Unicode(text));
    let person = |dice: &mut Dice| format!("Person {} of Somewhere", dice.roll(400));
    let time = Value::SysTime(FileTime(130_000_000_000_000_000 + number * 10_000_000 + dice.roll(1_000_000_000)));
    let subject = text(dice, words, 45);
    let from = person(dice);
    let mut properties = vec![
        string(tags::MESSAGE_CLASS, "IPM.Note".into()),
        string(tags::NORMALIZED_SUBJECT, subject.clone()),
        string(tags::SUBJECT, format!("Re: {subject}")),
        string(tags::SENDER_NAME, from.clone()),
        string(tags::SENT_REPRESENTING_NAME, from),
        string(tags::DISPLAY_TO, format!("{}; {}", person(dice), person(dice))),
        string(tags::DISPLAY_CC, person(dice)),
        string(tags::INTERNET_MESSAGE_ID, format!("<{number}.{}@example.org>", dice.roll(1 << 40))),
        Property::new(tags::MESSAGE_DELIVERY_TIME, time.clone()),
        Property::new(tags::CLIENT_SUBMIT_TIME, time.clone()),
        Property::new(tags::LAST_MODIFICATION_TIME, time),
        Property::new(tags::MESSAGE_SIZE, Value::Long(i32::try_from(dice.roll(100_000)).unwrap_or_default())),
        Property::new(tags::MESSAGE_FLAGS, Value::Long(i32::try_from(dice.roll(2)).unwrap_or_default())),
        Property::new(tags::IMPORTANCE, Value::Long(1)),
        Property::new(tags::SEARCH_KEY, Value::Binary(number.to_be_bytes().repeat(2))),
    ];
    if body > 0 {
        properties.push(string(tags::BODY, text(dice, words, body)));
        properties.push(string(tags::TRANSPORT_MESSAGE_HEADERS, text(dice, words, 3500)));
    }
    properties
}

struct Bench {
    store: SqliteStore,
    ordered: Vec<PropTag>,
    searched: Vec<PropTag>,
    words: Vec<String>,
    dice: Dice,
}

impl Bench {
    fn folder(&self) -> ObjectId {
        let folder = self.store.reserve(1).unwrap().remove(0);
        let change = Change::Create {
            object: folder.clone(),
            parent: self.store.identity().root,
            kind: ObjectKind::Folder,
            properties: Vec::new(),
        };
        self.store.commit(Commit { changes: vec![change], ..Commit::default() }).unwrap();
        folder
    }

    /// Time inside the store only.
    fn fill(&mut self, folder: &ObjectId, count: u64, batch: u64, body: usize, recipients: usize, defer: bool) -> Duration {
        let mut spent = Duration::ZERO;
        let mut done = 0;
        while done < count {
            let mut changes = Vec::new();
            for number in done..(done + batch).min(count) {
                let properties = message(&mut self.dice, &self.words, number, body);
                let began = Instant::now();
                let object = self.store.reserve(1).unwrap().remove(0);
                spent += began.elapsed();
                let properties =
                    properties.into_iter().map(|property| indexed(&self.ordered, &self.searched, property)).collect();
                let parent = folder.clone();
                changes.push(Change::Create { object: object.clone(), parent, kind: ObjectKind::Message, properties });
                for recipient in self.store.reserve(u32::try_from(recipients).unwrap()).unwrap() {
                    let name = format!("Person {}", self.dice.roll(400));
                    let properties = [
                        Property::new(tags::DISPLAY_NAME, Value::Unicode(name.clone())),
                        Property::new(tags::EMAIL_ADDRESS, Value::Unicode(format!("{name}@example.org"))),
                        Property::new(tags::ADDRTYPE, Value::Unicode("SMTP".into())),
                        Property::new(tags::RECIPIENT_TYPE, Value::Long(1)),
                        Property::new(tags::ROWID, Value::Long(1)),
                        Property::new(tags::SEARCH_KEY, Value::Binary(name.into_bytes())),
                    ];
                    changes.push(Change::Create {
                        object: recipient,
                        parent: object.clone(),
                        kind: ObjectKind::Recipient,
                        properties: properties.into_iter().map(StoredProperty::from).collect(),
                    });
                }
            }
            let commit = Commit { changes, token: 1, defer_indexing: defer, delivery: false };
            let began = Instant::now();
            self.store.commit(commit).unwrap();
            spent += began.elapsed();
            done += batch;
        }
        spent
    }

    fn page(&self, folder: &ObjectId, order: &[OrderKey], from: ScanFrom, filters: &[Vec<FilterTest>]) -> usize {
        let scope = Scope::One(folder.clone());
        let columns = [
            tags::SUBJECT,
            tags::SENDER_NAME,
            tags::MESSAGE_DELIVERY_TIME,
            tags::MESSAGE_FLAGS,
            tags::MESSAGE_SIZE,
            tags::MESSAGE_CLASS,
        ];
        let request = ScanRequest {
            scope: &scope,
            kind: ScanKind::Contents,
            columns: &columns,
            cell_limit: 255,
            filters,
            order,
            from,
            backwards: false,
            max: 50,
        };
        self.store.scan(&request).unwrap().batch.len()
    }
}

fn median(mut work: impl FnMut() -> usize, times: usize) -> (f64, usize) {
    let mut all = Vec::new();
    let mut found = 0;
    for _ in 0..times {
        let began = Instant::now();
        found = work();
        all.push(began.elapsed().as_secs_f64() * 1e3);
    }
    all.sort_by(f64::total_cmp);
    (all[all.len() / 2], found)
}

fn main() {
    let number = |place: usize, default: u64| std::env::args().nth(place).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (rows, documents) = (number(1, 100_000), number(2, 8536));
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("bench.mapi"), Access::Create).unwrap();
    let plan = store.identity().index;
    let mut dice = Dice(0x1234_5678_9ABC_DEF1);
    let words = (0..20_000)
        .map(|_| {
            let length = 2 + dice.roll(9);
            (0..length).map(|_| char::from(b'a' + u8::try_from(dice.roll(26)).unwrap())).collect()
        })
        .collect();
    let mut bench = Bench { store, ordered: plan.ordered, searched: plan.searched, words, dice };

    for defer in [true, false] {
        let target = bench.folder();
        let spent = bench.fill(&target, documents, 128, 5200, 3, defer);
        println!("import defer={defer}: {:.0} us a message", spent.as_secs_f64() * 1e6 / documents as f64);
        if defer {
            let began = Instant::now();
            while bench.store.index_step(100_000).unwrap() {}
            println!("index later: {:.0} us a message", began.elapsed().as_secs_f64() * 1e6 / documents as f64);
        } else {
            let fresh = |word: &str, tag: PropTag| {
                vec![vec![FilterTest::Text { tag, how: TextMatch::Substring, folded: word.to_owned() }]]
            };
            let scope = Scope::One(target.clone());
            let words = bench.words.clone();
            let constants = [&words[3][..], &words[900], &words[9000], &words[17_000], &words[500][..3.min(words[500].len())]];
            for (tag, name) in [(tags::BODY, "body"), (tags::SUBJECT, "subject")] {
                for constant in constants.iter().copied().chain(["ab", "q"]) {
                    // A commit in between, so that nothing is answered from memory.
                    let (time, found) = median(
                        || {
                            bench.folder();
                            let filter = fresh(constant, tag);
                            let began = Instant::now();
                            let count = bench.store.count(&scope, ScanKind::Contents, &filter).unwrap();
                            let spent = began.elapsed().as_micros();
                            usize::try_from(spent).unwrap() * 100_000 + usize::try_from(count).unwrap()
                        },
                        5,
                    );
                    let _ = time;
                    println!("search {name} {constant:?}: {:.2} ms, {} hits", (found / 100_000) as f64 / 1e3, found % 100_000);
                }
            }
        }
    }
    let target = bench.folder();
    let spent = bench.fill(&target, rows, 1000, 0, 0, true);
    println!("rows: {:.0} us a message", spent.as_secs_f64() * 1e6 / rows as f64);
    let order = [OrderKey { tag: tags::MESSAGE_DELIVERY_TIME, descending: true }];
    println!("first page: {:.3} ms", median(|| bench.page(&target, &order, ScanFrom::Start, &[]), 51).0);
    let mut dice = Dice(77);
    let (time, _) = median(|| bench.page(&target, &order, ScanFrom::Position(dice.roll(rows)), &[]), 101);
    println!("page at a random position of {rows}: {time:.3} ms");
    let (time, _) = median(|| bench.page(&target, &[], ScanFrom::Position(dice.roll(rows)), &[]), 101);
    println!("the same by arrival: {time:.3} ms");
    let unread =
        vec![vec![FilterTest::Bits { tag: tags::MESSAGE_FLAGS, relation: mapi_engine::restriction::BitRelation::Eqz, mask: 1 }]];
    println!("first unread page: {:.3} ms", median(|| bench.page(&target, &order, ScanFrom::Start, &unread), 51).0);
    let order = [OrderKey { tag: tags::SUBJECT, descending: false }];
    let began = Instant::now();
    bench.page(&target, &order, ScanFrom::Start, &[]);
    println!("first sort by subject: {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    println!("then: {:.3} ms", median(|| bench.page(&target, &order, ScanFrom::Position(dice.roll(rows)), &[]), 51).0);
    let size = std::fs::metadata(bench.store.path()).map(|file| file.len()).unwrap_or_default();
    println!("file: {} MB", size >> 20);
}
