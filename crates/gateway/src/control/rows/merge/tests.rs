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

#[test]
fn a_server_that_is_written_back_without_its_key_keeps_it() {
    let row = r#"{"model":{"name":"m"},"backends":[{"name":"b","url":"u","api_key":"k"}]}"#;
    let key = |change: &str| {
        let row: Row = serde_json::from_str(&update(row, change).unwrap()).unwrap();
        text(&row.backends[0], "api_key")
    };
    assert_eq!(key(r#"{"backends":[{"name":"b","url":"v"}]}"#).as_deref(), Some("k"));
    assert_eq!(key(r#"{"backends":[{"name":"b","api_key":"l"}]}"#).as_deref(), Some("l"));
    assert_eq!(key(r#"{"backends":[{"name":"b","api_key":null}]}"#), None);
}

#[test]
fn a_deployment_gets_an_id_where_it_has_none() {
    let row = with_id(r#"{"model":{"deployments":[{"id":"a"},{"backend":"b"}]}}"#, "new").unwrap();
    let row: Row = serde_json::from_str(&row).unwrap();
    let ids: Vec<_> = deployments(&row).unwrap().iter().map(|d| text(d, "id")).collect();
    assert_eq!(ids, [Some("a".to_owned()), Some("new".to_owned())]);
}

#[test]
fn a_row_has_servers_of_its_own() {
    let row = r#"{"model":{"name":"m","deployments":[{"backend":"h:1"},{"backend":"of-a-file"}]},
        "backends":[{"name":"h:1","url":"u"}]}"#;
    let row: Row = serde_json::from_str(&with_own_servers(row).unwrap()).unwrap();
    assert_eq!(text(&row.backends[0], "name").as_deref(), Some("m@h:1"));
    let used: Vec<_> = deployments(&row).unwrap().iter().map(|d| text(d, "backend")).collect();
    assert_eq!(used, [Some("m@h:1".to_owned()), Some("of-a-file".to_owned())]);
}
