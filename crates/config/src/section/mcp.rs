//! Tools over MCP, which do not exist yet.

use std::path::PathBuf;

use crate::{
    resolve::Resolver,
    setting::section,
    value::{LoopbackUrl, Timeout},
};

section! {
    /// The settings as written.
    #[expect(dead_code, reason = "checked now, used once the function exists")]
    pub(crate) struct Settings in "mcp" {
        /// File that configures the built-in MCP servers; turns the built-in runtime on.
        [variable("VR_MCP_CONFIG_PATH"), later()]
        config_path: PathBuf = unset "the built-in runtime is off",
        /// Loopback URL of the built-in runtime.
        [variable("VR_MCP_BUILTIN_RUNTIME_URL"), later()]
        runtime_url: LoopbackUrl = unset "`http://127.0.0.1:5981`",
        /// Whether requests may declare MCP servers of their own.
        [variable("VR_MCP_REQUEST_REMOTE_ENABLED"), later()]
        remote_enabled: bool = default true,
        /// Whether the URLs of such servers are checked.
        [variable("VR_MCP_REQUEST_REMOTE_URL_CHECKS"), later()]
        remote_url_checks: bool = default true,
        /// How long a built-in server may take to start.
        [variable("VR_MCP_HOSTED_STARTUP_TIMEOUT_SEC"), later()]
        startup_timeout: Timeout = default Timeout::seconds(10),
        /// How long a call of a built-in server's tool may take.
        [variable("VR_MCP_HOSTED_TOOL_TIMEOUT_SEC"), later()]
        tool_timeout: Timeout = default Timeout::seconds(60),
    }
}

/// Checks the settings; turning the runtime on is a problem.
pub(crate) fn resolve(resolver: &mut Resolver<'_>) {
    if Settings::read(resolver).config_path.is_some() {
        resolver.not_yet("mcp.config_path", "the built-in MCP runtime", "unset it");
    }
}
