//! The case files on the fake host. `integration` runs the same files on a real Envoy.

fn main() -> std::process::ExitCode {
    filter_testing::run_cases::<jwt_authz::JwtAuthz>(&[env!("CARGO_MANIFEST_DIR")])
}
