//! Writes `../src/gen` from the .proto files. Needs no protoc: `protox` compiles them.
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let protos = here.join("../../..");
    let out = here.join("../src/gen");
    std::fs::create_dir_all(&out)?;
    let files = ["outputs.proto", "version.proto", "schema.proto", "api.proto"].map(|name| protos.join(name));
    let descriptors = protox::compile(&files, [&protos])?;
    tonic_prost_build::configure()
        .build_server(false)
        .out_dir(&out)
        .compile_fds(descriptors)?;
    Ok(())
}
