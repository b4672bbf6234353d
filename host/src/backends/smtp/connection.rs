//! A connection to a server (RFC 5321): TLS, authentication, commands and replies.
//!
//! The commands, the replies and the SASL mechanisms are lettre's. Its own connection is not used: it sends
//! a message in one call and ends it in any case, and a message that was given up half way must not end.

use super::reply::Reply;
use super::settings::{Login, Security, SmtpSettings};
use super::tls;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Ehlo, Quit, Starttls};
use lettre::transport::smtp::extension::ClientId;
use mapi_engine::error::{Code, Failure};
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Bytes a line of a reply may have, and a reply; servers that send more are refused.
const LINE: usize = 2_000;
const REPLY: usize = 100_000;

/// Steps an authentication may take.
const CHALLENGES: u32 = 4;

/// What ended the dealings with a server.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection is gone or of no use; what happened, as the end of a sentence.
    Lost(String),
    /// It answered no.
    Refused(Reply),
    /// It cannot be used as configured; a sentence.
    Unfit(Code, String),
}

impl Trouble {
    /// The failure for the session; `server` names the server in it.
    pub(super) fn failure(&self, server: &str) -> Failure {
        match self {
            Self::Lost(what) => Failure::new(Code::NetworkError, format!("the mail server {server} {what}")),
            Self::Refused(reply) if reply.code() == 421 => {
                Failure::new(Code::NetworkError, format!("the mail server {server} takes no mail now: {}", reply.words()))
            }
            Self::Refused(reply) => Failure::new(Code::Wait, format!("the mail server {server} refused: {}", reply.words()))
                .with_low_level(reply.code().into()),
            Self::Unfit(code, what) => Failure::new(*code, format!("the mail server {server} {what}")),
        }
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<rustls::StreamOwned<rustls::ClientConnection, TcpStream>>),
}

impl Stream {
    const fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

/// What a server offered in its answer to EHLO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) start_tls: bool,
    pub(super) pipelining: bool,
    pub(super) eight_bit: bool,
    pub(super) utf8: bool,
    /// `Some(0)`: it takes the parameter and names no limit.
    pub(super) size: Option<u64>,
    mechanisms: Vec<Mechanism>,
}

impl Offer {
    fn of(reply: &Reply) -> Self {
        let mut offer = Self::default();
        for line in reply.response().message().skip(1) {
            let mut words = line.split_ascii_whitespace();
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "STARTTLS" => offer.start_tls = true,
                "PIPELINING" => offer.pipelining = true,
                "8BITMIME" => offer.eight_bit = true,
                "SMTPUTF8" => offer.utf8 = true,
                "SIZE" => offer.size = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0)),
                "AUTH" => offer.mechanisms.extend(words.filter_map(mechanism)),
                _ => {}
            }
        }
        offer
    }
}

fn mechanism(name: &str) -> Option<Mechanism> {
    [Mechanism::Plain, Mechanism::Login, Mechanism::Xoauth2]
        .into_iter()
        .find(|mechanism| mechanism.to_string().eq_ignore_ascii_case(name))
}

/// A connection that is ready for a message.
pub(super) struct Connection {
    stream: BufReader<Stream>,
    offer: Offer,
    reply_time: Duration,
    /// When it was last used.
    pub(super) used: Instant,
}

impl Connection {
    /// Connects, protects the connection and authenticates, all as configured.
    pub(super) fn open(settings: &SmtpSettings) -> Result<Self, Trouble> {
        let tcp = connect(settings)?;
        let hello = Ehlo::new(match tcp.local_addr().map(|address| address.ip()) {
            Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain("localhost".to_owned()),
        });
        let stream = match settings.security {
            Security::Tls => Stream::Tls(Box::new(tls::protect(tcp, settings)?)),
            Security::StartTls | Security::Opportunistic | Security::None => Stream::Plain(tcp),
        };
        let (offer, reply_time) = (Offer::default(), settings.reply_time);
        let mut connection = Self { stream: BufReader::new(stream), offer, reply_time, used: Instant::now() };
        let greeting = connection.reply(reply_time)?;
        if greeting.code() != 220 {
            return Err(Trouble::Refused(greeting));
        }
        connection.hello(&hello)?;
        match settings.security {
            Security::StartTls if !connection.offer.start_tls => {
                let what = "offers no STARTTLS, without which nothing is sent; configure tls on port 465, or opportunistic";
                return Err(Trouble::Unfit(Code::NetworkError, what.to_owned()));
            }
            Security::StartTls | Security::Opportunistic if connection.offer.start_tls => {
                connection = connection.start_tls(settings)?;
                connection.hello(&hello)?;
            }
            _ => {}
        }
        if let Some(login) = &settings.login {
            connection.authenticate(login, settings.security)?;
        }
        Ok(connection)
    }

    pub(super) const fn offer(&self) -> &Offer {
        &self.offer
    }

    fn hello(&mut self, hello: &Ehlo) -> Result<(), Trouble> {
        let reply = self.command(hello)?;
        if !reply.is_positive() {
            return Err(Trouble::Refused(reply));
        }
        self.offer = Offer::of(&reply);
        Ok(())
    }

    fn start_tls(mut self, settings: &SmtpSettings) -> Result<Self, Trouble> {
        let reply = self.command(&Starttls)?;
        if reply.code() != 220 {
            return Err(Trouble::Refused(reply));
        }
        // What came in the clear after the reply would be taken for something the protected server said.
        if !self.stream.buffer().is_empty() {
            return Err(Trouble::Lost("sent text between STARTTLS and TLS; somebody may be interfering".to_owned()));
        }
        let Stream::Plain(tcp) = self.stream.into_inner() else {
            return Err(Trouble::Lost("offered STARTTLS inside TLS".to_owned()));
        };
        let stream = Stream::Tls(Box::new(tls::protect(tcp, settings)?));
        Ok(Self { stream: BufReader::new(stream), ..self })
    }

    fn authenticate(&mut self, login: &Login, security: Security) -> Result<(), Trouble> {
        let unfit = |what: &str| Trouble::Unfit(Code::LogonFailed, what.to_owned());
        if security == Security::Opportunistic && matches!(self.stream.get_ref(), Stream::Plain(_)) {
            return Err(unfit(
                "offers no STARTTLS, and a password is not sent in the clear; configure none to do so all the same",
            ));
        }
        let wanted: &[Mechanism] = if login.token { &[Mechanism::Xoauth2] } else { &[Mechanism::Plain, Mechanism::Login] };
        let Some(mechanism) = wanted.iter().find(|wanted| self.offer.mechanisms.contains(wanted)) else {
            return Err(unfit(if login.token {
                "takes no token (XOAUTH2); configure a password"
            } else {
                "takes no password (PLAIN, LOGIN); configure a token, or no user"
            }));
        };
        let credentials = Credentials::new(login.user.clone(), login.secret.reveal().to_owned());
        let puzzling = |_| unfit("asked for something else than name and password");
        let mut reply = self.command(&Auth::new(*mechanism, credentials.clone(), None).map_err(puzzling)?)?;
        for _ in 0..CHALLENGES {
            if reply.code() != 334 {
                break;
            }
            reply = match mechanism {
                // The challenge explains the refusal, which follows (the protocol's own form).
                Mechanism::Xoauth2 => self.command(&"\r\n")?,
                _ => {
                    let answer = Auth::new_from_response(*mechanism, credentials.clone(), reply.response());
                    self.command(&answer.map_err(puzzling)?)?
                }
            };
        }
        match reply.code() {
            235 => Ok(()),
            400..=499 => Err(Trouble::Refused(reply)),
            _ => {
                let what = format!("refused the user {:?}: {}; configure the right password", login.user, reply.words());
                Err(Trouble::Unfit(Code::LogonFailed, what))
            }
        }
    }

    /// Sends a command and waits for its reply, positive or not.
    pub(super) fn command(&mut self, command: &impl Display) -> Result<Reply, Trouble> {
        self.send(command.to_string().as_bytes())?;
        self.reply(self.reply_time)
    }

    /// Sends bytes as they are. The time is counted for each part of them that goes out.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        self.used = Instant::now();
        let stream = self.stream.get_mut();
        let sent = stream.tcp().set_write_timeout(Some(self.reply_time));
        sent.and_then(|()| stream.write_all(bytes)).and_then(|()| stream.flush()).map_err(|error| lost(&error, self.reply_time))
    }

    /// The next reply.
    pub(super) fn next_reply(&mut self) -> Result<Reply, Trouble> {
        self.reply(self.reply_time)
    }

    /// The next reply, which may take so long.
    pub(super) fn reply(&mut self, time: Duration) -> Result<Reply, Trouble> {
        let deadline = Instant::now() + time;
        let mut lines = String::new();
        loop {
            let line = self.line(deadline, time)?;
            let text = String::from_utf8_lossy(&line);
            let (code, rest) = text.split_at_checked(3).unwrap_or_default();
            let last = !rest.starts_with('-');
            // The space may be missing where there is no text (RFC 5321, 4.2).
            let rest = rest.get(1..).unwrap_or_default();
            lines.push_str(code);
            lines.push(if last { ' ' } else { '-' });
            lines.push_str(rest);
            lines.push_str("\r\n");
            if lines.len() > REPLY {
                return Err(Trouble::Lost("sent a reply without an end".to_owned()));
            }
            if last {
                self.used = Instant::now();
                return Reply::parse(&lines).ok_or_else(|| Trouble::Lost("sent something that is no SMTP reply".to_owned()));
            }
        }
    }

    /// A line without its end.
    fn line(&mut self, deadline: Instant, time: Duration) -> Result<Vec<u8>, Trouble> {
        let mut line = Vec::new();
        loop {
            if self.stream.buffer().is_empty() {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(lost(&io::ErrorKind::TimedOut.into(), time));
                }
                self.stream.get_ref().tcp().set_read_timeout(Some(left)).map_err(|error| lost(&error, time))?;
            }
            let buffer = match self.stream.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                buffer => buffer.map_err(|error| lost(&error, time))?,
            };
            if buffer.is_empty() {
                return Err(lost(&io::ErrorKind::UnexpectedEof.into(), time));
            }
            let (taken, ended) = memchr::memchr(b'\n', buffer).map_or((buffer.len(), false), |at| (at + 1, true));
            line.extend_from_slice(&buffer[..taken]);
            self.stream.consume(taken);
            if line.len() > LINE {
                return Err(Trouble::Lost("sent a reply line without an end".to_owned()));
            }
            if ended {
                let end = line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |at| at + 1);
                line.truncate(end);
                return Ok(line);
            }
        }
    }

    /// Says good-bye without waiting for an answer.
    pub(super) fn quit(mut self) {
        // The server learns of the end either way.
        let _said = self.send(Quit.to_string().as_bytes());
    }
}

fn connect(settings: &SmtpSettings) -> Result<TcpStream, Trouble> {
    let place = (settings.server.as_str(), settings.port);
    let addresses = place.to_socket_addrs().map_err(|error| Trouble::Lost(format!("cannot be found: {error}")))?;
    let mut failed = Trouble::Lost("has no address".to_owned());
    for address in addresses {
        match TcpStream::connect_timeout(&address, settings.reply_time) {
            Ok(tcp) => {
                // Each command waits for its reply: nothing is gained by holding a small packet back.
                tcp.set_nodelay(true).map_err(|error| lost(&error, settings.reply_time))?;
                tcp.set_read_timeout(Some(settings.reply_time)).map_err(|error| lost(&error, settings.reply_time))?;
                tcp.set_write_timeout(Some(settings.reply_time)).map_err(|error| lost(&error, settings.reply_time))?;
                return Ok(tcp);
            }
            Err(error) => failed = Trouble::Lost(format!("cannot be reached on port {}: {error}", settings.port)),
        }
    }
    Err(failed)
}

pub(super) fn lost(error: &io::Error, time: Duration) -> Trouble {
    Trouble::Lost(match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => format!("did not answer within {} s", time.as_secs_f32()),
        io::ErrorKind::UnexpectedEof => "closed the connection".to_owned(),
        _ => format!("was lost: {error}"),
    })
}
