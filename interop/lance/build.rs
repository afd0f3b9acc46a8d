//! Tells the program which `lance` it was built with, as the lock file has it.

use std::path::Path;

fn main() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    println!("cargo::rerun-if-changed={}", lock.display());
    let text = std::fs::read_to_string(&lock).expect("the lock file is committed");
    let package = text.split("[[package]]").find(|package| package.contains("\nname = \"lance\"\n"));
    let version = package.and_then(|package| package.split("version = \"").nth(1)?.split('"').next());
    println!("cargo::rustc-env=LANCE_VERSION={}", version.expect("lance is a dependency"));
}
