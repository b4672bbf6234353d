//! A person at a terminal: the form as lines, and a menu of what can be done with it.
//!
//! Everything a message says is made harmless before it is shown ([`crate::terminal`]); a field that is left as it
//! was shown keeps its original value.

use super::{Fields, definitions};
use crate::addresses::Role;
use crate::compose;
use crate::terminal::{harmless, harmless_lines};
use anyhow::Context as _;
use dialoguer::{Confirm, Input, Select};
use mapi_session::backend::{FormDefinition, FormLibrary, FormOutcome, FormRequest, Presenter, ProfilePrompt, Question};
use mapi_session::error::{Code, Failure, Result};
use std::io::IsTerminal;
use std::path::PathBuf;

/// `MAPI_POST_MESSAGE`.
const POST: u32 = 0x1;

/// What a person is asked.
trait Person {
    /// Shows lines.
    fn tell(&mut self, text: &str) -> anyhow::Result<()>;

    /// One of several, `None` if none is chosen.
    fn choose(&mut self, prompt: &str, choices: &[String], first: usize) -> anyhow::Result<Option<usize>>;

    /// A line, beginning with what is there.
    fn line(&mut self, prompt: &str, given: &str) -> anyhow::Result<String>;

    /// A text of several lines, likewise.
    fn text(&mut self, given: &str) -> anyhow::Result<String>;
}

/// The person in front of the terminal this process has.
struct AtTerminal;

impl Person for AtTerminal {
    fn tell(&mut self, text: &str) -> anyhow::Result<()> {
        anstream::eprintln!("{text}");
        Ok(())
    }

    fn choose(&mut self, prompt: &str, choices: &[String], first: usize) -> anyhow::Result<Option<usize>> {
        Ok(Select::new().with_prompt(prompt).items(choices).default(first).interact_opt()?)
    }

    fn line(&mut self, prompt: &str, given: &str) -> anyhow::Result<String> {
        Ok(Input::<String>::new().with_prompt(prompt).with_initial_text(given).allow_empty(true).interact_text()?)
    }

    fn text(&mut self, given: &str) -> anyhow::Result<String> {
        compose::edited(given)
    }
}

/// A line of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Close,
    List(Role),
    Subject,
    Text,
    Importance,
    Attach,
    Detach,
    Cancel,
}

impl Action {
    const ALL: [Self; 10] = [
        Self::Close,
        Self::List(Role::To),
        Self::List(Role::Cc),
        Self::List(Role::Bcc),
        Self::Subject,
        Self::Text,
        Self::Importance,
        Self::Attach,
        Self::Detach,
        Self::Cancel,
    ];

    const fn label(self, sends: bool) -> &'static str {
        match self {
            Self::Close if sends => "Send",
            Self::Close => "Save",
            Self::List(Role::To) => "Change To",
            Self::List(Role::Cc) => "Change Cc",
            Self::List(Role::Bcc) => "Change Bcc",
            Self::Subject => "Change the subject",
            Self::Text => "Change the text",
            Self::Importance => "Change the importance",
            Self::Attach => "Attach a file",
            Self::Detach => "Remove an attachment",
            Self::Cancel => "Cancel",
        }
    }
}

const IMPORTANCE: [&str; 3] = ["low", "normal", "high"];

/// A field of one line as it is shown, and what comes of it: untouched, it keeps its value.
fn changed(person: &mut dyn Person, prompt: &str, value: &str) -> anyhow::Result<String> {
    let shown = harmless(value);
    let answer = person.line(prompt, &shown)?;
    Ok(if answer == shown { value.to_owned() } else { answer })
}

/// The form as lines.
fn lines(fields: &Fields) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("{name:<12}{}", harmless(value)));
        }
    };
    field("To:", &fields.list(Role::To));
    field("Cc:", &fields.list(Role::Cc));
    field("Bcc:", &fields.list(Role::Bcc));
    field("Subject:", &fields.subject);
    if fields.importance != 1 {
        field("Importance:", importance(fields.importance));
    }
    for (_, name) in &fields.attachments {
        field("Attached:", name);
    }
    for path in &fields.files {
        field("To attach:", &path.display().to_string());
    }
    lines.push(String::new());
    match &fields.text {
        Some(text) => lines.push(harmless_lines(text).trim_end().to_owned()),
        None => lines.push("(The text is too long for a form; `mapi show` shows it.)".to_owned()),
    }
    lines.join("\n")
}

fn importance(value: i32) -> &'static str {
    usize::try_from(value).ok().and_then(|value| IMPORTANCE.get(value)).copied().unwrap_or("normal")
}

/// Has a person work on a form until it is closed or cancelled.
fn converse(person: &mut dyn Person, request: &FormRequest) -> anyhow::Result<FormOutcome> {
    let before = Fields::of(request);
    person.tell(&lines(&before))?;
    if !request.is_writable() {
        return Ok(FormOutcome::Cancelled);
    }
    let sends = request.flags & POST == 0;
    let labels: Vec<String> = Action::ALL.iter().map(|action| action.label(sends).to_owned()).collect();
    let mut fields = before.clone();
    loop {
        let chosen = person.choose("What next", &labels, 0)?.and_then(|at| Action::ALL.get(at)).copied();
        let done = match chosen.unwrap_or(Action::Cancel) {
            Action::Cancel => return Ok(FormOutcome::Cancelled),
            Action::Close => match fields.changes(&before) {
                Ok(changes) => return Ok(FormOutcome::Closed(changes)),
                Err(error) => Err(error),
            },
            action => change(person, &mut fields, action),
        };
        // What cannot be done is said, and the form goes on.
        match done {
            Ok(()) => person.tell(&lines(&fields))?,
            Err(error) => person.tell(&harmless_lines(&format!("{error:#}")))?,
        }
    }
}

fn change(person: &mut dyn Person, fields: &mut Fields, action: Action) -> anyhow::Result<()> {
    match action {
        Action::List(role) => {
            let list = changed(person, "Addresses", &fields.list(role))?;
            fields.set_list(role, &list)
        }
        Action::Subject => {
            fields.subject = changed(person, "Subject", &fields.subject)?;
            Ok(())
        }
        Action::Text => {
            let text = fields.text.as_deref().context("the text is too long to be changed in a form")?;
            let shown = harmless_lines(text);
            let answer = person.text(&shown)?;
            if answer != shown {
                fields.text = Some(answer);
            }
            Ok(())
        }
        Action::Importance => {
            let present = usize::try_from(fields.importance).ok().filter(|at| *at < IMPORTANCE.len()).unwrap_or(1);
            if let Some(chosen) = person.choose("Importance", &IMPORTANCE.map(str::to_owned), present)? {
                fields.importance = i32::try_from(chosen)?;
            }
            Ok(())
        }
        Action::Attach => {
            let path = PathBuf::from(person.line("File", "")?);
            let found = std::fs::metadata(&path).with_context(|| format!("{} cannot be attached", path.display()))?;
            anyhow::ensure!(found.is_file(), "{} cannot be attached: it is no file", path.display());
            fields.files.push(path);
            Ok(())
        }
        Action::Detach => {
            let names: Vec<String> = fields.attachments.iter().map(|(_, name)| harmless(name).into_owned()).collect();
            anyhow::ensure!(!names.is_empty(), "the message has no attachment");
            if let Some(chosen) = person.choose("Attachment", &names, 0)? {
                fields.attachments.remove(chosen);
            }
            Ok(())
        }
        Action::Close | Action::Cancel => Ok(()),
    }
}

/// A presenter that asks whoever sits in front of the terminal.
#[derive(Debug)]
pub(crate) struct TerminalPresenter;

/// A terminal that goes away, or an interrupt, is a person who cancels.
fn cancelled(error: &anyhow::Error) -> Failure {
    Failure::new(Code::UserCancel, format!("{error:#}"))
}

impl Presenter for TerminalPresenter {
    fn offers_ui(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    fn show(&self, _ui: u64, request: &FormRequest) -> Result<FormOutcome> {
        converse(&mut AtTerminal, request).map_err(|error| cancelled(&error))
    }

    fn forms(&self, library: FormLibrary) -> Result<Vec<FormDefinition>> {
        Ok(definitions(library))
    }

    fn choose_profile(&self, _ui: u64, prompt: &ProfilePrompt) -> Result<String> {
        let first = prompt.profiles.iter().position(|name| Some(name) == prompt.preselected.as_ref()).unwrap_or(0);
        let names: Vec<String> = prompt.profiles.iter().map(|name| harmless(name).into_owned()).collect();
        if names.is_empty() {
            return Err(Failure::new(Code::UserCancel, "there is no profile to choose"));
        }
        let chosen = AtTerminal.choose("Profile", &names, first).map_err(|error| cancelled(&error))?;
        let name = chosen.and_then(|at| prompt.profiles.get(at)).cloned();
        name.ok_or_else(|| Failure::new(Code::UserCancel, "no profile was chosen"))
    }

    fn ask(&self, _ui: u64, _question: Question, text: &str) -> Result<bool> {
        let answer = Confirm::new().with_prompt(harmless(text)).default(false).interact_opt();
        let answer = answer.map_err(|error| cancelled(&error.into()))?;
        answer.ok_or_else(|| Failure::new(Code::UserCancel, "the question was not answered"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::tests::request;
    use super::*;
    use mapi_session::backend::MessageChanges;
    use mapi_session::properties::{Property, Value, tags};
    use std::collections::VecDeque;

    /// A person with a plan: what is chosen and typed, in order.
    #[derive(Default)]
    struct Planned {
        choices: VecDeque<usize>,
        typed: VecDeque<String>,
        seen: Vec<String>,
    }

    impl Person for Planned {
        fn tell(&mut self, text: &str) -> anyhow::Result<()> {
            self.seen.push(text.to_owned());
            Ok(())
        }

        fn choose(&mut self, _: &str, choices: &[String], _: usize) -> anyhow::Result<Option<usize>> {
            self.seen.extend(choices.iter().cloned());
            Ok(self.choices.pop_front())
        }

        fn line(&mut self, _: &str, given: &str) -> anyhow::Result<String> {
            self.seen.push(given.to_owned());
            Ok(self.typed.pop_front().unwrap_or_else(|| given.to_owned()))
        }

        fn text(&mut self, given: &str) -> anyhow::Result<String> {
            self.line("", given)
        }
    }

    /// What comes of a form, and everything that was shown.
    fn work(request: &FormRequest, plan: &[(Action, Option<&str>)]) -> (FormOutcome, String) {
        let place = |action: Action| Action::ALL.iter().position(|known| *known == action).unwrap();
        let mut person = Planned {
            choices: plan.iter().map(|(action, _)| place(*action)).collect(),
            typed: plan.iter().filter_map(|(_, typed)| typed.map(str::to_owned)).collect(),
            seen: Vec::new(),
        };
        (converse(&mut person, request).unwrap(), person.seen.join("\n"))
    }

    #[test]
    fn a_person_changes_fields_and_sends() {
        let plan = [
            (Action::Subject, Some("Better")),
            (Action::Text, Some("two")),
            (Action::List(Role::Cc), Some("Ben <ben@example.org>")),
            (Action::Close, None),
        ];
        let (outcome, seen) = work(&request("Plan", "one"), &plan);
        let FormOutcome::Closed(changes) = outcome else { panic!("{outcome:?}") };
        let set = |tag, text: &str| Property::new(tag, Value::Unicode(text.to_owned()));
        assert_eq!(changes.set, [set(tags::SUBJECT, "Better"), set(tags::BODY, "two")]);
        assert_eq!(changes.recipients.unwrap().len(), 2);
        assert!(seen.contains("Send") && seen.contains("Ann <ann@example.org>") && seen.contains("plan.txt"), "{seen}");
        let post = FormRequest { flags: POST, ..request("Plan", "one") };
        let (outcome, seen) = work(&post, &[]);
        assert_eq!(outcome, FormOutcome::Cancelled, "who chooses nothing cancels");
        assert!(seen.contains("Save") && !seen.contains("Send"), "{seen}");
    }

    #[test]
    fn nothing_a_message_says_acts_on_the_terminal_and_what_is_left_alone_is_kept() {
        let hostile = request("a\u{1b}[31mb", "c\u{9b}2J\r\nd\u{202e}e");
        let plan = [(Action::Subject, None), (Action::Text, None), (Action::Close, None)];
        let (outcome, seen) = work(&hostile, &plan);
        assert!(!seen.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{seen:?}");
        assert_eq!(outcome, FormOutcome::Closed(MessageChanges::default()));
    }

    #[test]
    fn a_mistake_is_said_and_the_form_goes_on() {
        let plan = [(Action::List(Role::To), Some("nobody")), (Action::Attach, Some("/nowhere")), (Action::Close, None)];
        let (outcome, seen) = work(&request("Plan", "one"), &plan);
        assert_eq!(outcome, FormOutcome::Closed(MessageChanges::default()));
        assert!(seen.contains("nobody") && seen.contains("/nowhere cannot be attached"), "{seen}");
    }

    #[test]
    fn a_message_that_may_not_be_changed_is_shown_only() {
        let (outcome, seen) = work(&FormRequest { access: 2, ..request("Plan", "one") }, &[(Action::Close, None)]);
        assert_eq!(outcome, FormOutcome::Cancelled);
        assert!(seen.contains("Plan") && !seen.contains("Send"), "{seen}");
    }
}
