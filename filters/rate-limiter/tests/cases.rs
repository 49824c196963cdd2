//! The case files on the fake host. `integration` runs the same files on a real Envoy.

fn main() -> std::process::ExitCode {
    filter_testing::run_cases::<rate_limiter::RateLimiterFilter>(&[env!("CARGO_MANIFEST_DIR")])
}
