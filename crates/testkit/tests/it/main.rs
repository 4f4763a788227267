//! The kit's own tests: a test double that does not do as scripted proves nothing.

mod answers;
mod chaos;
mod conditions;
mod data;
mod faults;
mod gateway;
mod load;
mod reloading;
mod tls;
mod validation;

#[tokio::test]
async fn fake_process() {
    transom_testkit::process::serve_or_check().await;
}
