//! A set's contracts put together: an artefact with its build info, bytecode with its ABI, code with its metadata.
//!
//! Two descriptions are of one contract if they have the same name, no two source files that differ, and agree on what
//! both have. What one lacks is taken from the other.

use std::collections::{HashMap, HashSet};

use super::hardhat::Build;
use crate::calldata;
use crate::code::{self, Role};
use crate::reader::note;
use crate::types::{Action, Code, Format, Import, ImportedContract, Lack, Lacking};

/// Puts them together, and says what each lacks then.
pub(crate) fn merge(import: &mut Import, builds: &[Build]) {
    let contracts = std::mem::take(&mut import.contracts);
    let mut merged: Vec<ImportedContract> = Vec::with_capacity(contracts.len());
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    // Where each contract went.
    let mut moved = Vec::with_capacity(contracts.len());
    for contract in contracts {
        let same = by_name.entry(contract.name.clone()).or_default();
        // Names that are shared by thousands are compared with the latest ones only.
        match same.iter().rev().take(64).copied().find(|other| is_same(&merged[*other], &contract)) {
            Some(other) => {
                moved.push(other);
                take(&mut merged[other], contract);
            }
            None => {
                moved.push(merged.len());
                same.push(merged.len());
                merged.push(contract);
            }
        }
    }
    for transaction in &mut import.transactions {
        if let Action::Create { contract, .. } = &mut transaction.action {
            *contract = moved.get(*contract).copied().unwrap_or_default();
        }
    }
    join_created(import, &mut merged, &by_name);
    pair_one_and_one(import, &mut merged);
    let names: HashMap<String, (String, String)> = merged
        .iter()
        .filter_map(|contract| {
            let unit = contract.source_unit.clone()?;
            Some((code::placeholder(&contract.qualified_name()), (unit, contract.name.clone())))
        })
        .collect();
    for contract in &mut merged {
        complete(contract, builds);
        for code in [&mut contract.creation, &mut contract.runtime].into_iter().flatten() {
            for link in code.links.iter_mut().filter(|link| link.library.is_none()) {
                if let Some((unit, name)) = names.get(&link.placeholder) {
                    link.source_unit = Some(unit.clone());
                    link.library = Some(name.clone());
                }
            }
        }
    }
    import.contracts = merged;
    let created = created(import);
    let contracts = import.contracts.iter_mut().enumerate();
    let lacks: Vec<Lack> =
        contracts.flat_map(|(index, contract)| lacks_of(contract, created.contains(&index))).collect();
    let room = crate::bounds::MAX_MESSAGES.saturating_sub(import.lacking.len());
    import.lacking.extend(lacks.into_iter().take(room));
}

/// A broadcast has the code that was sent, with the constructor's arguments behind it. Where the set has the contract
/// of that name, its code is the beginning.
fn join_created(
    import: &mut Import,
    contracts: &mut Vec<ImportedContract>,
    by_name: &HashMap<String, Vec<usize>>,
) {
    for transaction in &mut import.transactions {
        let Action::Create { contract, arguments, encoded } = &mut transaction.action else { continue };
        let Some(sent) = contracts.get(*contract).filter(|sent| sent.format == Format::FoundryBroadcast)
        else {
            continue;
        };
        let Some(code) = sent.creation.as_ref().map(|code| code.bytes.clone()) else { continue };
        let same = by_name.get(&sent.name).map(|same| &same[..]).unwrap_or_default();
        let found = same.iter().rev().take(64).copied().find(|other| {
            let other = &contracts[*other];
            let creation = other.creation.as_ref().filter(|_| other.format != Format::FoundryBroadcast);
            creation.is_some_and(|creation| begins(&code, creation))
        });
        let Some(found) = found else { continue };
        let known = &contracts[found];
        let length = known.creation.as_ref().map_or(0, |creation| creation.bytes.len());
        *encoded = code.slice(length..);
        let constructor = known.abi.as_ref().and_then(|abi| abi.constructor.as_ref());
        if let Some(values) =
            constructor.and_then(|constructor| calldata::decode(&constructor.inputs, encoded))
        {
            *arguments = values;
        }
        *contract = found;
    }
    // What another description replaced goes.
    let used = created(import);
    let mut moved = Vec::with_capacity(contracts.len());
    let mut kept = Vec::with_capacity(contracts.len());
    for (index, contract) in std::mem::take(contracts).into_iter().enumerate() {
        moved.push(kept.len());
        if contract.format != Format::FoundryBroadcast || used.contains(&index) {
            kept.push(contract);
        }
    }
    *contracts = kept;
    for transaction in &mut import.transactions {
        if let Action::Create { contract, .. } = &mut transaction.action {
            *contract = moved.get(*contract).copied().unwrap_or_default();
        }
    }
}

/// The contracts that transactions create.
fn created(import: &Import) -> HashSet<usize> {
    let created = import.transactions.iter().filter_map(|transaction| match transaction.action {
        Action::Create { contract, .. } => Some(contract),
        _ => None,
    });
    created.collect()
}

/// Whether code that was sent begins with creation code, whatever stands in the places of libraries.
fn begins(sent: &[u8], creation: &Code) -> bool {
    let Some(beginning) = sent.get(..creation.bytes.len()) else { return false };
    let mut beginning = beginning.to_vec();
    for link in &creation.links {
        code::link(&mut beginning, link, alloy_primitives::Address::ZERO);
    }
    beginning == creation.bytes
}

fn is_same(a: &ImportedContract, b: &ImportedContract) -> bool {
    fn agree<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
        a.is_none() || b.is_none() || a == b
    }
    let bytes = |code: &Option<Code>| code.as_ref().map(|code| code.bytes.clone());
    let units = match (&a.source_unit, &b.source_unit) {
        // Tools put a project's name in front: project/contracts/A.sol.
        (Some(a), Some(b)) => a == b || a.ends_with(&format!("/{b}")) || b.ends_with(&format!("/{a}")),
        _ => true,
    };
    let has_both = a.creation.is_some() && b.creation.is_some() || a.abi.is_some() && b.abi.is_some();
    let complementary = a.abi.is_some() != b.abi.is_some();
    units
        && agree(&bytes(&a.creation), &bytes(&b.creation))
        && agree(&bytes(&a.runtime), &bytes(&b.runtime))
        && agree(&a.abi, &b.abi)
        && agree(&a.address, &b.address)
        && (has_both || complementary || a.source_unit == b.source_unit)
}

/// Takes from another description what is lacking.
fn take(contract: &mut ImportedContract, other: ImportedContract) {
    fn fill<T>(into: &mut Option<T>, from: Option<T>) {
        if into.is_none() {
            *into = from;
        }
    }
    fn fill_code(into: &mut Option<Code>, from: Option<Code>) {
        match (into, from) {
            (into @ None, from) => *into = from,
            (Some(into), Some(from)) => {
                if into.immutables.is_empty() {
                    into.immutables = from.immutables;
                }
                // A placeholder that only the other names.
                for link in &mut into.links {
                    let named = from.links.iter().find(|other| other.placeholder == link.placeholder);
                    if let (None, Some(named)) = (&link.source_unit, named) {
                        link.library = named.library.clone().or(link.library.take());
                        link.source_unit = named.source_unit.clone();
                    }
                }
            }
            _ => {}
        }
    }
    fill(&mut contract.source_unit, other.source_unit);
    fill_code(&mut contract.creation, other.creation);
    fill_code(&mut contract.runtime, other.runtime);
    fill(&mut contract.abi, other.abi);
    fill(&mut contract.storage_layout, other.storage_layout);
    fill(&mut contract.compiler, other.compiler);
    fill(&mut contract.address, other.address);
    fill(&mut contract.build, other.build);
    let texts = |of: &ImportedContract| of.sources.iter().filter(|source| source.text.is_some()).count();
    if other.sources.iter().filter(|source| source.text.is_some()).count() > texts(contract) {
        contract.sources = other.sources;
    }
}

/// One contract without an ABI and one ABI without code belong together whatever they are called.
fn pair_one_and_one(import: &mut Import, contracts: &mut Vec<ImportedContract>) {
    let has_code = |contract: &ImportedContract| contract.creation.is_some() || contract.runtime.is_some();
    let only = |wanted: &dyn Fn(&ImportedContract) -> bool| {
        let mut found = contracts.iter().enumerate().filter(|(_, contract)| wanted(contract));
        found.next().filter(|_| found.next().is_none()).map(|(index, _)| index)
    };
    // Their places are known by number.
    if import.transactions.iter().any(|transaction| matches!(transaction.action, Action::Create { .. })) {
        return;
    }
    let code = only(&|contract| has_code(contract) && contract.abi.is_none());
    let abi = only(&|contract| contract.abi.is_some() && !has_code(contract));
    let (Some(code), Some(abi)) = (code, abi) else { return };
    let described = contracts[abi].clone();
    note(
        import,
        &described.file,
        format!("this ABI is taken for that of the code in {}", contracts[code].file),
    );
    take(&mut contracts[code], described);
    contracts.remove(abi);
}

/// What the build info that a contract names has, where input and output are in two files.
fn complete(contract: &mut ImportedContract, builds: &[Build]) {
    let Some(id) = &contract.build else { return };
    let is_it = |build: &&Build| build.id == *id || id.strip_suffix(".output") == Some(&build.id);
    for build in builds.iter().filter(is_it) {
        if contract.compiler.is_none() {
            contract.compiler = build.compiler.clone();
        }
        if contract.sources.iter().all(|source| source.text.is_none()) && !build.sources.is_empty() {
            contract.sources = build.sources.clone();
        }
    }
}

/// What a contract lacks. Runtime code that stands where creation code belongs moves to its place.
fn lacks_of(contract: &mut ImportedContract, is_created: bool) -> Vec<Lack> {
    let mut lacking = Vec::new();
    if let Some(creation) = &contract.creation {
        let given = contract.runtime.as_ref().is_some_and(|runtime| runtime.bytes == creation.bytes);
        let role = code::role(&creation.bytes);
        let because = match role {
            Role::Runtime(because) => Some(because),
            _ if given => Some("it equals the deployed code".to_owned()),
            _ => None,
        };
        if let Some(because) = because {
            let code = contract.creation.take();
            contract.runtime = code.or(contract.runtime.take());
            lacking.push(Lacking::ConstructorRun { because });
        }
    } else if let Some(runtime) = &contract.runtime
        && !runtime.bytes.is_empty()
    {
        let because = match code::role(&runtime.bytes) {
            Role::Runtime(because) => because,
            _ => "the file calls it so".to_owned(),
        };
        lacking.push(Lacking::ConstructorRun { because });
    } else {
        lacking.push(Lacking::CreationCode);
    }
    if let Some(code) = &contract.creation {
        lacking.extend(code.links.iter().cloned().map(Lacking::Library));
        let constructor = contract.abi.as_ref().and_then(|abi| abi.constructor.as_ref());
        let inputs = constructor.map(|constructor| &constructor.inputs[..]).unwrap_or_default();
        if !inputs.is_empty() && !is_created {
            let described = |param: &alloy_json_abi::Param| match param.name.is_empty() {
                true => param.ty.clone(),
                false => format!("{} {}", param.ty, param.name),
            };
            lacking.push(Lacking::ConstructorArguments(inputs.iter().map(described).collect()));
        }
    }
    if contract.abi.is_none() {
        lacking.push(Lacking::Abi);
    }
    if contract.storage_layout.is_none() && (contract.creation.is_some() || contract.runtime.is_some()) {
        lacking.push(Lacking::StorageLayout);
    }
    let (file, name) = (&contract.file, &contract.name);
    lacking.into_iter().map(|what| Lack { file: file.clone(), contract: Some(name.clone()), what }).collect()
}
