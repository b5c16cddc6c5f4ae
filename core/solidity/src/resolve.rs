//! What a person's sources import: found among their own files and in the site's libraries, by the rules by which solc
//! names sources.
//!
//! Libraries are fetched only when something of them is imported. Until then [`Resolution::to_fetch`] names them; the
//! caller fetches them, gives their texts to [`Library::load`], and resolves again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::index::Library;
use crate::limits;
use crate::problem::{Lines, Problem, Severity};
use crate::scan::{Import, scan};
use crate::version::{Asked, Version};

/// `context:prefix=target`: in sources whose name begins with the context, an import that begins with the prefix begins
/// with the target instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remapping {
    /// Empty: everywhere.
    pub context: String,
    /// Not empty.
    pub prefix: String,
    /// Empty: the prefix is left out.
    pub target: String,
}

impl FromStr for Remapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no remapping such as @openzeppelin/=lib/openzeppelin-contracts/");
        if text.len() > limits::PATH {
            return Err("the remapping is too long".into());
        }
        let (from, target) = text.split_once('=').ok_or_else(wrong)?;
        let (context, prefix) = from.split_once(':').unwrap_or(("", from));
        if prefix.is_empty() {
            return Err(wrong());
        }
        Ok(Self { context: context.to_owned(), prefix: prefix.to_owned(), target: target.to_owned() })
    }
}

impl fmt::Display for Remapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { context, prefix, target } = self;
        let separator = if context.is_empty() { "" } else { ":" };
        write!(f, "{context}{separator}{prefix}={target}")
    }
}

/// What is to be compiled, and what there is to import.
#[derive(Clone, Copy, Debug)]
pub struct Project<'a> {
    /// The person's own files: name, such as `src/Token.sol`, → text. All of them are compiled.
    pub files: &'a BTreeMap<String, String>,
    /// Of several that fit, the one with the longest context counts, then the longest prefix, then the last.
    pub remappings: &'a [Remapping],
    /// The site's libraries.
    pub libraries: &'a [Library],
}

/// All sources of a compilation, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution<'a> {
    /// The name by which solc asks for a source → its text.
    pub sources: BTreeMap<String, &'a str>,
    /// What the sources ask of the compiler, in the order in which they were found: the person's own files first.
    pub asked: Vec<Asked>,
    /// The libraries to fetch, by their places in [`Project::libraries`]. If there are any, sources are still missing.
    pub to_fetch: BTreeSet<usize>,
    /// The libraries in use, by their places, fetched or not.
    pub used: BTreeSet<usize>,
    /// What is missing, and what is too much. With an error among them, compiling would only say the same.
    pub problems: Vec<Problem>,
}

impl Resolution<'_> {
    /// Whether everything is there that is imported.
    pub fn is_complete(&self) -> bool {
        self.to_fetch.is_empty() && self.problems.iter().all(|problem| problem.severity != Severity::Error)
    }
}

/// Finds everything that `project` imports. Circles of imports are as good as any imports.
pub fn resolve<'a>(project: &Project<'a>) -> Resolution<'a> {
    let mut search = Search {
        project: *project,
        found: Resolution::default(),
        size: 0,
        full: false,
        open: VecDeque::new(),
        of_libraries: vec![],
        named: BTreeSet::new(),
    };
    for (name, text) in project.files {
        search.add(name.clone(), text, None);
    }
    search.follow();
    // Once, but for a library that imports what it does not have.
    while !search.of_libraries.is_empty() {
        search.choose_libraries();
        search.follow();
    }
    let mut found = search.found;
    found.problems.truncate(limits::PROBLEMS);
    found
}

/// An import of something that may be in a library.
struct LibraryImport {
    /// The name of the source, as solc asks for it.
    unit: String,
    path: String,
    spelling: Spelling,
    /// Where it is imported.
    importer: String,
    bytes: Range<usize>,
}

/// How an import names a library.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spelling {
    library: &'static str,
    /// The release that it names, as far as it names one.
    version: Option<String>,
}

struct Search<'a> {
    project: Project<'a>,
    found: Resolution<'a>,
    size: usize,
    /// Whether there is no room for another source.
    full: bool,
    /// Sources whose imports have not been followed: the name, and its library and the part of the name before the path.
    open: VecDeque<(String, Option<(usize, usize)>)>,
    of_libraries: Vec<LibraryImport>,
    /// Names for which something has been found or reported.
    named: BTreeSet<String>,
}

impl<'a> Search<'a> {
    fn add(&mut self, name: String, text: &'a str, library: Option<(usize, usize)>) {
        if !self.named.insert(name.clone()) {
            return;
        }
        if text.len() > limits::FILE {
            let message = format!("{name} has {} bytes; a source has at most {}", text.len(), limits::FILE);
            return self.found.problems.push(Problem::error(message));
        }
        let size = self.size.saturating_add(text.len());
        let too_much = if size > limits::SOURCES {
            Some(format!("the sources have more than {} bytes together", limits::SOURCES))
        } else if self.found.sources.len() == limits::UNITS {
            Some(format!("there are more than {} sources", limits::UNITS))
        } else {
            None
        };
        if let Some(message) = too_much {
            // Said once.
            if !std::mem::replace(&mut self.full, true) {
                self.found.problems.push(Problem::error(message));
            }
            return;
        }
        self.size = size;
        self.found.sources.insert(name.clone(), text);
        self.open.push_back((name, library));
    }

    fn follow(&mut self) {
        while let Some((name, library)) = self.open.pop_front() {
            let Some(&text) = self.found.sources.get(&name) else { continue };
            let scan = scan(text);
            self.found.asked.extend(scan.pragmas.into_iter().map(|it| Asked {
                file: name.clone(),
                requirement: it.requirement,
                bytes: it.bytes,
            }));
            for import in scan.imports {
                self.import(&name, text, &import, library);
            }
        }
    }

    fn import(&mut self, importer: &str, text: &'a str, import: &Import, library: Option<(usize, usize)>) {
        let unit = self.unit(importer, &import.path);
        if let Some(text) = self.project.files.get(&unit) {
            return self.add(unit, text, None);
        }
        if self.named.contains(&unit) {
            return;
        }
        // A library's imports of itself stay in that release.
        if let Some((at, prefix)) = library {
            let of_same = |it: &&str| unit.get(..prefix) == importer.get(..prefix) && !it.is_empty();
            if let Some(path) = unit.get(prefix..).filter(of_same)
                && let Some(text) = self.text_of(at, path)
            {
                return self.add(unit, text, library);
            }
        }
        if let Some((spelling, path)) = spelling(&unit) {
            let (path, importer, bytes) = (path.to_owned(), importer.to_owned(), import.bytes.clone());
            return self.of_libraries.push(LibraryImport { unit, path, spelling, importer, bytes });
        }
        let message = self.missing(importer, &import.path, &unit);
        self.named.insert(unit);
        self.found.problems.push(Problem::error(message).at(
            importer,
            &Lines::of(text),
            import.bytes.clone(),
        ));
    }

    fn text_of(&self, library: usize, path: &str) -> Option<&'a str> {
        let libraries: &'a [Library] = self.project.libraries;
        libraries.get(library)?.sources.as_ref()?.get(path).map(String::as_str)
    }

    /// The name of what `importer` calls `path`.
    fn unit(&self, importer: &str, path: &str) -> String {
        if path.starts_with("./") || path.starts_with("../") {
            return relative(importer, path);
        }
        let fits = |it: &&Remapping| importer.starts_with(&it.context) && path.starts_with(&it.prefix);
        let longest = |it: &&Remapping| (it.context.len(), it.prefix.len());
        // Of equals `max_by_key` takes the last.
        match self.project.remappings.iter().filter(fits).max_by_key(longest) {
            Some(Remapping { prefix, target, .. }) => {
                format!("{target}{}", path.get(prefix.len()..).unwrap_or_default())
            }
            None => path.to_owned(),
        }
    }

    /// Why there is no source of that name, and what there is.
    fn missing(&self, importer: &str, path: &str, unit: &str) -> String {
        let named = if path == unit { format!("{path:?}") } else { format!("{path:?} ({unit})") };
        let base = base_name(unit);
        let similar = self.project.files.keys().find(|name| base_name(name) == base);
        if let Some(similar) = similar {
            let there = relative_path(importer, similar);
            return format!("{named} is not among your files; {there:?} is");
        }
        if unit == "hardhat/console.sol" {
            return format!(
                "{named} prints to Hardhat's console, which is not here. Remove the import and its calls"
            );
        }
        if unit.starts_with("http://") || unit.starts_with("https://") {
            return format!("{named} is on the web, from where nothing is fetched. Add the file to yours");
        }
        let libraries: BTreeSet<&str> = self.project.libraries.iter().map(|it| it.name.as_str()).collect();
        let libraries: Vec<&str> = libraries.into_iter().collect();
        if libraries.is_empty() || path.starts_with('.') {
            return format!("{named} is not among your files");
        }
        format!("{named} is neither among your files nor in {}", libraries.join(" or "))
    }

    /// Chooses a release for each spelling of a library: the newest that has everything that is imported by it.
    fn choose_libraries(&mut self) {
        let mut imports = std::mem::take(&mut self.of_libraries);
        // The person's own files come first, so a problem is told at the first import of a source.
        let mut seen = BTreeSet::new();
        imports.retain(|it| seen.insert(it.unit.clone()));
        let mut groups: Vec<(Spelling, Vec<LibraryImport>)> = vec![];
        for import in imports {
            match groups.iter_mut().find(|(spelling, _)| *spelling == import.spelling) {
                Some((_, group)) => group.push(import),
                None => groups.push((import.spelling.clone(), vec![import])),
            }
        }
        for (spelling, group) in groups {
            self.choose_library(&spelling, group);
        }
    }

    fn choose_library(&mut self, spelling: &Spelling, group: Vec<LibraryImport>) {
        let libraries: &'a [Library] = self.project.libraries;
        let wanted: Option<Version> = spelling.version.as_deref().and_then(|version| version.parse().ok());
        let series = |it: &Library| wanted.is_none_or(|wanted| wanted.major == it.version.major);
        let mut releases: Vec<(usize, &Library)> = libraries
            .iter()
            .enumerate()
            .filter(|(_, it)| it.name == spelling.library && series(it))
            .collect();
        releases.sort_by_key(|(_, it)| it.version);
        let exact = releases.iter().find(|(_, it)| Some(it.version) == wanted).copied();
        let has = |library: &Library| group.iter().filter(|it| library.paths.contains(&it.path)).count();
        let Some((at, library)) = exact.or_else(|| releases.iter().copied().max_by_key(|(_, it)| has(it)))
        else {
            let there_are: Vec<String> = libraries
                .iter()
                .filter(|it| it.name == spelling.library)
                .map(|it| it.version.to_string())
                .collect();
            for it in &group {
                let of = wanted.map_or_else(String::new, |wanted| format!(" of {wanted}"));
                let message = match there_are.as_slice() {
                    [] => format!("{} is not here. Add the file to yours", it.unit),
                    there_are => {
                        format!(
                            "{}{of} is not here; of {} there are {}",
                            it.path,
                            spelling.library,
                            there_are.join(" and ")
                        )
                    }
                };
                self.report(it, Problem::error(message));
            }
            return;
        };
        if let (Some(wanted), None, Some(first)) = (wanted, exact, group.first()) {
            let message = format!(
                "{} {wanted} is not here; {} is taken in its place",
                spelling.library, library.version
            );
            self.report(first, Problem::error(message).as_bad_as(Severity::Warning));
            // What is reported may still be added.
            self.named.remove(&first.unit);
        }
        self.found.used.insert(at);
        if library.sources.is_none() {
            self.found.to_fetch.insert(at);
        }
        for it in group {
            if !library.paths.contains(&it.path) {
                let message = not_in_library(&it, library, libraries);
                self.report(&it, Problem::error(message));
            } else if let Some(text) = self.text_of(at, &it.path) {
                let prefix = it.unit.len() - it.path.len();
                self.add(it.unit, text, Some((at, prefix)));
            }
        }
    }

    fn report(&mut self, import: &LibraryImport, problem: Problem) {
        let text = self.found.sources.get(&import.importer).copied().unwrap_or_default();
        self.named.insert(import.unit.clone());
        self.found.problems.push(problem.at(&import.importer, &Lines::of(text), import.bytes.clone()));
    }
}

fn not_in_library(import: &LibraryImport, library: &Library, libraries: &[Library]) -> String {
    let LibraryImport { path, .. } = import;
    let mut message = format!("{} has no {path}", library.title());
    let others = || libraries.iter().filter(|it| it.name == library.name && it.version != library.version);
    if let Some(other) = others().find(|it| it.paths.contains(path)) {
        // Another import is why that release was not taken.
        message.push_str(&format!(
            ", which {} has; the imports together are in no release that is here",
            other.version
        ));
    } else if let Some(moved) = library.paths.iter().find(|it| base_name(it) == base_name(path)) {
        message.push_str(&format!("; it has {moved}"));
    } else if let Some((other, moved)) = others().find_map(|it| {
        it.paths.iter().find(|candidate| base_name(candidate) == base_name(path)).map(|moved| (it, moved))
    }) {
        message.push_str(&format!("; {} has {moved}", other.version));
    }
    message
}

/// Where imports spell OpenZeppelin's contracts. A `*` is a release, up to the next slash.
const OPENZEPPELIN: &str = "@openzeppelin/contracts";
const SPELLINGS: [&str; 10] = [
    "@openzeppelin/contracts/",
    "@openzeppelin/contracts@*/",
    "node_modules/@openzeppelin/contracts/",
    "openzeppelin-contracts/contracts/",
    "lib/openzeppelin-contracts/contracts/",
    "@openzeppelin-contracts/contracts/",
    "https://github.com/OpenZeppelin/openzeppelin-contracts/blob/*/contracts/",
    "https://github.com/OpenZeppelin/openzeppelin-contracts/tree/*/contracts/",
    "github.com/OpenZeppelin/openzeppelin-contracts/contracts/",
    "https://raw.githubusercontent.com/OpenZeppelin/openzeppelin-contracts/*/contracts/",
];

/// The library that a name spells, and the path in it.
fn spelling(unit: &str) -> Option<(Spelling, &str)> {
    SPELLINGS.iter().find_map(|pattern| {
        let (start, rest) = pattern.split_once('*').unwrap_or((pattern, ""));
        let behind = unit.strip_prefix(start)?;
        let (version, path) = match rest {
            "" => (None, behind),
            rest => {
                let (version, path) = behind.split_at(behind.find('/')?);
                (Some(version.trim_start_matches('v').to_owned()), path.strip_prefix(rest)?)
            }
        };
        // Of a branch the newest release is taken, as of no release at all.
        let version = version.filter(|version| version.parse::<Version>().is_ok());
        Some((Spelling { library: OPENZEPPELIN, version }, path))
    })
}

/// The name of `path` relative to `importer`, as solc makes it since 0.8.8: each leading `..` takes a segment off the
/// importer's name; what is too much is dropped.
fn relative(importer: &str, path: &str) -> String {
    let mut base = without_last(importer);
    let mut segments: Vec<&str> = vec![];
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                if segments.pop().is_none() {
                    base = without_last(base);
                }
            }
            segment => segments.push(segment),
        }
    }
    let rest = segments.join("/");
    if base.is_empty() { rest } else { format!("{base}/{rest}") }
}

fn without_last(name: &str) -> &str {
    name.rfind('/').map_or("", |at| name.get(..at).unwrap_or_default().trim_end_matches('/'))
}

fn base_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// How `importer` would import `name`.
fn relative_path(importer: &str, name: &str) -> String {
    let mut from: Vec<&str> = importer.split('/').collect();
    from.pop();
    let to: Vec<&str> = name.split('/').collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let ups = from.len() - common;
    let start = if ups == 0 { "./".to_owned() } else { "../".repeat(ups) };
    start + &to.get(common..).unwrap_or_default().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    fn library(version: &str, sources: &[(&str, &str)]) -> Library {
        let paths: Vec<&str> = sources.iter().map(|(path, _)| *path).collect();
        let mut library: Library = serde_json::from_value(serde_json::json!({
            "name": OPENZEPPELIN, "version": version, "licence": "MIT", "source": "", "file": "", "size": 0, "paths": paths,
        }))
        .unwrap();
        library.sources = Some(files(sources));
        library
    }

    fn libraries() -> Vec<Library> {
        vec![
            library(
                "4.9.6",
                &[
                    ("token/ERC20.sol", "import '../utils/Context.sol';"),
                    ("utils/Context.sol", ""),
                    ("security/Pausable.sol", ""),
                ],
            ),
            library(
                "5.7.0",
                &[
                    ("token/ERC20.sol", "import {Context} from '../utils/Context.sol';"),
                    ("utils/Context.sol", ""),
                    ("utils/Pausable.sol", ""),
                ],
            ),
        ]
    }

    fn names(resolution: &Resolution) -> Vec<String> {
        resolution.sources.keys().cloned().collect()
    }

    fn said(resolution: &Resolution) -> Vec<String> {
        resolution.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn own_files_import_each_other_even_in_a_circle() {
        let files = files(&[
            ("src/A.sol", "import './B.sol'; import '../lib/C.sol'; import 'src/B.sol';"),
            ("src/B.sol", "import './A.sol';"),
            ("lib/C.sol", "import '.././src/x/../A.sol';"),
        ]);
        let found = resolve(&Project { files: &files, remappings: &[], libraries: &[] });
        assert_eq!(names(&found), ["lib/C.sol", "src/A.sol", "src/B.sol"]);
        assert!(found.is_complete(), "{:?}", said(&found));
    }

    #[test]
    fn a_missing_file_is_named_at_its_import_with_what_there_is() {
        let files = files(&[
            (
                "src/A.sol",
                "// é\nimport './IToken.sol';\nimport 'B.sol'; import '@chainlink/x.sol'; import 'hardhat/console.sol'; import 'https://a.b/c.sol';",
            ),
            ("src/interfaces/IToken.sol", "import './Gone.sol';"),
            ("src/B.sol", ""),
        ]);
        let libraries = libraries();
        let found = resolve(&Project { files: &files, remappings: &[], libraries: &libraries });
        assert_eq!(
            said(&found),
            [
                "src/A.sol:2:8: \"./IToken.sol\" (src/IToken.sol) is not among your files; \"./interfaces/IToken.sol\" is",
                "src/A.sol:3:8: \"B.sol\" is not among your files; \"./B.sol\" is",
                "src/A.sol:3:24: \"@chainlink/x.sol\" is neither among your files nor in @openzeppelin/contracts",
                "src/A.sol:3:51: \"hardhat/console.sol\" prints to Hardhat's console, which is not here. Remove the import and its calls",
                "src/A.sol:3:81: \"https://a.b/c.sol\" is on the web, from where nothing is fetched. Add the file to yours",
                "src/interfaces/IToken.sol:1:8: \"./Gone.sol\" (src/interfaces/Gone.sol) is not among your files",
            ]
        );
        assert!(!found.is_complete());
        assert_eq!(relative_path("a/b/C.sol", "a/x/D.sol"), "../x/D.sol");
    }

    #[test]
    fn the_longest_remapping_counts_and_of_equals_the_last() {
        let files = files(&[
            ("src/A.sol", "import 'p/q/B.sol';"),
            ("test/A.sol", "import 'p/q/B.sol'; import 'p/C.sol';"),
            ("one/B.sol", ""),
            ("two/B.sol", ""),
            ("three/q/B.sol", ""),
            ("C.sol", ""),
        ]);
        let remappings: Vec<Remapping> = ["p/=zero/", "p/q/=one/", "p/=", "test/:p/q/=two/"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let found = resolve(&Project { files: &files, remappings: &remappings, libraries: &[] });
        assert!(found.is_complete(), "{:?}", said(&found));
        let search = |importer: &str, path: &str| {
            let project = Project { files: &files, remappings: &remappings, libraries: &[] };
            Search {
                project,
                found: Resolution::default(),
                size: 0,
                full: false,
                open: VecDeque::new(),
                of_libraries: vec![],
                named: BTreeSet::new(),
            }
            .unit(importer, path)
        };
        assert_eq!(search("src/A.sol", "p/q/B.sol"), "one/B.sol");
        assert_eq!(search("test/A.sol", "p/q/B.sol"), "two/B.sol");
        assert_eq!(search("test/A.sol", "p/C.sol"), "C.sol");
        assert_eq!(remappings[3].to_string(), "test/:p/q/=two/");
        assert!("no".parse::<Remapping>().is_err() && "=x".parse::<Remapping>().is_err());
    }

    #[test]
    fn a_library_is_fetched_only_when_it_is_imported_and_then_followed() {
        let own = files(&[("A.sol", "import '@openzeppelin/contracts/token/ERC20.sol';")]);
        let mut libraries = libraries();
        for library in &mut libraries {
            library.sources = None;
        }
        let project = Project { files: &own, remappings: &[], libraries: &libraries };
        let found = resolve(&project);
        assert_eq!((&found.to_fetch, &found.used), (&BTreeSet::from([1]), &BTreeSet::from([1])));
        assert!(found.problems.is_empty() && !found.is_complete());

        let libraries = self::libraries();
        let found = resolve(&Project { libraries: &libraries, ..project });
        assert_eq!(
            names(&found),
            ["@openzeppelin/contracts/token/ERC20.sol", "@openzeppelin/contracts/utils/Context.sol", "A.sol"]
        );
        assert!(found.is_complete());
        assert!(
            found.sources["@openzeppelin/contracts/token/ERC20.sol"].contains("{Context}"),
            "the newest release"
        );

        let nothing = files(&[("A.sol", "// import '@openzeppelin/contracts/token/ERC20.sol';")]);
        assert!(resolve(&Project { files: &nothing, ..project }).used.is_empty());
    }

    #[test]
    fn the_release_is_the_newest_that_has_all_that_is_imported() {
        let libraries = libraries();
        let release = |imports: &str| {
            let own = files(&[("A.sol", imports)]);
            let found = resolve(&Project { files: &own, remappings: &[], libraries: &libraries });
            let used: Vec<String> = found.used.iter().map(|&at| libraries[at].version.to_string()).collect();
            (used.join(" "), said(&found).join("\n"))
        };
        let fine = |version: &str| (version.to_owned(), String::new());
        assert_eq!(
            release(
                "import '@openzeppelin/contracts/token/ERC20.sol'; import '@openzeppelin/contracts/security/Pausable.sol';"
            ),
            fine("4.9.6")
        );
        assert_eq!(release("import '@openzeppelin/contracts@4.9.6/token/ERC20.sol';"), fine("4.9.6"));
        assert_eq!(
            release(
                "import 'https://github.com/OpenZeppelin/openzeppelin-contracts/blob/v4.9.6/contracts/token/ERC20.sol';"
            ),
            fine("4.9.6")
        );
        assert_eq!(
            release(
                "import 'https://github.com/OpenZeppelin/openzeppelin-contracts/blob/master/contracts/token/ERC20.sol';"
            ),
            fine("5.7.0")
        );
        assert_eq!(
            release("import 'lib/openzeppelin-contracts/contracts/utils/Pausable.sol';"),
            fine("5.7.0")
        );
        assert_eq!(
            release("import '@openzeppelin/contracts@4.8.0/token/ERC20.sol';"),
            (
                "4.9.6".into(),
                "A.sol:1:8: @openzeppelin/contracts 4.8.0 is not here; 4.9.6 is taken in its place".into()
            )
        );
        assert_eq!(
            release("import '@openzeppelin/contracts@3.4.2/token/ERC20.sol';"),
            (String::new(), "A.sol:1:8: token/ERC20.sol of 3.4.2 is not here; of @openzeppelin/contracts there are 4.9.6 and 5.7.0".into())
        );
        assert_eq!(
            release("import '@openzeppelin/contracts/x/Pausable.sol';"),
            (
                "5.7.0".into(),
                "A.sol:1:8: @openzeppelin/contracts 5.7.0 has no x/Pausable.sol; it has utils/Pausable.sol"
                    .into()
            )
        );
        let (used, said) = release(
            "import '@openzeppelin/contracts/utils/Pausable.sol'; import '@openzeppelin/contracts/security/Pausable.sol';",
        );
        assert_eq!(used, "5.7.0");
        assert!(
            said.contains(
                "no security/Pausable.sol, which 4.9.6 has; the imports together are in no release"
            ),
            "{said}"
        );
    }

    #[test]
    fn own_files_come_before_a_library() {
        let own = files(&[
            ("A.sol", "import '@openzeppelin/contracts/token/ERC20.sol';"),
            ("@openzeppelin/contracts/token/ERC20.sol", "contract Mine {}"),
        ]);
        let libraries = libraries();
        let found = resolve(&Project { files: &own, remappings: &[], libraries: &libraries });
        assert!(found.used.is_empty() && found.is_complete());
    }

    #[test]
    fn too_much_is_said_once() {
        let long = " ".repeat(limits::FILE + 1);
        let own: BTreeMap<String, String> = [("A.sol".to_owned(), long)].into();
        let project = Project { files: &own, remappings: &[], libraries: &[] };
        assert_eq!(said(&resolve(&project)), ["A.sol has 2097153 bytes; a source has at most 2097152"]);

        let own: BTreeMap<String, String> =
            (0..6).map(|at| (format!("{at}.sol"), " ".repeat(limits::FILE))).collect();
        let found = resolve(&Project { files: &own, ..project });
        assert_eq!(said(&found), ["the sources have more than 8388608 bytes together"]);
        assert_eq!(found.sources.len(), 4);

        let own: BTreeMap<String, String> =
            (0..3_000).map(|at| (format!("{at}.sol"), String::new())).collect();
        let found = resolve(&Project { files: &own, ..project });
        assert_eq!((said(&found).len(), found.sources.len()), (1, limits::UNITS));
    }
}
