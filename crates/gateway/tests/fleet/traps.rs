//! The traps of guide 004: what a gateway in front of vLLM usually leaves its operator to find out.

mod change;
mod loading;
mod loopback;
mod served_name;
mod unprobed;
