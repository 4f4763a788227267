use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::time::Instant;

use super::{Guarded, Patience};
use crate::phase::{Phase, SharedPhase};

const PATIENCE: Patience = Patience {
    head: Duration::from_secs(10),
    idle: Duration::from_secs(75),
    write: Duration::from_secs(30),
};

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_cut_after_its_limit_and_not_after_each_byte() {
    let (mut client, server) = duplex(64);
    let mut socket = Guarded::new(server, SharedPhase::new(), PATIENCE);
    let started = Instant::now();
    let dripping = async {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let _ = client.write_all(b"x").await;
        }
        client
    };
    let reading = async {
        let mut byte = [0];
        loop {
            if let Err(error) = socket.read_exact(&mut byte).await {
                return (error.kind(), started.elapsed());
            }
        }
    };
    let (end, _client) = tokio::join!(reading, dripping);
    assert_eq!(end, (ErrorKind::TimedOut, Duration::from_secs(10)));
}

#[tokio::test(start_paused = true)]
async fn a_request_being_served_has_no_read_limit_and_rests_for_the_idle_time_afterwards() {
    let (_client, server) = duplex(64);
    let phase = SharedPhase::new();
    let mut socket = Guarded::new(server, phase.clone(), PATIENCE);
    let started = Instant::now();
    let serving = phase.serve();
    let waiting = tokio::time::timeout(Duration::from_secs(1000), socket.read_u8()).await;
    assert!(waiting.is_err(), "still waiting after 1000 s");
    drop(serving);
    assert_eq!(phase.get(), Phase::Idle);
    let error = socket.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(started.elapsed(), Duration::from_secs(1075));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut() {
    let (_client, server) = duplex(64);
    let mut socket = Guarded::new(server, SharedPhase::new(), PATIENCE);
    let started = Instant::now();
    let error = socket.write_all(&[0; 1000]).await.unwrap_err();
    assert_eq!((error.kind(), started.elapsed()), (ErrorKind::TimedOut, PATIENCE.write));
}
