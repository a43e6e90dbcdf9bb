//! Waiting for one another: semaphores, promises, signals and mailboxes.
//!
//! All lines are first come, first served, and nobody overtakes. A future that is dropped while it
//! waits leaves its line; one that was served but had not noticed passes on what it was given.

mod line;
mod mailbox;
mod promise;
mod semaphore;
mod signal;

pub use mailbox::{Mailbox, Pop};
pub use promise::{Promise, Waiting, promise};
pub use semaphore::{Acquire, Permit, Semaphore};
pub use signal::{Signal, Wait};

#[cfg(test)]
mod tests;
