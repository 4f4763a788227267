//! The kit's own tests: a test double that does not do as scripted proves nothing.

mod answers;
mod chaos;
mod data;
mod faults;
mod gateway;
mod validation;
