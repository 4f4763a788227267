//! What operators change.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use transom_engine::control::{ControlError, Mark, Marking, Wording, Write};

use crate::support::control::Told;
use crate::support::{NOON, World};

#[tokio::test]
async fn a_reload_tells_the_new_revision_or_every_problem() {
    let world = World::open();
    assert_eq!(world.admin("POST /admin/v1/reload", "").await.json()["revision"], 7);
    let problems = vec!["a.yaml:1: one (do this)".to_owned(), "b.yaml:2: two".to_owned()];
    *world.control.rejected.lock().unwrap() = Some(problems.clone());
    let answer = world.admin("POST /admin/v1/reload", "").await;
    assert_eq!(answer.error(), (422, "configuration_rejected".to_owned(), None));
    assert!(problems.iter().all(|problem| answer.message().contains(problem)), "{answer:?}");
}

#[tokio::test]
async fn a_mark_reaches_the_gateway_with_its_reason_its_time_and_its_actor() {
    let world = World::keyed();
    let body = r#"{"state":"draining","reason":"new disk","ttl_seconds":60,"actor":"ann"}"#;
    let answer = world.admin("PUT /admin/v1/backends/node-1/state", body).await;
    assert_eq!(
        answer.json()["mark"],
        json!({"state": "draining", "reason": "new disk", "actor": "ann", "ttl_seconds": 60,
               "since": NOON})
    );
    let answer = world.admin("PUT /admin/v1/backends/node-1/state", r#"{"state":"auto"}"#).await;
    assert_eq!(answer.status, 200);
    let marking = Marking {
        mark: Mark::Draining,
        reason: "new disk".to_owned(),
        actor: "ann".to_owned(),
        ttl: Some(Duration::from_mins(1)),
    };
    let auto = Marking { actor: "master".to_owned(), ..Marking::default() };
    let node = || "node-1".to_owned();
    assert_eq!(world.control.told(), [Told::Mark(node(), marking), Told::Mark(node(), auto)]);
}

#[tokio::test]
async fn a_wrong_mark_is_refused_with_the_name_of_what_is_wrong() {
    let world = World::open();
    let long = format!(r#"{{"state":"auto","reason":"{}"}}"#, "x".repeat(513));
    let cases = [
        (r#"{"state":"healthy","colour":"red"}"#, "unknown_parameter", Some("colour")),
        ("{}", "missing_required_parameter", Some("state")),
        (r#"{"state":"broken"}"#, "invalid_value", None),
        (r#"{"state":"healthy","ttl_seconds":0}"#, "invalid_value", Some("ttl_seconds")),
        (r#"{"state":"auto","ttl_seconds":5}"#, "invalid_value", Some("ttl_seconds")),
        (r#"{"state":"auto","actor":"a\nb"}"#, "invalid_value", Some("actor")),
        (&long, "invalid_value", Some("reason")),
        ("{", "invalid_json", None),
    ];
    for (body, code, param) in cases {
        let answer = world.admin("PUT /admin/v1/backends/node-1/state", body).await;
        assert_eq!(answer.error(), (400, code.to_owned(), param.map(str::to_owned)), "{body}");
    }
    let answer = world.admin("PUT /admin/v1/backends/none/state", r#"{"state":"auto"}"#).await;
    assert_eq!(answer.status, 404);
    assert_eq!(world.control.told(), []);
}

#[tokio::test]
async fn sealing_keys_are_made_and_taken_out_and_never_shown() {
    let world = World::keyed();
    let kept = json!({"id": "bb", "object": "sealing_key", "source": "store", "created_at": NOON, "seals": false});
    let configured =
        json!({"id": "aa", "object": "sealing_key", "source": "configuration", "seals": true});
    let list = world.admin("GET /admin/v1/sealing-keys", "").await;
    assert_eq!(list.json(), json!({"object": "list", "data": [configured, kept]}));
    let made = world.admin("POST /admin/v1/sealing-keys", "").await;
    assert_eq!((made.status.as_u16(), made.json()), (201, kept));
    let gone = world.admin("DELETE /admin/v1/sealing-keys/bb", "").await;
    assert_eq!(gone.json(), json!({"id": "bb", "object": "sealing_key", "deleted": true}));
    let by = || "master".to_owned();
    assert_eq!(world.control.told(), [Told::AddKey { by: by() }, Told::RemoveKey("bb".to_owned())]);
    for (error, expected) in [
        (ControlError::NotFound("no key".to_owned()), (404, "not_found".to_owned(), None)),
        (ControlError::Conflict("in use".to_owned()), (409, "conflict".to_owned(), None)),
        (ControlError::ReadOnly("in a file".to_owned()), (409, "read_only".to_owned(), None)),
    ] {
        *world.control.fails.lock().unwrap() = Some(error);
        let refused = world.admin("DELETE /admin/v1/sealing-keys/bb", "").await;
        assert_eq!(refused.error(), expected);
    }
}

#[tokio::test]
async fn models_are_added_changed_and_taken_out_by_name() {
    let world = World::keyed();
    let json = r#"{"model":{"name":"a/b","deployments":[]}}"#;
    let added = world.admin("POST /admin/v1/models", json).await;
    assert_eq!((added.status.as_u16(), &added.json()["name"]), (201, &json!("ranker")));
    assert_eq!(world.admin("PATCH /admin/v1/models/a/b", json).await.status, 200);
    let gone = world.admin("DELETE /admin/v1/models/a%2Fb", "").await;
    assert_eq!(gone.json(), json!({"name": "a/b", "object": "model", "deleted": true}));
    let (by, json) = (|| "master".to_owned(), json.to_owned());
    let wording = Wording::Native;
    assert_eq!(
        world.control.told(),
        [
            Told::Write { by: by(), name: None, json: json.clone(), wording, write: Write::Create },
            Told::Write {
                by: by(),
                name: Some("a/b".to_owned()),
                json,
                wording,
                write: Write::Update
            },
            Told::Remove { by: by(), name: "a/b".to_owned(), deployment: None },
        ]
    );
}

#[tokio::test]
async fn what_does_not_happen_is_told_with_its_reason() {
    let world = World::open();
    let text = |text: &str| text.to_owned();
    let store = transom_core::port::store::StoreError::Unavailable("gone".into());
    let problems =
        vec![text("transom.yaml:7 model.name: is missing (write one)"), text("b: is wrong")];
    let cases = [
        (ControlError::NotFound(text("no x")), 404, "not_found", None),
        (ControlError::Conflict(text("there")), 409, "conflict", None),
        (ControlError::ReadOnly(text("in a file")), 409, "read_only", None),
        (ControlError::Invalid(problems), 400, "invalid_configuration", Some("model.name")),
        (ControlError::Store(store), 503, "storage_unavailable", None),
    ];
    for (error, status, code, param) in cases {
        let said = match &error {
            ControlError::Invalid(problems) => problems.join("\n"),
            error => error.to_string().split_once(": ").unwrap().1.to_owned(),
        };
        *world.control.fails.lock().unwrap() = Some(error);
        let answer = world.admin("PATCH /admin/v1/models/x", "{}").await;
        assert_eq!(answer.error(), (status, code.to_owned(), param.map(str::to_owned)));
        assert!(status == 503 || answer.message() == said, "{answer:?}");
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn each_change_is_logged_once_with_who_and_what() {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
    let _log = tracing::subscriber::set_default(log.finish());
    let world = World::keyed();
    let mut request = world.request("DELETE /admin/v1/models/org/a", "");
    request.headers_mut().insert("x-transom-actor", "terraform".parse().unwrap());
    world.admin_raw(request).await;
    *world.control.fails.lock().unwrap() = Some(ControlError::ReadOnly("in a file".to_owned()));
    world.admin("DELETE /admin/v1/models/org/b", "").await;
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let about = |name: &str| log.lines().filter(|line| line.contains(name)).collect::<Vec<_>>();
    let [done] = about("org/a")[..] else { panic!("{log}") };
    assert!(done.contains("INFO") && done.contains(r#"actor="terraform""#), "{done}");
    let [refused] = about("org/b")[..] else { panic!("{log}") };
    assert!(refused.contains("WARN") && refused.contains(r#"actor="master""#), "{refused}");
    assert!(refused.contains("in a file"), "{refused}");
    let answered = log.lines().find(|line| line.contains("answered")).unwrap();
    assert!(answered.contains("revision=7"), "{answered}");
}
