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
    let joined = join(ROW, more, Known::Exchanged).unwrap();
    let left = without(&joined, "a").unwrap().unwrap();
    let row: Row = serde_json::from_str(&left).unwrap();
    let ids: Vec<_> = deployments(&row).unwrap().iter().map(|d| text(d, "backend")).collect();
    assert_eq!(ids, [Some("three".to_owned())]);
    // A server that nobody uses leaves with its deployment.
    assert_eq!(row.backends.len(), 1);
    assert!(without(&left, "b").unwrap().is_none());
    assert_eq!(name(&left).unwrap(), "chat");
}

const KEYED: &str = r#"{"model":{"name":"m","deployments":[
    {"id":"a","backend":"h:1","rpm":"5"},{"id":"b","backend":"h:1"}]},
    "backends":[{"name":"h:1","url":"http://h:1/v1","api_key":"old","probe":"passive"}]}"#;

type Texts<const N: usize> = [Option<String>; N];

/// Names, keys and the like of a row's servers, and which deployment uses which.
fn seen(row: &str) -> (Vec<Texts<4>>, Vec<Texts<3>>) {
    let row: Row = serde_json::from_str(row).unwrap();
    let servers = row.backends.iter();
    let servers =
        servers.map(|server| ["name", "url", "api_key", "probe"].map(|field| text(server, field)));
    let all = deployments(&row).unwrap();
    let used = all.iter().map(|one| ["id", "backend", "rpm"].map(|field| text(one, field)));
    (servers.collect(), used.collect())
}

fn some<const N: usize>(texts: [&str; N]) -> Texts<N> {
    texts.map(|text| Some(text).filter(|text| !text.is_empty()).map(str::to_owned))
}

#[test]
fn an_amended_deployment_keeps_what_is_not_said_and_leaves_its_neighbours_alone() {
    let key = r#"{"model":{"name":"m","retries":"3","deployments":[{"id":"a","backend":"h:1"}]},
        "backends":[{"name":"h:1","url":"http://h:1/v1","api_key":"new"}]}"#;
    let row = join(KEYED, key, Known::Amended).unwrap();
    let (servers, used) = seen(&row);
    assert_eq!(
        servers,
        [
            some(["h:1", "http://h:1/v1", "old", "passive"]),
            some(["h:1-2", "http://h:1/v1", "new", "passive"]),
        ]
    );
    assert_eq!(used, [some(["a", "h:1-2", "5"]), some(["b", "h:1", ""])]);
    let row: Row = serde_json::from_str(&row).unwrap();
    assert_eq!(text(&row.model, "retries").as_deref(), Some("3"));
}

#[test]
fn a_server_that_the_last_deployment_has_left_is_gone() {
    let moved = |id: &str| {
        format!(
            r#"{{"model":{{"name":"m","deployments":[{{"id":"{id}","backend":"h:2"}}]}},
            "backends":[{{"name":"h:2","url":"http://h:2/v1"}}]}}"#
        )
    };
    let row = join(KEYED, &moved("a"), Known::Amended).unwrap();
    let (servers, _) = seen(&row);
    assert_eq!(
        servers,
        [
            some(["h:1", "http://h:1/v1", "old", "passive"]),
            some(["h:2", "http://h:2/v1", "old", "passive"]),
        ]
    );
    let (servers, used) = seen(&join(&row, &moved("b"), Known::Amended).unwrap());
    assert_eq!(servers, [some(["h:2", "http://h:2/v1", "old", "passive"])]);
    assert_eq!(used, [some(["a", "h:2", "5"]), some(["b", "h:2", ""])]);
    // Exchanged as a whole, it brings no key along, and the neighbour keeps its own.
    let (servers, used) = seen(&join(&row, &moved("b"), Known::Exchanged).unwrap());
    assert_eq!(servers[1], some(["h:2-2", "http://h:2/v1", "", ""]));
    assert_eq!(used[1], some(["b", "h:2-2", ""]));
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
