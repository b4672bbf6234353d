//! A person who answers as a test says.

use super::lock;
use crate::backend::{FormDefinition, FormLibrary, FormOutcome, FormRequest, OptionData, Presenter, ProfilePrompt, Question};
use crate::error::{Code, Failure, Result};
use crate::properties::Property;
use std::collections::VecDeque;
use std::sync::Mutex;

/// What a form does: its outcome for the request it is shown with.
type Form = Box<dyn FnOnce(&FormRequest) -> Result<FormOutcome> + Send>;

/// User interface that is not there until something is told to it: answers are used in the order given, and a
/// prompt without one is cancelled.
#[derive(Default)]
pub struct MemoryPresenter(Mutex<State>);

#[derive(Default)]
struct State {
    is_there: bool,
    forms: Vec<FormDefinition>,
    outcomes: VecDeque<Form>,
    shown: Vec<FormRequest>,
    profiles: VecDeque<Result<String>>,
    choices: Vec<ProfilePrompt>,
    answers: VecDeque<Result<bool>>,
    questions: Vec<(Question, String)>,
    options: VecDeque<Result<Vec<Property>>>,
    edited: Vec<(Vec<OptionData>, Vec<Property>)>,
}

fn cancelled<T>() -> Result<T> {
    Err(Failure::new(Code::UserCancel, "The person cancelled."))
}

impl MemoryPresenter {
    /// There is a user interface from now on.
    pub fn appear(&self) {
        lock(&self.0).is_there = true;
    }

    /// Registers a form for a class.
    pub fn add_form(&self, message_class: &str, library: FormLibrary, properties: Vec<Property>) {
        let mut state = lock(&self.0);
        state.is_there = true;
        state.forms.push(FormDefinition { message_class: message_class.to_owned(), library, properties });
    }

    /// What the next form shown does.
    pub fn answer_form(&self, form: impl FnOnce(&FormRequest) -> Result<FormOutcome> + Send + 'static) {
        lock(&self.0).outcomes.push_back(Box::new(form));
    }

    /// The forms shown so far.
    #[must_use]
    pub fn shown(&self) -> Vec<FormRequest> {
        lock(&self.0).shown.clone()
    }

    /// The next choice of a profile.
    pub fn answer_profile(&self, choice: Result<String>) {
        let mut state = lock(&self.0);
        state.is_there = true;
        state.profiles.push_back(choice);
    }

    /// The choices of profiles asked for so far.
    #[must_use]
    pub fn choices(&self) -> Vec<ProfilePrompt> {
        lock(&self.0).choices.clone()
    }

    /// The next answer to a question.
    pub fn answer_question(&self, answer: Result<bool>) {
        let mut state = lock(&self.0);
        state.is_there = true;
        state.answers.push_back(answer);
    }

    /// The questions so far.
    #[must_use]
    pub fn questions(&self) -> Vec<(Question, String)> {
        lock(&self.0).questions.clone()
    }

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

    fn show(&self, _ui: u64, request: &FormRequest) -> Result<FormOutcome> {
        let form = {
            let mut state = lock(&self.0);
            state.shown.push(request.clone());
            state.outcomes.pop_front()
        };
        form.map_or(Ok(FormOutcome::Cancelled), |form| form(request))
    }

    fn forms(&self, library: FormLibrary) -> Result<Vec<FormDefinition>> {
        Ok(lock(&self.0).forms.iter().filter(|form| form.library == library).cloned().collect())
    }

    fn choose_profile(&self, _ui: u64, prompt: &ProfilePrompt) -> Result<String> {
        let mut state = lock(&self.0);
        state.choices.push(prompt.clone());
        state.profiles.pop_front().unwrap_or_else(cancelled)
    }

    fn ask(&self, _ui: u64, question: Question, text: &str) -> Result<bool> {
        let mut state = lock(&self.0);
        state.questions.push((question, text.to_owned()));
        state.answers.pop_front().unwrap_or_else(cancelled)
    }

    fn edit_options(&self, _ui: u64, options: &[OptionData], present: &[Property]) -> Result<Vec<Property>> {
        let mut state = lock(&self.0);
        state.edited.push((options.to_vec(), present.to_vec()));
        state.options.pop_front().unwrap_or_else(cancelled)
    }
}
