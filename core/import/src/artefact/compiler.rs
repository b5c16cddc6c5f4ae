//! What solc writes: standard JSON output (contracts by file and name), `--combined-json` (contracts by `file:name`), and
//! a contract's metadata.

use document::json::{Node, Value};

use super::hardhat::{Build, of_output};
use super::{keep, metadata, named, stem};
use crate::abi;
use crate::reader::{Reader, field_text, one_line};
use crate::types::Format;

/// A file with the compiler's output.
pub(crate) fn file(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    let compiler = field_text(root, "version").map(|version| one_line(&version));
    let build = Build { id: stem(reader.file), compiler, sources: std::sync::Arc::new([]) };
    output(reader, root, Format::CompilerOutput, &build);
}

/// The contracts of an output. Where there are none, the compiler's errors are the problems.
pub(crate) fn output(reader: &mut Reader<'_>, root: Node<'_>, format: Format, build: &Build) {
    let before = reader.import.contracts.len();
    for unit in root.get("contracts").into_iter().flat_map(|contracts| contracts.fields()) {
        // `--combined-json` has one level.
        let is_combined =
            ["abi", "bin", "bin-runtime", "metadata"].iter().any(|name| unit.node.get(name).is_some());
        if is_combined && let Some((path, name)) = unit.name.rsplit_once(':') {
            of_output(reader, path, name, unit.node, format, build);
            continue;
        }
        for contract in unit.node.fields() {
            of_output(reader, &unit.name, &contract.name, contract.node, format, build);
        }
    }
    if reader.import.contracts.len() > before {
        return;
    }
    let errors = root.get("errors").into_iter().flat_map(Node::elements);
    let mut said = false;
    for error in errors.filter(|error| field_text(*error, "severity").as_deref() != Some("warning")) {
        let message = field_text(error, "message").map(|text| one_line(&text)).unwrap_or_default();
        reader.problem(error, "a source that compiles", format!("an error of the compiler: {message}"));
        said = true;
    }
    if !said {
        reader.problem(root, "contracts", "none");
    }
}

/// A contract's metadata: all but its code. Remix writes it beside the artefact.
pub(crate) fn metadata_file(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    let mut contract = named(reader, Format::Metadata, stem(reader.file));
    metadata(&mut contract, Some(root));
    contract.abi = root
        .get("output")
        .and_then(|output| output.get("abi"))
        .filter(|abi| abi.value() != Value::Null)
        .and_then(|node| abi::of_node(reader, node));
    keep(reader, contract);
}
