//! From a configuration to the snapshot that requests see.

use std::sync::Arc;

use transom_config::GatewayConfig;
use transom_core::backend::BackendId;
use transom_core::clock::Timestamp;
use transom_core::port::upstream::Upstream;
use transom_engine::catalog::{Catalog, MissingBackend};
use transom_engine::live::Snapshot;
use transom_sealing::keyring::Keyring;
use transom_upstream::registry::Backends;

use super::settings::engine_settings;

/// The snapshot of `config`. What was learnt in `before` stays.
pub(crate) fn of(
    config: &GatewayConfig,
    (backends, keyring): (&Backends, Arc<Keyring>),
    before: Option<&Snapshot>,
    revision: u64,
    since: Timestamp,
) -> Result<Snapshot, MissingBackend> {
    let find = |id: &BackendId| backends.get(id).map(|found| -> Arc<dyn Upstream> { found });
    let catalog = Catalog::build(&config.fleet, &find, before.map(|before| &before.catalog))?;
    Ok(Snapshot { revision, since, settings: engine_settings(config), catalog, keyring })
}
