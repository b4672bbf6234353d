//! A person who answers as a test says.

use super::lock;
use crate::backend::{OptionData, Presenter};
use crate::error::{Code, Failure, Result};
use crate::properties::Property;
use std::collections::VecDeque;
use std::sync::Mutex;

/// User interface that is not there until something is told to it: answers are used in the order given, and a
/// prompt without one is cancelled.
#[derive(Debug, Default)]
pub struct MemoryPresenter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_there: bool,
    options: VecDeque<Result<Vec<Property>>>,
    edited: Vec<(Vec<OptionData>, Vec<Property>)>,
}

impl MemoryPresenter {
    /// The options changed next.
    pub fn answer_options(&self, changed: Result<Vec<Property>>) {
        let mut state = lock(&self.0);
        state.is_there = true;
        state.options.push_back(changed);
    }

    /// The options shown so far, with the values present.
    #[must_use]
    pub fn edited(&self) -> Vec<(Vec<OptionData>, Vec<Property>)> {
        lock(&self.0).edited.clone()
    }
}

impl Presenter for MemoryPresenter {
    fn offers_ui(&self) -> bool {
        lock(&self.0).is_there
    }

    fn edit_options(&self, _ui: u64, options: &[OptionData], present: &[Property]) -> Result<Vec<Property>> {
        let mut state = lock(&self.0);
        state.edited.push((options.to_vec(), present.to_vec()));
        state.options.pop_front().unwrap_or_else(|| Err(Failure::new(Code::UserCancel, "The person cancelled.")))
    }
}
