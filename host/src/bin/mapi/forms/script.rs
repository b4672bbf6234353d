//! A script instead of a person: what is done with each form, one after the other.

use super::{Fields, definitions};
use crate::addresses::Role;
use anyhow::Context as _;
use mapi_session::backend::{FormDefinition, FormLibrary, FormOutcome, FormRequest, Presenter, ProfilePrompt, Question};
use mapi_session::error::{Code, Failure, Result};
use serde::Deserialize;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    /// Forms, in the order in which they are shown; one beyond them is cancelled.
    #[serde(default, rename = "form")]
    forms: VecDeque<Steps>,
    /// The profile that is chosen.
    profile: Option<String>,
    /// Answers to questions, in their order; one beyond them is cancelled.
    #[serde(default)]
    answers: VecDeque<bool>,
}

/// What is done with one form. Fields that are not named stay as they are.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    /// Close it without saving or sending anything.
    #[serde(default)]
    cancel: bool,
    /// The class the message must have.
    class: Option<String>,
    to: Option<String>,
    cc: Option<String>,
    bcc: Option<String>,
    subject: Option<String>,
    text: Option<String>,
    /// 0 low, 1 normal, 2 high.
    importance: Option<i32>,
    /// Files to attach.
    #[serde(default)]
    attach: Vec<PathBuf>,
    /// Names of attachments to remove.
    #[serde(default)]
    detach: Vec<String>,
}

impl Steps {
    fn take(self, request: &FormRequest) -> anyhow::Result<FormOutcome> {
        if let Some(class) = &self.class {
            let is_it = class.eq_ignore_ascii_case(&request.message_class);
            anyhow::ensure!(is_it, "the script expects a message of the class {class}, not {}", request.message_class);
        }
        if self.cancel {
            return Ok(FormOutcome::Cancelled);
        }
        let before = Fields::of(request);
        let mut fields = before.clone();
        for (role, list) in [(Role::To, &self.to), (Role::Cc, &self.cc), (Role::Bcc, &self.bcc)] {
            if let Some(list) = list {
                fields.set_list(role, list)?;
            }
        }
        fields.subject = self.subject.unwrap_or(fields.subject);
        fields.text = self.text.or(fields.text);
        fields.importance = self.importance.unwrap_or(fields.importance);
        for name in &self.detach {
            let place = fields.attachments.iter().position(|(_, known)| known == name);
            fields.attachments.remove(place.with_context(|| format!("the message has no attachment {name:?}"))?);
        }
        fields.files = self.attach;
        Ok(FormOutcome::Closed(fields.changes(&before)?))
    }
}

/// A presenter that does what a script says.
#[derive(Debug)]
pub(crate) struct ScriptedPresenter(Mutex<Script>);

impl ScriptedPresenter {
    /// The script in a file.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("the script {} cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("the script {} is not understood", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        Ok(Self(Mutex::new(toml::from_str(text)?)))
    }

    fn next<T>(&self, next: impl FnOnce(&mut Script) -> Option<T>) -> Result<T> {
        let mut script = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        next(&mut script).ok_or_else(|| Failure::new(Code::UserCancel, "the script says no more"))
    }
}

impl Presenter for ScriptedPresenter {
    fn offers_ui(&self) -> bool {
        true
    }

    fn show(&self, _ui: u64, request: &FormRequest) -> Result<FormOutcome> {
        let steps = self.next(|script| script.forms.pop_front())?;
        steps.take(request).map_err(|error| Failure::new(Code::InvalidParameter, format!("{error:#}")))
    }

    fn forms(&self, library: FormLibrary) -> Result<Vec<FormDefinition>> {
        Ok(definitions(library))
    }

    fn choose_profile(&self, _ui: u64, _prompt: &ProfilePrompt) -> Result<String> {
        self.next(|script| script.profile.clone())
    }

    fn ask(&self, _ui: u64, _question: Question, _text: &str) -> Result<bool> {
        self.next(|script| script.answers.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::tests::request;
    use super::*;
    use mapi_session::properties::{Property, Value, tags};

    #[test]
    fn forms_are_answered_in_order_and_one_too_many_is_cancelled() {
        let text = "[[form]]\nsubject = 'Better'\ndetach = ['plan.txt']\n[[form]]\ncancel = true\n";
        let presenter = ScriptedPresenter::parse(text).unwrap();
        let FormOutcome::Closed(changes) = presenter.show(0, &request("Plan", "x")).unwrap() else { panic!() };
        assert_eq!(changes.set, [Property::new(tags::SUBJECT, Value::Unicode("Better".into()))]);
        assert_eq!(changes.attachments_removed, [4]);
        assert_eq!(presenter.show(0, &request("Plan", "x")).unwrap(), FormOutcome::Cancelled);
        assert_eq!(presenter.show(0, &request("Plan", "x")).unwrap_err().code(), Code::UserCancel);
    }

    #[test]
    fn what_a_script_cannot_do_is_said() {
        let fails = |text: &str| ScriptedPresenter::parse(text).unwrap().show(0, &request("Plan", "x")).unwrap_err().to_string();
        assert!(fails("[[form]]\nclass = 'IPM.Task'").contains("IPM.Task"));
        assert!(fails("[[form]]\ndetach = ['other']").contains("other"));
        assert!(fails("[[form]]\nattach = ['/nowhere']").contains("/nowhere"));
        assert!(ScriptedPresenter::parse("[[form]]\nsubjekt = 'x'").is_err());
    }

    #[test]
    fn prompts_are_answered_too() {
        let presenter = ScriptedPresenter::parse("profile = 'Home'\nanswers = [true]").unwrap();
        let prompt = ProfilePrompt { profiles: Vec::new(), preselected: None };
        assert_eq!(presenter.choose_profile(0, &prompt).unwrap(), "Home");
        assert!(presenter.ask(0, Question::Other, "Sure?").unwrap());
        assert_eq!(presenter.ask(0, Question::Other, "Sure?").unwrap_err().code(), Code::UserCancel);
    }
}
