//! Codes and failures.

use crate::world::mapi::session::types as wire;
use mapi_engine::error::{Code, Failure, FailureDetail, MapiError, Origin};
use mapi_engine::properties::PropTag;

macro_rules! codes {
    ($($wire:ident = $engine:ident,)*) => {
        impl From<Code> for wire::Scode {
            fn from(code: Code) -> Self {
                let name = match code {
                    $(Code::$engine => wire::Code::$wire,)*
                    Code::Other(_) => wire::Code::Other,
                };
                Self { code: name, raw: code.raw() }
            }
        }

        impl From<wire::Scode> for Code {
            fn from(code: wire::Scode) -> Self {
                match code.code {
                    $(wire::Code::$wire => Code::$engine,)*
                    wire::Code::Other => Code::from_raw(code.raw),
                }
            }
        }
    };
}

codes! {
    SOk = SOk,
    SFalse = SFalse,
    MapiECallFailed = CallFailed,
    MapiEInterfaceNotSupported = InterfaceNotSupported,
    EUnexpected = EUnexpected,
    OleobjSCannotDoverbNow = OleobjSCannotDoverbNow,
    StgEInvalidfunction = StgEInvalidfunction,
    StgEAccessdenied = StgEAccessdenied,
    StgEMediumfull = StgEMediumfull,
    StgEReverted = StgEReverted,
    MapiESearchFolderScopeViolation = SearchFolderScopeViolation,
    MapiENoAccess = NoAccess,
    MapiENotEnoughMemory = NotEnoughMemory,
    MapiEInvalidParameter = InvalidParameter,
    MapiENoSupport = NoSupport,
    MapiEBadCharwidth = BadCharwidth,
    MapiEStringTooLong = StringTooLong,
    MapiEUnknownFlags = UnknownFlags,
    MapiEInvalidEntryid = InvalidEntryid,
    MapiEInvalidObject = InvalidObject,
    MapiEObjectChanged = ObjectChanged,
    MapiEObjectDeleted = ObjectDeleted,
    MapiEBusy = Busy,
    MapiENotEnoughDisk = NotEnoughDisk,
    MapiENotEnoughResources = NotEnoughResources,
    MapiENotFound = NotFound,
    MapiEVersion = Version,
    MapiELogonFailed = LogonFailed,
    MapiESessionLimit = SessionLimit,
    MapiEUserCancel = UserCancel,
    MapiEUnableToAbort = UnableToAbort,
    MapiENetworkError = NetworkError,
    MapiEDiskError = DiskError,
    MapiETooComplex = TooComplex,
    MapiEBadColumn = BadColumn,
    MapiEExtendedError = ExtendedError,
    MapiEComputed = Computed,
    MapiECorruptData = CorruptData,
    MapiEUnconfigured = Unconfigured,
    MapiEFailoneprovider = Failoneprovider,
    MapiEUnknownCpid = UnknownCpid,
    MapiEUnknownLcid = UnknownLcid,
    MapiEPasswordChangeRequired = PasswordChangeRequired,
    MapiEPasswordExpired = PasswordExpired,
    MapiEInvalidWorkstationAccount = InvalidWorkstationAccount,
    MapiEInvalidAccessTime = InvalidAccessTime,
    MapiEAccountDisabled = AccountDisabled,
    MapiEReconnected = Reconnected,
    MapiEOffline = Offline,
    MapiEEndOfSession = EndOfSession,
    MapiEUnknownEntryid = UnknownEntryid,
    MapiEMissingRequiredColumn = MissingRequiredColumn,
    MapiWNoService = WNoService,
    MapiEProfileDeleted = ProfileDeleted,
    MapiEBadValue = BadValue,
    MapiEInvalidType = InvalidType,
    MapiETypeNoSupport = TypeNoSupport,
    MapiEUnexpectedType = UnexpectedType,
    MapiETooBig = TooBig,
    MapiEDeclineCopy = DeclineCopy,
    MapiEUnexpectedId = UnexpectedId,
    MapiWErrorsReturned = WErrorsReturned,
    MapiEUnableToComplete = UnableToComplete,
    MapiETimeout = Timeout,
    MapiETableEmpty = TableEmpty,
    MapiETableTooBig = TableTooBig,
    MapiEInvalidBookmark = InvalidBookmark,
    MapiWPositionChanged = WPositionChanged,
    MapiWApproxCount = WApproxCount,
    MapiEWait = Wait,
    MapiECancel = Cancel,
    MapiENotMe = NotMe,
    MapiWCancelMessage = WCancelMessage,
    MapiECorruptStore = CorruptStore,
    MapiENotInQueue = NotInQueue,
    MapiENoSuppress = NoSuppress,
    MapiECollision = Collision,
    MapiENotInitialized = NotInitialized,
    MapiENonStandard = NonStandard,
    MapiENoRecipients = NoRecipients,
    MapiESubmitted = Submitted,
    MapiEHasFolders = HasFolders,
    MapiEHasMessages = HasMessages,
    MapiEFolderCycle = FolderCycle,
    MapiEStoreFull = StoreFull,
    MapiELockidLimit = LockidLimit,
    MapiWPartialCompletion = WPartialCompletion,
    MapiEAmbiguousRecip = AmbiguousRecip,
    SyncEObjectDeleted = SyncEObjectDeleted,
    SyncEIgnore = SyncEIgnore,
    SyncEConflict = SyncEConflict,
    SyncENoParent = SyncENoParent,
    SyncECycle = SyncECycle,
    SyncEUnsynchronized = SyncEUnsynchronized,
    SyncWProgress = SyncWProgress,
    SyncWClientChangeNewer = SyncWClientChangeNewer,
    MapiENamedPropQuotaExceeded = NamedPropQuotaExceeded,
}

/// The warning of a success, `None` for a plain one.
pub(crate) fn scode(warning: Option<Code>) -> Option<wire::Scode> {
    warning.map(Into::into)
}

impl From<Failure> for wire::Failure {
    fn from(failure: Failure) -> Self {
        let FailureDetail { code, origin, tag, argument, retry, message, low_level } = failure.into_detail();
        Self {
            code: code.into(),
            origin: match origin {
                Origin::Session => wire::Origin::Session,
                Origin::Provider { name, uid } => wire::Origin::Provider(wire::ProviderName { name, uid: uid.into() }),
            },
            tag: tag.map(|tag| tag.0),
            argument: argument.map(Into::into),
            retry,
            message: message.into(),
            low_level,
        }
    }
}

/// A failure of a backend. A success in that place is `MAPI_E_CALL_FAILED`.
impl From<wire::Failure> for Failure {
    fn from(failure: wire::Failure) -> Self {
        let code = Code::from(failure.code);
        Self::from(FailureDetail {
            code: if code.is_error() { code } else { Code::CallFailed },
            origin: match failure.origin {
                wire::Origin::Session => Origin::Session,
                wire::Origin::Provider(provider) => Origin::Provider { name: provider.name, uid: provider.uid.into() },
            },
            tag: failure.tag.map(PropTag),
            argument: failure.argument.map(Into::into),
            retry: failure.retry,
            message: failure.message.into(),
            low_level: failure.low_level,
        })
    }
}

impl From<MapiError> for wire::MapiError {
    fn from(error: MapiError) -> Self {
        let MapiError { error, component, low_level, context } = error;
        Self { version: 0, error: Some(error), component: Some(component), low_level_error: low_level, context }
    }
}

/// Why a backend's answer cannot be used.
pub(crate) fn plain(message: &'static str) -> Failure {
    Failure::new(Code::CorruptData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_the_border() {
        for &code in Code::NAMED {
            let wire = wire::Scode::from(code);
            assert_ne!(wire.code, wire::Code::Other, "{code}");
            assert_eq!(Code::from(wire), code);
        }
        let other = Code::Other(0x8004_FFFF);
        assert_eq!(Code::from(wire::Scode::from(other)), other);
    }

    #[test]
    fn a_backend_that_fails_with_a_success_has_failed() {
        let failure = wire::Failure {
            code: Code::SOk.into(),
            origin: wire::Origin::Session,
            tag: None,
            argument: None,
            retry: false,
            message: String::new(),
            low_level: 0,
        };
        assert_eq!(Failure::from(failure).code(), Code::CallFailed);
    }
}
