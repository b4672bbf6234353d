//! The command line.

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
    /// Import mail from mbox files, Maildir folders and single messages, compressed or not.
    Import(ImportArguments),
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
    /// Print what happens in a store, folder or table, by whichever program, until interrupted (Advise).
    Watch(WatchArguments),
    /// Show the status table of the session (GetStatusTable).
    Status,
    /// Check the integrity of the stores of the profile.
    Check(CheckArguments),
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
    /// Make a profile the default one (SetDefaultProfile).
    Default {
        /// Its name; absent: no default profile any more.
        name: Option<String>,
    },
    /// List the services and providers of a profile (GetMsgServiceTable, GetProviderTable).
    Services,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Archives: mbox files, Maildir folders or .eml files; .gz, .xz and .zst are decompressed.
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
    /// Columns: property names separated by commas, "all", or "default".
    #[arg(long, short, value_name = "PROPERTIES", default_value = "received,from,subject,size")]
    pub(crate) columns: String,
    /// Rows to show, such as 'subject contains "plan" and received > 2024-01-01'.
    #[arg(long, short, value_name = "EXPRESSION", conflicts_with = "restrict_json")]
    pub(crate) restrict: Option<String>,
    /// The same as a JSON tree.
    #[arg(long, value_name = "JSON")]
    pub(crate) restrict_json: Option<String>,
    /// Order: property names separated by commas, a minus in front for descending.
    #[arg(long, short, value_name = "PROPERTIES", allow_hyphen_values = true)]
    pub(crate) sort: Option<String>,
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
    /// Write attachments into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) save_attachments: Option<PathBuf>,
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
pub(crate) struct CheckArguments {
    /// Mend what can be mended.
    #[arg(long)]
    pub(crate) repair: bool,
}
