use super::*;

/// Without comments, as a link and a layout take it.
fn parse(text: &str) -> Result<Tree, Problem> {
    read::tree(text, false)
}

fn check(text: &str, expected: &str) {
    let problem = parse(text).expect_err(text);
    let Position { line, column } = problem.position.expect("a position");
    assert_eq!(format!("{line}:{column} {problem}"), expected, "{text}");
}

#[test]
fn a_mistake_is_named_where_it_stands() {
    check("", "1:1 expected a JSON object, found nothing");
    check("{\n  \"a\": 1,\n}", "2:9 expected no comma after the last element, found `,`");
    check("{\"a\": 1 \"b\": 2}", "1:9 expected `,` or `}`, found `\"`");
    check("{a: 1}", "1:2 expected a field's name in quotation marks, found `a`");
    check(
        "{'a': 1}",
        "1:2 expected a field's name in quotation marks, found ' (JSON's quotation marks are \")",
    );
    check("[1, NaN]", "1:5 expected a value, found `NaN`");
    check("[01]", "1:2 expected a number without leading zeros, found 01");
    check("[0x1f]", "1:2 expected hexadecimal in quotation marks, found `0x`");
    check("{\"ä\": \"", "1:7 expected a closing quotation mark, found the end of the text");
    check("{\"a\":1,\"a\":2}", "1:8 expected each field once, found a second \"a\"");
    check("{} x", "1:4 expected nothing after the document's end, found `x`");
    check(
        "[\"\\ud800\"]",
        "1:3 expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX, found another escape",
    );
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let problem = parse(&"[".repeat(1 << 20)).expect_err("deep");
    assert_eq!(problem.expected, "at most 64 levels of nesting");
}

#[test]
fn numbers_of_any_length_stay_as_written() {
    let digits = "9".repeat(100_000);
    let tree = parse(&digits).expect("a number");
    assert_eq!(tree.root(&digits).value(), Value::Number(&digits));
}

#[test]
fn too_many_values_are_refused() {
    let text = format!("[{}0]", "0,".repeat(MAX_VALUES as usize));
    assert!(parse(&text).expect_err("many").expected.starts_with("at most 2000000 values"));
}

#[test]
fn escapes_and_layout_keep_the_value() {
    let text = r#"{"a":"q\"\\\u00e4\ud83d\ude00\n","b":[1.5e3,-2,[],{}],"c":{"d":null,"e":true}}"#;
    let tree = parse(text).expect("valid");
    assert_eq!(tree.root(text).get("a").expect("a").value(), Value::Text("q\"\\ä😀\n".into()));
    let pretty = pretty(text).expect("valid");
    assert_eq!(
        pretty,
        "{\n  \"a\": \"q\\\"\\\\ä😀\\n\",\n  \"b\": [1.5e3, -2, [], {}],\n  \"c\": { \"d\": null, \"e\": true }\n}\n"
    );
    assert_eq!(compact(&pretty), compact(text));
}

/// What serde_json makes of the same text.
fn as_serde(node: Node<'_>) -> serde_json::Value {
    match node.value() {
        Value::Null => serde_json::Value::Null,
        Value::Bool(b) => b.into(),
        Value::Number(n) => serde_json::from_str(n).expect("a number"),
        Value::Text(t) => t.as_ref().into(),
        Value::List => node.elements().map(as_serde).collect(),
        Value::Object => node.fields().map(|f| (f.name.to_string(), as_serde(f.node))).collect(),
    }
}

/// Every single-character change of a text that holds all kinds of values: where both readers
/// take it, they read the same; and what serde_json refuses is refused here.
#[test]
fn serde_json_reads_the_same() {
    let text = r#"{"a":"q\"\\\u00e4\ud83d\ude00\n","b":[1.5e3,-2,0,[],{}],"c":{"d":null,"e":true}}"#;
    let alphabet = "{}[]\",:.0179eE+-tfn\\u/ \t\nä";
    let mut compared = 0;
    let mut compare = |text: &str| match (parse(text), serde_json::from_str::<serde_json::Value>(text)) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(as_serde(ours.root(text)), theirs, "{text}");
            compared += 1;
        }
        (Ok(_), Err(error)) => panic!("{text}: {error}"),
        // A repeated field is a mistake here; serde_json keeps the last one.
        (Err(_), _) => {}
    };
    compare(text);
    for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
        let (before, after) = text.split_at(at);
        compare(&format!("{before}{}", &after[1..]));
        for c in alphabet.chars() {
            compare(&format!("{before}{c}{after}"));
            compare(&format!("{before}{c}{}", &after[1..]));
        }
    }
    assert!(compared > 500, "{compared} texts were valid");
}

#[test]
fn a_field_is_found_however_its_name_is_written() {
    let text = r#"{ "a": { "b": [1, 2] }, "\u0062": 3, "": 4, "a\\": 5 }"#;
    let tree = Tree::read(text).expect("JSON");
    let found = |name| tree.root(text).get(name).map(Node::written);
    assert_eq!([found("b"), found(""), found("a\\")], [Some("3"), Some("4"), Some("5")]);
    assert_eq!([found("c"), found("\\u0062"), found("1")], [None; 3]);
    assert_eq!(tree.root(text).nearest("a.b[1]").get("b").map(Node::written), None);
}

/// Every value's bytes, and what lies between them, are the text.
#[test]
fn every_byte_of_a_text_is_in_its_tree_or_between_its_values() {
    let text = "\u{feff}/* a */ { // b\n  \"x\" : [ 1 ,\t\"ä\\n\" ] /*c*/ , \"y\": {} }\n// end";
    let tree = Tree::read(text).expect("JSON with comments");
    let comments: Vec<&str> = tree.comments().iter().map(|span| &text[span.clone()]).collect();
    assert_eq!(comments, ["/* a */", "// b", "/*c*/", "// end"]);
    let root = tree.root(text);
    let x = root.get("x").expect("x");
    let written: Vec<&str> = x.elements().map(Node::written).collect();
    assert_eq!((x.written(), &written[..]), ("[ 1 ,\t\"ä\\n\" ]", &["1", "\"ä\\n\""][..]));
    assert_eq!(root.get("y").map(Node::written), Some("{}"));
    // Without comments it is the same tree at other places, and no layout drops a comment.
    assert!(compact(text).is_err() && pretty(text).is_err());
    let problem = Tree::read("[1 /* 2 */ 3]").expect_err("no comma, and a comment before that");
    assert_eq!(problem.position, Some(Position { line: 1, column: 4 }), "{problem}");
    let problem = Tree::read("[1, /* 2").expect_err("the comment has no end");
    assert!(problem.found.starts_with("a comment"), "{problem}");
}

#[test]
fn paths_lead_to_places() {
    let text = "{\n \"a\": [ 1, { \"b\": 2 } ]\n}";
    let tree = Tree::read(text).expect("JSON");
    let at = |path| {
        let Position { line, column } = position(text, tree.root(text).nearest(path).at());
        (line, column)
    };
    assert_eq!(at("a[1].b"), (2, 19));
    assert_eq!(at("a[1].c"), (2, 12));
    assert_eq!(at(""), (1, 1));
    assert_eq!(tree.root(text).follow("a[2]").map_err(Node::at).err(), Some(8));
}
