//! Properties: statements about every run of a pattern that guarantees them.
//!
//! A property is one type in one file with a name, a manual page and a fold over the history. It
//! sees the kinds of record that it asks for and concludes at the end, with three values: a
//! property that never had a chance to fail is *undecided*, and says so. Patterns name the
//! properties that they guarantee in their [promises](crate::model::contract::Promises); a
//! [`Verifier`] judges a run by them.

mod agreement;
mod all_or_nothing;
mod answered_in_time;
mod at_most_once;
mod bounded_blocking;
mod bounded_queues;
mod client_contract;
mod commit_validity;
mod convergence;
mod delivery;
mod fencing;
mod fixpoint;
mod inbox_atomicity;
mod irrevocable;
mod legal_transitions;
mod no_dead_letters;
mod no_livelock;
mod no_phantom_event;
mod no_resurrection;
mod no_suspension;
mod nothing_held;
mod outbox_atomicity;
mod per_key_order;
mod prepared_exclusion;
mod read_committed;
mod resumes_after_restart;
mod reverse_order;
mod terminal_in_time;
mod write_ahead;
mod write_quorum;

mod builtin;
mod case;
mod commit_group;
mod effects;
mod parts;
mod property;
mod verifier;

#[cfg(test)]
mod tests;

pub use case::Case;
pub use parts::is_of_parts;
pub use property::{Ended, Finding, Properties, Property, PropertyEntry, When};
pub use verifier::Verifier;
