//! Network rules shared by everything that talks to hosts users name.

pub mod egress;
pub mod post;
pub mod target;
