//! The case files of the pipeline's stages on the fake host: the pipeline does what each of them does.
//! `integration` runs the same files on a real Envoy.

fn main() -> std::process::ExitCode {
    filter_testing::run_cases::<gateway::Pipeline>(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../function-router"
    ))
}
