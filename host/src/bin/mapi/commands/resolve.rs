//! `mapi resolve`: ResolveName.

use crate::address_book::{self, Candidate};
use crate::args::ResolveArguments;
use crate::context::Context;
use crate::terminal::Grid;
use mapi_session::expression::hexadecimal;
use mapi_session::flags::{LogoffFlags, ResolveNameFlags};
use mapi_session::properties::tags;
use mapi_session::{AddressBook, NamedRecipient, Verdict};
use std::process::ExitCode;

pub(crate) async fn run(context: &Context, arguments: &ResolveArguments) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let book = address_book::open(&session).await?;
    let list = arguments.names.iter().map(|name| NamedRecipient::named(name).properties).collect();
    let resolved = book.resolve_name(ResolveNameFlags::MAPI_UNICODE, list).await?;
    let mut grid = Grid::new(&[("typed", false), ("result", false), ("name", false), ("address", false)]);
    for (typed, recipient) in arguments.names.iter().zip(&resolved.recipients) {
        let several = match recipient.verdict {
            Verdict::Ambiguous => candidates(&book, typed).await?,
            _ => Vec::new(),
        };
        if context.output.json {
            context.output.object(&object(typed, recipient, &several))?;
            continue;
        }
        let name = match recipient.verdict {
            Verdict::Resolved => address_book::text(&recipient.properties, tags::DISPLAY_NAME),
            _ => String::new(),
        };
        grid.row([typed.clone(), word(recipient.verdict).to_owned(), name, address_book::address(&recipient.properties)]);
        for candidate in &several {
            grid.row(["", "  or", &candidate.name, &candidate.address]);
        }
    }
    if !context.output.json {
        context.output.line(grid.to_string().trim_end())?;
    }
    session.logoff(LogoffFlags::empty()).await?;
    match resolved.unresolved {
        None => Ok(ExitCode::SUCCESS),
        Some(failure) => Err(failure.into()),
    }
}

/// The entries an ambiguous name may stand for: those of the first container that knows it.
async fn candidates(book: &AddressBook, name: &str) -> anyhow::Result<Vec<Candidate>> {
    for container in address_book::search_path(book).await? {
        let found = address_book::candidates(&container, name).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Resolved => "found",
        Verdict::Ambiguous => "ambiguous",
        Verdict::Unresolved => "unknown",
    }
}

fn object(typed: &str, recipient: &NamedRecipient, several: &[Candidate]) -> serde_json::Value {
    let text = |tag| address_book::text(&recipient.properties, tag);
    let mut object = serde_json::json!({ "typed": typed, "result": word(recipient.verdict) });
    if recipient.verdict == Verdict::Resolved {
        object["name"] = text(tags::DISPLAY_NAME).into();
        object["type"] = text(tags::ADDRTYPE).into();
        object["address"] = text(tags::EMAIL_ADDRESS).into();
        object["entry_id"] = hexadecimal(&address_book::bytes(&recipient.properties, tags::ENTRYID)).into();
    }
    if !several.is_empty() {
        let candidate = |candidate: &Candidate| {
            let id = hexadecimal(&candidate.entry_id);
            serde_json::json!({ "name": candidate.name, "address": candidate.address, "entry_id": id })
        };
        object["candidates"] = several.iter().map(candidate).collect();
    }
    object
}
