//! The command line.

mod administration;
mod forms;

pub(crate) use administration::{
    IdentityArguments, ProfileCommand, SecurityArgument, ServiceArrangement, ServiceCommand, ServiceSettings, SmtpArguments,
    StatusCommand,
};

pub(crate) use forms::{FormCommand, LogonArguments, LogonFlag, PresenterArguments};

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Mail through Extended MAPI: import archives, browse tables, read messages, administer profiles.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Folder that holds everything: profiles, stores, the compiled component. Nothing is kept elsewhere.
    #[arg(long, global = true, value_name = "DIR", env = "MAPI_DATA", default_value_os_t = default_data())]
    pub(crate) data: PathBuf,

    /// Profile to log on with; the default profile if absent.
    #[arg(long, short, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Print one JSON object per line instead of columns for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    pub(crate) color: Colour,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

fn default_data() -> PathBuf {
    directories::ProjectDirs::from("", "", "mapi").map_or_else(|| PathBuf::from("mapi-data"), |dirs| dirs.data_dir().to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell the whole story on a sample mailbox, or on the archive named.
    Demo(DemoArguments),
    /// List, create and delete profiles.
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Add, configure and remove the message services of the profile: what it sends and receives with.
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Import mail from mbox files, Maildir folders and single messages, compressed or not.
    Import(ImportArguments),
    /// Export messages of folders to an mbox file, a Maildir or single files.
    Export(ExportArguments),
    /// List the message stores of the profile (GetMsgStoresTable).
    Stores,
    /// List the folders of a store (GetHierarchyTable).
    Folders(FoldersArguments),
    /// Show a table: the contents of a folder with any columns, restriction and order (IMAPITable).
    Table(TableArguments),
    /// Print the properties of a store, folder or message (GetPropList, GetProps).
    Props(PropsArguments),
    /// Show a message as a person reads it.
    Show(ShowArguments),
    /// Send what waits in the outgoing queue, and receive what transports have.
    Spool(SpoolArguments),
    /// Show the outgoing queue (GetOutgoingQueue), or take messages back from it.
    Queue {
        /// What to do; absent: show the queue.
        #[command(subcommand)]
        command: Option<QueueCommand>,
    },
    /// Look recipients up in the address book (ResolveName). The exit status is 1 unless all are found.
    Resolve(ResolveArguments),
    /// List, show and change entries of the address book.
    #[command(subcommand)]
    Ab(AbCommand),
    /// Print what happens in a store, folder or table, by whichever program, until interrupted (Advise).
    Watch(WatchArguments),
    /// Write a message and send it (IMessage, SubmitMessage).
    Send(SendArguments),
    /// Answer a message.
    Reply(ReplyArguments),
    /// Work on a message in its form (PrepareForm, ShowForm): at the terminal, or as a script says.
    #[command(subcommand)]
    Form(FormCommand),
    /// Log on with flags, and show what session that is (MAPILogonEx).
    Logon(LogonArguments),
    /// Copy messages, or a folder with what is in it, into another folder (CopyMessages, CopyFolder).
    Cp(CopyArguments),
    /// Move messages, or a folder, into another folder (CopyMessages, CopyFolder).
    Mv(CopyArguments),
    /// Delete messages (DeleteMessages).
    Rm(RemoveArguments),
    /// Create folders (CreateFolder).
    Mkdir(MkdirArguments),
    /// Delete folders (DeleteFolder).
    Rmdir(RmdirArguments),
    /// Mark messages as read, unread and so on (SetReadFlags, SetMessageStatus).
    Mark(MarkArguments),
    /// Show who is logged on, and which address types can be sent to (QueryIdentity, EnumAdrTypes).
    Identity,
    /// Show the status table of the session (GetStatusTable), or use a status object (IMAPIStatus).
    #[command(args_conflicts_with_subcommands = true)]
    Status {
        /// What to do; absent: show the table.
        #[command(subcommand)]
        command: Option<StatusCommand>,
        #[command(flatten)]
        watching: Watching,
    },
    /// Check the integrity of the stores of the profile.
    Check(CheckArguments),
    /// Copy the data folder, in use or not, to a new folder.
    Backup {
        /// The folder to make.
        target: PathBuf,
    },
    /// Put a backup in place of the data folder, which nobody may use meanwhile.
    Restore {
        /// The folder a backup made.
        source: PathBuf,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// An archive to use instead of the sample mailbox.
    pub(crate) archive: Option<PathBuf>,
    /// Re-check, in a process of its own, what an earlier run stated.
    #[arg(long, hide = true, value_name = "FILE")]
    pub(crate) recheck: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Archives: mbox files, Maildir folders with their subfolders, or .eml files; .gz, .xz and .zst are
    /// decompressed.
    #[arg(required = true, value_name = "ARCHIVE")]
    pub(crate) archives: Vec<PathBuf>,
    /// Folder to import into, created if it is missing, such as "Archive/2024".
    #[arg(long, value_name = "PATH", default_value = "Inbox")]
    pub(crate) folder: String,
    /// Build the text index later; searches answer rightly meanwhile.
    #[arg(long)]
    pub(crate) defer_indexing: bool,
    /// List every oddity found instead of the first ones.
    #[arg(long)]
    pub(crate) report_all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One file, quoted as mboxrd does.
    Mbox,
    /// A Maildir; what was read, flagged or answered shows in the names.
    Maildir,
    /// A directory with one .eml file a message.
    Eml,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// Folders to export, such as Inbox "Archive/2024".
    #[arg(required = true, value_name = "FOLDER")]
    pub(crate) folders: Vec<String>,
    /// The archive to write.
    #[arg(value_name = "TARGET")]
    pub(crate) target: PathBuf,
    /// What kind of archive to write.
    #[arg(long, short, value_enum, default_value_t = ExportFormat::Mbox)]
    pub(crate) format: ExportFormat,
    /// Messages to export, such as 'received > 2024-01-01'.
    #[arg(long, short, value_name = "EXPRESSION")]
    pub(crate) restrict: Option<String>,
    /// Replace an archive of the same kind that is there already.
    #[arg(long)]
    pub(crate) force: bool,
    /// Compose every message from its properties, also those that were not changed since they were received.
    #[arg(long)]
    pub(crate) composed: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SpoolArguments {
    /// Do what can be done now, and end. That is the default.
    #[arg(long)]
    pub(crate) once: bool,
    /// Go on until interrupted.
    #[arg(long, conflicts_with = "once")]
    pub(crate) follow: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// Take messages back (AbortSubmit); they are drafts again.
    Abort {
        /// Places in the queue, counted from 0, or entry identifiers in hexadecimal.
        #[arg(required_unless_present = "all", value_name = "MESSAGE")]
        messages: Vec<String>,
        /// All that wait.
        #[arg(long, conflicts_with = "messages")]
        all: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct FoldersArguments {
    /// Begin at this folder instead of the top of the store.
    pub(crate) path: Option<String>,
    /// Only the immediate subfolders.
    #[arg(long)]
    pub(crate) shallow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TableArguments {
    /// The folder.
    #[arg(default_value = "Inbox")]
    pub(crate) folder: String,
    /// The hidden messages instead (MAPI_ASSOCIATED).
    #[arg(long)]
    pub(crate) associated: bool,
    /// Columns: property names separated by commas, "all", or "default". "each:" in front of a multi-valued one
    /// shows a row for each of its values, here and in --sort.
    #[arg(long, short, value_name = "PROPERTIES", default_value = "received,from,subject,size")]
    pub(crate) columns: String,
    /// Rows to show, such as 'subject contains "plan" and received > 2024-01-01'.
    #[arg(long, short, value_name = "EXPRESSION", conflicts_with = "restrict_json")]
    pub(crate) restrict: Option<String>,
    /// The same as a JSON tree.
    #[arg(long, value_name = "JSON")]
    pub(crate) restrict_json: Option<String>,
    /// Order: property names separated by commas, a minus in front for descending. With categories also
    /// "combine:" for a name that joins the one before it, and "max:" or "min:" right behind the categories.
    #[arg(long, short, value_name = "PROPERTIES", allow_hyphen_values = true)]
    pub(crate) sort: Option<String>,
    /// How many of the first names of --sort make categories.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "sort")]
    pub(crate) categories: u32,
    /// How many levels of categories begin expanded.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "categories")]
    pub(crate) expanded: u32,
    /// Expand the category whose header is at this row (ExpandRow).
    #[arg(long, value_name = "ROW", requires = "categories")]
    pub(crate) expand: Vec<u32>,
    /// Collapse the category whose header is at this row (CollapseRow), after everything is expanded.
    #[arg(long, value_name = "ROW", requires = "categories")]
    pub(crate) collapse: Vec<u32>,
    /// Begin at this row, counted from 0; from the end if negative.
    #[arg(long, value_name = "ROW", allow_hyphen_values = true, conflicts_with = "at")]
    pub(crate) position: Option<i64>,
    /// Begin at this share of the table, such as 1/3 (SeekRowApprox).
    #[arg(long, value_name = "NUM/DEN")]
    pub(crate) at: Option<String>,
    /// Begin at the first row that matches (FindRow).
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) find: Option<String>,
    /// At most that many rows.
    #[arg(long, short = 'n', value_name = "ROWS", default_value_t = 50)]
    pub(crate) limit: u32,
    /// Print only the number of rows (GetRowCount).
    #[arg(long)]
    pub(crate) count: bool,
    /// Instead of rows, say what of restriction, order and categories the store evaluates, and why not the rest.
    #[arg(long, conflicts_with_all = ["count", "find", "position", "at", "expand", "collapse", "watch"])]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) watching: Watching,
}

/// Watching the rows of a table.
#[derive(Debug, Args)]
pub(crate) struct Watching {
    /// Then print what happens to the rows, as it comes (IMAPITable::Advise).
    #[arg(long)]
    pub(crate) watch: bool,
    /// End after so many notifications.
    #[arg(long, value_name = "N", requires = "watch")]
    pub(crate) events: Option<u64>,
    /// End after so many seconds; a failure if fewer than --events came.
    #[arg(long, value_name = "SECONDS", requires = "watch")]
    pub(crate) timeout: Option<f64>,
}

#[derive(Debug, Args)]
pub(crate) struct Target {
    /// A folder path, an entry identifier in hexadecimal, or a row such as "Inbox:0".
    pub(crate) target: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PropsArguments {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Only these properties.
    #[arg(long, value_name = "PROPERTIES")]
    pub(crate) tags: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// An entry identifier in hexadecimal, or a row such as "Inbox:0".
    pub(crate) target: String,
    /// All headers as received.
    #[arg(long)]
    pub(crate) headers: bool,
    /// The whole message in RFC 5322 form: as received if it was not changed, else composed.
    #[arg(long, conflicts_with_all = ["headers", "save_attachments"])]
    pub(crate) source: bool,
    /// Write attachments into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) save_attachments: Option<PathBuf>,
}

/// Which messages of the places named.
#[derive(Debug, Args)]
pub(crate) struct Choice {
    /// Only messages that match, such as 'from contains "news" and received < 2023-01-01'.
    #[arg(long, short, value_name = "EXPRESSION")]
    pub(crate) restrict: Option<String>,
    /// Every message of the folders named.
    #[arg(long, conflicts_with = "restrict")]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CopyArguments {
    /// What: rows such as "Inbox:0", "Inbox:0-9" or "Inbox:0,3,5-7", entry identifiers in hexadecimal, or
    /// folders: their messages with --restrict or --all, else the folders themselves.
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    /// The folder to put it into.
    #[arg(value_name = "FOLDER")]
    pub(crate) destination: String,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// A new name for the folder that is copied or moved.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["restrict", "all"])]
    pub(crate) name: Option<String>,
    /// Create the destination if it is missing.
    #[arg(long)]
    pub(crate) create: bool,
    /// Only say what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArguments {
    /// Which: rows such as "Inbox:0" or "Inbox:0-9", entry identifiers in hexadecimal, or folders with
    /// --restrict or --all.
    #[arg(required = true, value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// For good; otherwise a store that keeps deleted items keeps them for a while.
    #[arg(long)]
    pub(crate) hard: bool,
    /// Only say what would be deleted.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MkdirArguments {
    /// The folders, such as "Archive/2024".
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    /// Create missing folders on the way, and do not mind one that is there.
    #[arg(long)]
    pub(crate) parents: bool,
    /// A comment for people.
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RmdirArguments {
    /// The folders.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    /// With everything that is in them.
    #[arg(long, short)]
    pub(crate) recursive: bool,
    /// For good; otherwise a store that keeps deleted items keeps them for a while.
    #[arg(long)]
    pub(crate) hard: bool,
    /// Only say what would be deleted.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What messages are marked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mark {
    /// Read; a read receipt that was asked for is sent.
    Read,
    /// Unread.
    Unread,
    /// Highlighted (MSGSTATUS_HIGHLIGHTED).
    Highlighted,
    /// Not highlighted.
    Unhighlighted,
    /// Tagged (MSGSTATUS_TAGGED).
    Tagged,
    /// Not tagged.
    Untagged,
    /// To be deleted (MSGSTATUS_DELMARKED); nothing is deleted by that.
    Delmarked,
    /// Not to be deleted.
    Undelmarked,
}

#[derive(Debug, Args)]
pub(crate) struct MarkArguments {
    /// As what.
    #[arg(value_enum)]
    pub(crate) mark: Mark,
    /// Which: rows such as "Inbox:0" or "Inbox:0-9", entry identifiers in hexadecimal, or folders with
    /// --restrict or --all.
    #[arg(required = true, value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Send no read receipt, even if one was asked for.
    #[arg(long)]
    pub(crate) no_receipt: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    /// A folder path, a row such as "Inbox:0", an entry identifier in hexadecimal, or "store".
    pub(crate) target: Option<String>,
    /// What happens to the rows of a table of the folder, instead of to objects (IMAPITable::Advise).
    #[arg(long, value_enum, value_name = "TABLE", num_args = 0..=1, require_equals = true, default_missing_value = "contents")]
    pub(crate) table: Option<WatchedTable>,
    /// Columns of the rows: property names separated by commas.
    #[arg(long, short, value_name = "PROPERTIES", requires = "table")]
    pub(crate) columns: Option<String>,
    /// End after so many notifications.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// End after so many seconds; a failure if fewer than --count came.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<f64>,
}

/// The tables of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WatchedTable {
    /// Its messages.
    Contents,
    /// Its hidden messages.
    Associated,
    /// The folders below it.
    Folders,
}

#[derive(Debug, Args)]
pub(crate) struct SendArguments {
    /// Recipients, such as "Ann <ann@example.org>, ben@example.org", or names of the address book.
    #[arg(long, value_name = "ADDRESSES", required_unless_present_any = ["cc", "bcc"])]
    pub(crate) to: Vec<String>,
    /// Recipients of copies.
    #[arg(long, value_name = "ADDRESSES")]
    pub(crate) cc: Vec<String>,
    /// Recipients of copies whom nobody else sees.
    #[arg(long, value_name = "ADDRESSES")]
    pub(crate) bcc: Vec<String>,
    /// The subject.
    #[arg(long, short, default_value = "")]
    pub(crate) subject: String,
    #[command(flatten)]
    pub(crate) content: ContentArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ReplyArguments {
    /// The message answered: an entry identifier in hexadecimal, or a row such as "Inbox:0".
    pub(crate) target: String,
    /// Answer everybody it went to, not only its sender.
    #[arg(long)]
    pub(crate) all: bool,
    /// Do not quote it.
    #[arg(long)]
    pub(crate) no_quote: bool,
    #[command(flatten)]
    pub(crate) content: ContentArguments,
}

/// What a message consists of besides its recipients and its subject.
#[derive(Debug, Args)]
pub(crate) struct ContentArguments {
    /// The text. Without it and --body-file it is read from standard input or, on a terminal, written in the
    /// editor that VISUAL or EDITOR names.
    #[arg(long, value_name = "TEXT", conflicts_with = "body_file")]
    pub(crate) body: Option<String>,
    /// File with the text, in UTF-8; "-": standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) body_file: Option<PathBuf>,
    /// File to attach; may be repeated.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) attach: Vec<PathBuf>,
    /// How important it is.
    #[arg(long, value_enum, default_value_t = Importance::Normal)]
    pub(crate) importance: Importance,
    /// Ask for a report when it is read.
    #[arg(long)]
    pub(crate) read_receipt: bool,
    /// Ask for a report when it is delivered.
    #[arg(long)]
    pub(crate) delivery_receipt: bool,
    /// Send it not before then: a time such as "2026-12-24 18:00", local unless it names a zone, or a delay
    /// such as "2h" (PR_DEFERRED_SEND_TIME).
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Show what would be sent; store and send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Importance {
    Low,
    Normal,
    High,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Mend what can be mended.
    #[arg(long)]
    pub(crate) repair: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ResolveArguments {
    /// Names as people type them, addresses, or `name[TYPE:address]`.
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AbCommand {
    /// List the containers of all address books (GetHierarchyTable of the root).
    Containers,
    /// List the entries of a container (GetContentsTable).
    List {
        /// Only entries this name stands for (PR_ANR).
        name: Option<String>,
        #[command(flatten)]
        place: Place,
        /// At most that many entries.
        #[arg(long, short = 'n', value_name = "ROWS", default_value_t = 1000)]
        limit: u32,
    },
    /// Show the properties of an entry, and the members of a distribution list.
    Show {
        /// A name, an address, or an entry identifier in hexadecimal.
        entry: String,
    },
    /// Add a person (CreateEntry).
    Add {
        /// The display name.
        name: String,
        /// The address.
        address: String,
        /// Its type.
        #[arg(long = "type", value_name = "TYPE", default_value = "SMTP")]
        kind: String,
        #[command(flatten)]
        more: Change,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        duplicates: Duplicates,
    },
    /// Add a distribution list (CreateEntry).
    AddList {
        /// The display name.
        name: String,
        /// Its members: names, addresses, or `name[TYPE:address]`.
        #[arg(value_name = "MEMBER")]
        members: Vec<String>,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        duplicates: Duplicates,
    },
    /// Change an entry (SetProps, DeleteProps, CopyEntries and DeleteEntries of a list).
    Edit {
        /// A name, an address, or an entry identifier in hexadecimal.
        entry: String,
        /// A new display name.
        #[arg(long)]
        name: Option<String>,
        /// A new address.
        #[arg(long)]
        address: Option<String>,
        #[command(flatten)]
        more: Change,
        /// Properties to delete, separated by commas.
        #[arg(long, value_name = "PROPERTIES")]
        unset: Option<String>,
        /// Make this a member of the list.
        #[arg(long, value_name = "MEMBER")]
        add_member: Vec<String>,
        /// End this membership of the list.
        #[arg(long, value_name = "MEMBER")]
        remove_member: Vec<String>,
    },
    /// Remove entries (DeleteEntries).
    Rm {
        /// Names, addresses, or entry identifiers in hexadecimal.
        #[arg(required = true, value_name = "ENTRY")]
        entries: Vec<String>,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The container, by name or entry identifier; the personal address book if absent (GetPAB).
    #[arg(long = "in", value_name = "CONTAINER")]
    pub(crate) container: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Change {
    /// A text to set, such as comment="met in Paris"; may be given several times.
    #[arg(long, value_name = "PROPERTY=TEXT")]
    pub(crate) set: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Duplicates {
    /// Replace an entry of the same name and address instead of refusing.
    #[arg(long, conflicts_with = "duplicate")]
    pub(crate) replace: bool,
    /// Add it also when there is one of the same name and address.
    #[arg(long)]
    pub(crate) duplicate: bool,
}
