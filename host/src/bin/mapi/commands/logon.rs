//! `mapi logon`: logs on with flags and shows what came of it (`session` 2).

use crate::args::{LogonArguments, LogonFlag};
use crate::commands::form::presenter;
use crate::commands::status;
use crate::context::Context;
use crate::output::cell_text;
use crate::terminal::harmless;
use anyhow::Context as _;
use mapi_session::error::{Code, MapiError};
use mapi_session::expression::value_to_json;
use mapi_session::flags::{GetStatusTableFlags, LogoffFlags, LogonFlags, OpenAddressBookFlags, QueryRowsFlags, SetColumnsFlags};
use mapi_session::properties::{PropTag, Property, Value, tags};
use mapi_session::{LogonOptions, Session};
use serde_json::json;
use std::process::ExitCode;

/// What is shown of each row of the status table.
const COLUMNS: [PropTag; 4] = [tags::DISPLAY_NAME, tags::RESOURCE_TYPE, tags::STATUS_CODE, tags::STATUS_STRING];

/// `MAPI_SUBSYSTEM`: the row that carries the name of the profile.
const SUBSYSTEM: i32 = 39;

fn flags(named: &[LogonFlag]) -> LogonFlags {
    let flag = |flag: &LogonFlag| match flag {
        LogonFlag::LogonUi => LogonFlags::MAPI_LOGON_UI,
        LogonFlag::NewSession => LogonFlags::MAPI_NEW_SESSION,
        LogonFlag::AppProfile => LogonFlags::MAPI_APP_PROFILE,
        LogonFlag::AllowOthers => LogonFlags::MAPI_ALLOW_OTHERS,
        LogonFlag::ExplicitProfile => LogonFlags::MAPI_EXPLICIT_PROFILE,
        LogonFlag::UseDefault => LogonFlags::MAPI_USE_DEFAULT,
        LogonFlag::ForceDownload => LogonFlags::MAPI_FORCE_DOWNLOAD,
        LogonFlag::ServiceUiAlways => LogonFlags::MAPI_SERVICE_UI_ALWAYS,
        LogonFlag::NoMail => LogonFlags::MAPI_NO_MAIL,
        LogonFlag::NtService => LogonFlags::MAPI_NT_SERVICE,
        LogonFlag::PasswordUi => LogonFlags::MAPI_PASSWORD_UI,
        LogonFlag::TimeoutShort => LogonFlags::MAPI_TIMEOUT_SHORT,
        LogonFlag::BgSession => LogonFlags::MAPI_BG_SESSION,
    };
    named.iter().map(flag).fold(LogonFlags::MAPI_EXTENDED, |all, flag| all | flag)
}

pub(crate) async fn run(context: &Context, arguments: &LogonArguments) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem_with(Some(presenter(&arguments.presenter)?)).await?;
    let options = LogonOptions { profile: context.profile.clone(), flags: flags(&arguments.flags) };
    let session = match subsystem.logon(options).await {
        Ok(session) => session,
        Err(failed) => {
            let details = failed.error.as_ref().map(|error| error.error.clone());
            return Err(anyhow::Error::new(failed)).with_context(|| match details {
                Some(text) => format!("the logon failed: {}", harmless(&text)),
                None => "the logon failed".to_owned(),
            });
        }
    };
    show(context, &session).await?;
    let how = if arguments.ask_at_logoff { LogoffFlags::MAPI_LOGOFF_UI } else { LogoffFlags::empty() };
    match session.logoff(how).await {
        Err(failure) if failure.code() == Code::UserCancel => {
            // The process ends, and the session with it: mail that waits is not lost.
            anstream::eprintln!("Not logged off, because mail waits to be sent; `mapi spool` sends it.");
        }
        done => done?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The warning of a code, with what the session knows of it.
async fn last_error(session: &Session, code: Code) -> anyhow::Result<Option<MapiError>> {
    Ok(session.get_last_error(code).await?)
}

/// Why mail could not be fetched at the logon: it does not fail for that, and the last error knows. It explains the
/// code it is about, and no other; opening the address book would replace it.
async fn download_error(session: &Session) -> anyhow::Result<Option<MapiError>> {
    const CODES: [Code; 6] = [Code::NetworkError, Code::Offline, Code::Timeout, Code::Busy, Code::NoAccess, Code::CallFailed];
    for code in CODES {
        if let Some(error) = last_error(session, code).await? {
            return Ok(Some(error));
        }
    }
    Ok(None)
}

async fn show(context: &Context, session: &Session) -> anyhow::Result<()> {
    let of_logon = download_error(session).await?;
    let opened = session.open_address_book(OpenAddressBookFlags::empty()).await?;
    let warning = opened.warning;
    let error = match warning {
        Some(code) => last_error(session, code).await?.or(of_logon),
        None => of_logon,
    };
    let table = session.get_status_table(GetStatusTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&COLUMNS, SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
    let kind = |row: &[Property]| match row.get(1).map(|cell| &cell.value) {
        Some(Value::Long(kind)) => *kind,
        _ => 0,
    };
    let profile = rows.iter().find(|row| kind(row) == SUBSYSTEM).and_then(|row| row.first()).map(|cell| cell_text(&cell.value));
    let profile = profile.unwrap_or_default();
    if context.output.json {
        let provider = |row: &Vec<Property>| {
            let cell = |at: usize| row.get(at).map(|cell| &cell.value).filter(|value| !matches!(value, Value::Error(_)));
            json!({
                "name": cell(0).map(value_to_json),
                "type": kind(row),
                "status": cell(2).map(value_to_json),
                "text": cell(3).map(value_to_json),
            })
        };
        return context.output.object(&json!({
            "profile": profile,
            "providers": rows.iter().map(provider).collect::<Vec<_>>(),
            "warning": warning.map(|code| code.to_string()),
            "error": error.map(|error| error.error),
        }));
    }
    context.output.line(&format!("Logged on to the profile {profile}."))?;
    context.output.line(status::in_words(&rows).to_string().trim_end())?;
    if let Some(code) = warning {
        context.output.line(&format!("Warning: {code}."))?;
    }
    if let Some(error) = error {
        context.output.line(&format!("Last error: {}", harmless(&error.error)))?;
    }
    Ok(())
}
