//! Synchronisation between processes: semaphores, promises, signals and mailboxes.
//!
//! All queues are first come, first served, without exception. A future that is dropped while it
//! waits leaves its queue; one that was served but had not noticed passes its grant on.

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
