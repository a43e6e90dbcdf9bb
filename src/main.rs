//! The `driftlab` program; see `driftlab --help`.

fn main() -> driftlab::cli::Exit {
    driftlab::cli::main()
}
