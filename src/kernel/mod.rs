//! The event kernel: virtual time, the order of events, and random numbers. It does not depend on
//! databases or services.
//!
//! A [`Simulation`] owns virtual time and runs *processes*: plain `async` blocks that live on
//! simulated nodes, reached through a cheap [`Sim`] handle. There are no threads, no wakers and no
//! hidden globals: a waiting process is either due at a time (a [`Sleep`]), or something holds its
//! [`TaskId`] and will call [`Sim::wake`]. Futures that rely on the `Waker` of their context (those
//! of other crates) are never woken here.
//!
//! **Order.** At every step the kernel takes a timer that is due now; else the process that was
//! made ready first; else it moves the clock to the next timer. Timers of one instant fire in the
//! order in which they were set. A delay of zero is not a timer: the process queues up as ready,
//! behind those that already are. A process that is ready already when its timer falls due is
//! polled once, in its place among the ready ones. A [`Sim::timeout`] that falls due at the instant
//! at which its future completes loses. A process that waits for time alone, and that would be
//! polled next when it has passed, goes on within its poll: nothing can tell the difference.
//!
//! **Rules for futures.** Every future here is `Unpin`, tolerates spurious polls, and gives back
//! what it holds when dropped: a timer, a place in a queue, a grant that it has not yet noticed. A
//! future that has been polled by one process must not be moved to another. One that waits for
//! several things polls them in the context of [`beside_others`].
//!
//! **Crash.** A crash drops the processes of a node where they wait. No state of the kernel is
//! borrowed while a process is polled or dropped, so destructors may call the kernel.
//!
//! **Random numbers.** [`RandomStreams`] names every draw. `rand` draws bounded integers, Bernoulli
//! trials and choices from its generators, [`Draw`] and [`Stream`]; [`Dist`] and [`Zipf`] draw
//! durations and rows with the same arithmetic on every platform.

mod chunks;
mod combine;
mod dist;
mod fingerprint;
mod history;
mod lookup;
mod node;
mod numbered;
pub mod queue;
mod random;
mod sample;
mod sim;
mod sleep;
mod state;
mod task;
mod time;
mod wait;
mod zipf;

use serde::{Deserialize, Serialize};

pub use chunks::Chunks;
pub use combine::{Either, JoinAll, Race, Timeout, beside_others, join_all, race};
pub use dist::Dist;
pub use fingerprint::{Fingerprint, Semantic};
pub use history::{Recorder, Sink};
pub use lookup::Lookup;
pub use numbered::Numbered;
pub use random::{Draw, Purpose, RandomStreams, Stream};
pub use sim::{CHECK_EVERY, Sim, Simulation};
pub use sleep::{Sleep, Yield};
pub use task::TaskId;
pub use time::{Span, Time};
pub use wait::{Acquire, Mailbox, Permit, Pop, Promise, Semaphore, Signal, Wait, Waiting, promise};
pub use zipf::Zipf;

/// A simulated node. Nodes are numbered in the order in which they were added.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct NodeId(pub u16);

impl NodeId {
    /// The node on which the world itself acts (arrivals, faults); it never crashes.
    pub const WORLD: Self = Self(0);
}
