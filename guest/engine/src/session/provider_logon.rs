//! What the result of a provider's logon does (`session` 3.1).

use crate::backend::ProviderKind;
use crate::error::Code;

/// What follows from a failed logon of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consequence {
    /// The service lacks configuration: its entry point is called, and the logon repeated once.
    Configure,
    /// Inactive for now; tried again when it is next needed.
    TryLater,
    /// Inactive for the life of the session; siblings are not affected.
    OnlyThisOne,
    /// The caller is told; the call may be repeated.
    Tell,
    /// No provider of the service is logged on any more.
    DisableService,
}

/// The consequence of that code.
pub(super) const fn consequence(kind: ProviderKind, code: Code) -> Consequence {
    match (code, kind) {
        (Code::Unconfigured, _) => Consequence::Configure,
        (Code::NetworkError | Code::Offline | Code::Timeout | Code::Reconnected | Code::Busy, _) => Consequence::TryLater,
        (Code::Failoneprovider, _) => Consequence::OnlyThisOne,
        (Code::UserCancel, ProviderKind::AddressBook | ProviderKind::Transport) => Consequence::OnlyThisOne,
        (
            Code::NotFound
            | Code::NoAccess
            | Code::UnknownCpid
            | Code::UnknownLcid
            | Code::InterfaceNotSupported
            | Code::UserCancel
            | Code::LogonFailed
            | Code::PasswordChangeRequired
            | Code::PasswordExpired
            | Code::InvalidWorkstationAccount
            | Code::InvalidAccessTime
            | Code::AccountDisabled,
            ProviderKind::Store,
        ) => Consequence::Tell,
        _ => Consequence::DisableService,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_network_disables_nothing() {
        for code in [Code::NetworkError, Code::Offline, Code::Timeout, Code::Reconnected, Code::Busy] {
            assert_eq!(consequence(ProviderKind::Store, code), Consequence::TryLater);
        }
    }

    #[test]
    fn codes_about_one_store_disable_its_service_only_for_other_kinds() {
        assert_eq!(consequence(ProviderKind::Store, Code::NoAccess), Consequence::Tell);
        assert_eq!(consequence(ProviderKind::Transport, Code::NoAccess), Consequence::DisableService);
        assert_eq!(consequence(ProviderKind::Store, Code::CorruptData), Consequence::DisableService);
        assert_eq!(consequence(ProviderKind::AddressBook, Code::UserCancel), Consequence::OnlyThisOne);
    }
}
