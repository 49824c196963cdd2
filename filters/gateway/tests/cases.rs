//! The pipeline's own case files on the fake host, and those of its stages: the pipeline does what each
//! of them does. `integration` runs the same files on a real Envoy.

fn main() -> std::process::ExitCode {
    const HERE: &str = env!("CARGO_MANIFEST_DIR");
    filter_testing::run_cases::<gateway::Pipeline>(&[HERE, &format!("{HERE}/../function-router")])
}
