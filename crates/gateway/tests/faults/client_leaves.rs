//! Clients that go (B1 to B3): the model server is let go at once, and the record says `cancelled`.
//!
//! A client that closes only its sending side has left too: half-closed clients are not served.

use std::time::{Duration, Instant};

use transom_testkit::answer::chat::chat;
use transom_testkit::answer::{Answer, Framing, Script, Step};
use transom_testkit::raw::End;
use transom_testkit::{Gate, RawClient};

use crate::support::exchange::{ROADS, Road, body};
use crate::support::{CHAT, RESPONSES, Rig, Times, count, eventually};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    Fin,
    Reset,
    HalfClose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// The model server has the question and has said nothing.
    BeforeTheFirstByte,
    /// The model server is in the middle of its answer.
    Midway,
}

/// What the client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    On(Road),
    /// A chat as one object, which passes through.
    ChatWhole,
}

impl Form {
    fn path(self) -> &'static str {
        match self {
            Self::On(Road::Chat) | Self::ChatWhole => CHAT,
            Self::On(_) => RESPONSES,
        }
    }

    fn body(self) -> String {
        match self {
            Self::On(road) => body(road, ""),
            Self::ChatWhole => body(Road::Chat, "").replace("true", "false"),
        }
    }

    /// What the model server does, waiting at the gate at the moment in question.
    fn answer(self, moment: Moment, gate: &Gate) -> Script {
        match (self, moment) {
            (_, Moment::BeforeTheFirstByte) => chat().wait(gate).text("late").script(),
            (Self::On(_), Moment::Midway) => {
                chat().text("One two ").wait(gate).text("late").script()
            }
            (Self::ChatWhole, Moment::Midway) => {
                let begun = Answer::empty(200).header("content-type", "application/json");
                let begun = begun.framed(Framing::ClaimedLength(1000));
                begun.step(Step::Send("{".into())).step(Step::Wait(gate.clone())).into()
            }
        }
    }
}

fn forms() -> [Form; 4] {
    let [chat, stream, whole] = ROADS.map(Form::On);
    [chat, stream, whole, Form::ChatWhole]
}

#[tokio::test]
async fn a_client_that_leaves_lets_the_model_server_go_at_once_and_is_on_record() {
    let rig = Rig::start("").await;
    let mut times = Times::default();
    let (mut cancelled, mut all) = (0, 0);
    for _ in 0..count(3, 60) {
        for form in forms() {
            for moment in [Moment::BeforeTheFirstByte, Moment::Midway] {
                for leave in [Leave::Fin, Leave::Reset, Leave::HalfClose] {
                    times.add(leave_once(&rig, form, moment, leave).await);
                    all += 1;
                    cancelled += usize::from(form.path() == RESPONSES);
                }
            }
        }
    }
    times.print("from a client's end to the end at the model server");
    assert!(times.percentile(100) <= Duration::from_secs(1));

    eventually("all records", async || rig.stored("cancelled").await.len() == cancelled).await;
    for id in rig.stored("cancelled").await {
        let stored = rig.client.get(&format!("{RESPONSES}/{id}")).await.json();
        assert_eq!((&stored["id"], &stored["status"]), (&id.into(), &"cancelled".into()));
        assert!(stored["error"].is_null() && stored["usage"].is_null(), "{stored}");
    }
    for (route, number) in [(RESPONSES, cancelled), (CHAT, all - cancelled)] {
        let line = format!("transom_turns_total{{route=\"{route}\",outcome=\"cancelled\"}}");
        assert_eq!(rig.metric(&line).await.to_string(), number.to_string(), "{route}");
    }
    let open = rig.metric("vllm_responses_sse_connections_in_flight").await;
    assert_eq!(open.to_string(), "0");
}

/// The time from the client's end to the end that the model server sees.
async fn leave_once(rig: &Rig, form: Form, moment: Moment, leave: Leave) -> Duration {
    let gate = Gate::new(format!("{moment:?}"));
    rig.backend.answer(form.answer(moment, &gate));
    let mut client = rig.connect().await;
    client.post(rig.host(), form.path(), &form.body()).await.expect("sending");
    gate.arrived(1).await;
    let streams = matches!(form, Form::On(Road::Chat | Road::Stream));
    if streams && moment == Moment::Midway {
        read_until(&mut client, "two ").await;
    }
    let left = Instant::now();
    match leave {
        Leave::Fin => drop(client),
        Leave::Reset => client.reset(),
        Leave::HalfClose => {
            client.half_close();
            let (rest, end) = client.read_to_end(Duration::from_secs(1)).await;
            let rest = String::from_utf8_lossy(&rest);
            assert_ne!(end, End::StillOpen, "{form:?}, {moment:?}");
            assert!(!rest.contains("[DONE]") && !rest.contains("late"), "{form:?}: {rest}");
        }
    }
    let seen = rig.backend.await_disconnect().await;
    seen.at.saturating_duration_since(left)
}

async fn read_until(client: &mut RawClient, text: &str) {
    let mut read = String::new();
    while !read.contains(text) {
        let more = client.read_some().await.expect("the stream goes on");
        assert!(!more.is_empty(), "the stream ended: {read}");
        read.push_str(&String::from_utf8_lossy(&more));
    }
}

#[tokio::test]
async fn a_client_that_leaves_after_any_event_leaves_what_it_could_have_read_on_record() {
    let rig = Rig::start("").await;
    let words = ["One ", "two ", "three ", "four "];
    for said in 1..=words.len() {
        let gate = Gate::new("the rest");
        let answer = words[..said].iter().fold(chat(), |chat, word| chat.text(*word));
        rig.backend.answer(answer.wait(&gate).text("late"));
        let mut stream = rig.client.stream(RESPONSES, body(Road::Stream, "")).await;
        let created = stream.until("response.created").await.event.json();
        for _ in 0..said {
            stream.until("response.output_text.delta").await;
        }
        if said % 2 == 0 {
            stream.reset();
        } else {
            drop(stream);
        }
        rig.backend.await_disconnect().await;
        let path = format!("{RESPONSES}/{}", created["response"]["id"].as_str().expect("an id"));
        eventually("the record", async || rig.client.get(&path).await.status == 200).await;
        let stored = rig.client.get(&path).await.json();
        assert_eq!(stored["status"], "cancelled");
        assert_eq!(stored["output"][0]["content"][0]["text"], words[..said].concat());
        assert_eq!(stored["output"][0]["status"], "incomplete");
    }
}

#[tokio::test]
async fn a_client_that_leaves_within_its_own_request_has_asked_nothing() {
    let rig = Rig::start("").await;
    let request = body(Road::Whole, "");
    let head = format!(
        "POST {RESPONSES} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        request.len()
    );
    let whole = format!("{head}{request}");
    let step = count(23, 1);
    for cut in (1..whole.len()).step_by(step) {
        let mut client = rig.connect().await;
        client.send(&whole[..cut]).await.expect("sending");
        client.half_close();
        let (answer, end) = client.read_to_end(Duration::from_secs(1)).await;
        assert_ne!(end, End::StillOpen, "cut at {cut}");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "cut at {cut}: {answer}");
    }
    rig.client.get("/health").await;
    assert!(rig.backend.requests_to(CHAT).is_empty());
    println!("{} cuts", whole.len() / step);
}
