//! What can only be changed by a restart.

use transom_config::GatewayConfig;

/// The settings that the running program cannot exchange, as they were when it started: whole
/// sections, or those of a section whose others take effect at once.
pub(super) struct Boot(Vec<(&'static str, String)>);

impl Boot {
    pub(super) fn of(config: &GatewayConfig) -> Self {
        // Their debug form tells them apart as well as they can be told, and shows no secret.
        Self(vec![
            ("listen", format!("{:?}", config.listen)),
            ("admin.listen", format!("{:?}", config.admin.listen)),
            ("vllm", format!("{:?} {:?}", config.child, config.supervision)),
            ("store", format!("{:?}", config.store)),
            ("log.directory", format!("{:?}", config.log.directory)),
            ("log.format", format!("{:?}", config.log.format)),
            ("log.level", format!("{:?}", config.log.level)),
            ("metrics", format!("{:?}", config.metrics)),
        ])
    }

    /// The settings that are different now.
    pub(super) fn changed(&self, config: &GatewayConfig) -> Vec<&'static str> {
        let new = Self::of(config);
        let pairs = self.0.iter().zip(&new.0);
        pairs.filter(|(old, new)| old != new).map(|(old, _)| old.0).collect()
    }
}
