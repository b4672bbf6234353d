//! The command line of forms and of logging on.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum FormCommand {
    /// Show a message in its form; what is changed is saved.
    Show {
        /// An entry identifier in hexadecimal, or a row such as "Inbox:0".
        target: String,
        /// Send a copy with the changes, instead of saving them.
        #[arg(long)]
        send: bool,
        #[command(flatten)]
        presenter: PresenterArguments,
    },
    /// Write a new message in its form, and send it.
    Compose {
        /// Recipients to begin with, such as "Ann <ann@example.org>, ben@example.org".
        #[arg(long, value_name = "ADDRESSES", default_value = "")]
        to: String,
        /// The subject to begin with.
        #[arg(long, short, default_value = "")]
        subject: String,
        /// Save it in this folder, instead of sending it.
        #[arg(long, value_name = "FOLDER")]
        post: Option<String>,
        #[command(flatten)]
        presenter: PresenterArguments,
    },
    /// Answer a message in a form, and send the answer.
    Reply {
        /// The message answered: an entry identifier in hexadecimal, or a row such as "Inbox:0".
        target: String,
        /// Answer everybody it went to, not only its sender.
        #[arg(long)]
        all: bool,
        /// Do not quote it.
        #[arg(long)]
        no_quote: bool,
        #[command(flatten)]
        presenter: PresenterArguments,
    },
    /// List the forms of the libraries, in the order in which they are searched.
    List {
        /// The library of this folder too.
        #[arg(long, value_name = "FOLDER")]
        folder: Option<String>,
    },
    /// Register a form in your own library, or in that of a folder.
    Install {
        /// File in TOML: class, name, version, category, subcategory, contact, designer, hidden, platforms (numbers).
        definition: PathBuf,
        /// In the library of this folder.
        #[arg(long, value_name = "FOLDER")]
        folder: Option<String>,
        /// Replace a form of the class; otherwise it learns of further platforms only.
        #[arg(long)]
        replace: bool,
    },
    /// Remove the form of a class from your own library, or from that of a folder.
    Remove {
        /// The message class.
        class: String,
        /// From the library of this folder.
        #[arg(long, value_name = "FOLDER")]
        folder: Option<String>,
    },
}

/// Who works on a form.
#[derive(Debug, Args)]
pub(crate) struct PresenterArguments {
    /// File in TOML that says what is done, instead of a person: a table `[[form]]` for each form, with the fields
    /// to set (to, cc, bcc, subject, text, importance, attach, detach) or "cancel = true".
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct LogonArguments {
    /// The flags, separated by commas. Without a profile and without use-default somebody is asked.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FLAGS")]
    pub(crate) flags: Vec<LogonFlag>,
    /// Log off with MAPI_LOGOFF_UI: ask if mail waits to be sent.
    #[arg(long)]
    pub(crate) ask_at_logoff: bool,
    #[command(flatten)]
    pub(crate) presenter: PresenterArguments,
}

/// A flag of MAPILogonEx.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogonFlag {
    /// Ask for the profile and for what is missing.
    LogonUi,
    /// Do not join the shared session.
    NewSession,
    /// Offer application profiles too.
    AppProfile,
    /// Others may join the session.
    AllowOthers,
    /// The default profile does not stand for one that is not named.
    ExplicitProfile,
    /// Use the default profile.
    UseDefault,
    /// Fetch waiting mail before the logon returns.
    ForceDownload,
    /// Configure every message service first.
    ServiceUiAlways,
    /// Without sending and receiving.
    NoMail,
    /// As a service: nothing is asked.
    NtService,
    /// Ask for passwords only.
    PasswordUi,
    /// Wait five seconds at most.
    TimeoutShort,
    /// Work unobtrusively.
    BgSession,
}
