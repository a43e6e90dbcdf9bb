//! The `driftlab` program; see `driftlab --help`.

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> driftlab::prelude::Exit {
    driftlab::Lab::new().main()
}
