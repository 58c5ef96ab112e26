//! Use cases where something happens in the middle that HTTP alone cannot time.

mod deletion;
mod transfer;
