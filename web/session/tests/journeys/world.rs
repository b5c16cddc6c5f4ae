//! A page without a browser: session, supervisor, and a worker that answers as the engine does.

use evm_lanes_core::messages::{
    AccessList, Answer, Ask, Curve, EngineInfo, GivenList, Input as EngineInput, ListFigures, Phase, Reply,
    Report, Request, TxDetail,
};
use evm_lanes_core::problem::Problem;
use evm_lanes_core::scenario::{self, StrategyChoice, json};
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::units::{Gas, Ticks, TxIndex};
use evm_lanes_session::supervisor::{Action, Flavour, Input, Millis, Supervisor};
use evm_lanes_session::{Activity, Effect, Embed, Environment, Event, Session, embed};
use evm_lanes_view::{sample, svg};

/// The page's address without query and fragment.
pub const BASE: &str = "https://lanes.example/";

/// A small scenario of that title, laid out as links give it back.
pub fn text(title: &str) -> String {
    let text = format!(
        r#"{{ "format": "evm-lanes/1", "title": "{title}", "accounts": {{ "a": {{}}, "b": {{}} }},
        "transactions": [ {{ "from": "a", "to": "b", "value": "1 gwei" }} ] }}"#
    );
    json::pretty(&text).expect("JSON")
}

/// What a run was asked to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    pub text: String,
    pub strategy: StrategyChoice,
    pub lanes: u16,
    pub list: Option<Vec<u8>>,
}

pub struct World {
    pub session: Session,
    supervisor: Supervisor,
    now: Millis,
    /// What a started engine says that it has.
    info: EngineInfo,
    /// What the worker has to do. Only the first is with it; the supervisor sends no second.
    posted: Option<Request>,
    /// What the worker's engine holds prepared, and the latest run that it completed.
    holds: Option<String>,
    complete: Option<u32>,
    pub cancel_flag: bool,
    /// Whether an engine that holds nothing may be asked for the same again. It fails then, as the real one does.
    pub is_same_forgiven: bool,
    /// Engines that were started.
    pub started: Vec<Flavour>,
    /// Whether what a run gives differs from sequential execution.
    pub differs: bool,
    /// Runs that the engine was given.
    pub ran: Vec<Ran>,
    /// The browser's history, and where in it the page is.
    pub history: Vec<String>,
    pub at: usize,
    pub link_is_due: bool,
    pub said: Vec<String>,
    /// What has the focus, where the page gave it.
    pub focus: Option<&'static str>,
    pub draft: Option<String>,
    pub progress: Option<String>,
    /// Lessons whose recorded runs were asked for.
    pub fetched: Vec<String>,
    pub files: Vec<(String, Vec<u8>)>,
    /// Messages to the page around the frame.
    pub posts: Vec<String>,
}

impl World {
    /// A page that was opened by that link, whose engine is still starting.
    pub fn open(link: &str) -> Self {
        Self::open_with(link, EngineInfo { threads: true, max_lanes: 8 })
    }

    /// The same with an engine without threads.
    pub fn open_without_threads(link: &str) -> Self {
        Self::open_with(link, EngineInfo { threads: false, max_lanes: 1 })
    }

    /// The same in a frame of another page.
    pub fn open_framed(link: &str) -> Self {
        let embed = Embed::read(split(link).0);
        let environment = Environment { base: format!("{BASE}embed.html"), cores: 8, embed: Some(embed) };
        Self::open_in(environment, link, EngineInfo { threads: true, max_lanes: 8 })
    }

    fn open_with(link: &str, info: EngineInfo) -> Self {
        let environment = Environment { base: BASE.to_owned(), cores: 8, embed: None };
        Self::open_in(environment, link, info)
    }

    fn open_in(environment: Environment, link: &str, info: EngineInfo) -> Self {
        let (query, fragment) = split(link);
        let (session, effects) = Session::start(environment, query, fragment);
        let flavour = if info.threads { Flavour::Threads } else { Flavour::Single };
        let (supervisor, actions) = Supervisor::new(flavour, 0.0);
        let mut world = Self {
            session,
            supervisor,
            now: 0.0,
            info,
            posted: None,
            holds: None,
            complete: None,
            cancel_flag: false,
            is_same_forgiven: false,
            started: Vec::new(),
            differs: false,
            ran: Vec::new(),
            history: vec![link.to_owned()],
            at: 0,
            link_is_due: false,
            said: Vec::new(),
            focus: None,
            draft: None,
            progress: None,
            fetched: Vec::new(),
            files: Vec::new(),
            posts: Vec::new(),
        };
        world.perform(effects);
        world.act(actions);
        world
    }

    /// A page that was opened by that link and has run.
    pub fn ready(link: &str) -> Self {
        let mut world = Self::open(link);
        world.boot();
        world.settle();
        world
    }

    pub fn take(&mut self, event: Event) {
        let effects = self.session.take(event);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(request) => self.supervise(Input::Send(request)),
                Effect::CancelRequests => self.supervise(Input::Cancel),
                Effect::RestartEngine { reason } => self.supervise(Input::Restart(reason)),
                Effect::WriteLink { link, .. } if link == self.history[self.at] => {}
                Effect::WriteLink { link, push: true } => {
                    self.history.truncate(self.at + 1);
                    self.history.push(link);
                    self.at += 1;
                }
                Effect::WriteLink { link, push: false } => self.history[self.at] = link,
                Effect::WriteLinkSoon => self.link_is_due = true,
                Effect::SaveDraft(text) => self.draft = Some(text),
                Effect::KeepProgress(text) => self.progress = Some(text),
                Effect::FetchLessonRuns(id) => self.fetched.push(id),
                Effect::Download { name, bytes, .. } => self.files.push((name.to_owned(), bytes)),
                Effect::Focus(id) => self.focus = Some(id),
                Effect::Announce(text) => self.said.push(text),
                Effect::Post(message) => self.posts.push(message),
                // A browser would paint it; the address stands for the picture.
                Effect::PostPicture { id, is_png: true, .. } => {
                    self.posts.push(embed::png(id.as_ref(), Some("data:image/png;base64,AA==".to_owned())));
                }
                Effect::PostPicture { id, is_png: false, options } => {
                    let model = self.session.model.as_ref().expect("a run");
                    self.posts.push(embed::svg(id.as_ref(), svg::lanes(model, &options)));
                }
            }
        }
    }

    fn supervise(&mut self, input: Input) {
        let actions = self.supervisor.take(input, self.now);
        self.act(actions);
    }

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Start(flavour) => {
                    self.started.push(flavour);
                    (self.posted, self.holds, self.complete) = (None, None, None);
                    self.info.threads = flavour == Flavour::Threads;
                }
                Action::End => self.posted = None,
                Action::Post(request) => {
                    assert!(self.posted.is_none(), "one request at a time");
                    self.cancel_flag = false;
                    self.post(&request);
                    self.posted = Some(request);
                }
                Action::SetCancelFlag => self.cancel_flag = true,
                Action::Tell(event) => self.take(Event::Engine(event)),
            }
        }
    }

    /// The worker begins with a request.
    fn post(&mut self, request: &Request) {
        let input = match &request.body {
            Ask::Run { input, .. }
            | Ask::Curve { input, .. }
            | Ask::AccessList { input, .. }
            | Ask::ExportList { input, .. } => input,
            Ask::Reduce { .. } | Ask::Inspect { .. } => return,
        };
        match input {
            EngineInput::Scenario(text) | EngineInput::Case(text) => self.holds = Some(text.clone()),
            EngineInput::Same => assert!(
                self.holds.is_some() || self.is_same_forgiven,
                "the same again, but a fresh engine holds nothing"
            ),
        }
        if let (Ask::Run { strategy, lanes, list, .. }, Some(text)) = (&request.body, self.holds.clone()) {
            self.ran.push(Ran { text, strategy: *strategy, lanes: *lanes, list: list.clone() });
        }
    }

    // ---- what the engine does ----

    /// The engine that was started is ready.
    pub fn boot(&mut self) {
        self.supervise(Input::Booted(self.info.clone()));
    }

    /// The engine or one of its threads breaks.
    pub fn crash(&mut self, reason: &str) {
        self.supervise(Input::Broken(reason.to_owned()));
    }

    /// The engine does not start.
    pub fn boot_fails(&mut self) {
        self.supervise(Input::BootFailed("404".to_owned()));
    }

    pub fn wait(&mut self, millis: Millis) {
        self.now += millis;
        self.supervise(Input::Tick);
    }

    pub fn reply(&mut self, reply: Reply) {
        self.supervise(Input::Reply(reply));
    }

    /// The id of the request that the worker is at.
    pub fn posted_id(&self) -> Option<u32> {
        self.posted.as_ref().map(|request| request.id)
    }

    /// The worker says how far it is.
    pub fn progress(&mut self, phase: Phase, done: u32, total: u32) {
        let id = self.posted_id().expect("a request");
        self.reply(Reply { id, body: Answer::Progress { phase, done, total } });
    }

    /// The worker has seen the cancel flag.
    pub fn hear_cancel(&mut self) {
        assert!(self.cancel_flag, "nobody set the flag");
        let Some(request) = self.posted.take() else { return };
        self.reply(Reply { id: request.id, body: Answer::Cancelled });
    }

    /// The worker does what it is at.
    pub fn finish(&mut self) {
        let Some(request) = self.posted.take() else { return };
        let reply = self.answer(request);
        self.reply(reply);
    }

    /// The worker does all that there is, and the address catches up.
    pub fn settle(&mut self) {
        for _ in 0..100 {
            if self.posted.is_none() {
                break;
            }
            self.finish();
        }
        assert!(self.posted.is_none(), "the page never stops asking");
        if std::mem::take(&mut self.link_is_due) {
            self.take(Event::LinkDue);
        }
    }

    fn answer(&mut self, Request { id, body }: Request) -> Reply {
        let body = match body {
            Ask::Run { input: EngineInput::Same, .. } if self.holds.is_none() => failed("a scenario"),
            Ask::Run { strategy, lanes, clock, model, list, .. } => {
                self.complete = Some(id);
                let report = Report {
                    title: scenario::parse(self.holds.as_deref().unwrap_or_default())
                        .map_or_else(|_| "A block".to_owned(), |scenario| scenario.title),
                    strategy: StrategyId::ALL
                        .into_iter()
                        .find(|s| strategy == *s)
                        .unwrap_or(StrategyId::BLOCK_STM),
                    lanes,
                    clock,
                    model,
                    given_list: list.map(|list| hash_of(&list)),
                    ..sample::pool_report()
                };
                let mut report = Box::new(report);
                if self.differs {
                    report.verdict.difference = Some("receipt 1".to_owned());
                }
                Answer::Ran { report }
            }
            Ask::Inspect { run, tx } if Some(run) == self.complete => {
                Answer::Detail { detail: Box::new(detail(tx)) }
            }
            Ask::Inspect { .. } => failed("a transaction of the latest run"),
            Ask::Curve { model, .. } => {
                let curve = Curve { model, sequential: Ticks(9), points: Vec::new(), limits: Vec::new() };
                Answer::Curve { curve: Box::new(curve) }
            }
            Ask::AccessList { list: Some(list), .. } if list.is_empty() => failed("a list"),
            Ask::AccessList { list, .. } => {
                Answer::AccessList { list: Box::new(access_list(list.as_deref())) }
            }
            Ask::ExportList { .. } => Answer::Exported { bytes: b"list".to_vec() },
            Ask::Reduce { .. } => Answer::Reduced { scenario: text("Reduced") },
        };
        Reply { id, body }
    }

    // ---- what a person does ----

    pub fn edit(&mut self, text: &str) {
        self.take(Event::Edit(text.to_owned()));
        self.take(Event::Remember);
    }

    /// Edits, runs, and waits for all that follows.
    pub fn run(&mut self, text: &str) {
        self.edit(text);
        self.take(Event::Run);
        self.settle();
    }

    pub fn back(&mut self) {
        self.at -= 1;
        self.address_changed();
    }

    pub fn forward(&mut self) {
        self.at += 1;
        self.address_changed();
    }

    fn address_changed(&mut self) {
        let link = self.history[self.at].clone();
        let (query, fragment) = split(&link);
        self.take(Event::AddressChanged { query: query.to_owned(), fragment: fragment.to_owned() });
        self.settle();
    }

    // ---- what the page shows ----

    /// The address, as a link.
    pub fn link(&self) -> &str {
        &self.history[self.at]
    }

    /// The title of the run that is shown.
    pub fn title(&self) -> &str {
        self.session.model.as_ref().map_or("", |model| &model.report.title)
    }

    /// Why the latest run came to nothing.
    pub fn why(&self) -> String {
        match &self.session.activity {
            Activity::Failed(problems) => problems.iter().map(ToString::to_string).collect(),
            other => panic!("it did not fail: {other:?}"),
        }
    }
}

/// What stands for the hash of a list.
pub fn hash_of(list: &[u8]) -> String {
    format!("0x{}", list.len())
}

/// A link as query and fragment.
fn split(link: &str) -> (&str, &str) {
    link.split_at(link.find('#').unwrap_or(link.len()))
}

fn failed(expected: &str) -> Answer {
    Answer::Failed { problems: vec![Problem::new("", expected, "something else")] }
}

fn detail(tx: TxIndex) -> TxDetail {
    TxDetail {
        tx,
        summary: sample::pool_report().transactions[tx.index()].clone(),
        from: "0x01".to_owned(),
        to: None,
        value: "0".to_owned(),
        nonce: 0,
        gas_limit: Gas(21_000),
        call: None,
        input: "0x".to_owned(),
        reason: None,
        logs: Vec::new(),
    }
}

fn access_list(given: Option<&[u8]>) -> AccessList {
    let figures = |hash| ListFigures { accounts: 2, entries: 3, rlp: 99, hash };
    AccessList {
        accounts: Vec::new(),
        locations: Vec::new(),
        rows: Vec::new(),
        left_out: 0,
        figures: figures("0x00".to_owned()),
        given: given.map(|given| GivenList {
            figures: figures(hash_of(given)),
            missing: 0,
            extra: 0,
            different: 0,
            outside: 0,
            disorder: None,
        }),
    }
}
