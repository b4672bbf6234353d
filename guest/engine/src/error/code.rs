//! The codes of `errors` 2, by their MAPI names.

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $value:literal, $name:literal;)*) => {
        /// A result code. The variants are named after the `MAPI_E_*`, `MAPI_W_*`, `STG_E_*` and `SYNC_*`
        /// constants; a value outside that list is [`Code::Other`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
            /// A value this engine has no name for, passed through unchanged (`errors` 1).
            Other(u32),
        }

        impl Code {
            /// Every named code, in the order of `errors` 2.
            pub const NAMED: &'static [Code] = &[$(Code::$variant,)*];

            /// The 32-bit value.
            #[must_use]
            pub const fn raw(self) -> u32 {
                match self {
                    $(Code::$variant => $value,)*
                    Code::Other(raw) => raw,
                }
            }

            /// The code with that 32-bit value.
            #[must_use]
            pub const fn from_raw(raw: u32) -> Self {
                match raw {
                    $($value => Code::$variant,)*
                    other => Code::Other(other),
                }
            }

            /// The name of the constant, `None` for [`Code::Other`].
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Code::$variant => Some($name),)*
                    Code::Other(_) => None,
                }
            }
        }
    };
}

codes! {
    /// `S_OK`: success.
    SOk = 0x00000000, "S_OK";
    /// `S_FALSE`: success, negative answer (forms).
    SFalse = 0x00000001, "S_FALSE";
    /// `MAPI_E_CALL_FAILED`: unexpected failure; SetDefaultProfile on an application profile.
    CallFailed = 0x80004005, "MAPI_E_CALL_FAILED";
    /// `MAPI_E_INTERFACE_NOT_SUPPORTED`: iid not served by the object.
    InterfaceNotSupported = 0x80004002, "MAPI_E_INTERFACE_NOT_SUPPORTED";
    /// `E_UNEXPECTED`: wrong state (forms).
    EUnexpected = 0x8000FFFF, "E_UNEXPECTED";
    /// `OLEOBJ_S_CANNOT_DOVERB_NOW`: success: verb valid but impossible now (forms).
    OleobjSCannotDoverbNow = 0x00040181, "OLEOBJ_S_CANNOT_DOVERB_NOW";
    /// `STG_E_INVALIDFUNCTION`: streams of OpenProperty: seek before 0; write on a read-only stream; no room; object invalidated.
    StgEInvalidfunction = 0x80030001, "STG_E_INVALIDFUNCTION";
    /// `STG_E_ACCESSDENIED`: streams of OpenProperty: seek before 0; write on a read-only stream; no room; object invalidated.
    StgEAccessdenied = 0x80030005, "STG_E_ACCESSDENIED";
    /// `STG_E_MEDIUMFULL`: streams of OpenProperty: seek before 0; write on a read-only stream; no room; object invalidated.
    StgEMediumfull = 0x80030070, "STG_E_MEDIUMFULL";
    /// `STG_E_REVERTED`: streams of OpenProperty: seek before 0; write on a read-only stream; no room; object invalidated.
    StgEReverted = 0x80030102, "STG_E_REVERTED";
    /// `MAPI_E_SEARCH_FOLDER_SCOPE_VIOLATION`: setSearchCriteria, search folder in the scope (stores.md 6.1).
    SearchFolderScopeViolation = 0x80040490, "MAPI_E_SEARCH_FOLDER_SCOPE_VIOLATION";
    /// `MAPI_E_NO_ACCESS`: read-only object, missing permission, name taken (profiles), single-copy service, locked section, wrong old password.
    NoAccess = 0x80070005, "MAPI_E_NO_ACCESS";
    /// `MAPI_E_NOT_ENOUGH_MEMORY`: also: property too large for one call, use a stream.
    NotEnoughMemory = 0x8007000E, "MAPI_E_NOT_ENOUGH_MEMORY";
    /// `MAPI_E_INVALID_PARAMETER`: argument absent, malformed, reserved not zero, illegal combination.
    InvalidParameter = 0x80070057, "MAPI_E_INVALID_PARAMETER";
    /// `MAPI_E_NO_SUPPORT`: not implemented by this object or provider; event not supported.
    NoSupport = 0x80040102, "MAPI_E_NO_SUPPORT";
    /// `MAPI_E_BAD_CHARWIDTH`: string width not supported.
    BadCharwidth = 0x80040103, "MAPI_E_BAD_CHARWIDTH";
    /// `MAPI_E_STRING_TOO_LONG`: string exceeds limit.
    StringTooLong = 0x80040105, "MAPI_E_STRING_TOO_LONG";
    /// `MAPI_E_UNKNOWN_FLAGS`: undefined or reserved flag bit.
    UnknownFlags = 0x80040106, "MAPI_E_UNKNOWN_FLAGS";
    /// `MAPI_E_INVALID_ENTRYID`: malformed identifier.
    InvalidEntryid = 0x80040107, "MAPI_E_INVALID_ENTRYID";
    /// `MAPI_E_INVALID_OBJECT`: object invalidated (session ended, MakeInvalid).
    InvalidObject = 0x80040108, "MAPI_E_INVALID_OBJECT";
    /// `MAPI_E_OBJECT_CHANGED`: changed since opening; SaveChanges.
    ObjectChanged = 0x80040109, "MAPI_E_OBJECT_CHANGED";
    /// `MAPI_E_OBJECT_DELETED`: deleted since opening.
    ObjectDeleted = 0x8004010A, "MAPI_E_OBJECT_DELETED";
    /// `MAPI_E_BUSY`: operation in progress (tables, status, flush, engine call from inside a provider call); wrong number of transports.
    Busy = 0x8004010B, "MAPI_E_BUSY";
    /// `MAPI_E_NOT_ENOUGH_DISK`: storage full.
    NotEnoughDisk = 0x8004010D, "MAPI_E_NOT_ENOUGH_DISK";
    /// `MAPI_E_NOT_ENOUGH_RESOURCES`: system resources; a host limit; notification queue overflow.
    NotEnoughResources = 0x8004010E, "MAPI_E_NOT_ENOUGH_RESOURCES";
    /// `MAPI_E_NOT_FOUND`: object, property, row, profile, section, service, connection absent.
    NotFound = 0x8004010F, "MAPI_E_NOT_FOUND";
    /// `MAPI_E_VERSION`: interface versions incompatible.
    Version = 0x80040110, "MAPI_E_VERSION";
    /// `MAPI_E_LOGON_FAILED`: logon refused; unknown profile at logon and at AdminServices; password given.
    LogonFailed = 0x80040111, "MAPI_E_LOGON_FAILED";
    /// `MAPI_E_SESSION_LIMIT`: too many sessions (provider, initialisation).
    SessionLimit = 0x80040112, "MAPI_E_SESSION_LIMIT";
    /// `MAPI_E_USER_CANCEL`: user cancelled.
    UserCancel = 0x80040113, "MAPI_E_USER_CANCEL";
    /// `MAPI_E_UNABLE_TO_ABORT`: operation cannot be stopped (tables, AbortSubmit).
    UnableToAbort = 0x80040114, "MAPI_E_UNABLE_TO_ABORT";
    /// `MAPI_E_NETWORK_ERROR`: communication failure.
    NetworkError = 0x80040115, "MAPI_E_NETWORK_ERROR";
    /// `MAPI_E_DISK_ERROR`: read or write failure.
    DiskError = 0x80040116, "MAPI_E_DISK_ERROR";
    /// `MAPI_E_TOO_COMPLEX`: restriction, sort, request beyond the implementation.
    TooComplex = 0x80040117, "MAPI_E_TOO_COMPLEX";
    /// `MAPI_E_BAD_COLUMN`: column not usable.
    BadColumn = 0x80040118, "MAPI_E_BAD_COLUMN";
    /// `MAPI_E_EXTENDED_ERROR`: details only through GetLastError.
    ExtendedError = 0x80040119, "MAPI_E_EXTENDED_ERROR";
    /// `MAPI_E_COMPUTED`: property is computed, cannot be set or copied; callers ignore it in problem lists.
    Computed = 0x8004011A, "MAPI_E_COMPUTED";
    /// `MAPI_E_CORRUPT_DATA`: stored data damaged.
    CorruptData = 0x8004011B, "MAPI_E_CORRUPT_DATA";
    /// `MAPI_E_UNCONFIGURED`: provider lacks configuration: entry point, one retry, then inactive.
    Unconfigured = 0x8004011C, "MAPI_E_UNCONFIGURED";
    /// `MAPI_E_FAILONEPROVIDER`: this provider only; service stays enabled.
    Failoneprovider = 0x8004011D, "MAPI_E_FAILONEPROVIDER";
    /// `MAPI_E_UNKNOWN_CPID`: server lacks the client's code page.
    UnknownCpid = 0x8004011E, "MAPI_E_UNKNOWN_CPID";
    /// `MAPI_E_UNKNOWN_LCID`: server lacks the client's locale.
    UnknownLcid = 0x8004011F, "MAPI_E_UNKNOWN_LCID";
    /// `MAPI_E_PASSWORD_CHANGE_REQUIRED`: access-denied flavours, used at provider logon.
    PasswordChangeRequired = 0x80040120, "MAPI_E_PASSWORD_CHANGE_REQUIRED";
    /// `MAPI_E_PASSWORD_EXPIRED`: MAPI_E_PASSWORD_EXPIRED.
    PasswordExpired = 0x80040121, "MAPI_E_PASSWORD_EXPIRED";
    /// `MAPI_E_INVALID_WORKSTATION_ACCOUNT`: MAPI_E_INVALID_WORKSTATION_ACCOUNT.
    InvalidWorkstationAccount = 0x80040122, "MAPI_E_INVALID_WORKSTATION_ACCOUNT";
    /// `MAPI_E_INVALID_ACCESS_TIME`: MAPI_E_INVALID_ACCESS_TIME.
    InvalidAccessTime = 0x80040123, "MAPI_E_INVALID_ACCESS_TIME";
    /// `MAPI_E_ACCOUNT_DISABLED`: MAPI_E_ACCOUNT_DISABLED.
    AccountDisabled = 0x80040124, "MAPI_E_ACCOUNT_DISABLED";
    /// `MAPI_E_RECONNECTED`: connection was re-established; repeat the call.
    Reconnected = 0x80040125, "MAPI_E_RECONNECTED";
    /// `MAPI_E_OFFLINE`: server needed but unreachable or working offline.
    Offline = 0x80040126, "MAPI_E_OFFLINE";
    /// `MAPI_E_END_OF_SESSION`: session or connection ends; payload of shared-logoff notification; retry if it came from a server connection.
    EndOfSession = 0x80040200, "MAPI_E_END_OF_SESSION";
    /// `MAPI_E_UNKNOWN_ENTRYID`: no open provider owns the identifier.
    UnknownEntryid = 0x80040201, "MAPI_E_UNKNOWN_ENTRYID";
    /// `MAPI_E_MISSING_REQUIRED_COLUMN`: setSearchPath rows.
    MissingRequiredColumn = 0x80040202, "MAPI_E_MISSING_REQUIRED_COLUMN";
    /// `MAPI_W_NO_SERVICE`: queryIdentity found no identity; fixed identifier returned.
    WNoService = 0x00040203, "MAPI_W_NO_SERVICE";
    /// `MAPI_E_PROFILE_DELETED`: profile vanished; not produced here except by host storage failure (decision).
    ProfileDeleted = 0x80040204, "MAPI_E_PROFILE_DELETED";
    /// `MAPI_E_BAD_VALUE`: value not acceptable.
    BadValue = 0x80040301, "MAPI_E_BAD_VALUE";
    /// `MAPI_E_INVALID_TYPE`: property type invalid.
    InvalidType = 0x80040302, "MAPI_E_INVALID_TYPE";
    /// `MAPI_E_TYPE_NO_SUPPORT`: type or method not supported.
    TypeNoSupport = 0x80040303, "MAPI_E_TYPE_NO_SUPPORT";
    /// `MAPI_E_UNEXPECTED_TYPE`: type differs from the one expected.
    UnexpectedType = 0x80040304, "MAPI_E_UNEXPECTED_TYPE";
    /// `MAPI_E_TOO_BIG`: request too large: split it.
    TooBig = 0x80040305, "MAPI_E_TOO_BIG";
    /// `MAPI_E_DECLINE_COPY`: provider leaves copying to the engine (MAPI_DECLINE_OK 0x4).
    DeclineCopy = 0x80040306, "MAPI_E_DECLINE_COPY";
    /// `MAPI_E_UNEXPECTED_ID`: identifier in a range not allowed here.
    UnexpectedId = 0x80040307, "MAPI_E_UNEXPECTED_ID";
    /// `MAPI_W_ERRORS_RETURNED`: some properties or providers failed; outputs valid.
    WErrorsReturned = 0x00040380, "MAPI_W_ERRORS_RETURNED";
    /// `MAPI_E_UNABLE_TO_COMPLETE`: operation cannot be finished.
    UnableToComplete = 0x80040400, "MAPI_E_UNABLE_TO_COMPLETE";
    /// `MAPI_E_TIMEOUT`: logon lock not obtained; asynchronous table wait over; host time limit, synchronous flush bound.
    Timeout = 0x80040401, "MAPI_E_TIMEOUT";
    /// `MAPI_E_TABLE_EMPTY`: MAPI_E_TABLE_EMPTY.
    TableEmpty = 0x80040402, "MAPI_E_TABLE_EMPTY";
    /// `MAPI_E_TABLE_TOO_BIG`: more rows than the caller's limit (query all rows).
    TableTooBig = 0x80040403, "MAPI_E_TABLE_TOO_BIG";
    /// `MAPI_E_INVALID_BOOKMARK`: bookmark unknown or void.
    InvalidBookmark = 0x80040405, "MAPI_E_INVALID_BOOKMARK";
    /// `MAPI_W_POSITION_CHANGED`: bookmark row moved or gone; position next to it.
    WPositionChanged = 0x00040481, "MAPI_W_POSITION_CHANGED";
    /// `MAPI_W_APPROX_COUNT`: row count is an estimate.
    WApproxCount = 0x00040482, "MAPI_W_APPROX_COUNT";
    /// `MAPI_E_WAIT`: submitMessage: call again later.
    Wait = 0x80040500, "MAPI_E_WAIT";
    /// `MAPI_E_CANCEL`: submitMessage: transport wants the message cancelled here.
    Cancel = 0x80040501, "MAPI_E_CANCEL";
    /// `MAPI_E_NOT_ME`: submitMessage: not for this transport.
    NotMe = 0x80040502, "MAPI_E_NOT_ME";
    /// `MAPI_W_CANCEL_MESSAGE`: spoolerYield: stop the message in progress.
    WCancelMessage = 0x00040580, "MAPI_W_CANCEL_MESSAGE";
    /// `MAPI_E_CORRUPT_STORE`: MAPI_E_CORRUPT_STORE.
    CorruptStore = 0x80040600, "MAPI_E_CORRUPT_STORE";
    /// `MAPI_E_NOT_IN_QUEUE`: abortSubmit.
    NotInQueue = 0x80040601, "MAPI_E_NOT_IN_QUEUE";
    /// `MAPI_E_NO_SUPPRESS`: setReadFlag(s): receipts cannot be suppressed.
    NoSuppress = 0x80040602, "MAPI_E_NO_SUPPRESS";
    /// `MAPI_E_COLLISION`: name exists (folders, entries, subobjects).
    Collision = 0x80040604, "MAPI_E_COLLISION";
    /// `MAPI_E_NOT_INITIALIZED`: engine not initialised; service without entry point.
    NotInitialized = 0x80040605, "MAPI_E_NOT_INITIALIZED";
    /// `MAPI_E_NON_STANDARD`: MAPI_E_NON_STANDARD.
    NonStandard = 0x80040606, "MAPI_E_NON_STANDARD";
    /// `MAPI_E_NO_RECIPIENTS`: submitMessage.
    NoRecipients = 0x80040607, "MAPI_E_NO_RECIPIENTS";
    /// `MAPI_E_SUBMITTED`: message is in the queue, cannot be opened for change.
    Submitted = 0x80040608, "MAPI_E_SUBMITTED";
    /// `MAPI_E_HAS_FOLDERS`: deleteFolder.
    HasFolders = 0x80040609, "MAPI_E_HAS_FOLDERS";
    /// `MAPI_E_HAS_MESSAGES`: deleteFolder.
    HasMessages = 0x8004060A, "MAPI_E_HAS_MESSAGES";
    /// `MAPI_E_FOLDER_CYCLE`: destination inside source; part of the work may be done.
    FolderCycle = 0x8004060B, "MAPI_E_FOLDER_CYCLE";
    /// `MAPI_E_STORE_FULL`: quota.
    StoreFull = 0x8004060C, "MAPI_E_STORE_FULL";
    /// `MAPI_E_LOCKID_LIMIT`: server limit.
    LockidLimit = 0x8004060D, "MAPI_E_LOCKID_LIMIT";
    /// `MAPI_W_PARTIAL_COMPLETION`: some items of a batch failed.
    WPartialCompletion = 0x00040680, "MAPI_W_PARTIAL_COMPLETION";
    /// `MAPI_E_AMBIGUOUS_RECIP`: resolveName.
    AmbiguousRecip = 0x80040700, "MAPI_E_AMBIGUOUS_RECIP";
    /// `SYNC_E_OBJECT_DELETED`: synchronisation only, likewise below.
    SyncEObjectDeleted = 0x80040800, "SYNC_E_OBJECT_DELETED";
    /// `SYNC_E_IGNORE`: SYNC_E_IGNORE.
    SyncEIgnore = 0x80040801, "SYNC_E_IGNORE";
    /// `SYNC_E_CONFLICT`: SYNC_E_CONFLICT.
    SyncEConflict = 0x80040802, "SYNC_E_CONFLICT";
    /// `SYNC_E_NO_PARENT`: SYNC_E_NO_PARENT.
    SyncENoParent = 0x80040803, "SYNC_E_NO_PARENT";
    /// `SYNC_E_CYCLE`: SYNC_E_CYCLE.
    SyncECycle = 0x80040804, "SYNC_E_CYCLE";
    /// `SYNC_E_UNSYNCHRONIZED`: SYNC_E_UNSYNCHRONIZED.
    SyncEUnsynchronized = 0x80040805, "SYNC_E_UNSYNCHRONIZED";
    /// `SYNC_W_PROGRESS`: more work pending.
    SyncWProgress = 0x00040820, "SYNC_W_PROGRESS";
    /// `SYNC_W_CLIENT_CHANGE_NEWER`: SYNC_W_CLIENT_CHANGE_NEWER.
    SyncWClientChangeNewer = 0x00040821, "SYNC_W_CLIENT_CHANGE_NEWER";
    /// `MAPI_E_NAMED_PROP_QUOTA_EXCEEDED`: mailbox may not map more names.
    NamedPropQuotaExceeded = 0x80040900, "MAPI_E_NAMED_PROP_QUOTA_EXCEEDED";
}

impl Code {
    /// Whether bit 31 is set. Warnings are successes that carry their values (`errors` 1).
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.raw() & 0x8000_0000 != 0
    }

    /// Whether this is a success other than `S_OK`.
    #[must_use]
    pub const fn is_warning(self) -> bool {
        !self.is_error() && self.raw() != 0
    }

    /// Whether a provider may answer with this code: codes of the general, RPC, storage, interface and
    /// operating-system facilities pass through, others become `MAPI_E_CALL_FAILED` (`errors` 1).
    #[must_use]
    pub const fn passes_through(self) -> bool {
        matches!((self.raw() >> 16) & 0x7FF, 0 | 1 | 3 | 4 | 7)
    }
}

impl core::fmt::Display for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:08X}", self.raw()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_code_survives_the_trip_through_its_number() {
        for &code in Code::NAMED {
            assert_eq!(Code::from_raw(code.raw()), code);
        }
        assert_eq!(Code::from_raw(0x8004_FFFF), Code::Other(0x8004_FFFF));
    }

    #[test]
    fn a_warning_is_not_an_error() {
        assert!(Code::WErrorsReturned.is_warning());
        assert!(!Code::WErrorsReturned.is_error());
        assert!(Code::NotFound.is_error());
    }
}
