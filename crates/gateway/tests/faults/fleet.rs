//! Several servers behind one gateway, declared by a file, of which some fail.
//!
//! # Layout
//!
//! - `killed`: servers that are killed under load (A1, A2).
//! - `unreachable`: servers that refuse, reset or swallow connections (A3, A4).
//! - `silent`: servers that do not answer, or by the drop (A6, A25).
//! - `cut`: answers that are cut or framed wrongly (A7 to A9).
//! - `keep_alive`: servers that close idle connections (A10).
//! - `limited`: servers that ask to be left alone (A20).
//! - `storm`: a fleet of which every server fails (A21).
//! - `flapping`: servers that fail now and then (A22).
//! - `dns`: names of servers that change or are gone (A23).
//! - `tls`: servers whose TLS cannot be trusted (A24).
//! - `redirect`: servers that send the gateway elsewhere (A26).
//! - `calls`: tool calls that make no sense (A27).
//! - `poison`: requests that kill servers (A29).
//! - `canary`: answers that belong to others (A30).
//! - `orders`: which server is asked before which; `stand_ins`: models that take over for others.
//! - `sick`: servers that say what ails them, and one whose cache is full (A18).
//! - `rates`: requests and tokens per minute, as hints and as limits.
//! - `waiting`: requests that wait for a place, or for a model that loads.
//! - `names`: names that must not get out; `modes`: routes other than chat.
//! - `dialects`: the same fleet out of other systems' files.

mod calls;
mod canary;
mod cut;
mod dialects;
mod dns;
mod flapping;
mod keep_alive;
mod killed;
mod limited;
mod modes;
mod names;
mod orders;
mod poison;
mod rates;
mod redirect;
mod sick;
mod silent;
mod stand_ins;
mod storm;
mod tls;
mod unreachable;
mod waiting;
