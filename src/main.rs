//! The `driftlab` program; see `driftlab --help`.

fn main() -> driftlab::prelude::Exit {
    driftlab::Lab::new().main()
}
