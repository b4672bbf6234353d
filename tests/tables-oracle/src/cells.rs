//! The cells of rows (`tables` 3, 8.1).

use crate::oracle::Oracle;
use crate::restriction::typed;
use crate::tags::INSTANCE_KEY;
use crate::value::cell;
use crate::view::{Item, Key, ShownRow, is_text};
use mapi_engine::error::Code;
use mapi_engine::properties::{PropTag, PropType, Property, Value};

/// What a cell must be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expected {
    Exactly(Property),
    /// The instance key of that row, whatever it is.
    KeyOf(Key),
}

impl Oracle {
    /// The cells of a row in the columns in force.
    pub(crate) fn cells(&self, item: Item) -> Vec<Expected> {
        self.settings.columns.iter().map(|tag| self.cell(item, *tag)).collect()
    }

    fn cell(&self, item: Item, tag: PropTag) -> Expected {
        if tag.id() == INSTANCE_KEY.id() {
            return Expected::KeyOf(self.view.key(item));
        }
        if tag.kind() == PropType::NULL {
            return Expected::Exactly(Property { tag, value: Value::Null });
        }
        let row = ShownRow { view: &self.view, messages: &self.messages, item };
        let shown = typed(&row, tag).map(|value| {
            let shown = cell(tag, &value);
            let kind = if is_text(tag) { shown.kind() } else { value.kind() };
            Property { tag: tag.with_kind(kind), value: shown }
        });
        let missing = || Property { tag: tag.with_kind(PropType::ERROR), value: Value::Error(Code::NotFound.raw()) };
        Expected::Exactly(shown.unwrap_or_else(missing))
    }
}

/// Whether two cells are the same, a NaN like another included.
pub(crate) fn equal(left: &Property, right: &Property) -> bool {
    left.tag == right.tag
        && match (&left.value, &right.value) {
            (Value::Double(left), Value::Double(right)) => left.to_bits() == right.to_bits(),
            (left, right) => left == right,
        }
}
