use std::time::Duration;

use transom_testkit::answer::{self, Step, chat_text, errors};
use transom_testkit::backend::{Comeback, EngineLoad, Phase};
use transom_testkit::raw::Response;
use transom_testkit::{Client, FakeBackend};

const CHAT: &str = "/v1/chat/completions";

fn chat(model: &str, text: &str) -> String {
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"{text}"}}]}}"#)
}

async fn health(client: &Client) -> [u16; 3] {
    let post = client.post(CHAT, chat("tiny", "Hi")).await.status;
    [client.get("/health").await.status, client.get("/v1/models").await.status, post]
}

#[tokio::test]
async fn each_phase_answers_as_a_server_in_it_does() {
    let backend = FakeBackend::builder().phase(Phase::Loading).start().await;
    let client = Client::new(&backend.url());
    assert_eq!(health(&client).await, [503, 503, 503]);
    backend.enter(Phase::Ready);
    assert_eq!(health(&client).await, [200, 200, 200]);
    backend.enter(Phase::EngineDead);
    assert_eq!(health(&client).await, [503, 200, 500]);
}

#[tokio::test]
async fn models_keys_and_reported_names_can_change_while_it_runs() {
    let builder = FakeBackend::builder().models([("a", 512), ("b", 1024)]).expect_key("one");
    let backend = builder.start().await;
    let with =
        |key: &str| Client::new(&backend.url()).header("authorization", &format!("Bearer {key}"));
    let listed = |list: Response| {
        let list = list.json();
        let data = list["data"].as_array().expect("a list").iter();
        let entry = |m: &serde_json::Value| format!("{} {}", m["id"], m["max_model_len"]);
        data.map(entry).collect::<Vec<_>>().join(",")
    };
    assert_eq!(listed(with("one").get("/v1/models").await), r#""a" 512,"b" 1024"#);
    backend.change_key("two");
    assert_eq!(with("one").get("/v1/models").await.status, 401);
    backend.serve(["c"]);
    assert_eq!(listed(with("two").get("/v1/models").await), r#""c" 32768"#);
    let gone = with("two").post(CHAT, chat("a", "Hi")).await;
    assert_eq!(gone.status, 404);
    assert!(gone.text().contains("The model `a` does not exist. Valid aliases: c."), "{gone:?}");

    let careless = FakeBackend::builder().any_model().reports_model("file.gguf").start().await;
    let answer = Client::new(&careless.url()).post(CHAT, chat("anything", "Hi")).await.json();
    assert_eq!(answer["model"], "file.gguf");
}

#[tokio::test]
async fn the_metrics_page_tells_the_real_load_or_the_one_it_is_told_to() {
    let backend = FakeBackend::start().await;
    let client = Client::new(&backend.url());
    backend.answer(chat_text("one").step(Step::Hang));
    let body = chat("tiny", "Hi").replacen('{', r#"{"stream":true,"#, 1);
    let _open = client.stream(CHAT, body).await;
    let page = client.get("/metrics").await.text();
    let line = |name: &str, value: &str| {
        format!("vllm:{name}{{engine=\"0\",model_name=\"tiny\"}} {value}\n")
    };
    assert!(page.contains(&line("num_requests_running", "1.0")), "{page}");
    backend.show_load(EngineLoad { running: 3, waiting: 7, kv_cache_usage: 0.875 });
    let page = client.get("/metrics").await.text();
    for (name, value) in [
        ("num_requests_running", "3.0"),
        ("num_requests_waiting", "7.0"),
        ("kv_cache_usage_perc", "0.875"),
    ] {
        assert!(page.contains(&line(name, value)), "{name} in {page}");
    }
    let bare = FakeBackend::builder().without_metrics().start().await;
    assert_eq!(Client::new(&bare.url()).get("/metrics").await.status, 404);
}

#[tokio::test]
async fn rankings_and_scores_have_the_shape_of_vllm() {
    let backend = FakeBackend::start().await;
    let client = Client::new(&backend.url());
    let ask = r#"{"model":"tiny","query":"q","documents":["bb","dddd","c"],"top_n":2}"#;
    let ranking = client.post("/v1/rerank", ask).await.json();
    let order = [0, 1].map(|at| ranking["results"][at]["index"].as_u64());
    assert_eq!((order, ranking["model"].as_str()), ([Some(1), Some(0)], Some("tiny")));
    assert_eq!(ranking["results"][0]["document"]["text"], "dddd");
    let ask = r#"{"model":"tiny","text_1":"q","text_2":["bb","c"]}"#;
    let scores = client.post("/v1/score", ask).await.json();
    assert_eq!((&scores["data"][1]["score"], &scores["object"]), (&1.0.into(), &"list".into()));
    backend.finish();
}

#[tokio::test]
async fn failures_come_as_often_as_told_and_always_in_the_same_order() {
    let statuses = async |script: transom_testkit::Script| {
        let backend = FakeBackend::builder().default_answer(script).start().await;
        let client = Client::new(&backend.url());
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(client.post(CHAT, chat("tiny", "Hi")).await.status);
        }
        statuses
    };
    let fine = || chat_text("fine").script();
    let third = statuses(fine().failing_every(3, errors::internal())).await;
    assert_eq!(third[..6], [200, 200, 500, 200, 200, 500]);
    let first = statuses(fine().failing_first(2, errors::overloaded())).await;
    assert_eq!(first[..4], [503, 503, 200, 200]);
    let share = || statuses(fine().failing_share(30, 7, errors::internal()));
    let some = share().await;
    assert!((6..=18).contains(&some.iter().filter(|status| **status == 500).count()), "{some:?}");
    assert_eq!(some, share().await);
}

#[tokio::test]
async fn a_marked_request_takes_all_others_with_it_and_the_port_until_it_is_back() {
    let backend = FakeBackend::start().await;
    let client = Client::new(&backend.url());
    backend.die_of("poison", Comeback::Never);
    backend.answer(chat_text("half an").step(Step::Hang));
    let body = chat("tiny", "Hi").replacen('{', r#"{"stream":true,"#, 1);
    let mut bystander = client.stream(CHAT, body).await;
    let deadly = chat("tiny", "poison");
    let ask = || client.try_request("POST", CHAT, &[], Some(&deadly));
    assert!(ask().await.is_err());
    let torn = async {
        while bystander.try_next().await?.is_some() {}
        anyhow::Ok(())
    };
    assert!(torn.await.is_err());
    assert!(client.try_request("GET", "/health", &[], None).await.is_err());
    assert_eq!((backend.deaths(), backend.count(CHAT)), (1, 2));

    backend.listen().await;
    backend.die_of("poison", Comeback::After(Duration::ZERO));
    assert!(ask().await.is_err());
    let back = async {
        while client.try_request("GET", "/health", &[], None).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(transom_testkit::PATIENCE, back).await.expect("it comes back");
    assert_eq!(backend.deaths(), 2);
}

#[tokio::test]
async fn a_refusal_can_name_its_time_in_every_way_and_a_redirect_its_place() {
    let backend = FakeBackend::start().await;
    let client = Client::new(&backend.url());
    let date = errors::http_date(Duration::from_secs(3));
    for value in [date.as_str(), "soon", "315360000"] {
        backend.answer(errors::come_back(429, value));
        let refused = client.post(CHAT, chat("tiny", "Hi")).await;
        assert_eq!((refused.status, refused.headers.get("retry-after")), (429, Some(value)));
    }
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
    backend.answer(errors::redirect(307, "http://127.0.0.1:1/v1"));
    let moved = client.post(CHAT, chat("tiny", "Hi")).await;
    assert_eq!((moved.status, moved.headers.get("location").is_some()), (307, true));
    backend.answer(answer::json(200, "{}"));
    assert_eq!(client.post(CHAT, chat("tiny", "Hi")).await.text(), "{}");
    assert_eq!(backend.requests_by_connection(), [5]);
    assert_eq!((backend.take_peak(), backend.take_peak()), (1, 0));
}
