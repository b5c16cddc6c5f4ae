//! The outline of a JSON text: the first levels of its objects and lists, without their contents.
//!
//! A file must be told apart before it is read, also where it is broken, larger than any reader takes, or
//! JSON with comments. So this scanner keeps little, never fails, and stops where the text stops making sense.

/// Levels of objects and lists that are kept; deeper ones are passed over.
const LEVELS: u32 = 5;
/// Fields of one object that are kept.
const FIELDS: usize = 256;
/// Bytes of a text that are kept.
const BYTES: usize = 256;

/// A value's outline.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Fields in order.
    Object(Vec<(String, Shape)>),
    /// The first element, if there is one.
    List(Option<Box<Shape>>),
    /// The beginning of a text.
    Text(String),
    /// A number, `true`, `false`, `null`, or no JSON at all.
    Bare(String),
}

impl Shape {
    /// The field of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, shape)| shape),
            _ => None,
        }
    }

    /// Whether it is an object with all of these fields.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.get(name).is_some())
    }

    /// The text of that field.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The first element of a list.
    pub(super) fn first(&self) -> Option<&Self> {
        match self {
            Self::List(first) => first.as_deref(),
            _ => None,
        }
    }

    pub(super) fn fields(&self) -> &[(String, Self)] {
        match self {
            Self::Object(fields) => fields,
            _ => &[],
        }
    }
}

/// The outline of the first value in `text`, and what stands behind it.
pub(super) fn outline(text: &str) -> (Shape, &str) {
    let mut scanner = Scanner { text, at: 0, broken: false };
    let shape = scanner.value(0);
    scanner.space();
    let rest = if scanner.broken { "" } else { &text[scanner.at..] };
    (shape, rest)
}

/// `text` without white space and comments in front.
pub(super) fn without_comments(text: &str) -> &str {
    let mut scanner = Scanner { text, at: 0, broken: false };
    scanner.space();
    &text[scanner.at..]
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// Whether the text stopped making sense: nothing is read any more.
    broken: bool,
}

impl<'t> Scanner<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes white space and comments.
    fn space(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start();
            let end = if trimmed.starts_with("//") {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if trimmed.starts_with("/*") {
                trimmed.find("*/").map_or(trimmed.len(), |end| end + 2)
            } else {
                0
            };
            self.at += rest.len() - trimmed.len() + end;
            if end == 0 {
                return;
            }
        }
    }

    fn value(&mut self, level: u32) -> Shape {
        self.space();
        match self.peek() {
            Some(b'{') if level < LEVELS => self.object(level),
            Some(b'[') if level < LEVELS => self.list(level),
            Some(b'{' | b'[') => {
                self.pass();
                Shape::Bare(String::new())
            }
            Some(b'"') => Shape::Text(self.quoted()),
            _ => {
                let rest = &self.text[self.at..];
                let end = rest
                    .find(|c: char| matches!(c, ',' | ':' | ']' | '}' | '{' | '[' | '"') || c.is_whitespace())
                    .unwrap_or(rest.len());
                self.broken |= end == 0;
                self.at += end;
                Shape::Bare(kept(&rest[..end]))
            }
        }
    }

    fn object(&mut self, level: u32) -> Shape {
        let mut fields: Vec<(String, Shape)> = Vec::new();
        self.at += 1;
        while !self.ends(b'}') {
            if self.peek() != Some(b'"') {
                self.broken = true;
                break;
            }
            let name = self.quoted();
            self.space();
            if self.broken || self.peek() != Some(b':') {
                self.broken = true;
                break;
            }
            self.at += 1;
            let shape = self.value(level + 1);
            // The name of a format may stand behind everything else.
            if fields.len() < FIELDS || name == "format" {
                fields.push((name, shape));
            }
        }
        Shape::Object(fields)
    }

    fn list(&mut self, level: u32) -> Shape {
        let mut first = None;
        self.at += 1;
        while !self.ends(b']') {
            if first.is_none() {
                first = Some(Box::new(self.value(level + 1)));
            } else {
                self.value(LEVELS);
            }
        }
        Shape::List(first)
    }

    /// Whether the object or list ends here, at its bracket or because the text is broken. Passes a comma.
    fn ends(&mut self, close: u8) -> bool {
        self.space();
        if self.peek() == Some(b',') {
            self.at += 1;
            self.space();
        }
        match self.peek() {
            _ if self.broken => true,
            None => {
                self.broken = true;
                true
            }
            Some(byte) if byte == close => {
                self.at += 1;
                true
            }
            Some(_) => false,
        }
    }

    /// Passes an object or a list with all that is in it.
    fn pass(&mut self) {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.quoted();
                    if self.broken {
                        return;
                    }
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return;
            }
        }
        self.broken = true;
    }

    /// A text in quotation marks; its beginning, unescaped.
    fn quoted(&mut self) -> String {
        let bytes = self.text.as_bytes();
        let from = self.at;
        let mut at = from + 1;
        loop {
            match bytes.get(at) {
                None => {
                    self.broken = true;
                    self.at = bytes.len();
                    return kept(&self.text[from + 1..]);
                }
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        let inner = &self.text[from + 1..at];
        if !inner.contains('\\') {
            return kept(inner);
        }
        let whole = &self.text[from..self.at];
        let unescaped =
            (whole.len() <= 8 * BYTES).then(|| serde_json::from_str::<String>(whole).ok()).flatten();
        kept(unescaped.as_deref().unwrap_or(inner))
    }
}

fn kept(text: &str) -> String {
    text[..text.floor_char_boundary(BYTES)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_keeps_names_and_first_elements() {
        let (shape, rest) = outline(r#" { "a": [ { "b": 1.5 }, 2 ], "c\u0064": "x\"y", "e": { } } tail"#);
        assert_eq!(shape.get("a").and_then(Shape::first).map(|first| first.has(&["b"])), Some(true));
        assert_eq!(shape.text("cd"), Some("x\"y"));
        assert_eq!(shape.get("e"), Some(&Shape::Object(Vec::new())));
        assert_eq!(rest, "tail");
    }

    #[test]
    fn a_broken_text_has_the_outline_of_what_can_be_read() {
        for text in [
            r#"{ "format": "x/1", "a": [ 1, "#,
            r#"{ "format": "x/1", "a": nonsense here, "#,
            r#"{ "format": "x/1", } extra"#,
            "/* a note */ // another\n { // a third\n \"format\": \"x/1\", \"a\": [1, ], }",
            r#"{ "format": "x/1", 'a': 1 }"#,
            r#"{ "format": "x/1", "a": "never closed"#,
            r#"{ "format": "x/1", "a": {"b":{"c":{"d":{"e":{"f":["g", "never closed"#,
        ] {
            assert_eq!(outline(text).0.text("format"), Some("x/1"), "{text}");
        }
        for text in [
            "", "{", "[", "\"", "{\"", "{\"a", "{\"a\"", "{\"a\":", "[,", "[:", "}", "\"\\", "[\"\\\"", "{:}",
        ] {
            outline(text);
        }
    }

    #[test]
    fn nesting_of_any_depth_takes_no_stack() {
        outline(&"[".repeat(1_000_000));
        outline(&"{\"a\":".repeat(1_000_000));
        let closed = ["[".repeat(500_000), "]".repeat(500_000)].concat();
        assert_eq!(outline(&closed).1, "");
    }

    #[test]
    fn the_name_of_a_format_may_come_last() {
        let many: String = (0..2_000).map(|i| format!("\"{i}\":{{\"format\":\"inner\"}},")).collect();
        let (shape, _) = outline(&format!("{{{many}\"format\":\"x/1\"}}"));
        assert_eq!(shape.text("format"), Some("x/1"));
        assert!(shape.fields().len() <= FIELDS + 1);
    }
}
