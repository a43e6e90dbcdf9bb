//! Two-phase commit on three services whose every delay is constant.

mod faults;
mod in_doubt;
mod price;
mod retry;
mod states;
mod wide;

use crate::patterns::atomic_commit::tests::*;
