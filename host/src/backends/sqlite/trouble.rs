//! What can go wrong inside a SQLite backend, and the sentence a person reads about it.

use crate::backends::sqlite::unshared::lacks_room;
use mapi_engine::error::{Code, Failure};
use rusqlite::ErrorCode;
use std::io::ErrorKind;
use std::path::Path;

/// The result of work inside a transaction.
pub type Outcome<T> = Result<T, Trouble>;

/// Why work inside a transaction failed.
#[derive(Debug)]
pub enum Trouble {
    /// SQLite's reason.
    Sql(rusqlite::Error),
    /// Ours.
    Failure(Failure),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<rusqlite::types::FromSqlError> for Trouble {
    fn from(error: rusqlite::types::FromSqlError) -> Self {
        Self::Sql(error.into())
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        let code = code_of(error.kind()).unwrap_or(Code::DiskError);
        Self::Failure(Failure::new(code, format!("A temporary file cannot be used: {error}.")))
    }
}

/// The code for a file that the system did not let be written: no room, or no right.
pub fn code_of(kind: ErrorKind) -> Option<Code> {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(Code::NotEnoughDisk),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Some(Code::NoAccess),
        _ => None,
    }
}

impl Trouble {
    /// Stored bytes that make no sense.
    #[must_use]
    pub fn damaged(what: &str) -> Self {
        Self::Failure(Failure::new(
            Code::CorruptData,
            format!("The store is damaged: {what}. Run a check of it, or restore it from a backup."),
        ))
    }

    /// The failure of the engine's border, as a sentence about that file.
    #[must_use]
    pub fn into_failure(self, what: &str, path: &Path) -> Failure {
        let error = match self {
            Self::Failure(failure) => return failure,
            Self::Sql(error) => error,
        };
        let file = path.display();
        let (code, advice) = match error.sqlite_error_code() {
            _ if lacks_room(&error) => {
                (Code::NotEnoughDisk, format!("The disk that holds the {what} {file} is full. Free some space and try again"))
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (Code::Busy, format!("Another program holds the {what} {file}. Try again when it is done"))
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                (Code::NoAccess, format!("The {what} {file} cannot be written. Check the permissions of the file and its folder"))
            }
            Some(ErrorCode::CannotOpen) => (
                Code::NoAccess,
                format!("The {what} {file} cannot be opened. Check that its folder exists and can be read and written"),
            ),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                (Code::CorruptStore, format!("The {what} {file} is damaged. Run a check of it, or restore it from a backup"))
            }
            Some(ErrorCode::SystemIoFailure) => {
                (Code::DiskError, format!("The {what} {file} cannot be read or written. Check the disk"))
            }
            Some(ErrorCode::OutOfMemory) => (Code::NotEnoughMemory, format!("Memory ran out while using the {what} {file}")),
            Some(ErrorCode::TooBig) => (Code::TooBig, format!("A value is too large for the {what} {file}")),
            _ => (Code::CallFailed, format!("The {what} {file} could not do what was asked")),
        };
        let low_level = match &error {
            rusqlite::Error::SqliteFailure(native, _) => native.extended_code.cast_unsigned(),
            _ => 0,
        };
        let retry = code == Code::Busy;
        Failure::new(code, format!("{advice} ({error}).")).with_low_level(low_level).with_retry(retry)
    }
}
