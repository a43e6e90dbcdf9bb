//! The support that tests of several modules share: hand-written histories, whole runs, a made-up
//! result.

pub mod comparison;
pub mod estate;
pub mod events;
pub mod history;
pub mod runs;
pub mod shop;
pub mod texts;

/// A function that takes something out of those records that fit a pattern:
/// `pick!(Event::Worked { busy, .. } => busy)`, or with the record around the event
/// `pick!(record: Event::Worked { .. } => record.time)`.
macro_rules! pick {
    ($record:ident: $event:pat $(if $guard:expr)? => $value:expr) => {
        |$record: &$crate::model::record::Record| match $record.event {
            $event $(if $guard)? => Some($value),
            _ => None,
        }
    };
    ($event:pat $(if $guard:expr)? => $value:expr) => {
        $crate::tests::pick!(record: $event $(if $guard)? => $value)
    };
}

pub(crate) use pick;
