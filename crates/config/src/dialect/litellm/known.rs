//! Every key that LiteLLM documents, section by section, and what becomes of it here.
//!
//! The names are those of LiteLLM's reference of all settings and of its proxy's model format.

pub(super) mod general;
pub(super) mod library;
pub(super) mod model;
pub(super) mod params;
pub(super) mod root;
pub(super) mod router;

pub(super) const ACCOUNTS: &str = "keys besides the master key, users and teams do not exist yet";
pub(super) const ALERTS: &str = "alerts do not exist yet";
pub(super) const BUDGETS: &str = "budgets do not exist yet";
pub(super) const CACHE: &str = "a cache of answers does not exist yet";
pub(super) const CALLBACKS: &str = "calls to outside loggers do not exist yet";
pub(super) const SPEND: &str = "no record of spending exists yet";
pub(super) const SIGN_IN: &str = "signing in other than with the master key does not exist yet";
