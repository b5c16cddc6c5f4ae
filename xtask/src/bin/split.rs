//! Divides the page's module at its split points (`web/src/components/late.rs`) into the module that starts the page and
//! the one that is loaded later. What `wasm-split-cli` does, from the library, as `bindgen` beside it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use wasm_split_cli_support::{Options, transform};

#[derive(Parser)]
struct Arguments {
    /// The module that cargo built, with relocations.
    module: PathBuf,
    /// Folder for the modules and the script that links them.
    #[arg(long)]
    out_dir: PathBuf,
    /// The first module's name, without its extension.
    #[arg(long)]
    out_name: String,
    /// The name of the script that links the modules.
    #[arg(long)]
    link_name: String,
}

fn main() -> Result<()> {
    let Arguments { module, out_dir, out_name, link_name } = Arguments::parse();
    let input = fs::read(&module).with_context(|| format!("{} cannot be read", module.display()))?;
    let main = out_dir.join(format!("{out_name}.wasm"));
    let glue = format!("./{out_name}.js");
    let mut options = Options::new(&input);
    options.output_dir = &out_dir;
    options.main_out_path = &main;
    options.link_name = &link_name;
    options.main_module = &glue;
    // Its errors are of another kind.
    transform(options).map(|_| ()).map_err(|error| anyhow!("{error:#}"))
}
