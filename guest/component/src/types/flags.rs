//! Flags: the world's typed ones and the engine's raw numbers.

use crate::world::mapi::session::{method_flags as flags, types};

/// A set of typed flags.
pub(crate) trait Bits {
    /// The number MAPI gives it.
    fn raw(self) -> u32;

    /// The set with that number; bits without a name are left out.
    fn from_raw(raw: u32) -> Self;
}

macro_rules! bits {
    ($($module:ident::$type:ident { $($flag:ident = $value:literal,)* })*) => { $(
        impl Bits for $module::$type {
            fn raw(self) -> u32 {
                let mut raw = 0;
                $(if self.contains(Self::$flag) {
                    raw |= $value;
                })*
                raw
            }

            fn from_raw(raw: u32) -> Self {
                let mut set = Self::empty();
                $(if raw & $value != 0 {
                    set |= Self::$flag;
                })*
                set
            }
        }
    )* };
}

bits! {
    types::FuzzyLevel {
        FL_SUBSTRING = 0x1,
        FL_PREFIX = 0x2,
        FL_PREFIX_ON_ANY_WORD = 0x10,
        FL_PHRASE_MATCH = 0x20,
        FL_IGNORECASE = 0x1_0000,
        FL_IGNORENONSPACE = 0x2_0000,
        FL_LOOSE = 0x4_0000,
    }
    flags::InitializeFlags {
        MAPI_MULTITHREAD_NOTIFICATIONS = 0x1,
        MAPI_NO_COINIT = 0x8,
        MAPI_NT_SERVICE = 0x1_0000,
    }
    flags::EventMask {
        FNEV_CRITICAL_ERROR = 0x1,
        FNEV_NEW_MAIL = 0x2,
        FNEV_OBJECT_CREATED = 0x4,
        FNEV_OBJECT_DELETED = 0x8,
        FNEV_OBJECT_MODIFIED = 0x10,
        FNEV_OBJECT_MOVED = 0x20,
        FNEV_OBJECT_COPIED = 0x40,
        FNEV_SEARCH_COMPLETE = 0x80,
        FNEV_TABLE_MODIFIED = 0x100,
        FNEV_STATUS_OBJECT_MODIFIED = 0x200,
        FNEV_INDEXING = 0x1_0000,
        FNEV_RESERVED_FOR_MAPI = 0x4000_0000,
        FNEV_EXTENDED = 0x8000_0000,
    }
    flags::LogonFlags {
        MAPI_LOGON_UI = 0x1,
        MAPI_NEW_SESSION = 0x2,
        MAPI_APP_PROFILE = 0x4,
        MAPI_ALLOW_OTHERS = 0x8,
        MAPI_EXPLICIT_PROFILE = 0x10,
        MAPI_EXTENDED = 0x20,
        MAPI_USE_DEFAULT = 0x40,
        MAPI_FORCE_DOWNLOAD = 0x1000,
        MAPI_SERVICE_UI_ALWAYS = 0x2000,
        MAPI_NO_MAIL = 0x8000,
        MAPI_NT_SERVICE = 0x1_0000,
        MAPI_PASSWORD_UI = 0x2_0000,
        MAPI_TIMEOUT_SHORT = 0x10_0000,
        MAPI_BG_SESSION = 0x20_0000,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::LogoffFlags {
        MAPI_LOGOFF_SHARED = 0x1,
        MAPI_LOGOFF_UI = 0x2,
    }
    flags::GetLastErrorFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::GetMsgStoresTableFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::OpenMsgStoreFlags {
        MDB_NO_DIALOG = 0x1,
        MDB_WRITE = 0x4,
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_BEST_ACCESS = 0x10,
        MDB_TEMPORARY = 0x20,
        MDB_NO_MAIL = 0x80,
        MDB_ONLINE = 0x100,
    }
    flags::GetStatusTableFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::SessionOpenEntryFlags {
        MAPI_MODIFY = 0x1,
        SHOW_SOFT_DELETES = 0x2,
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_BEST_ACCESS = 0x10,
        MAPI_GAL_ONLY = 0x80,
        MAPI_NO_CACHE = 0x200,
        MAPI_CACHE_ONLY = 0x4000,
    }
    flags::SaveChangesFlags {
        KEEP_OPEN_READONLY = 0x1,
        KEEP_OPEN_READWRITE = 0x2,
        FORCE_SAVE = 0x4,
        MAPI_DEFERRED_ERRORS = 0x8,
        SPAMFILTER_ONSAVE = 0x80,
        NON_EMS_XP_SAVE = 0x1000,
    }
    flags::GetPropsFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::GetPropListFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::OpenPropertyFlags {
        MAPI_MODIFY = 0x1,
        MAPI_CREATE = 0x2,
        MAPI_DEFERRED_ERRORS = 0x8,
    }
    flags::OpenPropertyOptions {
        STGM_WRITE = 0x1,
        STGM_READWRITE = 0x2,
        STREAM_APPEND = 0x4,
        STGM_TRANSACTED = 0x1_0000,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::GetNamesFromIdsFlags {
        MAPI_NO_STRINGS = 0x1,
        MAPI_NO_IDS = 0x2,
    }
    flags::GetIdsFromNamesFlags {
        MAPI_CREATE = 0x2,
    }
    flags::SetColumnsFlags {
        TBL_ASYNC = 0x1,
        TBL_BATCH = 0x2,
    }
    flags::RestrictFlags {
        TBL_ASYNC = 0x1,
        TBL_BATCH = 0x2,
    }
    flags::SortTableFlags {
        TBL_ASYNC = 0x1,
        TBL_BATCH = 0x2,
    }
    flags::QueryColumnsFlags {
        TBL_ALL_COLUMNS = 0x1,
    }
    flags::QueryRowsFlags {
        TBL_NOADVANCE = 0x1,
    }
    flags::FindRowFlags {
        DIR_BACKWARD = 0x1,
    }
    flags::StoreOpenEntryFlags {
        MAPI_MODIFY = 0x1,
        SHOW_SOFT_DELETES = 0x2,
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_BEST_ACCESS = 0x10,
        MAPI_NO_CACHE = 0x200,
        MAPI_CACHE_ONLY = 0x4000,
    }
    flags::GetContentsTableFlags {
        SHOW_SOFT_DELETES = 0x2,
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_ASSOCIATED = 0x40,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::GetHierarchyTableFlags {
        CONVENIENT_DEPTH = 0x1,
        SHOW_SOFT_DELETES = 0x2,
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::CreateMessageFlags {
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_ASSOCIATED = 0x40,
        ITEMPROC_FORCE = 0x800,
    }
    flags::CreateFolderFlags {
        OPEN_IF_EXISTS = 0x1,
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::GetAttachmentTableFlags {
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::GetRecipientTableFlags {
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::OpenAttachFlags {
        MAPI_MODIFY = 0x1,
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_BEST_ACCESS = 0x10,
    }
    flags::CreateAttachFlags {
        MAPI_DEFERRED_ERRORS = 0x8,
    }
    flags::DeleteAttachFlags {
        ATTACH_DIALOG = 0x1,
    }
    flags::ModifyRecipientsFlags {
        MODRECIP_ADD = 0x2,
        MODRECIP_MODIFY = 0x4,
        MODRECIP_REMOVE = 0x8,
    }
    flags::ShowFormFlags {
        MAPI_POST_MESSAGE = 0x1,
        MAPI_NEW_MESSAGE = 0x2,
    }
    flags::InstallFormFlags {
        MAPIFORM_INSTALL_DIALOG = 0x8,
        MAPIFORM_INSTALL_OVERWRITEONCONFLICT = 0x10,
    }
    flags::ResolveMessageClassFlags {
        MAPIFORM_EXACTMATCH = 0x20,
    }
    flags::ViewerStatus {
        VCSTATUS_NEXT = 0x1,
        VCSTATUS_PREV = 0x2,
        VCSTATUS_MODAL = 0x4,
        VCSTATUS_INTERACTIVE = 0x8,
        VCSTATUS_READONLY = 0x10,
        VCSTATUS_DELETE = 0x1_0000,
        VCSTATUS_COPY = 0x2_0000,
        VCSTATUS_MOVE = 0x4_0000,
        VCSTATUS_SUBMIT = 0x8_0000,
        VCSTATUS_DELETE_IS_MOVE = 0x10_0000,
        VCSTATUS_SAVE = 0x20_0000,
        VCSTATUS_NEW_MESSAGE = 0x40_0000,
    }
    flags::MessageOptionsFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::QueryDefaultMessageOptFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::EnumAdrTypesFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::SubmitMessageFlags {
        FORCE_SUBMIT = 0x1,
    }
    flags::GetReceiveFolderFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::GetReceiveFolderTableFlags {
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::SetReceiveFolderFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::CopyToFlags {
        MAPI_MOVE = 0x1,
        MAPI_NOREPLACE = 0x2,
        MAPI_DECLINE_OK = 0x4,
        MAPI_DIALOG = 0x8,
    }
    flags::CopyPropsFlags {
        MAPI_MOVE = 0x1,
        MAPI_NOREPLACE = 0x2,
        MAPI_DECLINE_OK = 0x4,
        MAPI_DIALOG = 0x8,
    }
    flags::CopyMessagesFlags {
        MESSAGE_MOVE = 0x1,
        MESSAGE_DIALOG = 0x2,
        MAPI_DECLINE_OK = 0x4,
    }
    flags::DeleteMessagesFlags {
        MESSAGE_DIALOG = 0x2,
        DELETE_HARD_DELETE = 0x10,
    }
    flags::CopyFolderFlags {
        FOLDER_MOVE = 0x1,
        FOLDER_DIALOG = 0x2,
        MAPI_DECLINE_OK = 0x4,
        COPY_SUBFOLDERS = 0x10,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::DeleteFolderFlags {
        DEL_MESSAGES = 0x1,
        FOLDER_DIALOG = 0x2,
        DEL_FOLDERS = 0x4,
        DELETE_HARD_DELETE = 0x10,
    }
    flags::EmptyFolderFlags {
        FOLDER_DIALOG = 0x2,
        DEL_ASSOCIATED = 0x8,
        DELETE_HARD_DELETE = 0x10,
    }
    flags::SetReadFlagsFlags {
        SUPPRESS_RECEIPT = 0x1,
        MESSAGE_DIALOG = 0x2,
        CLEAR_READ_FLAG = 0x4,
        MAPI_DEFERRED_ERRORS = 0x8,
        GENERATE_RECEIPT_ONLY = 0x10,
        CLEAR_RN_PENDING = 0x20,
        CLEAR_NRN_PENDING = 0x40,
    }
    flags::SetReadFlagFlags {
        SUPPRESS_RECEIPT = 0x1,
        CLEAR_READ_FLAG = 0x4,
        MAPI_DEFERRED_ERRORS = 0x8,
        GENERATE_RECEIPT_ONLY = 0x10,
        CLEAR_RN_PENDING = 0x20,
        CLEAR_NRN_PENDING = 0x40,
    }
    flags::SaveContentsSortFlags {
        RECURSIVE_SORT = 0x2,
    }
    flags::GetProfileTableFlags {
        MAPI_APP_PROFILE = 0x4,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::CreateProfileFlags {
        MAPI_DEFAULT_SERVICES = 0x1,
        MAPI_APP_PROFILE = 0x4,
        MAPI_DIALOG = 0x8,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::DeleteProfileFlags {
        MAPI_APP_PROFILE = 0x4,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::ChangeProfilePasswordFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::CopyProfileFlags {
        MAPI_APP_PROFILE = 0x4,
        MAPI_DIALOG = 0x8,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::RenameProfileFlags {
        MAPI_APP_PROFILE = 0x4,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::SetDefaultProfileFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::ProfileAdminServicesFlags {
        MAPI_DIALOG = 0x8,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::GetMsgServiceTableFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::CreateMsgServiceFlags {
        SERVICE_UI_ALWAYS = 0x2,
        SERVICE_UI_ALLOWED = 0x10,
        SERVICE_NO_RESTART_WARNING = 0x80,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::CopyMsgServiceFlags {
        SERVICE_UI_ALWAYS = 0x2,
    }
    flags::OpenProfileSectionFlags {
        MAPI_MODIFY = 0x1,
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_FORCE_ACCESS = 0x8_0000,
    }
    flags::CreateProviderFlags {
        MAPI_DIALOG = 0x8,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::ConfigureMsgServiceFlags {
        SERVICE_UI_ALWAYS = 0x2,
        UI_CURRENT_PROVIDER_FIRST = 0x4,
        MSG_SERVICE_UI_READ_ONLY = 0x8,
        SERVICE_UI_ALLOWED = 0x10,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::GetProviderTableFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::ServiceEntryFlags {
        SERVICE_UI_ALWAYS = 0x2,
        UI_CURRENT_PROVIDER_FIRST = 0x4,
        MSG_SERVICE_UI_READ_ONLY = 0x8,
        SERVICE_UI_ALLOWED = 0x10,
        SERVICE_LOGON_FAILED = 0x20,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::ValidateStateFlags {
        SUPPRESS_UI = 0x1,
        REFRESH_XP_HEADER_CACHE = 0x1_0000,
        PROCESS_XP_HEADER_CACHE = 0x2_0000,
        FORCE_XP_CONNECT = 0x4_0000,
        FORCE_XP_DISCONNECT = 0x8_0000,
        CONFIG_CHANGED = 0x10_0000,
        ABORT_XP_HEADER_OPERATION = 0x20_0000,
        SHOW_XP_SESSION_UI = 0x40_0000,
    }
    flags::FlushQueuesFlags {
        FLUSH_UPLOAD = 0x2,
        FLUSH_DOWNLOAD = 0x4,
        FLUSH_FORCE = 0x8,
        FLUSH_NO_UI = 0x10,
        FLUSH_ASYNC_OK = 0x20,
    }
    flags::TransportNotifyFlags {
        NOTIFY_BEGIN_INBOUND = 0x1,
        NOTIFY_BEGIN_OUTBOUND = 0x2,
        NOTIFY_BEGIN_INBOUND_FLUSH = 0x4,
        NOTIFY_BEGIN_OUTBOUND_FLUSH = 0x8,
        NOTIFY_END_INBOUND = 0x1_0000,
        NOTIFY_END_OUTBOUND = 0x2_0000,
        NOTIFY_END_INBOUND_FLUSH = 0x4_0000,
        NOTIFY_END_OUTBOUND_FLUSH = 0x8_0000,
        NOTIFY_ABORT_DEFERRED = 0x4000_0000,
        NOTIFY_CANCEL_MESSAGE = 0x8000_0000,
    }
    flags::EndMessageFlags {
        END_RESEND_NOW = 0x1_0000,
        END_RESEND_LATER = 0x2_0000,
        END_DONT_RESEND = 0x4_0000,
    }
    flags::SpoolerNotifyFlags {
        NOTIFY_NEWMAIL = 0x1,
        NOTIFY_READYTOSEND = 0x2,
        NOTIFY_SENTDEFERRED = 0x4,
        NOTIFY_CRITSEC = 0x1000,
        NOTIFY_NONCRIT = 0x2000,
        NOTIFY_CONFIG_CHANGE = 0x4000,
        NOTIFY_CRITICAL_ERROR = 0x1000_0000,
        NOTIFY_NEWMAIL_RECEIVED = 0x2000_0000,
    }
    flags::SettingsDialogFlags {
        UI_READONLY = 0x1,
    }
    flags::ChangePasswordFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::OpenAddressBookFlags {
        AB_NO_DIALOG = 0x1,
    }
    flags::AddressBookOpenEntryFlags {
        MAPI_MODIFY = 0x1,
        MAPI_DEFERRED_ERRORS = 0x8,
        MAPI_BEST_ACCESS = 0x10,
        MAPI_GAL_ONLY = 0x80,
        MAPI_NO_CACHE = 0x200,
        MAPI_CACHE_ONLY = 0x4000,
    }
    flags::CreateOneOffFlags {
        MAPI_SEND_NO_RICH_INFO = 0x1_0000,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::ResolveNameFlags {
        MAPI_DIALOG = 0x8,
        AB_UNICODEUI = 0x40,
        MAPI_CACHE_ONLY = 0x4000,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::GetSearchPathFlags {
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::PrepareRecipsFlags {
        MAPI_CACHE_ONLY = 0x4000,
    }
    flags::ResolveNamesFlags {
        EMS_AB_ADDRESS_LOOKUP = 0x1,
        MAPI_CACHE_ONLY = 0x4000,
        MAPI_UNICODE = 0x8000_0000,
    }
    flags::CreateEntryFlags {
        CREATE_CHECK_DUP_STRICT = 0x1,
        CREATE_CHECK_DUP_LOOSE = 0x2,
        CREATE_REPLACE = 0x4,
    }
    flags::CopyEntriesFlags {
        AB_NO_DIALOG = 0x1,
        CREATE_CHECK_DUP_STRICT = 0x1,
        CREATE_CHECK_DUP_LOOSE = 0x2,
        CREATE_REPLACE = 0x4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_bits_are_not_expressed() {
        assert_eq!(flags::OpenMsgStoreFlags::from_raw(u32::MAX).raw(), 0x1BD);
        assert_eq!(flags::QueryRowsFlags::TBL_NOADVANCE.raw(), 1);
    }
}
