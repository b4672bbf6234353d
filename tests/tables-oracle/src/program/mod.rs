//! Programs: what is done to a table and to the messages it shows, step by step.

mod generate;
mod refused;

pub(crate) use generate::program;
pub(crate) use refused::{Refused, refused};

use crate::tags;
use mapi_engine::properties::{PropTag, Property};
use mapi_engine::restriction::Restriction;
use mapi_engine::tables::SortOrderSet;

/// A message to be.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) values: Vec<Property>,
    pub(crate) recipients: Vec<Vec<Property>>,
    pub(crate) attachments: Vec<Vec<Property>>,
}

/// When a setting takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Now,
    Batch,
    Async,
    Both,
}

impl How {
    pub(crate) const fn is_async(self) -> bool {
        matches!(self, Self::Async | Self::Both)
    }
}

/// Where to start: the numbers of bookmarks count back from the one made last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    Beginning,
    Current,
    End,
    Mark(usize),
    Unknown,
}

/// Which of the messages there are: `count` of them from the one with that number, modulo their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Which {
    pub(crate) first: usize,
    pub(crate) count: usize,
}

/// One step. Rows and messages are numbered modulo how many there are.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Create(Draft),
    Change {
        message: usize,
        set: Vec<Property>,
        delete: Vec<PropTag>,
    },
    Delete {
        messages: Which,
        hard: bool,
    },
    MoveAway(Which),
    MoveBack,
    Mark {
        messages: Which,
        read: bool,
    },
    SetColumns(Vec<PropTag>, How),
    Restrict(Option<Restriction>, How),
    Sort(SortOrderSet, How),
    Rows {
        count: i32,
        stay: bool,
    },
    Seek(Spot, i32),
    Approx(u32, u32),
    Find {
        what: Restriction,
        from: Spot,
        backward: bool,
    },
    FindKey {
        row: usize,
        from: Spot,
        backward: bool,
    },
    CreateBookmark,
    FreeBookmark(Spot),
    /// The row with that number; none: a key no row has.
    Expand {
        row: Option<usize>,
        max: u32,
    },
    Collapse {
        row: Option<usize>,
    },
    GetState {
        row: Option<usize>,
    },
    SetState {
        state: usize,
    },
    QueryColumns,
    QuerySortOrder,
    GetStatus,
    Abort,
    Wait {
        milliseconds: u32,
    },
    Advise,
    Unadvise,
    /// A call that makes no sense; put off or not.
    Refused {
        call: usize,
        batch: bool,
    },
}

/// A whole program: messages there are when the table is opened, and the steps.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) columns: Vec<PropTag>,
    pub(crate) messages: Vec<Draft>,
    pub(crate) steps: Vec<Step>,
    /// Whether changes come in by a turn, or by the next call of the table.
    pub(crate) turns: bool,
    /// Row steps of a slice of asynchronous work.
    pub(crate) slice: usize,
}

impl Program {
    /// The program, a step a line.
    pub(crate) fn listing(&self) -> String {
        let mut lines = vec![format!("columns {:?}, turns {}, slice {}", self.columns, self.turns, self.slice)];
        lines.extend(self.messages.iter().map(|draft| format!("before: {draft:?}")));
        lines.extend(self.steps.iter().enumerate().map(|(number, step)| format!("{number}: {step:?}")));
        named(&lines.join("\n"))
    }
}

/// Text with the names of tags for their numbers.
pub(crate) fn named(text: &str) -> String {
    let names = [
        ("NAME", tags::NAME),
        ("TEXT", tags::TEXT),
        ("OTHER", tags::OTHER),
        ("DATE", tags::DATE),
        ("NUMBER", tags::NUMBER),
        ("RANK", tags::RANK),
        ("FLAG", tags::FLAG),
        ("BYTES", tags::BYTES),
        ("REAL", tags::REAL),
        ("TAGS", tags::TAGS),
        ("TAGS(MVI)", tags::instance(tags::TAGS)),
        ("NUMBERS", tags::NUMBERS),
        ("NUMBERS(MVI)", tags::instance(tags::NUMBERS)),
        ("INSTANCE_KEY", tags::INSTANCE_KEY),
        ("ROW_TYPE", tags::ROW_TYPE),
        ("DEPTH", tags::DEPTH),
        ("INSTANCE_NUM", tags::INSTANCE_NUM),
        ("CONTENT_COUNT", tags::CONTENT_COUNT),
        ("CONTENT_UNREAD", tags::CONTENT_UNREAD),
        ("MESSAGE_FLAGS", tags::MESSAGE_FLAGS),
        ("RECIPIENTS", tags::RECIPIENTS),
        ("ATTACHMENTS", tags::ATTACHMENTS),
    ];
    // What is long is so because of its end.
    let text = text.replace(&"long ".repeat(60), "long*60 ").replace(&"7, ".repeat(510), "7*510, ");
    names.iter().fold(text, |text, (name, tag)| text.replace(&format!("{tag:?}"), name))
}
