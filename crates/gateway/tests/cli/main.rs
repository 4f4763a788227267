//! The program from outside: its command line, its life and its children.
//!
//! Everything here runs the real binary as a process and talks to it over sockets, signals and
//! exit codes. `support` starts it, `fake_vllm.py` is what it spawns, `tls` carries plain
//! connections over TLS, `strace` reads the order of system calls.
#![cfg(test)]

mod access;
mod browsers;
mod child_exits;
mod durability;
mod external;
mod https;
mod life;
mod logs;
mod metrics;
mod orphans;
mod refusals;
mod serve_command;
mod shutdown;
mod spawning;
mod strace;
mod support;
mod tls;
