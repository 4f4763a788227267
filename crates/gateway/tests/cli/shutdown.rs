//! The end of a program that is busy (F1 of the fault table).

use transom_testkit::answer::chat_text;
use transom_testkit::client::EventStream;
use transom_testkit::gateway::Exit;
use transom_testkit::{FakeBackend, Gate, TestGateway};

use crate::support::{
    CHAT, RESPONSES, chat, chat_stream, gateway, refusal, response, response_stream,
};

const STREAMS: usize = 20;

struct Busy {
    _backend: FakeBackend,
    gateway: TestGateway,
    gate: Gate,
    responses: Vec<EventStream>,
    chats: Vec<EventStream>,
}

/// A gateway with open streams that all wait at one gate, half of them chats.
async fn busy(limit: &str) -> Busy {
    let (backend, gate) = (FakeBackend::start().await, Gate::new("the middle of the answer"));
    backend.default_answer(chat_text("begun").wait(&gate).text("finished"));
    let limited = gateway().upstream(&backend.url()).arg("--shutdown-timeout").arg(limit);
    let gateway = limited.start().await;
    let (client, mut responses, mut chats) = (gateway.client(), Vec::new(), Vec::new());
    for _ in 0..STREAMS / 2 {
        let mut stream = client.stream(RESPONSES, response_stream("hi")).await;
        stream.until("response.output_text.delta").await;
        responses.push(stream);
        let mut stream = client.stream(CHAT, chat_stream("hi")).await;
        stream.until("message").await;
        chats.push(stream);
    }
    gate.arrived(STREAMS).await;
    Busy { _backend: backend, gateway, gate, responses, chats }
}

async fn assert_cut(busy: &mut Busy) -> Vec<String> {
    let mut ids = Vec::new();
    for stream in &mut busy.responses {
        let error = stream.until("error").await.event.json();
        assert_eq!(error["code"], "server_shutdown", "{error}");
        let failed = stream.until("response.failed").await.event.json();
        // The object's own code is one of a closed set.
        let message = failed["response"]["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("server_shutdown"), "{failed}");
        assert_eq!(failed["response"]["status"], "failed");
        ids.push(failed["response"]["id"].as_str().expect("an id").to_owned());
        assert_eq!(stream.collect().await, [], "nothing follows");
    }
    for stream in &mut busy.chats {
        let last = stream.collect().await.pop().expect("a last event");
        assert_eq!(last.json()["error"]["code"], "server_shutdown", "{}", last.data);
    }
    ids
}

#[tokio::test]
async fn open_streams_are_finished() {
    let mut busy = busy("30").await;
    busy.gateway.terminate();
    busy.gateway.await_log("finishing active requests").await;
    let refused = busy.gateway.client().try_request("GET", "/health", &[], None).await;
    assert!(refused.is_err(), "{refused:?}");
    busy.gate.open();
    for stream in &mut busy.responses {
        let completed = stream.until("response.completed").await.event.json();
        assert_eq!(completed["response"]["output"][0]["content"][0]["text"], "begunfinished");
    }
    for stream in &mut busy.chats {
        assert_eq!(stream.collect().await.pop().expect("a last event").data, "[DONE]");
    }
    assert_eq!(busy.gateway.wait_exit().await, Exit::Code(0));
}

#[tokio::test]
async fn what_takes_too_long_is_cut_and_told_so() {
    let mut busy = busy("0.3").await;
    busy.gateway.terminate();
    let ids = assert_cut(&mut busy).await;
    assert_eq!(busy.gateway.wait_exit().await, Exit::Code(143));

    let again = busy.gateway.restart().await;
    for id in ids {
        let stored = again.client().get(&format!("{RESPONSES}/{id}")).await.json();
        assert_eq!(stored["status"], "failed", "{stored}");
        let parent = format!(r#"{{"previous_response_id":"{id}","#);
        let body = response("go on").replacen('{', &parent, 1);
        assert_eq!(again.client().post(RESPONSES, body).await.status, 400);
    }
}

#[tokio::test]
async fn a_second_signal_cuts_at_once() {
    let mut busy = busy("60").await;
    busy.gateway.interrupt();
    busy.gateway.await_log("finishing active requests").await;
    busy.gateway.interrupt();
    assert_cut(&mut busy).await;
    assert_eq!(busy.gateway.wait_exit().await, Exit::Code(130));
}

#[tokio::test]
async fn a_cut_answer_that_has_not_begun_is_refused() {
    let (backend, gate) = (FakeBackend::start().await, Gate::new("before the answer"));
    backend.default_answer(chat_text("never").wait(&gate));
    let limited = gateway().upstream(&backend.url()).arg("--shutdown-timeout").arg("0.2");
    let gateway = limited.start().await;
    let client = gateway.client();
    let stop = async {
        gate.arrived(2).await;
        gateway.terminate();
    };
    let (response, chat, ()) =
        tokio::join!(client.post(RESPONSES, response("hi")), client.post(CHAT, chat("hi")), stop);
    for answer in [response, chat] {
        assert_eq!(refusal(&answer), (503, "server_shutdown".to_owned()));
    }
    assert_eq!(gateway.wait_exit().await, Exit::Code(143));
}
