//! `mapi send`: a message composed, submitted, and sent if a transport takes it now.

use crate::addresses::{self, Recipient, Role};
use crate::args::SendArguments;
use crate::compose::Draft;
use crate::context::Context;
use crate::sending;
use mapi_session::Session;
use mapi_session::flags::LogoffFlags;
use std::process::ExitCode;

pub(crate) async fn run(context: &Context, arguments: &SendArguments) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let draft = Draft::new(recipients(&session, arguments).await?, &arguments.subject, &arguments.content, "")?;
    if arguments.content.dry_run {
        draft.show(context)?;
    } else {
        sending::send(context, &subsystem, &store, &draft).await?;
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

async fn recipients(session: &Session, arguments: &SendArguments) -> anyhow::Result<Vec<Recipient>> {
    let mut recipients = Vec::new();
    for (role, lists) in [(Role::To, &arguments.to), (Role::Cc, &arguments.cc), (Role::Bcc, &arguments.bcc)] {
        for list in lists {
            recipients.extend(addresses::resolve(session, role, list).await?);
        }
    }
    Ok(recipients)
}
