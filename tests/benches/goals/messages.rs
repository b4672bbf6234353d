//! Made-up mail, as many messages as wanted, always the same: what the rows of a mail folder hold, with the
//! order keys and folded texts the engine hands a store. Without bodies, which no page of a folder reads.

use anyhow::Context as _;
use mapi_session::backend::{Change, Commit, IndexPlan, ObjectId, ObjectKind, Store, StoredProperty};
use mapi_session::collation;
use mapi_session::properties::{FileTime, PropTag, Property, Value, tags};

/// Messages in one commit.
const BATCH: u32 = 5_000;

/// 2020-01-01 in units of 100 ns since 1601.
const START: u64 = 132_223_104_000_000_000;
/// 100-ns units in a minute.
const MINUTE: u64 = 600_000_000;

const PEOPLE: [&str; 12] = [
    "Ada Quill",
    "Boris Ødegård",
    "Chloé Dupont",
    "Dmitri Иванов",
    "Emi 山田",
    "Farid Haddad",
    "Greta Lindqvist",
    "Hana Novák",
    "Igor Petrov",
    "Jane Doe",
    "Build Robot",
    "Kwame Mensah",
];

const WORDS: [&str; 24] = [
    "release", "plan", "budget", "driver", "clock", "patch", "review", "meeting", "Friday", "report", "board", "quarter",
    "invoice", "travel", "network", "storage", "fix", "question", "draft", "agenda", "update", "lunch", "offer", "contract",
];

/// A generator of numbers that look random (splitmix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// One below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn pick(&mut self, list: &[&'static str]) -> &'static str {
        list[usize::try_from(self.below(list.len() as u64)).unwrap_or_default()]
    }
}

/// Puts that many messages into a folder.
pub(crate) fn fill(store: &dyn Store, folder: &ObjectId, count: u32) -> anyhow::Result<()> {
    fill_with(store, folder, count, message)
}

fn fill_with(
    store: &dyn Store,
    folder: &ObjectId,
    count: u32,
    message: impl Fn(u32, &mut Numbers) -> Vec<Property>,
) -> anyhow::Result<()> {
    let plan = store.identity().index;
    let mut numbers = Numbers(u64::from(count));
    let mut made = 0;
    while made < count {
        let batch = BATCH.min(count - made);
        let changes = store.reserve(batch)?.into_iter().zip(made..).map(|(object, number)| Change::Create {
            object,
            parent: folder.clone(),
            kind: ObjectKind::Message,
            properties: message(number, &mut numbers).into_iter().map(|property| stored(property, &plan)).collect(),
        });
        let commit = Commit { changes: changes.collect(), defer_indexing: true, ..Commit::default() };
        let committed = store.commit(commit)?;
        let last = committed.objects.last().context("a commit did nothing")?;
        anyhow::ensure!(last.1 > 0, "a message has no arrival number");
        made += batch;
    }
    while store.index_step(1_000_000)? {}
    Ok(())
}

/// What [`fill`] puts into a folder, without keys and texts.
pub(crate) fn all(count: u32) -> impl Iterator<Item = Vec<Property>> {
    let mut numbers = Numbers(u64::from(count));
    (0..count).map(move |number| message(number, &mut numbers))
}

/// What a client sets of a message it makes.
pub(crate) fn composed(number: u32, numbers: &mut Numbers) -> Vec<Property> {
    // The engine's own.
    const COMPUTED: [PropTag; 8] = [
        tags::MESSAGE_SIZE,
        tags::MESSAGE_FLAGS,
        tags::CREATION_TIME,
        tags::LAST_MODIFICATION_TIME,
        tags::SEARCH_KEY,
        tags::DISPLAY_TO,
        tags::DISPLAY_CC,
        tags::NORMALIZED_SUBJECT,
    ];
    let mut properties = message(number, numbers);
    properties.retain(|property| !COMPUTED.contains(&property.tag));
    properties
}

/// Puts that many short messages into a folder: what its rows are ordered by, a topic and an address.
pub(crate) fn fill_short(store: &dyn Store, folder: &ObjectId, count: u32) -> anyhow::Result<()> {
    const SHORT: [PropTag; 6] = [
        tags::MESSAGE_CLASS,
        tags::CONVERSATION_TOPIC,
        tags::SENDER_EMAIL_ADDRESS,
        tags::MESSAGE_DELIVERY_TIME,
        tags::MESSAGE_SIZE,
        tags::MESSAGE_FLAGS,
    ];
    fill_with(store, folder, count, |number, numbers| {
        let mut properties = message(number, numbers);
        properties.retain(|property| SHORT.contains(&property.tag));
        properties
    })
}

/// The properties of one message.
pub(crate) fn message(number: u32, numbers: &mut Numbers) -> Vec<Property> {
    let text = |tag: PropTag, value: &str| Property::new(tag, Value::Unicode(value.to_owned()));
    let long = |tag: PropTag, value: i32| Property::new(tag, Value::Long(value));
    let (sender, receiver, copied) = (numbers.pick(&PEOPLE), numbers.pick(&PEOPLE), numbers.pick(&PEOPLE));
    let words: Vec<&str> = (0..3 + numbers.below(5)).map(|_| numbers.pick(&WORDS)).collect();
    let topic = format!("{} #{}", words.join(" "), number / 4);
    let prefix = if number.is_multiple_of(4) { "" } else { "Re: " };
    // Mail comes in roughly in the order it was sent.
    let submitted = START + u64::from(number) * MINUTE + numbers.below(3 * 24 * 60 * MINUTE);
    let delivered = submitted + numbers.below(5 * MINUTE);
    let address = |name: &str| format!("{}@example.org", name.split(' ').next().unwrap_or(name).to_lowercase());
    let time = |tag: PropTag, value: u64| Property::new(tag, Value::SysTime(FileTime(value)));
    let mut search_key = number.to_be_bytes().to_vec();
    search_key.extend(numbers.next().to_be_bytes());
    search_key.extend([0; 4]);
    let mut properties = vec![
        text(tags::MESSAGE_CLASS, "IPM.Note"),
        text(tags::SUBJECT, &format!("{prefix}{topic}")),
        text(tags::SUBJECT_PREFIX, prefix),
        text(tags::NORMALIZED_SUBJECT, &topic),
        text(tags::CONVERSATION_TOPIC, &topic),
        text(tags::SENDER_NAME, sender),
        text(tags::SENDER_ADDRTYPE, "SMTP"),
        text(tags::SENDER_EMAIL_ADDRESS, &address(sender)),
        text(tags::SENT_REPRESENTING_NAME, sender),
        text(tags::SENT_REPRESENTING_ADDRTYPE, "SMTP"),
        text(tags::SENT_REPRESENTING_EMAIL_ADDRESS, &address(sender)),
        text(tags::DISPLAY_TO, receiver),
        text(tags::DISPLAY_CC, if number.is_multiple_of(3) { copied } else { "" }),
        text(tags::INTERNET_MESSAGE_ID, &format!("<{:016x}.{number}@mail.example.org>", numbers.next())),
        time(tags::CLIENT_SUBMIT_TIME, submitted),
        time(tags::MESSAGE_DELIVERY_TIME, delivered),
        time(tags::CREATION_TIME, delivered),
        time(tags::LAST_MODIFICATION_TIME, delivered),
        long(tags::MESSAGE_SIZE, i32::try_from(2_000 + numbers.below(60_000)).unwrap_or(i32::MAX)),
        long(tags::MESSAGE_FLAGS, i32::from(!number.is_multiple_of(10))),
        long(tags::IMPORTANCE, if number.is_multiple_of(50) { 2 } else { 1 }),
        long(tags::PRIORITY, 0),
        long(tags::SENSITIVITY, 0),
        Property::new(tags::SEARCH_KEY, Value::Binary(search_key)),
    ];
    properties.sort_by_key(|property| property.tag);
    properties
}

/// A property as the engine hands it over.
fn stored(property: Property, plan: &IndexPlan) -> StoredProperty {
    let order_key = plan.ordered.contains(&property.tag).then(|| collation::order_key(&property.value)).flatten();
    let folded = match &property.value {
        Value::Unicode(text) if plan.searched.iter().any(|tag| tag.id() == property.tag.id()) => {
            Some(collation::fold(text).into_owned())
        }
        _ => None,
    };
    StoredProperty { order_key, folded, ..StoredProperty::from(property) }
}
