//! Pragmas and imports of one source, with their places.
//!
//! Comments, strings and lines end as solc's own scanner ends them, so that nothing in a comment or a string is taken for
//! an import, and no import behind an unusual end of line is missed.

use std::ops::Range;

use crate::limits;

/// `pragma solidity …;`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pragma {
    /// What stands between `solidity` and the semicolon, without comments.
    pub requirement: String,
    /// The bytes of the whole statement.
    pub bytes: Range<usize>,
}

/// `import …;`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The path, as it is meant: without quotes and escapes.
    pub path: String,
    /// The bytes of the path with its quotes.
    pub bytes: Range<usize>,
}

/// What a source says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// In the order of the source.
    pub pragmas: Vec<Pragma>,
    /// In the order of the source.
    pub imports: Vec<Import>,
}

/// Finds the pragmas and imports of a source. What is no correct statement is left to the compiler.
pub fn scan(text: &str) -> Scan {
    let mut found = Scan::default();
    let mut tokens = Tokens { text, at: 0 };
    // Imports and pragmas are outside of every brace.
    let mut depth = 0_usize;
    while let Some(token) = tokens.next() {
        match token.kind {
            Kind::Sign(b'{') => depth += 1,
            Kind::Sign(b'}') => depth = depth.saturating_sub(1),
            Kind::Word if depth == 0 => {
                // A statement that turns out to be none is read again, from its second token.
                let behind = tokens.at;
                let is_statement = match tokens.text_of(&token) {
                    "pragma" => pragma(&mut tokens, token.bytes.start).map(|it| push(&mut found.pragmas, it)),
                    "import" => import(&mut tokens).map(|it| push(&mut found.imports, it)),
                    _ => Some(()),
                };
                if is_statement.is_none() {
                    tokens.at = behind;
                }
            }
            _ => {}
        }
    }
    found
}

fn push<T>(list: &mut Vec<T>, one: T) {
    if list.len() < limits::STATEMENTS {
        list.push(one);
    }
}

/// The rest of `pragma solidity …;`; none for pragmas of other things.
fn pragma(tokens: &mut Tokens, start: usize) -> Option<Pragma> {
    let word = tokens.next()?;
    if tokens.text_of(&word) != "solidity" {
        return None;
    }
    let mut requirement = String::new();
    let mut end = word.bytes.end;
    loop {
        let token = tokens.next()?;
        if token.kind == Kind::Sign(b';') {
            return Some(Pragma { requirement, bytes: start..token.bytes.end });
        }
        if requirement.len() > limits::PATH {
            return None;
        }
        // White space and comments separate.
        if token.bytes.start > end && !requirement.is_empty() {
            requirement.push(' ');
        }
        end = token.bytes.end;
        requirement.push_str(tokens.text_of(&token));
    }
}

/// The rest of `import "path";`, `import "path" as X;`, `import * as X from "path";` or `import {A, B as C} from "path";`.
fn import(tokens: &mut Tokens) -> Option<Import> {
    let mut token = tokens.next()?;
    let names_come_first = token.kind != Kind::Text;
    if names_come_first {
        let mut depth = 0_usize;
        loop {
            match token.kind {
                Kind::Sign(b'{') if depth == 0 => depth = 1,
                Kind::Sign(b'}') if depth == 1 => depth = 0,
                Kind::Sign(b'*' | b',') => {}
                Kind::Word if depth == 0 && tokens.text_of(&token) == "from" => break,
                // The next statement has begun. Without this, a row of `import` would be read again from each of them.
                Kind::Word if matches!(tokens.text_of(&token), "import" | "pragma") => return None,
                Kind::Word => {}
                _ => return None,
            }
            token = tokens.next()?;
        }
        token = tokens.next()?;
    }
    if token.kind != Kind::Text {
        return None;
    }
    let path = unescaped(tokens.text_of(&token))?;
    let end = tokens.next()?;
    let is_over = if end.kind == Kind::Word && tokens.text_of(&end) == "as" && !names_come_first {
        tokens.next()?.kind == Kind::Word && tokens.next()?.kind == Kind::Sign(b';')
    } else {
        end.kind == Kind::Sign(b';')
    };
    is_over.then_some(Import { path, bytes: token.bytes })
}

/// The meaning of a string literal; none if it is longer than a path may be, or no correct literal.
fn unescaped(literal: &str) -> Option<String> {
    let inner = literal.get(1..literal.len().checked_sub(1)?)?;
    if literal.len() > limits::PATH {
        return None;
    }
    let mut path = String::new();
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            path.push(character);
            continue;
        }
        path.push(match rest.next()? {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            same @ ('\\' | '\'' | '"') => same,
            'x' => code(&mut rest, 2)?,
            'u' => code(&mut rest, 4)?,
            _ => return None,
        });
    }
    Some(path)
}

fn code(rest: &mut std::str::Chars, digits: usize) -> Option<char> {
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + rest.next()?.to_digit(16)?;
    }
    char::from_u32(code)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An identifier, a keyword, or something that begins as a number.
    Word,
    /// A string literal with its quotes. One that does not end is none.
    Text,
    /// Any other byte.
    Sign(u8),
}

struct Token {
    kind: Kind,
    bytes: Range<usize>,
}

/// The tokens of a source, without comments and white space.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl Tokens<'_> {
    fn text_of(&self, token: &Token) -> &str {
        self.text.get(token.bytes.clone()).unwrap_or_default()
    }

    fn next(&mut self) -> Option<Token> {
        let bytes = self.text.as_bytes();
        loop {
            let start = self.at;
            let rest = bytes.get(start..)?;
            match *rest {
                [] => return None,
                [b'/', b'/', ..] => {
                    self.at += rest.iter().enumerate().take_while(|(at, _)| !ends_line(&rest[*at..])).count()
                }
                [b'/', b'*', ref inner @ ..] => {
                    let end = inner.windows(2).position(|pair| pair == b"*/");
                    self.at = end.map_or(bytes.len(), |end| start + 2 + end + 2);
                }
                [b' ' | b'\t' | 0x0a..=0x0d, ..] => self.at += 1,
                [0xc2, 0x85, ..] => self.at += 2,
                [0xe2, 0x80, 0xa8 | 0xa9, ..] => self.at += 3,
                [quote @ (b'"' | b'\''), ..] => {
                    let (length, ended) = literal(rest, quote);
                    self.at += length;
                    let kind = if ended { Kind::Text } else { Kind::Sign(quote) };
                    return Some(Token { kind, bytes: start..self.at });
                }
                [first, ..] => {
                    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
                    let length = rest.iter().take_while(|byte| in_word(byte)).count();
                    self.at += length.max(1);
                    let kind = if length > 0 { Kind::Word } else { Kind::Sign(first) };
                    return Some(Token { kind, bytes: start..self.at });
                }
            }
        }
    }
}

/// The length of a string literal, and whether it ends before its line does.
fn literal(rest: &[u8], quote: u8) -> (usize, bool) {
    let mut at = 1;
    while let Some(&byte) = rest.get(at) {
        if byte == quote {
            return (at + 1, true);
        }
        if ends_line(&rest[at..]) {
            break;
        }
        at += if byte == b'\\' { 2 } else { 1 };
    }
    (at.min(rest.len()), false)
}

/// Whether a line ends here: line feed, vertical tab, form feed, carriage return, NEL, LS or PS.
fn ends_line(rest: &[u8]) -> bool {
    matches!(rest, [0x0a..=0x0d, ..] | [0xc2, 0x85, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        scan(text).imports.into_iter().map(|it| it.path).collect()
    }

    fn requirements(text: &str) -> Vec<String> {
        scan(text).pragmas.into_iter().map(|it| it.requirement).collect()
    }

    #[test]
    fn every_form_of_import_is_found_with_its_place() {
        let text = "pragma solidity ^0.8.0;\nimport \"a.sol\";\nimport './b.sol' as B;\nimport * as C from \"c.sol\";\n\
                    import {D, E as F} from\n  /* here */ \"d.sol\" ;\nimport{from}from\"e\\x2esol\";contract X {}";
        assert_eq!(paths(text), ["a.sol", "./b.sol", "c.sol", "d.sol", "e.sol"]);
        let found = scan(text);
        let literals: Vec<&str> = found.imports.iter().map(|it| &text[it.bytes.clone()]).collect();
        assert_eq!(literals, ["\"a.sol\"", "'./b.sol'", "\"c.sol\"", "\"d.sol\"", "\"e\\x2esol\""]);
        assert_eq!(&text[found.pragmas[0].bytes.clone()], "pragma solidity ^0.8.0;");
    }

    #[test]
    fn comments_and_strings_hide_what_is_in_them_and_nothing_else() {
        assert!(
            paths("// import \"a\";\n/* import \"b\"; */ /** import \"c\"; **/ /*/ import \"d\"; /**/")
                .is_empty()
        );
        assert!(paths("contract A { string s = \"x\\\"; import 'a'; \"; }").is_empty());
        assert!(paths("contract A { function f() { import \"a\"; } }").is_empty());
        assert!(paths("string constant s = 'import \"a\";'; string constant t = \"'\";").is_empty());
        // A string ends with its line, a comment with any line end that solc knows.
        assert_eq!(paths("string constant s = \"x\nimport 'a';"), ["a"]);
        assert_eq!(paths("//\u{2028}import 'a';//\u{85}import 'b';//\u{c}import 'c';"), ["a", "b", "c"]);
        assert_eq!(paths("/**/import/**/'a'/**/;/***/import'b';"), ["a", "b"]);
        assert_eq!(paths("//*\nimport 'a';"), ["a"]);
        assert_eq!(paths("uint constant import_ = 1; importer x; import 'a';"), ["a"]);
    }

    #[test]
    fn a_statement_that_is_none_swallows_no_other() {
        assert_eq!(paths("import foo contract A { string s = \"x\"; } import 'a';"), ["a"]);
        assert_eq!(paths("import import 'a';"), ["a"]);
        assert_eq!(paths("import 'a' 'b'; import 'c'"), Vec::<String>::new());
        assert_eq!(paths("import {A from 'a'; import 'b';"), Vec::<String>::new());
        assert_eq!(requirements("pragma abicoder v2; pragma solidity ^0.8.0"), Vec::<String>::new());
        assert_eq!(requirements("pragma experimental ABIEncoderV2; pragma solidity 0.8.1;"), ["0.8.1"]);
    }

    #[test]
    fn requirements_come_without_comments() {
        assert_eq!(requirements("pragma solidity >=0.6.2 /* or so */ <0.9.0;"), [">=0.6.2 <0.9.0"]);
        assert_eq!(requirements("pragma solidity ^ 0.8.0 || 0.7.6;"), ["^ 0.8.0 || 0.7.6"]);
        assert!(
            requirements("// pragma solidity 0.4.0;\nstring constant s = \"pragma solidity 0.4.1;\";")
                .is_empty()
        );
    }

    #[test]
    fn a_source_of_many_imports_is_cut() {
        assert_eq!(scan(&"import 'a';".repeat(5_000)).imports.len(), limits::STATEMENTS);
        assert!(paths(&format!("import '{}';", "a".repeat(5_000))).is_empty());
    }
}
