//! F3: a configuration that cannot be used changes nothing, and is told everywhere.

use std::fs;

use serde_json::Value;
use transom_testkit::{Client, FakeBackend, TestGateway};

use crate::support::{BINARY, eventually, gateway, keyed, readyz, text, word_of};

const FILE: &str = "transom.yaml";
const MASTER: &str = "sk-master";

/// Part of the good file, and what takes its place: the line, and what is said of it.
const WRONG: [(&str, &str, &str, &str); 8] = [
    ("bad YAML", "name: m", "name: [m", "transom.yaml:"),
    ("a tab", "  - name: m", "\t- name: m", "transom.yaml:5"),
    ("an unknown field", "retries: 1", "retriez: 1", "transom.yaml:6 models[0].retriez"),
    ("a wrong type", "retries: 1", "retries: many", "transom.yaml:6 models[0].retries"),
    ("a missing secret", "file:master.key", "file:absent.key", "transom.yaml:1 auth.api_key"),
    (
        "a missing certificate",
        "connect_timeout: 1",
        "ca: absent.pem",
        "transom.yaml:3 backends[0].ca",
    ),
    (
        "an unknown server",
        "backend: one",
        "backend: two",
        "transom.yaml:8 models[0].deployments[0].backend",
    ),
    ("a wrong address", "http://", "ftp://", "transom.yaml:3 backends[0].url"),
];

fn good(server: &FakeBackend, name: &str) -> String {
    format!(
        "auth: {{api_key: file:master.key}}\nbackends:\n  \
         - {{name: one, url: '{}/v1', connect_timeout: 1}}\nmodels:\n  - name: {name}\n    \
         retries: 1\n    deployments:\n      - {{backend: one, model: tiny}}\n",
        server.url()
    )
}

struct Site {
    server: FakeBackend,
    gateway: TestGateway,
    client: Client,
    admin: Client,
}

impl Site {
    async fn start() -> Self {
        let server = FakeBackend::start().await;
        let gateway = gateway()
            .config(FILE, good(&server, "m"))
            .file("master.key", MASTER)
            .admin()
            .start()
            .await;
        let client = keyed(gateway.client(), MASTER);
        let admin = keyed(gateway.admin().await, MASTER);
        Self { server, gateway, client, admin }
    }

    async fn revision(&self) -> Value {
        self.admin.get("/admin/v1/revision").await.json()
    }

    async fn number(&self) -> u64 {
        self.revision().await["revision"].as_u64().expect("a number")
    }

    /// Waits until the newest configuration is refused, and looks at every place that tells of it.
    /// `told` is what all of them have to say.
    async fn assert_rejected(&self, what: &str, told: &str, revision: u64) {
        eventually(&format!("{what} to be refused"), async || {
            readyz(&self.client, "").await.1["config"] == "rejected"
        })
        .await;
        let (status, seen) = readyz(&self.client, "").await;
        assert_eq!((status, &seen["revision"]), (200, &Value::from(revision)), "{what}: {seen}");
        let problem = text(&seen["problems"][0]).to_owned();
        assert!(problem.contains(told), "{what}: {problem}");
        let anybody = self.gateway.client().get("/readyz").await;
        assert!(!anybody.text().contains(&problem), "{what}: {}", anybody.text());

        let revision_shown = self.revision().await;
        assert_eq!(revision_shown["config"], "rejected", "{what}");
        assert_eq!(revision_shown["revision"].as_u64(), Some(revision), "{what}");
        assert_eq!(revision_shown["rejected"]["problems"][0], *problem, "{what}");
        assert!(self.metrics().await.contains("transom_config_rejected 1"), "{what}");
        self.gateway.await_log(&problem).await;
        assert_eq!(word_of(&self.client, "m").await, "Hello from the fake backend.", "{what}");

        let ended = TestGateway::builder(BINARY)
            .command_line(["check", "--config", FILE])
            .in_folder_of(&self.gateway)
            .run()
            .await;
        let said = problem.split(" (").next().unwrap_or_default();
        assert!(ended.has_code(2) && ended.stdout.contains(said), "{what}: {said}: {ended:?}");
    }

    /// Puts the good file back, and waits until all is well.
    async fn mend(&self, what: &str) {
        self.gateway.files().replace(FILE, &good(&self.server, "m"));
        self.await_applied(what).await;
        assert!(self.metrics().await.contains("transom_config_rejected 0"), "{what}");
    }

    async fn await_applied(&self, what: &str) {
        eventually(&format!("a good file after {what}"), async || {
            readyz(&self.client, "").await.1["config"] == "applied"
        })
        .await;
    }

    async fn metrics(&self) -> String {
        self.client.get("/metrics").await.text()
    }
}

#[tokio::test]
async fn a_wrong_file_keeps_the_old_configuration_and_is_told_with_its_line() {
    let site = Site::start().await;
    for (what, part, wrong, told) in WRONG {
        let before = site.number().await;
        let file = good(&site.server, "m").replace(part, wrong);
        assert_ne!(file, good(&site.server, "m"), "{what}");
        site.gateway.files().replace(FILE, &file);
        site.assert_rejected(what, told, before).await;
        site.mend(what).await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_removed_or_is_half_there_keeps_the_old_configuration() {
    let site = Site::start().await;
    let (files, path) = (site.gateway.files(), site.gateway.folder().join(FILE));

    let before = site.number().await;
    fs::write(&path, b"models: \xff\xfe\n").expect("writing the file");
    site.assert_rejected("a file that is no text", FILE, before).await;
    site.mend("a file that is no text").await;

    let before = site.number().await;
    files.remove(FILE);
    site.assert_rejected("no file", FILE, before).await;
    site.mend("no file").await;

    let before = site.number().await;
    files.remove(FILE);
    fs::create_dir(&path).expect("making a folder");
    site.assert_rejected("a folder", FILE, before).await;
    fs::remove_dir(&path).expect("removing the folder");
    site.mend("a folder").await;

    let (before, whole) = (site.number().await, good(&site.server, "renamed"));
    let half = whole.find("deploy").expect("a key") + "deploy".len();
    let refused = site.assert_rejected("half a file", "transom.yaml:7", before);
    files.write_in_two(FILE, &whole, half, refused).await;
    site.await_applied("half a file").await;
    assert_eq!(site.number().await, before + 1);
    assert_eq!(word_of(&site.client, "renamed").await, "Hello from the fake backend.");
}

#[tokio::test]
async fn a_signal_and_the_admin_api_reload_at_once() {
    let site = Site::start().await;
    let before = site.number().await;
    site.gateway.hang_up();
    eventually("a reload", async || site.number().await == before + 1).await;

    site.gateway.files().replace(FILE, &good(&site.server, "n"));
    let taken = site.admin.post("/admin/v1/reload", "").await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_eq!(word_of(&site.client, "n").await, "Hello from the fake backend.");

    site.gateway.files().replace(FILE, "models: 1\n");
    let refused = site.admin.post("/admin/v1/reload", "").await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("transom.yaml:1 models"), "{}", refused.text());
    assert_eq!(word_of(&site.client, "n").await, "Hello from the fake backend.");
}
