//! The Redis cache of responses, which does not exist yet.

use crate::{resolve::Resolver, setting::section, value::Whole};

section! {
    /// The settings as written.
    #[expect(dead_code, reason = "checked now, used once the function exists")]
    pub(crate) struct Settings in "cache" {
        /// Whether recent responses are cached in Redis.
        [variable("VR_RESPONSE_STORE_CACHE"), later()]
        enabled: bool = default false,
        /// Seconds a response stays cached.
        [variable("VR_RESPONSE_STORE_CACHE_TTL_SECONDS"), later()]
        ttl_seconds: Whole<1, 31_536_000> = default Whole::clamped(3600),
        /// Host of Redis.
        [variable("VR_REDIS_HOST"), later()]
        redis_host: String = default "localhost".to_owned(),
        /// Port of Redis.
        [variable("VR_REDIS_PORT"), later()]
        redis_port: Whole<1, 65535> = default Whole::clamped(6379),
    }
}

/// Checks the settings; turning the cache on is a problem.
pub(crate) fn resolve(resolver: &mut Resolver<'_>) {
    if Settings::read(resolver).enabled {
        resolver.not_yet("cache.enabled", "the Redis cache", "unset it");
    }
}
