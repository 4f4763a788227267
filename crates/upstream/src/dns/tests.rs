use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::mpsc;

use super::*;

/// Gives these answers in turn; after the last one, failures.
struct Scripted(Mutex<VecDeque<Vec<u8>>>);

impl Resolve for Scripted {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let next = self.0.lock().unwrap().pop_front();
        let octets = next.ok_or_else(|| io::Error::other("SERVFAIL"))?;
        Ok(octets.into_iter().map(address).collect())
    }
}

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, last).into()
}

fn scripted(answers: &[&[u8]]) -> LastGood {
    let answers = answers.iter().map(|answer| answer.to_vec()).collect();
    LastGood::new(Arc::new(Scripted(Mutex::new(answers))), Duration::from_secs(5))
}

#[tokio::test]
async fn a_moved_name_is_followed_and_an_outage_keeps_the_last_addresses() {
    // It moves, then has no address, then cannot be looked up at all.
    let names = scripted(&[&[1], &[2, 3], &[]]);
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(names.lookup("node-1").await.unwrap());
    }
    let moved = vec![address(2), address(3)];
    assert_eq!(seen, [vec![address(1)], moved.clone(), moved.clone(), moved]);
}

#[tokio::test]
async fn a_name_that_was_never_found_is_said_with_its_cause() {
    let error = scripted(&[]).lookup("node-1").await.unwrap_err();
    assert_eq!(error.to_string(), "\"node-1\" cannot be resolved: SERVFAIL");
}

/// Answers once, then never until the sender is dropped.
struct Hanging(Mutex<(bool, mpsc::Receiver<()>)>);

impl Resolve for Hanging {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let mut this = self.0.lock().unwrap();
        if std::mem::replace(&mut this.0, true) {
            let _ = this.1.recv();
        }
        Ok(vec![address(1)])
    }
}

#[tokio::test]
async fn a_silent_name_server_holds_one_thread_and_delays_one_connection() {
    let (release, held) = mpsc::channel::<()>();
    let resolver = Arc::new(Hanging(Mutex::new((false, held))));
    let names = LastGood::new(resolver, Duration::from_millis(50));
    assert_eq!(names.lookup("node-1").await, Ok(vec![address(1)]));
    // The first one waits for its limit; the others would wait for seconds if they did too.
    for _ in 0..100 {
        assert_eq!(names.lookup("node-1").await, Ok(vec![address(1)]));
    }
    assert_eq!(names.shared.lookups.available_permits(), 0);
    drop(release);
}
