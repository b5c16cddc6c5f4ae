//! Every chore of EVM Lanes as a typed command; `./x` is the shell in front of it.

#[cfg(not(all(feature = "engine", feature = "schema")))]
mod again;
mod background;
mod bench;
mod bugs;
mod build;
mod catalogue;
mod check;
mod conformance;
mod embed;
mod engine;
mod fingerprint;
#[cfg(feature = "engine")]
#[path = "../../core/tests/random_blocks/generator.rs"]
mod generator;
mod import;
#[cfg(feature = "engine")]
mod lanes;
mod late;
mod lessons;
mod models;
mod offline;
mod page;
mod pages;
mod parts;
#[cfg(feature = "engine")]
mod preview;
mod process;
#[cfg(feature = "engine")]
#[path = "../../core/tests/random_blocks/program.rs"]
mod program;
mod quality;
mod record;
#[cfg(test)]
mod rooms;
mod sanitize;
mod schema;
mod serve;
mod server;
mod setup;
mod simulate;
mod site;
mod solidity;
mod test;
mod wasm;
mod workspace;

use std::process::ExitCode;

/// Lanes allocate all the time, and would wait for each other in the system's allocator.
#[cfg(feature = "engine")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "x", about = "Chores of EVM Lanes", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build what is missing, serve the page, print its address, rebuild on change.
    Serve(serve::Arguments),
    /// Build the deployable static site into dist/.
    Build(build::Arguments),
    /// Run every test: native, and in the browser.
    Test(test::Arguments),
    /// Check what needs no test: formatting, lints, licences, generated files.
    Check,
    /// Make the catalogue of real contracts from npm packages.
    Catalogue(catalogue::Arguments),
    /// Take the Solidity compilers and library sources for the page from npm packages.
    Solidity(solidity::Arguments),
    /// Write the JSON Schemas of scenarios and lessons.
    Schema(schema::Arguments),
    /// Write the recorded runs of the built-in scenarios, which the page shows before it has an engine.
    Record(record::Arguments),
    /// Make the npm package of the element <evm-lanes>.
    Embed(embed::Arguments),
    /// Install what the other commands need, and print where it is.
    Setup,
    /// Measure what the project reports: native speed of strategies and numbers of lanes.
    Bench(bench::Arguments),
    /// Run real blocks through every strategy and number of lanes, and compare.
    Conformance(conformance::Arguments),
    /// Run a block on simulated lanes: duration, speed-up, aborts, and the trace's hash as the page shows it.
    Simulate(simulate::Arguments),
    /// Say what files of other tools hold, what they lack, and make a scenario of them.
    Import(import::Arguments),
    /// Try lanes, schedulers and memory on many orders of their steps, under a model checker.
    Models(models::Arguments),
    /// Look for undefined behaviour and data races: Miri, ThreadSanitizer, AddressSanitizer.
    Sanitize(sanitize::Arguments),
    /// Put bugs into a copy of the engine, one at a time: some test must catch each.
    Bugs(bugs::Arguments),
    /// Build the two wasm engines into target/dist-engine.
    Engine(quality::Arguments),
    /// Build in the background; used by `x serve`.
    #[command(hide = true)]
    Background(quality::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Check => check::run(),
        Command::Catalogue(arguments) => catalogue::run(&arguments),
        Command::Solidity(arguments) => solidity::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Record(arguments) => record::run(&arguments),
        Command::Embed(arguments) => embed::run(&arguments),
        Command::Setup => setup::run(),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Conformance(arguments) => conformance::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Models(arguments) => models::run(&arguments),
        Command::Sanitize(arguments) => sanitize::run(&arguments),
        Command::Bugs(arguments) => bugs::run(&arguments),
        Command::Engine(arguments) => engine::run(&arguments),
        Command::Background(arguments) => background::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nx: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
