//! What a host asks for, read from the text of its message.

use evm_lanes_core::model::Cost;
use evm_lanes_core::scenario::json::{self, Node, Tree, Value};
use evm_lanes_core::scenario::{MAX_LANES, StrategyChoice};
use evm_lanes_core::trace::Clock;

use super::answer::{Code, Refusal};
use super::{Colours, Edit, MARK, VERSION, View, options};

/// The longest message that is read, in bytes of its JSON.
pub const MAX_MESSAGE: usize = 8 << 20;
/// The longest text of a request's id.
const MAX_ID: usize = 100;
/// The longest link in a message.
const MAX_LINK: usize = 1 << 20;

/// A message from the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Chosen by the host, and given back with the answer.
    pub id: Option<Id>,
    /// What it asks for.
    pub ask: Ask,
}

/// A request's id: a text or a number, given back as it came.
pub type Id = serde_json::Value;

/// What a host asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Whether there is a frame, and what it can do.
    Hello,
    /// Another scenario, and a run.
    Load(Load),
    /// Other settings, and a run if they change it.
    Set(Change),
    /// A run.
    Run,
    /// No run.
    Cancel,
    /// Another part of the run in view.
    Seek(Seek),
    /// Another selection.
    Select(Select),
    /// What is there.
    Get(What),
    /// Another lesson, or another step.
    Lesson(Lesson),
}

impl Ask {
    /// The types of messages that are read, in the order in which they are documented.
    pub const TYPES: &[&str] = &["hello", "load", "set", "run", "cancel", "seek", "select", "get", "lesson"];
}

/// What is to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Where it comes from.
    pub from: Origin,
    /// How it is to be run, beside what the scenario says itself.
    pub change: Change,
}

/// Where a scenario comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A built-in one, by name.
    Scenario(String),
    /// A document's text.
    Document(String),
    /// A link of the page: query and fragment.
    Link {
        /// From `?`, or empty.
        query: String,
        /// From `#`, or empty.
        fragment: String,
    },
}

/// Settings that are to be others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// One strategy, or several that are to be compared.
    pub strategies: Vec<StrategyChoice>,
    /// Number of lanes.
    pub lanes: Option<u16>,
    /// Simulated or measured.
    pub clock: Option<Clock>,
    /// The cost model of simulated time.
    pub cost: Option<Cost>,
    /// Its seed.
    pub seed: Option<u64>,
    /// What the frame shows.
    pub view: Option<View>,
    /// What a person may change.
    pub edit: Option<Edit>,
    /// Colours.
    pub theme: Option<Colours>,
}

/// What of the run is to be in view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seek {
    /// All of it.
    Whole,
    /// From one tick to another.
    Part {
        /// The first.
        from: f64,
        /// The last.
        to: f64,
    },
    /// This tick in the middle.
    At(f64),
    /// A transaction.
    Tx(u32),
}

/// What is to be selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Select {
    /// A transaction, from 0.
    pub tx: Option<u32>,
    /// One of its attempts, from 0.
    pub incarnation: Option<u32>,
    /// A location, by name.
    pub location: Option<String>,
}

/// A lesson that is to be opened, or a step of the one that is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// Where it comes from; `None`: it is the one that is open.
    pub from: Option<LessonOrigin>,
    /// The step, from 0; `None`: the first.
    pub step: Option<usize>,
    /// What the frame is to show; a lesson's usual view if nothing is said.
    pub view: Option<View>,
    /// What a person may change; everything if nothing is said, because lessons ask for changes.
    pub edit: Option<Edit>,
}

/// Where a lesson comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LessonOrigin {
    /// A built-in one, by its id.
    BuiltIn(String),
    /// A document's text.
    Document(String),
}

/// How a picture is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its width in CSS pixels.
    pub width: u16,
    /// Its colours; `None`: those of the frame.
    pub theme: Option<Colours>,
}

/// Widths of pictures, in CSS pixels.
pub(super) const WIDTHS: std::ops::RangeInclusive<u16> = 200..=2000;
const USUAL_WIDTH: u16 = 1060;

/// What a host wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// What is set and selected.
    State,
    /// The run's figures.
    Figures,
    /// The run's attempts.
    Trace,
    /// The link to what is there.
    Link,
    /// The lesson that is open.
    Lesson,
    /// The lanes as an SVG.
    Svg(Picture),
    /// The lanes as a PNG.
    Png(Picture),
}

impl What {
    /// The words.
    pub const NAMES: &[&str] = &["state", "figures", "trace", "link", "lesson", "svg", "png"];
}

/// Reads a message.
///
/// # Errors
/// What is wrong with it, to be answered.
pub fn read(text: &str) -> Result<Request, Refusal> {
    if text.len() > MAX_MESSAGE {
        let message =
            format!("a message may have {MAX_MESSAGE} bytes as JSON, and this one has {}", text.len());
        return Err(Refusal::new(Code::Size, message));
    }
    let tree = Tree::read(text).map_err(|problem| Refusal::new(Code::Field, problem.to_string()))?;
    let message = tree.root(text);
    if !message.is_object() {
        return Err(Refusal::new(
            Code::Field,
            format!("a message should be an object, but is {}", message.describe()),
        ));
    }
    let (id, id_problem) = match message.get("id").map(id_of) {
        None => (None, None),
        Some(Ok(id)) => (id, None),
        Some(Err(problem)) => (None, Some(problem)),
    };
    let ask = match id_problem {
        Some(problem) => Err(problem),
        None => ask_of(message),
    };
    match ask {
        Ok(ask) => Ok(Request { id, ask }),
        Err(refusal) => Err(Refusal { id, ..refusal }),
    }
}

fn id_of(node: Node<'_>) -> Result<Option<Id>, Refusal> {
    let is_id = matches!(node.value(), Value::Number(_) | Value::Text(_) | Value::Null);
    if !is_id || node.written().len() > MAX_ID {
        let expected = format!("a number or a text of at most {MAX_ID} characters");
        return Err(wrong(node, "id", &expected));
    }
    Ok(serde_json::from_str(node.written()).ok().filter(|id: &Id| !id.is_null()))
}

fn ask_of(message: Node<'_>) -> Result<Ask, Refusal> {
    let version = message.get(MARK).ok_or_else(|| {
        Refusal::new(
            Code::Version,
            format!("“{MARK}” is missing: it names the version of the messages, {VERSION}"),
        )
    })?;
    if version.value() != Value::Number("1") {
        let found = version.describe();
        return Err(Refusal::new(
            Code::Version,
            format!("this frame speaks version {VERSION} of the messages, not {found}"),
        ));
    }
    let fields = Fields(message);
    let kind = fields.text("type")?.ok_or_else(|| missing("type", Ask::TYPES))?;
    Ok(match &*kind {
        "hello" => Ask::Hello,
        "load" => Ask::Load(load(fields)?),
        "set" => Ask::Set(fields.change()?),
        "run" => Ask::Run,
        "cancel" => Ask::Cancel,
        "seek" => Ask::Seek(seek(fields)?),
        "select" => Ask::Select(select(fields)?),
        "get" => {
            let what = fields.text("what")?.ok_or_else(|| missing("what", What::NAMES))?;
            let picture = fields.picture()?;
            Ask::Get(match &*what {
                "state" => What::State,
                "figures" => What::Figures,
                "trace" => What::Trace,
                "link" => What::Link,
                "lesson" => What::Lesson,
                "svg" => What::Svg(picture),
                "png" => What::Png(picture),
                other => {
                    let (found, known) = (json::shortened(other), What::NAMES.join(", "));
                    let message = format!("this frame cannot give “{found}”, only {known}");
                    return Err(Refusal::new(Code::Unsupported, message));
                }
            })
        }
        "lesson" => Ask::Lesson(lesson(fields)?),
        other => {
            let (found, known) = (json::shortened(other), Ask::TYPES.join(", "));
            return Err(Refusal::new(
                Code::Type,
                format!("there is no message of the type “{found}”, only {known}"),
            ));
        }
    })
}

fn load(fields: Fields<'_>) -> Result<Load, Refusal> {
    let from = match (fields.document()?, fields.text("scenario")?, fields.text("link")?) {
        (Some(text), None, None) => Origin::Document(text),
        (None, Some(name), None) => Origin::Scenario(name),
        (None, None, Some(link)) if link.len() > MAX_LINK => {
            return Err(Refusal::new(Code::Size, format!("a link may have {MAX_LINK} bytes")));
        }
        (None, None, Some(link)) => {
            let (before, fragment) = link.split_at(link.find('#').unwrap_or(link.len()));
            let query = before.find('?').map_or("", |at| &before[at..]);
            Origin::Link { query: query.to_owned(), fragment: fragment.to_owned() }
        }
        _ => {
            let message = "“load” needs one of “scenario” (a built-in name), “document” and “link”";
            return Err(Refusal::new(Code::Field, message));
        }
    };
    Ok(Load { from, change: fields.change()? })
}

fn lesson(fields: Fields<'_>) -> Result<Lesson, Refusal> {
    let step = fields.number("step", "a step, from 1", |step: u16| step >= 1)?;
    let from = match (fields.text("lesson")?, fields.document()?) {
        (Some(id), None) => Some(LessonOrigin::BuiltIn(id)),
        (None, Some(text)) => Some(LessonOrigin::Document(text)),
        (None, None) if step.is_some() => None,
        _ => {
            let message = "“lesson” needs “lesson” (a built-in one’s id) or “document”, or a “step” of the one that is open";
            return Err(Refusal::new(Code::Field, message));
        }
    };
    let (view, edit) = (fields.view()?, fields.edit()?);
    Ok(Lesson { from, step: step.map(|step| usize::from(step) - 1), view, edit })
}

fn seek(fields: Fields<'_>) -> Result<Seek, Refusal> {
    let ticks = |name| fields.number(name, "a number of ticks from 0", |n: f64| n.is_finite() && n >= 0.0);
    let (from, to, at, tx) = (ticks("from")?, ticks("to")?, ticks("at")?, fields.tx()?);
    Ok(match (from, to, at, tx) {
        (None, None, None, None) => Seek::Whole,
        (Some(from), Some(to), None, None) if from < to => Seek::Part { from, to },
        (None, None, Some(at), None) => Seek::At(at),
        (None, None, None, Some(tx)) => Seek::Tx(tx),
        _ => {
            let message =
                "“seek” takes “from” and a greater “to”, or “at”, or “tx”, or nothing for the whole run";
            return Err(Refusal::new(Code::Field, message));
        }
    })
}

fn select(fields: Fields<'_>) -> Result<Select, Refusal> {
    let incarnation = fields.number("incarnation", "a whole number from 0", |_: u32| true)?;
    let select = Select { tx: fields.tx()?, incarnation, location: fields.text("location")? };
    if select.incarnation.is_some() && select.tx.is_none() {
        return Err(Refusal::new(Code::Field, "“incarnation” is one of a transaction’s: “tx” is missing"));
    }
    Ok(select)
}

/// The fields of a message. `null` is as good as nothing.
#[derive(Clone, Copy)]
struct Fields<'t>(Node<'t>);

impl<'t> Fields<'t> {
    fn get(self, name: &str) -> Option<Node<'t>> {
        self.0.get(name).filter(|node| node.value() != Value::Null)
    }

    fn text(self, name: &str) -> Result<Option<String>, Refusal> {
        let Some(node) = self.get(name) else { return Ok(None) };
        match node.value() {
            Value::Text(text) => Ok(Some(text.into_owned())),
            _ => Err(wrong(node, name, "a text")),
        }
    }

    fn number<T>(self, name: &str, expected: &str, fits: impl Fn(T) -> bool) -> Result<Option<T>, Refusal>
    where
        T: std::str::FromStr + Copy,
    {
        let Some(node) = self.get(name) else { return Ok(None) };
        // A form's field gives a text.
        let written = match node.value() {
            Value::Number(number) => number.to_owned(),
            Value::Text(text) => text.trim().to_owned(),
            _ => return Err(wrong(node, name, expected)),
        };
        match written.parse::<T>().ok().filter(|number| fits(*number)) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(node, name, expected)),
        }
    }

    fn tx(self) -> Result<Option<u32>, Refusal> {
        self.number("tx", "a transaction’s position, from 0", |_: u32| true)
    }

    fn word<T>(
        self,
        name: &str,
        known: &[&str],
        from: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(node) = self.get(name) else { return Ok(None) };
        let word = match node.value() {
            Value::Text(text) => from(&text),
            _ => None,
        };
        word.map(Some).ok_or_else(|| wrong(node, name, &format!("one of {}", known.join(", "))))
    }

    fn change(self) -> Result<Change, Refusal> {
        let clocks = Clock::ALL.map(Clock::name);
        let costs = Cost::ALL.map(Cost::name);
        Ok(Change {
            strategies: self.strategies()?,
            lanes: self.number("lanes", &format!("a whole number from 1 to {MAX_LANES}"), |lanes: u16| {
                (1..=MAX_LANES).contains(&lanes)
            })?,
            clock: self.word("clock", &clocks, Clock::from_name)?,
            cost: self.word("cost", &costs, Cost::from_name)?,
            seed: self.number("seed", "a whole number from 0", |_: u64| true)?,
            view: self.view()?,
            edit: self.edit()?,
            theme: self.theme()?,
        })
    }

    fn view(self) -> Result<Option<View>, Refusal> {
        self.word("view", View::NAMES, View::from_name)
    }

    fn edit(self) -> Result<Option<Edit>, Refusal> {
        self.word("edit", Edit::NAMES, Edit::from_name)
    }

    fn theme(self) -> Result<Option<Colours>, Refusal> {
        self.word("theme", Colours::NAMES, Colours::from_name)
    }

    fn picture(self) -> Result<Picture, Refusal> {
        let expected = format!("a whole number of pixels from {} to {}", WIDTHS.start(), WIDTHS.end());
        let width = self.number("width", &expected, |width: u16| WIDTHS.contains(&width))?;
        Ok(Picture { width: width.unwrap_or(USUAL_WIDTH), theme: self.theme()? })
    }

    /// A document: a text, or an object as a person would write it, because the text is shown where it can be changed.
    fn document(self) -> Result<Option<String>, Refusal> {
        let Some(node) = self.get("document") else { return Ok(None) };
        match node.value() {
            Value::Text(text) => Ok(Some(text.into_owned())),
            Value::Object => {
                Ok(Some(json::pretty(node.written()).unwrap_or_else(|_| node.written().to_owned())))
            }
            _ => Err(wrong(node, "document", "an object or a text")),
        }
    }

    /// One name, several separated by commas, or a list of names.
    fn strategies(self) -> Result<Vec<StrategyChoice>, Refusal> {
        let Some(node) = self.get("strategy") else { return Ok(Vec::new()) };
        let mut texts = Vec::new();
        match node.value() {
            Value::Text(text) => texts.push(text),
            Value::List => {
                for element in node.elements().take(64) {
                    match element.value() {
                        Value::Text(text) => texts.push(text),
                        _ => return Err(wrong_strategy(element)),
                    }
                }
            }
            _ => return Err(wrong_strategy(node)),
        }
        let names: Vec<&str> = texts.iter().flat_map(|text| text.split(',')).map(str::trim).collect();
        match names.iter().map(|name| StrategyChoice::from_name(name)).collect::<Option<Vec<_>>>() {
            Some(one) if one.len() == 1 => Ok(one),
            Some(all) if !all.is_empty() => {
                let several = options::strategies(&names.join(","));
                Ok(if several.is_empty() { all.into_iter().take(1).collect() } else { several })
            }
            _ => Err(wrong_strategy(node)),
        }
    }
}

fn wrong_strategy(node: Node<'_>) -> Refusal {
    let known = StrategyChoice::ALL.map(StrategyChoice::name).join(", ");
    wrong(node, "strategy", &format!("one or several of {known}"))
}

fn missing(name: &str, known: &[&str]) -> Refusal {
    Refusal::new(Code::Field, format!("“{name}” is missing: one of {}", known.join(", ")))
}

fn wrong(node: Node<'_>, name: &str, expected: &str) -> Refusal {
    Refusal {
        field: Some(name.to_owned()),
        ..Refusal::new(Code::Field, format!("“{name}” should be {expected}, but is {}", node.describe()))
    }
}
