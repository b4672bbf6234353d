//! A mail server for one test: it takes mail for known addresses of `example.org` on the loopback interface
//! and writes each message into a file. It relays nothing and asks no name server.

use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The addresses it knows are `user0@example.org` to `user24@example.org`.
pub(crate) const USERS: u32 = 25;

/// `nobody`, who owns the mail.
const OWNER: u32 = 65534;

pub(crate) struct Postfix {
    folder: tempfile::TempDir,
    /// Plain, with STARTTLS.
    pub(crate) port: u16,
    /// TLS from the first byte.
    pub(crate) tls_port: u16,
    running: Option<Child>,
}

impl Postfix {
    /// Starts one. Where that cannot be, the test is skipped, loudly, and in CI it fails.
    pub(crate) fn start() -> Option<Self> {
        let lacking = if !Path::new("/usr/sbin/postfix").exists() {
            "Postfix is not installed; run `cargo xtask setup`"
        } else if !is_root() {
            "only root can start Postfix"
        } else {
            let mut server = Self::set_up();
            server.run();
            return Some(server);
        };
        assert!(std::env::var_os("CI").is_none(), "{lacking}");
        eprintln!("SKIPPED: {lacking}");
        None
    }

    fn set_up() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["conf", "queue", "data", "mail"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let owner = output(Command::new("id").args(["-u", "postfix"])).trim().parse().unwrap();
        chown(folder.path().join("data"), Some(owner), None).unwrap();
        chown(folder.path().join("mail"), Some(OWNER), None).unwrap();
        let (port, tls_port) = (free_port(), free_port());
        let server = Self { folder, port, tls_port, running: None };
        let conf = server.folder.path().join("conf");
        let mailboxes = (0..USERS).fold(String::new(), |mut text, user| {
            writeln!(text, "user{user}@example.org user{user}/").unwrap();
            text
        });
        fs::write(conf.join("mailboxes"), mailboxes).unwrap();
        fs::write(conf.join("main.cf"), MAIN.replace("@", server.folder.path().to_str().unwrap())).unwrap();
        let master = MASTER.replace("@PORT", &port.to_string()).replace("@TLS", &tls_port.to_string());
        fs::write(conf.join("master.cf"), master).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.current_dir(&conf).args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj"]);
        output(openssl.args(["/CN=mail.test", "-keyout", "key.pem", "-out", "cert.pem"]));
        server
    }

    /// Starts it again after [`Postfix::kill`].
    pub(crate) fn run(&mut self) {
        let mut command = Command::new("/usr/sbin/postfix");
        command.arg("-c").arg(self.folder.path().join("conf")).arg("start-fg");
        self.running = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        self.wait("answer", || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
    }

    /// Ends it and everything it started at once, as a loss of power would.
    pub(crate) fn kill(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        let master = fs::read_to_string(self.folder.path().join("queue/pid/master.pid")).unwrap().trim().to_owned();
        let children = processes().into_iter().filter(|(_, parent)| *parent == master).map(|(process, _)| process);
        let all: Vec<String> = std::iter::once(master.clone()).chain(children).collect();
        output(Command::new("kill").arg("-9").args(&all));
        running.wait().unwrap();
    }

    /// Its certificate, which nobody has signed but itself.
    pub(crate) fn certificate(&self) -> String {
        fs::read_to_string(self.folder.path().join("conf/cert.pem")).unwrap()
    }

    /// The messages a user has, as the server was sent them, once there are so many.
    pub(crate) fn messages(&self, user: u32, count: usize) -> Vec<Vec<u8>> {
        let folder = self.folder.path().join(format!("mail/user{user}/new"));
        let list = || -> Vec<PathBuf> {
            fs::read_dir(&folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
        };
        self.wait("deliver", || list().len() >= count);
        list().iter().map(|path| as_sent(&fs::read(path).unwrap())).collect()
    }

    /// Waits until nothing is left in its queues.
    pub(crate) fn settle(&self) {
        let empty = |queue: &str| complete(&self.folder.path().join("queue").join(queue)) == 0;
        self.wait("empty its queues", || ["incoming", "active", "maildrop"].into_iter().all(empty));
    }

    fn wait(&self, what: &str, done: impl Fn() -> bool) {
        let begun = Instant::now();
        while !done() {
            if begun.elapsed() > Duration::from_secs(120) {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                panic!("Postfix did not {what} within two minutes:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Without the lines the server puts in front, and with the line ends of the network.
fn as_sent(stored: &[u8]) -> Vec<u8> {
    let mut text = stored;
    for field in ["Return-Path:", "X-Original-To:", "Delivered-To:", "Received:"] {
        assert!(text.starts_with(field.as_bytes()), "{:?}", String::from_utf8_lossy(&text[..text.len().min(400)]));
        loop {
            let end = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
            text = &text[end..];
            if !text.starts_with(b"\t") {
                break;
            }
        }
    }
    let mut sent = Vec::with_capacity(text.len());
    for byte in text {
        if *byte == b'\n' {
            sent.push(b'\r');
        }
        sent.push(*byte);
    }
    sent
}

/// Messages in a queue. Those the server had not taken when it was killed are not marked as complete.
fn complete(queue: &Path) -> usize {
    let Ok(entries) = fs::read_dir(queue) else { return 0 };
    let count = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => complete(&entry.path()),
        Ok(found) => usize::from(found.permissions().mode() & 0o100 != 0),
        // It was delivered meanwhile.
        Err(_) => 0,
    };
    entries.flatten().map(count).sum()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).trim() == "0"
}

/// Each process with the one that started it.
fn processes() -> Vec<(String, String)> {
    let parent = |process: &str| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1).map(str::to_owned)
    };
    let names = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|name| Some((name.clone(), parent(&name)?)))
        .collect()
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const MAIN: &str = "
compatibility_level = 3.6
queue_directory = @/queue
data_directory = @/data
maillog_file = @/log
maillog_file_prefixes = @
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
default_transport = error:no mail leaves this server
relay_transport = error:no mail leaves this server
local_transport = error:no mail is kept here
alias_maps =
alias_database =
virtual_mailbox_domains = example.org
virtual_mailbox_base = @/mail
virtual_mailbox_maps = texthash:@/conf/mailboxes
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 65534
virtual_mailbox_limit = 0
message_size_limit = 100000000
local_header_rewrite_clients =
message_drop_headers =
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_cert_file = @/conf/cert.pem
smtpd_tls_key_file = @/conf/key.pem
smtputf8_enable = no
notify_classes =
";

const MASTER: &str = "
127.0.0.1:@PORT inet n - n - - smtpd
127.0.0.1:@TLS inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";
