//! Properties of the parts of the world, which no pattern can give up.
//!
//! What the manual pages of driftlab say about each part and no property asks yet, and the names
//! under which it is to be asked:
//!
//! - locks: an exclusive lock excludes every other one (`model::database::locks`): `lock-
//!   exclusion`.
//! - locks: a cycle of waits through several databases ends by the lock timeout: `lock-waits-
//!   end`.
//! - locks: what a transaction holds is released when it ends: `locks-end-with-transactions`.
//! - log, recovery: recovery redoes what is durable and undoes what is not
//!   (`model::database::recovery`): `recovery-loses-nothing`.
//! - log, recovery: there is one flush at a time, which covers what was appended before it
//!   (`model::log`): `one-flush-at-a-time`.
//! - broker: a durable broker delivers only what is durable (`model::broker`): `durable-before-
//!   delivery`.
//! - broker: consumers get what was stored, and nothing of what is lost: `handed-out-once-
//!   stored`.
//! - copies: a feed carries everything to its copy, whatever fails meanwhile (`model::replica`):
//!   `copies-catch-up`.
//! - copies: a copy of a quorum keeps the newer version (`model::replica::quorum`): `copies-
//!   never-go-back`.
//! - copies: with `R + W > N` a read after the acknowledgement sees the write
//!   (`techniques::quorum`): `read-quorum`.
//! - lease: the epoch of a lease only grows, and is durable before it is granted
//!   (`patterns::orchestrated`): `lease-tokens-grow`.
//! - lease: a transaction carries the token of the lease of its orchestrator
//!   (`model::database::fence`): `tokens-are-granted`.
//! - probes, look-ups: a probe is complete when all cells were read (`model::probe`): `reads-are-
//!   complete`.
//! - probes, look-ups: a reader hears, or gives up: `reads-end`.
//! - client: an operation has one budget of attempts (`model::client`): `client-attempts`.
//! - client: past its deadline a client has given up: `no-request-after-the-deadline`.
//! - network: a message arrives, or is lost; a copy has a number of its own (`model::call`):
//!   `message-fate`.
//! - network: a message arrives at its receiver, after its delay: `messages-keep-their-address`.
//! - job: the client is answered after the first local commit (`patterns::background_sync`):
//!   `accepted-after-first-commit`.
//! - job: the job sees rows and declared derivations, and no operations: `corrections-follow-
//!   their-source`.
//! - identifiers: numbers of messages are unique among all instances of a broker
//!   (`model::broker`): `message-numbers-used-once`.
//! - identifiers: the id of a transaction is unique within its run (`model::record`):
//!   `transactions-end-once`.
