//! Many runs: variants and seeds, and what comes out of them.

pub mod result;
