//! The two files of guide 002 with the indentation that its text lost, but for the addresses.

pub(crate) const MIXTRAL: &str = "mistralai/Mixtral-8x7B-v0.1";
pub(crate) const MIXTRAL_CHAT: &str = "vllm:chat:mistralai/Mixtral-8x7B-v0.1";

const FAILOVER: &str =
    include_str!("../../../../config/src/dialect/keeptrusts/tests/failover.yaml");
const COMPLIANCE: &str =
    include_str!("../../../../config/src/dialect/keeptrusts/tests/compliance.yaml");

/// The file with a primary and a secondary, at these URLs.
pub(crate) fn failover(primary: &str, secondary: &str) -> String {
    let file = FAILOVER.replace("http://vllm-node-1:8080", primary);
    file.replace("http://vllm-node-2:8080", secondary)
}

/// The same with the health probe that the guide wants in production.
pub(crate) fn probed(primary: &str, secondary: &str) -> String {
    let file = failover(primary, secondary);
    file.replace("/v1\n", "/v1\n      health_probe: true\n")
}

/// The file with targets of several modes: chat and completion at one URL, embeddings at the other.
pub(crate) fn modes(text: &str, embedding: &str) -> String {
    let file = COMPLIANCE.replace("http://localhost:8080", text);
    file.replace("http://localhost:8081", embedding)
}
