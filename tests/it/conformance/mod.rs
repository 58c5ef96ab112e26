//! The same cases for every backend of a seam.

mod objects;
mod store;
