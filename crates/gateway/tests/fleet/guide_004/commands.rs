//! The commands of the guide, and what they answer.

use transom_testkit::answer::chat_text;
use transom_testkit::sse::Event;

use crate::support::guide::{self, DOTENV, KEYS, MASTER, SERVED, Servers};
use crate::support::{CHAT, MODELS, ask, ask_stream, gateway, keyed, listed, refusal, word_of};

#[tokio::test]
async fn the_command_line_and_the_curl_calls_of_the_guide_do_what_it_says() {
    let servers = Servers::start().await;
    let gateway = gateway()
        .file("config.yaml", servers.file())
        .dotenv(DOTENV)
        .command_line(["--config", "config.yaml", "--port", "0"])
        .start()
        .await;
    let client = guide::client(&gateway);
    assert_eq!(listed(&client).await, ["default", "coder"]);

    servers.coder.answer(chat_text("hi"));
    assert_eq!(word_of(&client, "coder").await, "hi");
    let sent = servers.coder.last_request();
    let bearer = format!("Bearer {}", KEYS[1]);
    assert_eq!(sent.headers.get("authorization"), Some(bearer.as_str()));
    assert_eq!(sent.json()["model"], SERVED[1]);
    assert_eq!(servers.general.count(CHAT), 0);

    servers.general.answer(chat_text("hello there"));
    let mut stream = client.stream(CHAT, ask_stream("default")).await;
    let events = stream.collect().await;
    let words = events.iter().filter(|event| event.data != "[DONE]").map(Event::json);
    let words: String = words
        .map(|chunk| {
            chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default().to_owned()
        })
        .collect();
    assert_eq!(words, "hello there");
    assert_eq!(events.last().map(|event| event.data.as_str()), Some("[DONE]"));
    assert_eq!(servers.general.last_request().json()["model"], SERVED[0]);
}

#[tokio::test]
async fn only_the_master_key_opens_and_the_keys_of_the_servers_do_not() {
    let servers = Servers::start().await;
    let gateway = servers.gateway().start().await;
    let refused = (401, "invalid_api_key".to_owned());
    assert_eq!(refusal(&gateway.client().get(MODELS).await), refused);
    for wrong in [KEYS[0], KEYS[1], "sk-gateway-CHANGE-M", ""] {
        let client = keyed(gateway.client(), wrong);
        assert_eq!(refusal(&client.get(MODELS).await), refused, "{wrong:?}");
        assert_eq!(refusal(&client.post(CHAT, ask("coder")).await), refused, "{wrong:?}");
    }
    let (general, coder) = (servers.general.count(CHAT), servers.coder.count(CHAT));
    assert_eq!((general, coder), (0, 0), "nothing reached a model");
    let nobody = guide::client(&gateway).post(CHAT, ask(SERVED[1])).await;
    assert_eq!(
        refusal(&nobody),
        (404, "model_not_found".to_owned()),
        "the servers' names are not ours"
    );
}

#[tokio::test]
async fn keys_of_the_environment_win_over_the_env_file_and_a_missing_one_takes_one_model_out() {
    let servers = Servers::start().await;
    let stale = DOTENV.replace(KEYS[0], "stale").replace("BACKEND_02_KEY", "BACKEND_03_KEY");
    let gateway = servers.gateway().dotenv(stale).env("BACKEND_01_KEY", KEYS[0]).start().await;
    let client = guide::client(&gateway);
    assert_eq!(word_of(&client, "default").await, "Hello from the fake backend.");
    let without_key = client.post(CHAT, ask("coder")).await;
    assert_eq!(refusal(&without_key), (503, "model_misconfigured".to_owned()));
    assert_eq!(servers.coder.requests().len(), 0, "a server is not called without its key");

    let keyless = gateway_without_master(&servers).await;
    assert!(keyless.has_code(2), "{keyless:?}");
    let told =
        "config.yaml:22 general_settings.master_key: the variable LITELLM_MASTER_KEY is not set";
    assert!(keyless.stderr.contains(told), "{keyless:?}");
    assert!(!keyless.stderr.contains(MASTER));
}

async fn gateway_without_master(servers: &Servers) -> transom_testkit::gateway::Finished {
    let keys = DOTENV.replace("LITELLM_MASTER_KEY", "ANOTHER_NAME");
    gateway().config("config.yaml", servers.file()).dotenv(keys).run().await
}
