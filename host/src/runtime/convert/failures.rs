//! Codes and failures.

use super::Wire;
use crate::runtime::world::mapi::session::types as wit;
use mapi_engine::error::{Code, Failure, FailureDetail, Origin, Result};
use mapi_engine::properties::{Guid, PropTag};

macro_rules! codes {
    ($($engine:ident $wit:ident;)*) => {
        fn named(code: Code) -> wit::Code {
            match code {
                $(Code::$engine => wit::Code::$wit,)*
                Code::Other(_) => wit::Code::Other,
            }
        }

        fn code(scode: &wit::Scode) -> Code {
            match scode.code {
                $(wit::Code::$wit => Code::$engine,)*
                wit::Code::Other => Code::from_raw(scode.raw),
            }
        }
    };
}

codes! {
    SOk SOk;
    SFalse SFalse;
    CallFailed MapiECallFailed;
    InterfaceNotSupported MapiEInterfaceNotSupported;
    EUnexpected EUnexpected;
    OleobjSCannotDoverbNow OleobjSCannotDoverbNow;
    StgEInvalidfunction StgEInvalidfunction;
    StgEAccessdenied StgEAccessdenied;
    StgEMediumfull StgEMediumfull;
    StgEReverted StgEReverted;
    SearchFolderScopeViolation MapiESearchFolderScopeViolation;
    NoAccess MapiENoAccess;
    NotEnoughMemory MapiENotEnoughMemory;
    InvalidParameter MapiEInvalidParameter;
    NoSupport MapiENoSupport;
    BadCharwidth MapiEBadCharwidth;
    StringTooLong MapiEStringTooLong;
    UnknownFlags MapiEUnknownFlags;
    InvalidEntryid MapiEInvalidEntryid;
    InvalidObject MapiEInvalidObject;
    ObjectChanged MapiEObjectChanged;
    ObjectDeleted MapiEObjectDeleted;
    Busy MapiEBusy;
    NotEnoughDisk MapiENotEnoughDisk;
    NotEnoughResources MapiENotEnoughResources;
    NotFound MapiENotFound;
    Version MapiEVersion;
    LogonFailed MapiELogonFailed;
    SessionLimit MapiESessionLimit;
    UserCancel MapiEUserCancel;
    UnableToAbort MapiEUnableToAbort;
    NetworkError MapiENetworkError;
    DiskError MapiEDiskError;
    TooComplex MapiETooComplex;
    BadColumn MapiEBadColumn;
    ExtendedError MapiEExtendedError;
    Computed MapiEComputed;
    CorruptData MapiECorruptData;
    Unconfigured MapiEUnconfigured;
    Failoneprovider MapiEFailoneprovider;
    UnknownCpid MapiEUnknownCpid;
    UnknownLcid MapiEUnknownLcid;
    PasswordChangeRequired MapiEPasswordChangeRequired;
    PasswordExpired MapiEPasswordExpired;
    InvalidWorkstationAccount MapiEInvalidWorkstationAccount;
    InvalidAccessTime MapiEInvalidAccessTime;
    AccountDisabled MapiEAccountDisabled;
    Reconnected MapiEReconnected;
    Offline MapiEOffline;
    EndOfSession MapiEEndOfSession;
    UnknownEntryid MapiEUnknownEntryid;
    MissingRequiredColumn MapiEMissingRequiredColumn;
    WNoService MapiWNoService;
    ProfileDeleted MapiEProfileDeleted;
    BadValue MapiEBadValue;
    InvalidType MapiEInvalidType;
    TypeNoSupport MapiETypeNoSupport;
    UnexpectedType MapiEUnexpectedType;
    TooBig MapiETooBig;
    DeclineCopy MapiEDeclineCopy;
    UnexpectedId MapiEUnexpectedId;
    WErrorsReturned MapiWErrorsReturned;
    UnableToComplete MapiEUnableToComplete;
    Timeout MapiETimeout;
    TableEmpty MapiETableEmpty;
    TableTooBig MapiETableTooBig;
    InvalidBookmark MapiEInvalidBookmark;
    WPositionChanged MapiWPositionChanged;
    WApproxCount MapiWApproxCount;
    Wait MapiEWait;
    Cancel MapiECancel;
    NotMe MapiENotMe;
    WCancelMessage MapiWCancelMessage;
    CorruptStore MapiECorruptStore;
    NotInQueue MapiENotInQueue;
    NoSuppress MapiENoSuppress;
    Collision MapiECollision;
    NotInitialized MapiENotInitialized;
    NonStandard MapiENonStandard;
    NoRecipients MapiENoRecipients;
    Submitted MapiESubmitted;
    HasFolders MapiEHasFolders;
    HasMessages MapiEHasMessages;
    FolderCycle MapiEFolderCycle;
    StoreFull MapiEStoreFull;
    LockidLimit MapiELockidLimit;
    WPartialCompletion MapiWPartialCompletion;
    AmbiguousRecip MapiEAmbiguousRecip;
    SyncEObjectDeleted SyncEObjectDeleted;
    SyncEIgnore SyncEIgnore;
    SyncEConflict SyncEConflict;
    SyncENoParent SyncENoParent;
    SyncECycle SyncECycle;
    SyncEUnsynchronized SyncEUnsynchronized;
    SyncWProgress SyncWProgress;
    SyncWClientChangeNewer SyncWClientChangeNewer;
    NamedPropQuotaExceeded MapiENamedPropQuotaExceeded;
}

impl Wire for Code {
    type Wit = wit::Scode;

    fn into_wit(self) -> wit::Scode {
        wit::Scode { code: named(self), raw: self.raw() }
    }

    fn from_wit(scode: wit::Scode) -> Result<Self> {
        Ok(code(&scode))
    }
}

impl Wire for Failure {
    type Wit = wit::Failure;

    fn into_wit(self) -> wit::Failure {
        let FailureDetail { code, origin, tag, argument, retry, message, low_level } = self.into_detail();
        wit::Failure {
            code: code.into_wit(),
            origin: match origin {
                Origin::Session => wit::Origin::Session,
                Origin::Provider { name, uid } => wit::Origin::Provider(wit::ProviderName { name, uid: uid.into_wit() }),
            },
            tag: tag.map(|tag| tag.0),
            argument: argument.map(Into::into),
            retry,
            message: message.into(),
            low_level,
        }
    }

    fn from_wit(failure: wit::Failure) -> Result<Self> {
        let wit::Failure { code: scode, origin, tag, argument, retry, message, low_level } = failure;
        Ok(FailureDetail {
            code: code(&scode),
            origin: match origin {
                wit::Origin::Session => Origin::Session,
                wit::Origin::Provider(provider) => Origin::Provider { name: provider.name, uid: Guid::from_wit(provider.uid)? },
            },
            tag: tag.map(PropTag),
            argument: argument.map(Into::into),
            retry,
            message: message.into(),
            low_level,
        }
        .into())
    }
}
