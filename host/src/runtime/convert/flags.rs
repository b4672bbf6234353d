//! Flags that backends take as the numbers MAPI gives them.

use crate::runtime::world::mapi::session::method_flags as flags;

macro_rules! bits {
    ($($(#[$doc:meta])* $name:ident: $type:ident { $($flag:ident = $bit:literal,)* })*) => { $(
        $(#[$doc])*
        pub(crate) fn $name(typed: flags::$type) -> u32 {
            let mut raw = 0;
            $(if typed.contains(flags::$type::$flag) {
                raw |= $bit;
            })*
            raw
        }
    )* };
}

macro_rules! typed {
    ($($(#[$doc:meta])* $name:ident: $type:ident { $($flag:ident = $bit:literal,)* })*) => { $(
        $(#[$doc])*
        pub(crate) fn $name(raw: u32) -> flags::$type {
            let mut typed = flags::$type::empty();
            $(if raw & $bit != 0 {
                typed |= flags::$type::$flag;
            })*
            typed
        }
    )* };
}

bits! {
    /// `NOTIFY_*` of `TransportNotify`.
    transport_notify: TransportNotifyFlags {
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
    /// `FLUSH_*`.
    flush_queues: FlushQueuesFlags {
        FLUSH_UPLOAD = 0x2,
        FLUSH_DOWNLOAD = 0x4,
        FLUSH_FORCE = 0x8,
        FLUSH_NO_UI = 0x10,
        FLUSH_ASYNC_OK = 0x20,
    }
    /// Flags of `ValidateState`.
    validate_state: ValidateStateFlags {
        SUPPRESS_UI = 0x1,
        REFRESH_XP_HEADER_CACHE = 0x1_0000,
        PROCESS_XP_HEADER_CACHE = 0x2_0000,
        FORCE_XP_CONNECT = 0x4_0000,
        FORCE_XP_DISCONNECT = 0x8_0000,
        CONFIG_CHANGED = 0x10_0000,
        ABORT_XP_HEADER_OPERATION = 0x20_0000,
        SHOW_XP_SESSION_UI = 0x40_0000,
    }
    /// `UI_READONLY`.
    settings_dialog: SettingsDialogFlags {
        UI_READONLY = 0x1,
    }
    /// Flags of `InstallForm`.
    install_form: InstallFormFlags {
        MAPIFORM_INSTALL_DIALOG = 0x8,
        MAPIFORM_INSTALL_OVERWRITEONCONFLICT = 0x10,
    }
    /// Flags of `ShowForm`.
    show_form: ShowFormFlags {
        MAPI_POST_MESSAGE = 0x1,
        MAPI_NEW_MESSAGE = 0x2,
    }
    /// `VCSTATUS_*`.
    viewer_status: ViewerStatus {
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
    /// Flags of a service's entry point.
    service_entry: ServiceEntryFlags {
        SERVICE_UI_ALWAYS = 0x2,
        UI_CURRENT_PROVIDER_FIRST = 0x4,
        MSG_SERVICE_UI_READ_ONLY = 0x8,
        SERVICE_UI_ALLOWED = 0x10,
        SERVICE_LOGON_FAILED = 0x20,
        MAPI_UNICODE = 0x8000_0000,
    }
}

typed! {
    /// `END_*`.
    end_message: EndMessageFlags {
        END_RESEND_NOW = 0x1_0000,
        END_RESEND_LATER = 0x2_0000,
        END_DONT_RESEND = 0x4_0000,
    }
    /// `NOTIFY_*` of `SpoolerNotify`.
    spooler_notify: SpoolerNotifyFlags {
        NOTIFY_NEWMAIL = 0x1,
        NOTIFY_READYTOSEND = 0x2,
        NOTIFY_SENTDEFERRED = 0x4,
        NOTIFY_CRITSEC = 0x1000,
        NOTIFY_NONCRIT = 0x2000,
        NOTIFY_CONFIG_CHANGE = 0x4000,
        NOTIFY_CRITICAL_ERROR = 0x1000_0000,
        NOTIFY_NEWMAIL_RECEIVED = 0x2000_0000,
    }
}
