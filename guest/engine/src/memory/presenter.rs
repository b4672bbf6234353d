//! A person who answers as a test says.

use super::lock;
use crate::backend::{
    FormDefinition, FormLibrary, FormOutcome, FormRequest, FormScope, FormsPrompt, OptionData, Presenter, ProfilePrompt, Question,
};
use crate::error::{Code, Failure, Result};
use crate::forms::MAPIFORM_INSTALL_OVERWRITEONCONFLICT;
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
    selections: VecDeque<Result<Vec<u32>>>,
    offered: Vec<FormsPrompt>,
    libraries: VecDeque<Result<FormLibrary>>,
    scopes: Vec<(FormScope, bool)>,
}

fn cancelled<T>() -> Result<T> {
    Err(Failure::new(Code::UserCancel, "The person cancelled."))
}

fn check_kept(library: FormLibrary) -> Result<()> {
    if library == FormLibrary::Local { Ok(()) } else { Err(Failure::new(Code::NoAccess, "The library cannot be changed.")) }
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

    /// The forms chosen next, by their positions.
    pub fn answer_selection(&self, chosen: Result<Vec<u32>>) {
        let mut state = lock(&self.0);
        state.is_there = true;
        state.selections.push_back(chosen);
    }

    /// The choices of forms asked for so far.
    #[must_use]
    pub fn offered(&self) -> Vec<FormsPrompt> {
        lock(&self.0).offered.clone()
    }

    /// The form library chosen next.
    pub fn answer_library(&self, chosen: Result<FormLibrary>) {
        let mut state = lock(&self.0);
        state.is_there = true;
        state.libraries.push_back(chosen);
    }

    /// The choices of form libraries asked for so far, and whether there was a folder to choose.
    #[must_use]
    pub fn scopes(&self) -> Vec<(FormScope, bool)> {
        lock(&self.0).scopes.clone()
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

    /// The definition is the class, or `invalid`; the library of the organisation cannot be changed.
    fn install_form(&self, _ui: u64, flags: u32, library: FormLibrary, definition: &str) -> Result<()> {
        check_kept(library)?;
        if definition == "invalid" {
            return Err(Failure::new(Code::ExtendedError, "The definition does not say which class the form shows."));
        }
        let mut state = lock(&self.0);
        let is_it = |form: &FormDefinition| form.library == library && form.message_class.eq_ignore_ascii_case(definition);
        let version = Property::new(crate::properties::tags::FORM_VERSION, crate::properties::Value::Unicode(flags.to_string()));
        if let Some(known) = state.forms.iter_mut().find(|form| is_it(form)) {
            if flags & MAPIFORM_INSTALL_OVERWRITEONCONFLICT != 0 {
                known.properties = vec![version];
            }
        } else {
            state.forms.push(FormDefinition { message_class: definition.to_owned(), library, properties: vec![version] });
        }
        Ok(())
    }

    fn remove_form(&self, library: FormLibrary, message_class: &str) -> Result<()> {
        check_kept(library)?;
        let mut state = lock(&self.0);
        let is_it = |form: &FormDefinition| form.library == library && form.message_class.eq_ignore_ascii_case(message_class);
        let place = state.forms.iter().position(is_it).ok_or_else(|| Failure::not_found("No such form is registered."))?;
        state.forms.remove(place);
        Ok(())
    }

    fn select_forms(&self, _ui: u64, prompt: &FormsPrompt) -> Result<Vec<u32>> {
        let mut state = lock(&self.0);
        state.offered.push(prompt.clone());
        state.selections.pop_front().unwrap_or_else(cancelled)
    }

    fn select_form_library(&self, _ui: u64, scope: FormScope, folder_id: Option<&[u8]>) -> Result<FormLibrary> {
        let mut state = lock(&self.0);
        state.scopes.push((scope, folder_id.is_some()));
        state.libraries.pop_front().unwrap_or_else(cancelled)
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
