//! Names of servers (row A23).

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use transom_core::upstream_error::UpstreamError;
use transom_testkit::FakeBackend;
use transom_upstream::Settings;
use transom_upstream::backend::Backend;
use transom_upstream::dns::Resolve;

use crate::support::{ask, settings, spec};

/// Knows one name while it works.
#[derive(Default)]
struct Names {
    broken: AtomicBool,
}

impl Resolve for Names {
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if self.broken.load(Ordering::Relaxed) || host != "llm-backend-01" {
            return Err(io::Error::other("Temporary failure in name resolution"));
        }
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }
}

#[tokio::test]
async fn new_connections_are_opened_to_the_last_good_address_while_names_fail() {
    let server = FakeBackend::start().await;
    let authority = format!("llm-backend-01:{}", server.address().port());
    server.expect_host(&authority);
    let names = Arc::new(Names::default());
    let settings = Settings { resolver: names.clone(), ..settings() };
    let backend = Backend::new(&spec(&format!("http://{authority}")), &settings, None).unwrap();
    ask(&backend).await.unwrap();
    names.broken.store(true, Ordering::Relaxed);
    for connection in 2..5 {
        server.reset_connections();
        server.await_no_connections().await;
        ask(&backend).await.unwrap();
        assert_eq!(server.accepted_connections(), connection);
    }
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_an_error_of_the_connection() {
    let settings = Settings { resolver: Arc::new(Names::default()), ..settings() };
    let backend = Backend::new(&spec("http://llm-backend-02:8000"), &settings, None).unwrap();
    let error = ask(&backend).await.unwrap_err();
    let UpstreamError::Connect { detail } = error else { panic!("{error:?}") };
    assert!(detail.starts_with("\"llm-backend-02\" cannot be resolved: Temporary"), "{detail}");
}
