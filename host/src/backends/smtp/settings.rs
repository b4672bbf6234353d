//! What a profile section says about the server (`profiles` 1.6): the properties and their meaning.

use crate::backends::identity::{MailIdentity, text};
use mapi_engine::backend::ProviderLogon;
use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::properties::{PropTag, Property, Value};
use std::time::Duration;

/// Name or address of the server. Required.
pub const SERVER: PropTag = PropTag(0x6600_001F);
/// Its port; absent: 465 with [`Security::Tls`], 587 otherwise.
pub const PORT: PropTag = PropTag(0x6601_0003);
/// `starttls` (the default), `tls`, `opportunistic` or `none`: [`Security`].
pub const SECURITY: PropTag = PropTag(0x6602_001F);
/// Name of the user; absent: no authentication.
pub const USER: PropTag = PropTag(0x6603_001F);
/// `password` (the default) or `xoauth2`: what [`PASSWORD`] holds.
pub const AUTHENTICATION: PropTag = PropTag(0x6604_001F);
/// Certificates to trust besides those of the system, in PEM form.
pub const TRUSTED: PropTag = PropTag(0x6605_001F);
/// Seconds a reply of the server may take; absent: 30.
pub const REPLY_TIME: PropTag = PropTag(0x6606_0003);
/// The password or token. A protected property: it is stored encrypted.
pub const PASSWORD: PropTag = PropTag(0x67F0_001F);

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS; without it nothing is sent.
    StartTls,
    /// STARTTLS where the server offers it; a password is never sent without.
    Opportunistic,
    /// None: everything is readable on the way, the password included.
    None,
}

impl Security {
    /// By the name [`SECURITY`] holds.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "tls" => Self::Tls,
            "starttls" => Self::StartTls,
            "opportunistic" => Self::Opportunistic,
            "none" => Self::None,
            _ => return None,
        })
    }
}

/// A text that no log and no debug output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret")
    }
}

/// Who to authenticate as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Name of the user.
    pub user: String,
    /// Password or token.
    pub secret: Secret,
    /// The secret is an OAuth 2 token (XOAUTH2) rather than a password (PLAIN, LOGIN).
    pub token: bool,
}

/// A server and how to talk to it.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Name or address.
    pub server: String,
    /// Port.
    pub port: u16,
    /// Protection of the connection.
    pub security: Security,
    /// Whom to authenticate as, if at all.
    pub login: Option<Login>,
    /// Certificates to trust besides those of the system, in PEM form.
    pub trusted: Option<String>,
    /// Who the profile sends as.
    pub identity: MailIdentity,
    /// How long the server may take to connect and for each reply but the last.
    pub reply_time: Duration,
    /// How long it may take to confirm a whole message: whoever gives up before that sends it twice (RFC
    /// 5321, 4.5.3.2.6).
    pub final_reply_time: Duration,
}

impl SmtpSettings {
    /// A server without authentication, on the port its protection implies.
    #[must_use]
    pub fn new(server: &str, security: Security, identity: MailIdentity) -> Self {
        Self {
            server: server.to_owned(),
            port: if security == Security::Tls { 465 } else { 587 },
            security,
            login: None,
            trusted: None,
            identity,
            reply_time: Duration::from_secs(30),
            final_reply_time: Duration::from_secs(600),
        }
    }

    /// What the profile section says.
    ///
    /// # Errors
    /// `MAPI_E_UNCONFIGURED` naming the property that is missing or wrong.
    pub fn configured(logon: &ProviderLogon) -> Result<Self> {
        let section = &logon.configuration;
        let server = text(section, SERVER).ok_or_else(|| unconfigured(SERVER, "the service has no server; configure one"))?;
        let security = match text(section, SECURITY) {
            None => Security::StartTls,
            Some(name) => Security::by_name(name).ok_or_else(|| {
                unconfigured(SECURITY, format!("{name:?} is no protection; configure starttls, tls, opportunistic or none"))
            })?,
        };
        let mut settings = Self::new(server, security, MailIdentity::configured(logon)?);
        if let Some(port) = number(section, PORT) {
            let valid = u16::try_from(port).ok().filter(|port| *port > 0);
            settings.port = valid.ok_or_else(|| unconfigured(PORT, format!("{port} is no port; configure 1 to 65535")))?;
        }
        if let Some(seconds) = number(section, REPLY_TIME) {
            let valid = u64::try_from(seconds).ok().filter(|seconds| (1..=600).contains(seconds));
            let seconds = valid
                .ok_or_else(|| unconfigured(REPLY_TIME, format!("{seconds} seconds are no time to wait; configure 1 to 600")))?;
            settings.reply_time = Duration::from_secs(seconds);
        }
        settings.login = login(section)?;
        settings.trusted = text(section, TRUSTED).map(str::to_owned);
        Ok(settings)
    }
}

fn login(section: &[Property]) -> Result<Option<Login>> {
    let Some(user) = text(section, USER) else { return Ok(None) };
    let token = match text(section, AUTHENTICATION) {
        None | Some("password") => false,
        Some("xoauth2") => true,
        Some(other) => {
            let message = format!("{other:?} is no authentication; configure password or xoauth2");
            return Err(unconfigured(AUTHENTICATION, message));
        }
    };
    let Some(secret) = text(section, PASSWORD) else {
        return Err(unconfigured(PASSWORD, format!("there is no password for the user {user:?}; configure one")));
    };
    Ok(Some(Login { user: user.to_owned(), secret: Secret::new(secret), token }))
}

fn number(section: &[Property], tag: PropTag) -> Option<i32> {
    section.iter().find_map(|property| match property.value {
        Value::Long(number) if property.tag == tag => Some(number),
        _ => None,
    })
}

fn unconfigured(tag: PropTag, message: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
    Failure::new(Code::Unconfigured, message).with_tag(tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mapi_engine::properties::{Guid, tags};

    fn logon(properties: &[(PropTag, Value)]) -> ProviderLogon {
        ProviderLogon {
            backend: "smtp".into(),
            profile: "Test".into(),
            section: Guid([1; 16]),
            configuration: properties.iter().map(|(tag, value)| Property::new(*tag, value.clone())).collect(),
            may_prompt: false,
            write: true,
            temporary: false,
            background: false,
        }
    }

    fn unicode(text: &str) -> Value {
        Value::Unicode(text.into())
    }

    #[test]
    fn server_and_address_are_enough() {
        let address = (tags::SENDER_EMAIL_ADDRESS, unicode("ann@example.org"));
        let settings = SmtpSettings::configured(&logon(&[(SERVER, unicode("mail.example.org")), address.clone()])).unwrap();
        assert_eq!((settings.port, settings.security, settings.login), (587, Security::StartTls, None));
        assert_eq!(SmtpSettings::configured(&logon(&[address])).unwrap_err().detail().tag, Some(SERVER));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let right = [(SERVER, unicode("mail.example.org")), (tags::SENDER_EMAIL_ADDRESS, unicode("ann@example.org"))];
        for (tag, value) in [
            (PORT, Value::Long(65536)),
            (PORT, Value::Long(0)),
            (SECURITY, unicode("ssl")),
            (REPLY_TIME, Value::Long(-1)),
            (tags::SENDER_EMAIL_ADDRESS, unicode("nobody")),
        ] {
            let mut section = vec![(tag, value)];
            section.extend(right.iter().filter(|(known, _)| *known != tag).cloned());
            let failure = SmtpSettings::configured(&logon(&section)).unwrap_err();
            assert_eq!((failure.code(), failure.detail().tag), (Code::Unconfigured, Some(tag)));
        }
        let mut section = right.to_vec();
        section.push((USER, unicode("ann")));
        assert_eq!(SmtpSettings::configured(&logon(&section)).unwrap_err().detail().tag, Some(PASSWORD));
    }

    #[test]
    fn no_debug_output_shows_a_secret() {
        let section = [
            (SERVER, unicode("mail.example.org")),
            (tags::SENDER_EMAIL_ADDRESS, unicode("ann@example.org")),
            (USER, unicode("ann")),
            (PASSWORD, unicode("hunter2")),
        ];
        let settings = SmtpSettings::configured(&logon(&section)).unwrap();
        assert_eq!(settings.login.as_ref().unwrap().secret.reveal(), "hunter2");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
