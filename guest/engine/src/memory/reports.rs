//! What providers in memory report when a test tells them to, and how their status objects answer.

use super::lock;
use crate::backend::Effect;
use crate::error::{Code, Failure, Result};
use crate::properties::{PropTag, Property, Value};
use std::sync::Mutex;

/// The reports of one provider.
#[derive(Debug, Default)]
pub struct MemoryReports(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    effects: Vec<Effect>,
    has_status_object: bool,
}

impl MemoryReports {
    /// Reports this.
    pub fn report(&self, effect: Effect) {
        lock(&self.0).effects.push(effect);
    }

    /// From now on there is a status object: it can be validated, and texts of it can be set.
    pub fn gain_status_object(&self) {
        lock(&self.0).has_status_object = true;
    }

    pub(super) fn take(&self) -> Vec<Effect> {
        std::mem::take(&mut lock(&self.0).effects)
    }

    fn need(&self, what: &str) -> Result<()> {
        if lock(&self.0).has_status_object {
            return Ok(());
        }
        Err(Failure::new(Code::NoSupport, format!("This provider in memory has no status object{what}.")))
    }

    pub(super) fn validate(&self) -> Result<()> {
        self.need(" to validate")
    }

    pub(super) fn set_status_properties(&self, properties: &[Property]) -> Result<Vec<(PropTag, Code)>> {
        self.need(" that can be changed")?;
        let refused = properties.iter().filter(|property| !matches!(property.value, Value::Unicode(_)));
        Ok(refused.map(|property| (property.tag, Code::InvalidType)).collect())
    }
}
