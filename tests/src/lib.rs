//! x

pub mod napcat;
