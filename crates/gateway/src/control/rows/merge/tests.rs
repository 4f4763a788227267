use super::*;

const ROW: &str = r#"{"model":{"name":"chat","strategy":"round_robin","deployments":[
    {"id":"a","backend":"one"},{"id":"b","backend":"two"}]},
    "backends":[{"name":"one","url":"http://1/v1"},{"name":"two","url":"http://2/v1"}]}"#;

#[test]
fn an_update_exchanges_fields_and_servers() {
    let change = r#"{"model":{"strategy":null,"hidden":true},
        "backends":[{"name":"two","url":"http://3/v1"}]}"#;
    let row: Row = serde_json::from_str(&update(ROW, change).unwrap()).unwrap();
    let fields: Vec<_> = row.model.keys().map(String::as_str).collect();
    assert_eq!(fields, ["name", "deployments", "hidden"]);
    assert_eq!(text(&row.backends[1], "url").as_deref(), Some("http://3/v1"));
}

#[test]
fn deployments_join_and_leave_one_by_one() {
    let more = r#"{"model":{"name":"chat","deployments":[{"id":"b","backend":"three"}]},
        "backends":[{"name":"three","url":"http://3/v1"}]}"#;
    let joined = join(ROW, more).unwrap();
    let left = without(&joined, "a").unwrap().unwrap();
    let row: Row = serde_json::from_str(&left).unwrap();
    let ids: Vec<_> = deployments(&row).unwrap().iter().map(|d| text(d, "backend")).collect();
    assert_eq!(ids, [Some("three".to_owned())]);
    // A server that nobody uses leaves with its deployment.
    assert_eq!(row.backends.len(), 1);
    assert!(without(&left, "b").unwrap().is_none());
    assert_eq!(name(&left).unwrap(), "chat");
}
