//! `mapi service`: IMsgServiceAdmin for the services that send and receive.
//!
//! A password comes from a prompt, a file, standard input or a variable, never from the command line.

use crate::args::{IdentityArguments, SecurityArgument, ServiceCommand, ServiceSettings, SmtpArguments};
use crate::context::Context;
use anyhow::{Context as _, bail};
use mapi_session::backends::smtp;
use mapi_session::error::Code;
use mapi_session::flags::{
    CreateMsgServiceFlags, GetMsgServiceTableFlags, GetStatusTableFlags, LogoffFlags, QueryRowsFlags, SetColumnsFlags,
};
use mapi_session::properties::{Guid, PropTag, Property, Value, tags};
use mapi_session::{ServiceAdmin, Subsystem};
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

/// Bytes of a password or a certificate file that are read; more is none.
const FILE_LIMIT: u64 = 1 << 20;

impl ServiceSettings {
    /// The key of the service in the catalogue, and the backend of its provider.
    const fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Smtp(_) => ("mapi.smtp", "smtp"),
            Self::Local(_) => ("mapi.local", "local"),
        }
    }

    fn properties(&self) -> anyhow::Result<Vec<Property>> {
        match self {
            Self::Smtp(arguments) => server(arguments),
            Self::Local(identity) => Ok(sender(identity)),
        }
    }
}

pub(crate) async fn run(context: &Context, command: &ServiceCommand) -> anyhow::Result<ExitCode> {
    match command {
        ServiceCommand::Add(settings) => {
            let (service, backend) = settings.names();
            let properties = settings.properties()?;
            let subsystem = context.subsystem().await?;
            let session = context.session(&subsystem).await?;
            add(&session.admin_services().await?, service, properties).await?;
            session.logoff(LogoffFlags::empty()).await?;
            check(context, &subsystem, service, backend, "added").await?;
        }
        ServiceCommand::Configure(settings) => {
            let (service, backend) = settings.names();
            let properties = settings.properties()?;
            if properties.is_empty() {
                bail!("nothing to configure; name a setting, such as --from");
            }
            let subsystem = context.subsystem().await?;
            let session = context.session(&subsystem).await?;
            let services = session.admin_services().await?;
            let uid = find(&services, service).await?;
            services
                .configure_msg_service(uid, properties)
                .await
                .with_context(|| format!("the service {service:?} cannot be configured so"))?;
            session.logoff(LogoffFlags::empty()).await?;
            check(context, &subsystem, service, backend, "configured").await?;
        }
        ServiceCommand::Remove { service } => {
            let subsystem = context.subsystem().await?;
            let session = context.session(&subsystem).await?;
            let services = session.admin_services().await?;
            services.delete_msg_service(find(&services, service).await?).await?;
            session.logoff(LogoffFlags::empty()).await?;
            if !context.output.json {
                context.output.line(&format!("Service {service} removed."))?;
            }
        }
        ServiceCommand::Arrangement(command) => super::services::run(context, command).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(services: &ServiceAdmin, service: &str, properties: Vec<Property>) -> anyhow::Result<()> {
    let uid = services.create_msg_service_ex(service, None, CreateMsgServiceFlags::empty()).await?;
    if let Err(failure) = services.configure_msg_service(uid, properties).await {
        // Half a service is worse than none.
        services.delete_msg_service(uid).await?;
        let missing = if failure.code() == Code::Unconfigured { "; --from and, for smtp, --server are needed" } else { "" };
        return Err(anyhow::Error::new(failure).context(format!("the service {service:?} cannot be configured so{missing}")));
    }
    Ok(())
}

/// The service with that identifier, or the newest one of that name; "smtp" means "mapi.smtp".
pub(super) async fn find(services: &ServiceAdmin, name: &str) -> anyhow::Result<Guid> {
    let table = services.get_msg_service_table(GetMsgServiceTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::SERVICE_NAME, tags::SERVICE_UID], SetColumnsFlags::empty()).await?;
    let mut names = Vec::new();
    for row in table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?.iter().rev() {
        if let [Property { value: Value::Unicode(known), .. }, Property { value: Value::Binary(uid), .. }] = row.as_slice() {
            if is_meant(known, uid, name) {
                return Guid::from_slice(uid).with_context(|| format!("the service {known:?} has no identifier"));
            }
            names.push(known.clone());
        }
    }
    bail!("the profile has no service {name:?}; it has {}", names.join(", "))
}

/// Whether somebody who writes that means the service, or provider, of that name and identifier.
pub(super) fn is_meant(known: &str, uid: &[u8], written: &str) -> bool {
    let identifier = || u128::from_str_radix(written, 16).is_ok_and(|number| written.len() == 32 && number.to_be_bytes() == uid);
    known == written || known.strip_prefix("mapi.") == Some(written) || identifier()
}

/// Logs on with the service and looks whether its provider is at work.
async fn check(context: &Context, subsystem: &Subsystem, service: &str, backend: &str, done: &str) -> anyhow::Result<()> {
    let session = context.session(subsystem).await?;
    let table = session.get_status_table(GetStatusTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::PROVIDER_DLL_NAME], SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
    let works = rows.iter().flatten().any(|cell| matches!(&cell.value, Value::Unicode(name) if name == backend));
    session.logoff(LogoffFlags::empty()).await?;
    if !works {
        bail!("the service {service:?} was {done}, but its provider does not start; look at its settings again");
    }
    if !context.output.json {
        context.output.line(&format!("Service {service} {done}."))?;
    }
    Ok(())
}

fn text(properties: &mut Vec<Property>, tag: PropTag, value: Option<&str>) {
    properties.extend(value.map(|value| Property::new(tag, Value::Unicode(value.to_owned()))));
}

fn sender(identity: &IdentityArguments) -> Vec<Property> {
    let mut properties = Vec::new();
    text(&mut properties, tags::SENDER_EMAIL_ADDRESS, identity.from.as_deref());
    text(&mut properties, tags::SENDER_NAME, identity.name.as_deref());
    properties
}

fn server(arguments: &SmtpArguments) -> anyhow::Result<Vec<Property>> {
    let mut properties = sender(&arguments.identity);
    text(&mut properties, smtp::SERVER, arguments.server.as_deref());
    let number = |tag, number: Option<u16>| number.map(|number| Property::new(tag, Value::Long(number.into())));
    properties.extend(number(smtp::PORT, arguments.port));
    properties.extend(number(smtp::REPLY_TIME, arguments.reply_time));
    let security = arguments.security.map(|security| match security {
        SecurityArgument::Starttls => "starttls",
        SecurityArgument::Tls => "tls",
        SecurityArgument::Opportunistic => "opportunistic",
        SecurityArgument::None => "none",
    });
    text(&mut properties, smtp::SECURITY, security);
    text(&mut properties, smtp::USER, arguments.user.as_deref());
    if let Some(path) = &arguments.trust {
        let mut certificates = String::new();
        let file = std::fs::File::open(path).with_context(|| format!("the certificates {} cannot be read", path.display()))?;
        file.take(FILE_LIMIT)
            .read_to_string(&mut certificates)
            .with_context(|| format!("the certificates {} are not in PEM form", path.display()))?;
        text(&mut properties, smtp::TRUSTED, Some(&certificates));
    }
    if let Some(secret) = secret(arguments)? {
        text(&mut properties, smtp::AUTHENTICATION, Some(if arguments.token { "xoauth2" } else { "password" }));
        text(&mut properties, smtp::PASSWORD, Some(&secret));
    } else if arguments.token {
        bail!("--token says what the password is; name where it stands with --password-file or --password-env");
    }
    Ok(properties)
}

/// The password, if one is to be set.
fn secret(arguments: &SmtpArguments) -> anyhow::Result<Option<String>> {
    let secret = if let Some(path) = &arguments.password_file {
        let input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(std::io::stdin())
        } else {
            Box::new(std::fs::File::open(path).with_context(|| format!("the password file {} cannot be read", path.display()))?)
        };
        let mut line = String::new();
        BufReader::new(input.take(FILE_LIMIT)).read_line(&mut line).context("the password cannot be read")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    } else if let Some(variable) = &arguments.password_env {
        std::env::var(variable).with_context(|| format!("the variable {variable} holds no password"))?
    } else if let Some(user) = &arguments.user {
        if !std::io::stdin().is_terminal() {
            bail!("there is nobody to ask for the password of {user:?}; use --password-file or --password-env");
        }
        rpassword::prompt_password(format!("Password of {user}: ")).context("the password cannot be read")?
    } else {
        return Ok(None);
    };
    if secret.is_empty() {
        bail!("the password is empty");
    }
    Ok(Some(secret))
}
