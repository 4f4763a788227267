use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;
use transom_testkit::TestGateway;
use transom_testkit::gateway::Exit;

/// A stand-in for the binary: a shell script in a folder of its own.
fn stand_in(script: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("stand-in");
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("writing the script");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("making it executable");
    (folder, file)
}

const READY: &str = "echo 'Transom is ready: http://127.0.0.1:4242/v1/responses'";

#[tokio::test]
async fn it_starts_in_a_folder_of_its_own_with_a_clean_environment() {
    let script = format!(
        "env >&2; pwd >&2; echo \"$@\"; cat transom.yaml; echo x >> marker; {READY}; exec sleep 600"
    );
    let (_folder, file) = stand_in(&script);
    let gateway = TestGateway::builder(file)
        .upstream("http://127.0.0.1:1")
        .config_yaml("a: 1")
        .env("VR_EXTRA", "yes")
        .vllm(["model", "--dtype", "float32"])
        .start()
        .await;
    assert_eq!(gateway.url(), "http://127.0.0.1:4242");
    let home = format!("HOME={}", gateway.folder().display());
    for line in ["VR_EXTRA=yes", "a: 1", &home] {
        gateway.await_log(line).await;
    }
    assert!(gateway.open_files() >= 3);
    let logs = gateway.logs();
    assert!(!logs.contains("CARGO"), "{logs}");
    let arguments = "serve --gateway-host 127.0.0.1 --gateway-port 0 --upstream http://127.0.0.1:1 --config transom.yaml -- model --dtype float32";
    assert!(logs.contains(arguments), "{logs}");

    // The same folder after a restart, a shared one for a second process.
    let gateway = gateway.restart().await;
    let marker = gateway.folder().join("marker");
    assert_eq!(fs::read_to_string(&marker).expect("the marker"), "x\nx\n");
    let (_other, file) = stand_in(&format!("{READY}; exec sleep 600"));
    let second = TestGateway::builder(file).in_folder_of(&gateway).start().await;
    assert_eq!(second.folder(), gateway.folder());
    drop(gateway);
    assert!(marker.exists());
}

#[tokio::test]
async fn its_end_is_told_by_code_or_signal() {
    let (_folder, file) =
        stand_in(&format!("trap 'echo bye; exit 7' TERM; {READY}; while :; do sleep 0.01; done"));
    let gateway = TestGateway::builder(&file).start().await;
    gateway.terminate();
    assert_eq!(gateway.wait_exit().await, Exit::Code(7));
    gateway.await_log("bye").await;
    let gateway = TestGateway::builder(&file).start().await;
    gateway.kill_9();
    assert_eq!(gateway.wait_exit().await.code(), 137);

    let (_folder, file) = stand_in("echo out; echo \"err $*\" >&2; exit 2");
    let finished = TestGateway::builder(file).command_line(["check", "a"]).run().await;
    assert!(finished.has_code(2));
    assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("out\n", "err check a\n"));
}

#[tokio::test]
async fn it_can_return_while_the_upstream_is_still_loading_and_dies_with_its_handle() {
    let script = format!(
        "echo 'Transom is listening: http://127.0.0.1:4242'; while [ ! -e go ]; do sleep 0.01; done; {READY}; exec sleep 600"
    );
    let (_folder, file) = stand_in(&script);
    let gateway = TestGateway::builder(file).wait_listening().start().await;
    assert_eq!(gateway.url(), "http://127.0.0.1:4242");
    assert!(!gateway.logs().contains("ready"));
    fs::write(gateway.folder().join("go"), "").expect("the signal file");
    gateway.await_ready().await;
    let process = PathBuf::from(format!("/proc/{}", gateway.pid()));
    assert!(process.exists());
    drop(gateway);
    // Killed and reaped by the kit's own thread, which nothing tells us about any more.
    let gone = async {
        while process.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(transom_testkit::PATIENCE, gone).await.expect("the process ends");
}
