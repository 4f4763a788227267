//! Names of servers that change or cannot be found (A23), as the system's resolver tells them.
//!
//! The program asks the system, which can be told otherwise only for everybody or within a mount
//! namespace of the program's own. Where the kernel lets nobody make one, this test says so and
//! checks nothing; `upstream/tests/it/names.rs` and `upstream/src/dns/tests.rs` then stand in, with
//! a resolver of the test's.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use transom_testkit::answer::chat_text;
use transom_testkit::gateway::Builder;
use transom_testkit::{FakeBackend, TestGateway};

use crate::support::fleet::{Fleet, node, shared_by, text};
use crate::support::{count, eventually};

const NAME: &str = "llm-backend-01";

/// Where the server moves to.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A folder with the files that the resolver reads, and what starts a program that sees them.
struct Names(tempfile::TempDir);

impl Names {
    fn new(address: Ipv4Addr) -> Self {
        let names = Self(tempfile::tempdir().expect("a temporary folder"));
        fs::write(names.path("nsswitch.conf"), "hosts: files\n").expect("writing a file");
        names.tell(Some(address));
        let script = format!(
            "#!/bin/sh\nexec unshare --user --map-root-user --mount sh -c 'mount --bind {0}/hosts \
             /etc/hosts && {{ [ ! -e /etc/nsswitch.conf ] || mount --bind {0}/nsswitch.conf \
             /etc/nsswitch.conf; }} && exec \"$@\"' sh {1} \"$@\"\n",
            names.0.path().display(),
            env!("CARGO_BIN_EXE_transom"),
        );
        let start = names.path("start");
        fs::write(&start, script).expect("writing a file");
        let may_run = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&start, may_run).expect("a file of ours");
        names
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Changes the address of the name, or takes the name away. The file stays the same one: it is
    /// mounted.
    fn tell(&self, address: Option<Ipv4Addr>) {
        let line = address.map(|address| format!("{address} {NAME}\n"));
        fs::write(self.path("hosts"), line.unwrap_or_default()).expect("writing a file");
    }

    fn builder(&self) -> Builder {
        TestGateway::builder(self.path("start"))
    }
}

/// Whether a program may have a mount namespace of its own here.
fn namespaces_are_allowed() -> bool {
    let probe = ["--user", "--map-root-user", "--mount", "mount", "--bind", "/etc", "/etc"];
    let probe = Command::new("unshare").args(probe).stderr(Stdio::null()).status();
    probe.is_ok_and(|status| status.success()) && Path::new("/etc/hosts").exists()
}

/// Passes connections at this address on to a server.
fn forward(from: SocketAddr, to: SocketAddr) -> io::Result<DropGuard> {
    let listener = std::net::TcpListener::bind(from)?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let (inner, stopped) = (tasks.clone(), stop.clone());
    let accepting = async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let passing = async move {
                if let Ok(mut server) = TcpStream::connect(to).await {
                    // Either side may go.
                    let _ended = copy_bidirectional(&mut client, &mut server).await;
                }
            };
            inner.spawn(stopped.clone().run_until_cancelled_owned(passing));
        }
    };
    tasks.spawn(stop.clone().run_until_cancelled_owned(accepting));
    Ok(stop.drop_guard())
}

async fn words(fleet: &Fleet) -> Option<String> {
    let (answer, _) = fleet.ask("who?").await;
    (answer.status == 200).then(|| text(&answer))
}

#[tokio::test]
async fn a_record_that_changes_is_followed_and_one_that_is_gone_changes_nothing() {
    if !namespaces_are_allowed() {
        println!("no mount namespaces here: the adapter's own tests stand in (A23)");
        return;
    }
    let (here, there) = (node().await, node().await);
    here.default_answer(chat_text("here"));
    there.default_answer(chat_text("there"));
    let port = here.address().port();
    let authority = format!("{NAME}:{port}");
    for server in [&here, &there] {
        server.expect_host(&authority);
    }
    let _forward = forward(SocketAddr::from((ELSEWHERE, port)), there.address())
        .expect("a second loopback address");
    let names = Names::new(Ipv4Addr::LOCALHOST);
    let file = shared_by(&[format!("http://{authority}")]);
    let fleet = Fleet::built(names.builder().config_yaml(file).admin()).await;
    fleet.await_all_ready().await;
    assert_eq!(words(&fleet).await.as_deref(), Some("here"));

    let sever = |server: &FakeBackend| server.reset_connections();
    for round in 0..count(2, 50) {
        names.tell(Some(ELSEWHERE));
        sever(&here);
        let moved = async || words(&fleet).await.as_deref() == Some("there");
        eventually("the new address to be asked", moved).await;

        // The name is gone, and with it no server.
        names.tell(None);
        sever(&there);
        let kept = async || words(&fleet).await.as_deref() == Some("there");
        eventually("the last good address to be asked", kept).await;
        fleet.gateway.await_log("a name cannot be resolved: its last addresses are used").await;

        names.tell(Some(Ipv4Addr::LOCALHOST));
        sever(&there);
        let back = async || words(&fleet).await.as_deref() == Some("here");
        eventually(&format!("the old address to be asked in round {round}"), back).await;
    }
    fleet.await_all_ready().await;
}
