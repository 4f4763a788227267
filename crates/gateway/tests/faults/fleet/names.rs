//! Names that must not get out: clients read the alias and nothing else.

use transom_testkit::answer::errors::{bad_request, error, model_not_found, object};
use transom_testkit::answer::{Answer, Step, chat_text, completion_text};
use transom_testkit::backend::Request;
use transom_testkit::raw::Response;
use transom_testkit::{FakeBackend, Script};

use crate::support::fleet::{ALIAS, Fleet, INNER, backends, node};
use crate::support::{CHAT, RESPONSES};

/// Every route with a body for it.
const REQUESTS: [(&str, &str); 9] = [
    (CHAT, r#""messages":[{"role":"user","content":"Hi"}]"#),
    (CHAT, r#""stream":true,"messages":[{"role":"user","content":"Hi"}]"#),
    (
        CHAT,
        r#""stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hi"}]"#,
    ),
    ("/v1/completions", r#""prompt":"Hi""#),
    ("/v1/completions", r#""stream":true,"prompt":"Hi""#),
    ("/v1/embeddings", r#""input":"Hi""#),
    (RESPONSES, r#""input":"Hi""#),
    (RESPONSES, r#""stream":true,"input":"Hi""#),
    ("/v1/rerank", r#""query":"Hi","documents":["a","b"]"#),
];

fn file(node: &FakeBackend, model: &str) -> String {
    format!(
        "{}models:\n  - name: {ALIAS}\n{model}    \
         deployments: [{{backend: node-0, model: {INNER}}}]\naliases: [{{name: other, model: {ALIAS}}}]\n\
         routing: {{breaker: false, retries: 0, queue_timeout: 2s}}\n",
        backends(&[node.url()])
    )
}

/// The raw answer, head included.
async fn ask(fleet: &Fleet, path: &str, model: &str, fields: &str) -> (Response, String) {
    let body = format!(r#"{{"model":"{model}",{fields}}}"#);
    let answer = fleet.client.request("POST", path, &[], Some(&body)).await;
    let heads: Vec<_> = answer.headers.iter().flat_map(<[_; 2]>::from).collect();
    let all = format!("{}\n{}", heads.join("\n"), answer.text());
    (answer, all)
}

fn assert_tells_nothing(what: &str, all: &str, node: &FakeBackend) {
    let address = node.address().to_string();
    for secret in [INNER, "node-0", &address] {
        assert!(!all.contains(secret), "{what} tells {secret}: {all}");
    }
}

#[tokio::test]
async fn good_answers_carry_the_name_that_was_asked_for_on_every_route() {
    let node = node().await;
    let fleet = Fleet::start(&file(&node, "")).await;
    for model in [ALIAS, "other"] {
        for (path, fields) in REQUESTS {
            let (answer, all) = ask(&fleet, path, model, fields).await;
            assert_eq!(answer.status, 200, "{path}: {all}");
            assert_tells_nothing(path, &all, &node);
            assert!(all.contains(&format!("\"model\":\"{model}\"")), "{path} {fields}: {all}");
            if path == RESPONSES && !fields.contains("stream") {
                let id = answer.json()["id"].as_str().expect("an id").to_owned();
                let stored = fleet.client.get(&format!("{RESPONSES}/{id}")).await;
                assert_tells_nothing("a stored response", &stored.text(), &node);
                assert_eq!(stored.json()["model"], model);
            }
        }
    }
    let list = fleet.client.get("/v1/models").await;
    assert_tells_nothing("the list of models", &list.text(), &node);
    let ids: Vec<_> = list.json()["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|model| {
            (model["id"].as_str().unwrap_or_default().to_owned(), model["max_model_len"].as_u64())
        })
        .collect();
    assert_eq!(ids, [(ALIAS.to_owned(), Some(32_768)), ("other".to_owned(), Some(32_768))]);
    // What the server was asked for is its own name, and never the client's.
    let asked = node.requests().into_iter().filter(Request::is_inference);
    for request in asked {
        assert_eq!(request.json()["model"], INNER, "{}", request.target);
    }
}

#[tokio::test]
async fn bad_answers_do_not_tell_it_either() {
    let node = node().await;
    let fleet = Fleet::start(&file(&node, "")).await;
    let says = |what: &str| format!("The model `{INNER}` {what}, model='{INNER}'.");
    let in_stream = object(400, &says("refuses"), "BadRequestError", None);
    let failures: Vec<(&str, Script)> = vec![
        ("not found", model_not_found(INNER, &[INNER.to_owned()]).into()),
        ("bad request", bad_request(&says("refuses"), Some("top_k")).into()),
        ("unprocessable", error(422, &says("cannot"), "UnprocessableEntityError", None).into()),
        ("internal", error(500, &says("died"), "InternalServerError", None).into()),
        ("unavailable", error(503, &says("sleeps"), "ServiceUnavailableError", None).into()),
        ("a page", transom_testkit::answer::body_of(500, "text/html", says("is a page")).into()),
        ("within a stream", chat_text("begun ").error(&in_stream).script()),
        ("before a stream", chat_text("").error(&in_stream).script()),
        ("a dead server", chat_text("begun ").step(Step::Reset).script()),
        ("no answer", Answer::empty(200).into()),
    ];
    for (what, failure) in failures {
        for (path, fields) in REQUESTS {
            node.default_answer(failure.clone());
            let (_, all) = ask(&fleet, path, ALIAS, fields).await;
            assert_tells_nothing(&format!("{what} on {path} {fields}"), &all, &node);
        }
    }
    // A server that has too many requests is left alone for a second: once is enough.
    node.answer(error(429, &says("is busy"), "RateLimitError", None));
    let (_, all) = ask(&fleet, CHAT, ALIAS, REQUESTS[0].1).await;
    assert_tells_nothing("a busy server", &all, &node);
    node.kill().await;
    let (_, all) = ask(&fleet, CHAT, ALIAS, REQUESTS[0].1).await;
    assert_tells_nothing("a killed server", &all, &node);
}

#[tokio::test]
async fn an_unknown_name_is_not_found_without_a_word_about_those_there_are() {
    let node = node().await;
    let fleet = Fleet::start(&file(&node, "")).await;
    for (path, fields) in REQUESTS {
        // The server's own name is unknown, too.
        for model in ["nobody", INNER] {
            let (answer, all) = ask(&fleet, path, model, fields).await;
            assert_eq!(answer.status, 404, "{path}: {all}");
            assert_eq!(answer.json()["error"]["code"], "model_not_found");
            assert!(!all.contains(ALIAS) && !all.contains("node-0"), "{all}");
        }
    }
    assert!(node.requests().iter().all(|request| !request.is_inference()));
}

#[tokio::test]
async fn an_operator_may_let_clients_read_the_servers_name() {
    let node = node().await;
    let fleet = Fleet::start(&file(&node, "    expose_upstream_model: true\n")).await;
    for (path, fields) in REQUESTS {
        if path == "/v1/completions" {
            node.answer(completion_text("Hello"));
        }
        let (answer, all) = ask(&fleet, path, ALIAS, fields).await;
        assert_eq!(answer.status, 200, "{path}: {all}");
        // A response object is the gateway's own and says what was asked for.
        let shown = if path == RESPONSES { ALIAS } else { INNER };
        assert!(all.contains(&format!("\"model\":\"{shown}\"")), "{path} {fields}: {all}");
    }
}
