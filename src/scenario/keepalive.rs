//! The format of a database's keepalive in a scenario file, continued from `file`.

use super::decode::Fallback::Fixed;
use super::shape::shape;
use super::values::{Length, Whole};

shape! {
    /// TCP keepalive of a session, as the database's machine does it. A machine that lives answers
    /// the probes; one that was started anew answers with a reset, which ends the session.
    "a keepalive"
    pub struct Keepalive {
        /// The first probe is sent when nothing was heard for so long.
        idle: Length = Fixed("'2h'", "Linux: tcp_keepalive_time"),
        /// The time from a probe that nobody answers to the next.
        interval: Length = Fixed("'75s'", "Linux: tcp_keepalive_intvl"),
        /// The session is ended after so many probes without an answer.
        probes: Whole<1, 127> = Fixed("9", "Linux: tcp_keepalive_probes"),
    }
}
