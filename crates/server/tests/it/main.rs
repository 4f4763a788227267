//! The routes, called as the listener calls them, over ports that a test holds in its hands.

mod clients;
mod doors;
mod litellm;
mod openapi;
mod reading;
mod readyz;
mod support;
mod writing;
