//! The part of the command `wasm-bindgen` that xtask and trunk use, on top of wasm-bindgen's own library.
//!
//! The command of that name from crates.io also brings a test runner with an HTTP client and server, and takes five times
//! as long to compile. See docs/decisions/0018-the-page-is-bundled-here.md.

use std::path::PathBuf;
use std::sync::LazyLock;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use wasm_bindgen_cli_support::Bindgen;

/// trunk asks for it.
static VERSION: LazyLock<String> = LazyLock::new(wasm_bindgen_shared::version);

#[derive(Parser)]
#[command(name = "wasm-bindgen", about = "Makes JavaScript glue for a wasm module of Rust")]
#[command(version = VERSION.as_str())]
struct Arguments {
    /// The module that cargo built.
    module: PathBuf,
    /// The kind of JavaScript.
    #[arg(long)]
    target: Target,
    /// Folder for the glue and the module that goes with it.
    #[arg(long)]
    out_dir: PathBuf,
    /// The glue's name, without its extension.
    #[arg(long)]
    out_name: String,
    /// Leave debug information in the module.
    #[arg(long)]
    keep_debug: bool,
    /// Leave what the linker exports: the table of functions, which later modules share.
    #[arg(long)]
    keep_lld_exports: bool,
    /// Accepted and needed: type declarations are not written.
    #[arg(long, required = true)]
    no_typescript: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Target {
    /// Modules that a browser loads as they are.
    Web,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut bindgen = Bindgen::new();
    match arguments.target {
        Target::Web => bindgen.web(true)?,
    };
    bindgen
        .input_path(&arguments.module)
        .out_name(&arguments.out_name)
        .keep_debug(arguments.keep_debug)
        .keep_lld_exports(arguments.keep_lld_exports)
        // As the command does. Without it the glue does not know where its module is.
        .omit_default_module_path(false)
        .typescript(!arguments.no_typescript)
        .generate(&arguments.out_dir)
}
