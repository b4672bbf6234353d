//! The command line of profiles, message services and status objects.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum StatusCommand {
    /// Have the state of everything checked (ValidateState), and show it.
    Validate {
        /// Name of a row of the status table; the whole subsystem if absent.
        row: Option<String>,
    },
    /// Send what waits and fetch what is there, now (FlushQueues), and show the state.
    Flush {
        /// Name of the row of a transport; all transports if absent.
        transport: Option<String>,
        /// Send only.
        #[arg(long, conflicts_with = "download")]
        upload: bool,
        /// Fetch only.
        #[arg(long)]
        download: bool,
        /// Even if it is costly.
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// List the profiles (GetProfileTable).
    List,
    /// Create a profile with the default services (CreateProfile).
    Create {
        /// Its name: up to 64 letters, digits, underscores and embedded spaces.
        name: String,
        /// Make it the default profile.
        #[arg(long)]
        default: bool,
        /// Services to add instead of the default ones.
        #[arg(long, value_name = "SERVICE")]
        service: Vec<String>,
    },
    /// Delete a profile (DeleteProfile). Its store files stay where they are.
    Delete {
        /// Its name.
        name: String,
    },
    /// Copy a profile with all its services and settings (CopyProfile).
    Copy {
        /// Its name.
        name: String,
        /// Name of the copy.
        new_name: String,
    },
    /// Rename a profile (RenameProfile). One in use gets its new name when its last session ends.
    Rename {
        /// Its name.
        name: String,
        /// The new name.
        new_name: String,
    },
    /// Make a profile the default one (SetDefaultProfile).
    Default {
        /// Its name; absent: no default profile any more.
        name: Option<String>,
    },
    /// List the services and providers of a profile (GetMsgServiceTable, GetProviderTable).
    Services,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Add a service (CreateMsgServiceEx, ConfigureMsgService).
    #[command(subcommand)]
    Add(ServiceSettings),
    /// Change settings of a service; what is not given stays (ConfigureMsgService).
    #[command(subcommand)]
    Configure(ServiceSettings),
    /// Remove a service (DeleteMsgService).
    Remove {
        /// Its name, such as "smtp", or its identifier.
        service: String,
    },
    #[command(flatten)]
    Arrangement(ServiceArrangement),
}

/// What is done with services that are there.
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceArrangement {
    /// List the services in the order they were added (GetMsgServiceTable).
    List,
    /// List the providers and other sections of a service, or all providers of the profile (GetProviderTable).
    Providers {
        /// Name of the service, such as "smtp", or its identifier.
        service: Option<String>,
    },
    /// Copy a service with its settings and passwords (CopyMsgService).
    Copy {
        /// Its name, such as "smtp", or its identifier.
        service: String,
        /// The profile to copy it into; this one if absent.
        #[arg(long, value_name = "PROFILE")]
        to: Option<String>,
    },
    /// Put the transports in order (MsgServiceTransportOrder), or show their order.
    Order {
        /// Names of services or identifiers of transports, the first choice first; what is not named follows.
        transports: Vec<String>,
    },
    /// Choose the service that says who sends (SetPrimaryIdentity), or show which one does.
    Identity {
        /// Its name, such as "smtp", or its identifier.
        service: Option<String>,
        /// No service says so any more.
        #[arg(long, conflicts_with = "service")]
        none: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceSettings {
    /// A mail server to send through (SMTP).
    Smtp(SmtpArguments),
    /// Mail between the profiles of this data folder, without any server.
    Local(IdentityArguments),
}

#[derive(Debug, Args)]
pub(crate) struct IdentityArguments {
    /// The address the profile sends from and, without a server, receives at.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) from: Option<String>,
    /// The name that goes with it.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SmtpArguments {
    #[command(flatten)]
    pub(crate) identity: IdentityArguments,
    /// Name of the mail server.
    #[arg(long, value_name = "HOST")]
    pub(crate) server: Option<String>,
    /// Its port; 587, or 465 with --security tls, if absent.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// How the connection is protected; starttls if absent.
    #[arg(long, value_enum)]
    pub(crate) security: Option<SecurityArgument>,
    /// Name of the user at the server. The password is asked for, unless a file or a variable holds it; it
    /// is never an argument, which everybody on the machine could read.
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// File whose first line is the password; "-": standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
    pub(crate) password_file: Option<PathBuf>,
    /// Environment variable that holds the password.
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) password_env: Option<String>,
    /// The password is an OAuth 2 token (XOAUTH2).
    #[arg(long)]
    pub(crate) token: bool,
    /// File of certificates (PEM) to trust besides those of the system.
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    /// Seconds to wait for a reply of the server; 30 if absent.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub(crate) reply_time: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SecurityArgument {
    /// STARTTLS; without it nothing is sent.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// STARTTLS where the server offers it; no password without it.
    Opportunistic,
    /// Everything in the clear, the password too.
    None,
}
