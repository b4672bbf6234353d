//! `mapi form`: messages in their forms (`session` 9).

use crate::addresses::{Role, written};
use crate::args::{FormCommand, PresenterArguments};
use crate::commands::reply::{self, Answer};
use crate::commands::{form_library, queue, spool};
use crate::compose::{Draft, open_folder};
use crate::context::Context;
use crate::forms::{ScriptedPresenter, TerminalPresenter};
use crate::target;
use crate::terminal::harmless;
use anyhow::{Context as _, bail, ensure};
use mapi_session::backend::Presenter as _;
use mapi_session::error::Code;
use mapi_session::flags::{GetPropsFlags, LogoffFlags, ShowFormFlags};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{Folder, FormMessage, Message, MessageStore, Session, SharedPresenter, Subsystem};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

/// Whoever works on forms, and answers what else is asked.
pub(crate) fn presenter(arguments: &PresenterArguments) -> anyhow::Result<Arc<SharedPresenter>> {
    Ok(match &arguments.script {
        Some(path) => Arc::new(ScriptedPresenter::read(path)?),
        None => Arc::new(TerminalPresenter),
    })
}

/// What the session works with.
struct Bench<'a> {
    context: &'a Context,
    subsystem: Subsystem,
    session: Session,
    store: MessageStore,
}

pub(crate) async fn run(context: &Context, command: &FormCommand) -> anyhow::Result<ExitCode> {
    let asked = match command {
        FormCommand::Show { presenter, .. } | FormCommand::Compose { presenter, .. } | FormCommand::Reply { presenter, .. } => {
            presenter
        }
        FormCommand::List { folder } => return form_library::list(context, folder.as_deref()).await,
        FormCommand::Install { definition, folder, replace } => {
            return form_library::install(context, definition, folder.as_deref(), *replace).await;
        }
        FormCommand::Remove { class, folder } => return form_library::remove(context, class, folder.as_deref()).await,
    };
    let presenter = presenter(asked)?;
    ensure!(presenter.offers_ui(), "a form needs a terminal; say with --script what is to be done instead");
    let subsystem = context.subsystem_with(Some(presenter)).await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let bench = Bench { context, subsystem, session, store };
    match command {
        FormCommand::Show { target, send, .. } => bench.show(target, *send).await?,
        FormCommand::Compose { to, subject, post, .. } => bench.compose(to, subject, post.as_deref()).await?,
        FormCommand::Reply { target, all, no_quote, .. } => {
            bench.reply(target, &Answer { all: *all, quote: !no_quote }).await?;
        }
        FormCommand::List { .. } | FormCommand::Install { .. } | FormCommand::Remove { .. } => {}
    }
    bench.session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

impl Bench<'_> {
    async fn show(&self, target: &str, send: bool) -> anyhow::Result<()> {
        const WANTED: [PropTag; 5] =
            [tags::MESSAGE_CLASS, tags::MSG_STATUS, tags::MESSAGE_FLAGS, tags::ACCESS, tags::PARENT_ENTRYID];
        let message = target::message(&self.store, target).await?;
        let values = message.properties().await?.get_props(Some(&WANTED), GetPropsFlags::MAPI_UNICODE).await?.value;
        let number = |at: usize| match values.get(at).map(|property| &property.value) {
            Some(Value::Long(number)) => number.cast_unsigned(),
            _ => 0,
        };
        let (Some(Value::Unicode(class)), Some(Value::Binary(parent))) =
            (values.first().map(|property| &property.value), values.get(4).map(|property| &property.value))
        else {
            bail!("the message has no class, or lies in no folder");
        };
        let shown =
            FormMessage { message_class: class.clone(), message_status: number(1), message_flags: number(2), access: number(3) };
        let folder = open_folder(&self.store, parent).await?;
        let flags = if send { ShowFormFlags::empty() } else { ShowFormFlags::MAPI_POST_MESSAGE };
        self.work(message, &folder, flags, shown).await
    }

    async fn compose(&self, to: &str, subject: &str, post: Option<&str>) -> anyhow::Result<()> {
        let draft = Draft::to_complete(written(Role::To, to)?, subject.to_owned(), String::new());
        let mut flags = ShowFormFlags::MAPI_NEW_MESSAGE;
        let folder = match post {
            Some(path) => {
                flags |= ShowFormFlags::MAPI_POST_MESSAGE;
                Some(target::folder(&self.store, path, false).await?)
            }
            None => None,
        };
        self.new_message(&draft, folder, flags).await
    }

    async fn reply(&self, target: &str, answer: &Answer) -> anyhow::Result<()> {
        let message = target::message(&self.store, target).await?;
        let begun = reply::begin(&self.session, &message, answer).await?;
        let body = if begun.quoted.is_empty() { String::new() } else { format!("\r\n\r\n{}", begun.quoted) };
        let draft = Draft::to_complete(begun.recipients, begun.subject, body).with(begun.thread);
        self.new_message(&draft, None, ShowFormFlags::MAPI_NEW_MESSAGE).await
    }

    /// Creates a message in a folder, or in the Outbox, and shows its form.
    async fn new_message(&self, draft: &Draft, folder: Option<Folder>, flags: ShowFormFlags) -> anyhow::Result<()> {
        let places = [tags::IPM_OUTBOX_ENTRYID, tags::IPM_SENTMAIL_ENTRYID];
        let places = self.store.properties().await?.get_props(Some(&places), GetPropsFlags::empty()).await?.value;
        let [Property { value: Value::Binary(outbox), .. }, Property { value: Value::Binary(sent), .. }] = places.as_slice()
        else {
            bail!("the store has no Outbox and no Sent Items folder");
        };
        let folder = match folder {
            Some(folder) => folder,
            None => open_folder(&self.store, outbox).await.context("the Outbox cannot be opened")?,
        };
        let message = draft.create_in(&folder, sent).await?;
        self.work(message, &folder, flags, FormMessage::of_class("IPM.Note")).await
    }

    /// Shows the form, and says what became of the message.
    async fn work(&self, message: Message, folder: &Folder, flags: ShowFormFlags, shown: FormMessage) -> anyhow::Result<()> {
        let before = queue::rows(&self.store).await?;
        let is_read_only = shown.access & 1 == 0;
        let token = self.session.prepare_form(message).await?;
        match self.session.show_form((&self.store, folder), token, flags, shown).await {
            Ok(()) if is_read_only => return self.say("shown", "Shown.", None),
            Ok(()) if flags.contains(ShowFormFlags::MAPI_POST_MESSAGE) => return self.say("saved", "Saved.", None),
            Ok(()) => {}
            Err(failure) if failure.code() == Code::UserCancel => {
                return self.say("cancelled", "Cancelled; nothing was saved.", None);
            }
            Err(failure) => return Err(failure.into()),
        }
        spool::turn_until_idle(&self.subsystem).await?;
        let is_new = |row: &queue::Waiting| !before.iter().any(|known| known.entry_id() == row.entry_id());
        match queue::rows(&self.store).await?.into_iter().find(is_new) {
            None => self.say("sent", "Sent.", None),
            Some(row) => {
                let line = format!("Not sent yet: {}. `mapi spool` tries again.", harmless(&row.reason()));
                self.say("waiting", &line, Some(&row))
            }
        }
    }

    fn say(&self, outcome: &str, line: &str, waiting: Option<&queue::Waiting>) -> anyhow::Result<()> {
        let output = &self.context.output;
        if output.json {
            return output.object(&json!({ "outcome": outcome, "waiting": waiting.map(queue::Waiting::object) }));
        }
        output.line(line)
    }
}
