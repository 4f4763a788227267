//! Requests through the whole gateway, over servers that fail, load, fill up and die.

mod fallbacks;
mod health;
mod names;
mod places;
mod poison;
mod retries;
mod swaps;
mod waiting;
