//! Paths: the branches of a pattern's code that a search must cover before it may claim that the
//! pattern's guarantees held.
//!
//! A pattern names its paths in enumerations that list all of their values: a recovery for each
//! kind of log record, an answer for each state in which an inquiry finds its transaction, a branch
//! for each outcome of a step. Its code marks where a path is taken
//! ([`passes`](super::process::ProcessCtx::passes)). Paths are noted only on request and otherwise
//! cost one branch; they are not in the history of a run.

use std::collections::BTreeSet;
use std::fmt;

/// A branch of a pattern, named by what happens in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Path(pub &'static str);

/// A set of paths, in the order of their names.
pub type Paths = BTreeSet<Path>;

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Declares an enumeration of paths, with their names and the list of all of them.
macro_rules! paths {
    (
        $(#[$meta:meta])* $visibility:vis enum $name:ident {
            $($(#[$about:meta])* $path:ident = $text:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        $visibility enum $name {
            $($(#[$about])* #[doc = concat!("Path: ", $text, ".")] $path,)+
        }

        impl $name {
            /// All values, in order.
            $visibility const ALL: &'static [Self] = &[$(Self::$path,)+];
        }

        impl From<$name> for $crate::model::path::Path {
            fn from(path: $name) -> Self {
                Self(match path {
                    $($name::$path => $text,)+
                })
            }
        }
    };
}
pub(crate) use paths;

/// The paths of a list except those that cannot be taken.
pub fn all_but<P: Copy + PartialEq + Into<Path>>(
    all: &[P],
    never: impl IntoIterator<Item = (bool, P)>,
) -> Paths {
    let never: Vec<P> = never.into_iter().filter(|(is_out, _)| *is_out).map(|it| it.1).collect();
    all.iter().filter(|path| !never.contains(path)).map(|path| (*path).into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    paths! {
        /// Some paths.
        enum Some {
            One = "one",
            Other = "other",
        }
    }

    #[test]
    fn a_list_has_every_path_that_can_be_taken() {
        let names = |paths: Paths| paths.iter().map(Path::to_string).collect::<Vec<_>>();
        assert_eq!(names(all_but(Some::ALL, [])), ["one", "other"]);
        let never = [(true, Some::One), (false, Some::Other)];
        assert_eq!(names(all_but(Some::ALL, never)), ["other"]);
    }
}
