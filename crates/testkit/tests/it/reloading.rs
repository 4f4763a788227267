use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use transom_testkit::TestGateway;
use transom_testkit::gateway::{Folder, LogMark};

/// A stand-in for the binary: it tells its admin API, and its configuration at every SIGHUP.
fn stand_in(folder: &Folder) -> PathBuf {
    let file = folder.write(
        "stand-in",
        "#!/bin/sh\n\
         trap 'echo \"{\\\"event\\\":\\\"reload\\\",\\\"config\\\":$(cat c.json)}\"' HUP\n\
         echo \"$@\"; cat .env\n\
         echo 'Admin API: http://127.0.0.1:4343/' >&2\n\
         echo 'Transom is ready: http://127.0.0.1:4242/v1/responses'\n\
         while :; do sleep 0.01; done\n",
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("making it executable");
    file
}

#[tokio::test]
async fn gateways_of_one_folder_see_the_same_files_change() {
    let tools = Folder::new();
    let gateways = TestGateway::builder(stand_in(&tools))
        .admin()
        .config("c.json", "1")
        .policy_config("p.yaml", "")
        .dotenv("KEY=secret")
        .start_several(2)
        .await;
    let [one, other] = gateways.as_slice() else { panic!("two gateways") };
    assert_eq!(one.folder(), other.folder());
    let reloaded = async |since: LogMark| {
        one.hang_up();
        let is_reload = |entry: &serde_json::Value| entry["event"] == "reload";
        one.await_json_log(since, "a reload", is_reload).await["config"].clone()
    };
    assert_eq!(one.admin_url().await, "http://127.0.0.1:4343");
    assert_eq!(reloaded(one.log_mark()).await, 1);
    let mark = one.log_mark();
    other.files().replace("c.json", "2");
    assert_eq!(reloaded(mark).await, 2);
    let mark = one.log_mark();
    let half = one.files().write_in_two("c.json", "345", 1, reloaded(mark)).await;
    assert_eq!((half.as_u64(), one.files().read("c.json").as_str()), (Some(3), "345"));
    assert_eq!(one.json_logs_since(mark).len(), 1);
    one.await_log("KEY=secret").await;
    let arguments = one.await_log("serve ").await;
    let expected = "--admin-listen 127.0.0.1:0 --config c.json --policy-config p.yaml";
    assert!(arguments.ends_with(expected), "{arguments}");
}
