//! Rows of which a test shows what is stored, and nothing else.

use crate::properties::{PropTag, Value};
use crate::tables::{ComputedColumns, ComputedRow};

pub(super) struct NothingComputed;

impl ComputedColumns for NothingComputed {
    fn inputs(&self, _tag: PropTag) -> Option<&[PropTag]> {
        None
    }

    fn compute(&self, _tag: PropTag, _row: &ComputedRow<'_>) -> Option<Value> {
        None
    }

    fn tags(&self) -> Vec<PropTag> {
        Vec::new()
    }
}
