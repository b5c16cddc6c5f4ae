//! Sourcify's answers, `/v2/contract/CHAIN/ADDRESS?fields=…`: as many fields as were asked for.

use document::json::{Node, Value};

use super::{keep, layout, metadata, named, sources, stem};
use crate::reader::{Reader, field_text, one_line};
use crate::types::{Code, Format};
use crate::{abi, code};

pub(crate) fn read(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    let mut contract = named(reader, Format::SourcifyAnswer, stem(reader.file));
    metadata(&mut contract, root.get("metadata"));
    if let Some(compilation) = root.get("compilation") {
        if let Some(name) = reader.name_of(compilation, "name") {
            contract.name = name;
        }
        if let Some((unit, _)) =
            field_text(compilation, "fullyQualifiedName").as_deref().and_then(|name| name.rsplit_once(':'))
        {
            contract.source_unit = Some(one_line(unit));
        }
        if let Some(version) = reader.name_of(compilation, "compilerVersion") {
            contract.compiler = Some(version);
        }
    }
    if let Some(node) = root.get("sources") {
        contract.sources = sources(Some(node));
    }
    contract.abi = root.get("abi").filter(is_there).and_then(|node| abi::of_node(reader, node));
    contract.creation = of(reader, root.get("creationBytecode"), true);
    contract.runtime = of(reader, root.get("runtimeBytecode"), false);
    contract.storage_layout = layout(reader, root.get("storageLayout"));
    contract.address = root.get("address").and_then(|node| reader.address(node));
    if contract.abi.is_none() && contract.creation.is_none() && contract.runtime.is_none() {
        reader.note(
            "the answer has neither ABI nor bytecode: ask for ?fields=abi,creationBytecode,storageLayout",
        );
    }
    keep(reader, contract);
}

fn is_there(node: &Node<'_>) -> bool {
    node.value() != Value::Null
}

/// The code that was compiled again, which has no constructor arguments behind it; else the chain's.
fn of(reader: &mut Reader<'_>, node: Option<Node<'_>>, creation: bool) -> Option<Code> {
    let node = node.filter(is_there)?;
    let field = |name: &str| node.get(name).filter(is_there);
    let (found, on_chain) = match field("recompiledBytecode") {
        Some(found) => (found, false),
        None => (field("onchainBytecode").or_else(|| field("bytecode"))?, true),
    };
    let mut code = code::of_node(reader, found)?;
    if let Some(references) = field("linkReferences") {
        code::name_links(reader, &mut code, references);
    }
    if let Some(references) = field("immutableReferences") {
        code::add_immutables(&mut code, references);
    }
    if on_chain && creation {
        reader.note_once("the creation code is the chain's, with the constructor's arguments behind it");
    }
    Some(code)
}
