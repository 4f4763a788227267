//! Model servers that are killed and started again under load.

use std::time::Duration;

use transom_testkit::load::Load;
use transom_testkit::{FakeProcess, PATIENCE};

use crate::support::guide::{self, DOTENV, KEYS, SERVED};
use crate::support::{await_state, gateway};

/// Between two words of an answer: streams are caught in the middle.
const PAUSE: Duration = Duration::from_millis(10);

#[tokio::test]
async fn both_servers_are_restarted_under_load_and_every_request_that_had_not_begun_is_answered() {
    let server = |at: usize| {
        FakeProcess::builder()
            .models([SERVED[at]])
            .expect_key(KEYS[at])
            .words(4)
            .pause(PAUSE)
            .start()
    };
    let (mut general, mut coder) = (server(0).await, server(1).await);
    let file = guide::file(&general.url(), &coder.url());
    let gateway = gateway().config("config.yaml", file).dotenv(DOTENV).start().await;
    let client = guide::client(&gateway);
    await_state(&client, "default", "ready").await;
    await_state(&client, "coder", "ready").await;

    let load = |model: &str| {
        let load = Load::chat(guide::client(&gateway), model).clients(6);
        load.for_at_most(PATIENCE).start()
    };
    let (asking_general, asking_coder) = (load("default"), load("coder"));
    asking_general.await_more(20).await;
    general.restart().await;
    asking_coder.await_more(20).await;
    coder.restart().await;
    asking_general.await_more(20).await;
    asking_coder.await_more(20).await;
    general.restart().await;
    asking_general.await_more(20).await;

    for (alias, report) in
        [("default", asking_general.finish().await), ("coder", asking_coder.finish().await)]
    {
        println!("{alias}: {:?}, p99 {:?}", report.tally(), report.latency(99));
        report.assert_unbegun_ones_are_answered();
        assert_eq!(report.models().into_iter().collect::<Vec<_>>(), [alias]);
    }
}
