//! Compiles `proto/stock.proto`. protox reads it in pure Rust, so no machine needs a `protoc`.

fn main() -> anyhow::Result<()> {
    println!("cargo::rerun-if-changed=proto/stock.proto");
    let files = protox::compile(["stock.proto"], ["proto"])?;
    tonic_prost_build::configure().compile_fds(files)?;
    Ok(())
}
