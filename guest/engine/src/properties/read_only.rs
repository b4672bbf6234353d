//! Objects whose properties the engine holds by value and nobody may change: status objects, one-off
//! recipients (`status` 4, `session` 6.7).

use crate::backend::Want;
use crate::error::{Code, Failure, LastError, Result};
use crate::properties::tags::Settable;
use crate::properties::{Numbered, Problem, PropTag, Property, PropertyHolder, PropertyObject, SaveMode, Value};
use crate::session::Alive;
use std::rc::Rc;

/// An object of fixed properties.
#[derive(Clone)]
pub struct ReadOnlyProperties {
    holder: Rc<Fixed>,
    last_error: Rc<LastError>,
}

struct Fixed {
    values: Vec<Property>,
    alive: Alive,
}

impl ReadOnlyProperties {
    /// An object with these properties that lives as long as `alive`.
    #[must_use]
    pub fn new(values: Vec<Property>, alive: Alive) -> Self {
        Self { holder: Rc::new(Fixed { values, alive }), last_error: Rc::default() }
    }

    /// IMAPIProp of the object.
    #[must_use]
    pub fn properties(&self) -> PropertyObject {
        let holder: Rc<dyn PropertyHolder> = self.holder.clone();
        PropertyObject::new(holder, Rc::clone(&self.last_error))
    }
}

impl PropertyHolder for Fixed {
    fn check(&self) -> Result<()> {
        self.alive.check()
    }

    fn is_writable(&self) -> bool {
        false
    }

    fn read(&self, want: Want<'_>, limit: u32) -> Result<Vec<Property>> {
        let wanted = |property: &&Property| match want {
            Want::All => true,
            Want::Tags(tags) => tags.iter().any(|tag| tag.id() == property.tag.id()),
        };
        let deliver = |property: &Property| {
            if property.value.size() > u64::from(limit) {
                let value = Value::Error(Code::NotEnoughMemory.raw());
                return Property { tag: property.tag, value };
            }
            property.clone()
        };
        Ok(self.values.iter().filter(wanted).map(deliver).collect())
    }

    fn list(&self) -> Result<Vec<PropTag>> {
        Ok(self.values.iter().map(|property| property.tag).collect())
    }

    fn settable(&self, _tag: PropTag) -> Settable {
        Settable::Computed
    }

    fn change(&self, _set: Vec<Numbered<Property>>, _delete: Vec<Numbered<()>>) -> Result<Vec<Problem>> {
        Err(refused())
    }

    fn save(&self, _mode: SaveMode) -> Result<()> {
        Err(refused())
    }
}

fn refused() -> Failure {
    Failure::new(Code::NoAccess, "This object can only be read.")
}
