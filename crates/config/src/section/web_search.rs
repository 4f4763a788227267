//! Web search, which does not exist yet.

use crate::{
    resolve::Resolver,
    setting::section,
    value::{SecretRef, choice},
};

section! {
    /// The settings as written.
    #[expect(dead_code, reason = "checked now, used once the function exists")]
    pub(crate) struct Settings in "web_search" {
        /// How the web is searched.
        [variable("VR_WEB_SEARCH_PROFILE"), later()]
        profile: SearchProfile = unset "web search is off",
        /// Key of the Exa search service.
        [variable("EXA_API_KEY"), later()]
        exa_api_key: SecretRef = unset "none",
    }
}

choice! {
    /// A way to search.
    pub(crate) enum SearchProfile {
        /// Exa's MCP server.
        Exa = "exa_mcp",
        /// `DuckDuckGo` and a fetch of its results.
        DuckDuckGo = "duckduckgo_plus_fetch",
    }
}

/// Checks the settings; choosing a profile is a problem.
pub(crate) fn resolve(resolver: &mut Resolver<'_>) {
    if Settings::read(resolver).profile.is_some() {
        resolver.not_yet("web_search.profile", "web search", "unset it");
    }
}
