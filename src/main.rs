//! The `driftlab` program; see `driftlab --help`.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(driftlab::cli::main() as u8)
}
