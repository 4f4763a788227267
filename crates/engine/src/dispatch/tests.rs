//! Requests through the whole gateway, over servers that fail, load, fill up and die.

mod counts;
mod fallbacks;
mod health;
mod lengths;
mod names;
mod places;
mod poison;
mod retries;
mod swaps;
mod waiting;
