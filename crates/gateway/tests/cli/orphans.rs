//! No process is left behind, whoever ends (F7 of the fault table).

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use transom_testkit::gateway::Exit;
use transom_testkit::{PATIENCE, TestGateway};

use crate::support::{FakeVllm, within};

/// Nothing may be left after this long.
const SOON: Duration = Duration::from_secs(2);

/// Keepers (two), the fake, and its four or more descendants.
const FAMILY: usize = 7;

const MARK: &str = "TRANSOM_TEST_FAMILY";

/// Every process that has the variable [`MARK`] with this value, besides zombies.
fn marked(mark: &str) -> Vec<u32> {
    let sought = format!("{MARK}={mark}");
    let numbers = fs::read_dir("/proc").expect("/proc is mounted").filter_map(Result::ok);
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let has_mark = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|entry| entry == sought.as_bytes())
    };
    numbers.filter(has_mark).collect()
}

async fn with_family(vllm: &FakeVllm, model: &str) -> (TestGateway, String) {
    let mark = format!("{}-{}", std::process::id(), vllm.port);
    let gateway = vllm.gateway([model]).env(MARK, &mark).start().await;
    gateway.await_ready().await;
    (gateway, mark)
}

async fn assert_gone(vllm: &FakeVllm, mark: &str) {
    within(SOON, "nothing is left", async || marked(mark).is_empty()).await;
    TcpListener::bind(("127.0.0.1", vllm.port)).expect("vLLM's port is free");
}

#[tokio::test]
async fn nothing_is_left_after_sigterm() {
    let vllm = FakeVllm::new();
    let (gateway, mark) = with_family(&vllm, "family").await;
    assert!(marked(&mark).len() > FAMILY, "{:?}", marked(&mark));
    gateway.terminate();
    assert_eq!(gateway.wait_exit().await, Exit::Code(0));
    assert_eq!(marked(&mark), Vec::<u32>::new(), "not even at the moment of its end");
    assert_gone(&vllm, &mark).await;
}

#[tokio::test]
async fn nothing_is_left_after_sigterm_while_the_model_loads() {
    let vllm = FakeVllm::new();
    let mark = format!("{}-{}", std::process::id(), vllm.port);
    let loading = vllm.gateway(["family", "--load-when", "never"]).env(MARK, &mark);
    let gateway = loading.start().await;
    within(PATIENCE, "its family is there", async || marked(&mark).len() > FAMILY).await;
    gateway.interrupt();
    assert_eq!(gateway.wait_exit().await, Exit::Code(0));
    assert_gone(&vllm, &mark).await;
}

#[tokio::test]
async fn nothing_is_left_after_kill_9() {
    let vllm = FakeVllm::new();
    for _ in 0..5 {
        let (gateway, mark) = with_family(&vllm, "family").await;
        assert!(marked(&mark).len() > FAMILY, "{:?}", marked(&mark));
        let port = gateway.url().rsplit(':').next().and_then(|port| port.parse().ok());
        gateway.kill_9();
        gateway.wait_exit().await;
        assert_gone(&vllm, &mark).await;
        TcpListener::bind(("127.0.0.1", port.unwrap_or(0))).expect("the gateway's port is free");
    }
}

#[tokio::test]
async fn a_second_signal_ends_a_child_that_ignores_the_first() {
    let vllm = FakeVllm::new();
    let (gateway, mark) = with_family(&vllm, "stubborn").await;
    let asked = Instant::now();
    gateway.terminate();
    gateway.await_log("stopping vLLM").await;
    gateway.interrupt();
    assert_eq!(gateway.wait_exit().await, Exit::Code(0));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_gone(&vllm, &mark).await;
}
