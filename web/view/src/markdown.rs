//! Simple Markdown, as lessons have it: paragraphs, lists, `code`, **strong** and *emphasis*, and numbers that can be dragged.
//! The result is text with marks: nothing of it is ever HTML.

use evm_lanes_core::scenario::lesson::number::{self, Number};

/// A part of a text that stands by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Paragraph(Vec<Span>),
    /// A list; each of its points.
    List(Vec<Vec<Span>>),
}

/// A stretch of text of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Plain.
    Text(String),
    /// Between backticks.
    Code(String),
    /// Between double asterisks.
    Strong(String),
    /// Between asterisks.
    Emphasis(String),
    /// A number that can be dragged.
    Number(Number),
}

/// The blocks of a text. They are parted by empty lines; a block whose lines all begin with `- ` is a list.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().chain([""]) {
        if !line.trim().is_empty() {
            lines.push(line.trim());
            continue;
        }
        if lines.is_empty() {
            continue;
        }
        let points: Option<Vec<_>> = lines.iter().map(|line| line.strip_prefix("- ").map(spans)).collect();
        blocks.push(match points {
            Some(points) => Block::List(points),
            None => Block::Paragraph(spans(&lines.join(" "))),
        });
        lines.clear();
    }
    blocks
}

/// The stretches of a line. A mark without its other half is plain text. Within other marks, a number is its label.
pub fn spans(line: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['`', '*', '[']) {
        let (before, marked) = rest.split_at(at);
        plain.push_str(before);
        if let Some((length, found)) = number::at(marked) {
            match found {
                Ok(number) => {
                    if !plain.is_empty() {
                        spans.push(Span::Text(std::mem::take(&mut plain)));
                    }
                    spans.push(Span::Number(number));
                }
                Err(_) => plain.push_str(&number::labels(&marked[..length])),
            }
            rest = &marked[length..];
            continue;
        }
        if let Some(behind) = marked.strip_prefix('[') {
            plain.push('[');
            rest = behind;
            continue;
        }
        let mark = if marked.starts_with("**") { "**" } else { &marked[..1] };
        let inner = &marked[mark.len()..];
        // A mark with a space behind it is a sign, not a mark: 2 * 3.
        let end = inner.find(mark).filter(|end| *end > 0 && (mark == "`" || !inner.starts_with(' ')));
        let Some(end) = end else {
            plain.push_str(mark);
            rest = inner;
            continue;
        };
        if !plain.is_empty() {
            spans.push(Span::Text(std::mem::take(&mut plain)));
        }
        let text = inner[..end].to_owned();
        spans.push(match mark {
            "`" => Span::Code(text),
            "**" => Span::Strong(number::labels(&text)),
            _ => Span::Emphasis(number::labels(&text)),
        });
        rest = &inner[end + mark.len()..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        spans.push(Span::Text(plain));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_kinds_of_text() {
        assert_eq!(
            spans("Each `slot` is **one** *location*."),
            [
                Span::Text("Each ".into()),
                Span::Code("slot".into()),
                Span::Text(" is ".into()),
                Span::Strong("one".into()),
                Span::Text(" ".into()),
                Span::Emphasis("location".into()),
                Span::Text(".".into()),
            ]
        );
    }

    #[test]
    fn a_mark_alone_is_text_and_so_is_html() {
        for line in ["2 * 3 * 4", "a ` b", "**", "`", "*", "", "<b onclick=alert(1)>x</b> &amp;", "****"] {
            let text: Vec<Span> = if line.is_empty() { vec![] } else { vec![Span::Text(line.into())] };
            assert_eq!(spans(line), text, "{line}");
        }
        assert_eq!(spans("`*a*`"), [Span::Code("*a*".into())]);
    }

    #[test]
    fn a_number_is_a_stretch_of_its_own_and_its_label_elsewhere() {
        let form = "[2 lanes](set:lanes \"1..16\")";
        let found = spans(&format!("On {form}, *{form}*, `{form}`, [x], [2](set:nobody \"1..2\")."));
        let number = number::at(form).and_then(|(_, number)| number.ok()).expect("a number");
        assert_eq!(
            found,
            [
                Span::Text("On ".into()),
                Span::Number(number),
                Span::Text(", ".into()),
                Span::Emphasis("2 lanes".into()),
                Span::Text(", ".into()),
                Span::Code(form.into()),
                Span::Text(", [x], 2.".into()),
            ]
        );
    }

    #[test]
    fn empty_lines_part_blocks() {
        assert_eq!(
            blocks("one\ntwo\n\n- a\n- b\n\n\nthree"),
            [
                Block::Paragraph(vec![Span::Text("one two".into())]),
                Block::List(vec![vec![Span::Text("a".into())], vec![Span::Text("b".into())]]),
                Block::Paragraph(vec![Span::Text("three".into())]),
            ]
        );
        assert_eq!(blocks(" \n\n"), []);
    }
}
