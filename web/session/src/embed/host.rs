//! What the session does for a host, and what it tells it.

use std::collections::BTreeSet;
use std::sync::Arc;

use evm_lanes_core::scenario::{StrategyChoice, builtin, json, lesson, link as codec};
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;
use evm_lanes_core::units::{Incarnation, LocationId, TxIndex};
use evm_lanes_core::{scenario, sniff};
use evm_lanes_view::model::RunModel;
use evm_lanes_view::record::{self, Trace};
use evm_lanes_view::recorded;
use evm_lanes_view::scale::Viewport;
use evm_lanes_view::svg::{SvgOptions, Theme};

use super::answer::{self, Answer, Code, Figures, Happened, LessonTold, Refusal, Say, Selected, State};
use super::request::{
    self, Ask, Change, Id, Lesson, LessonOrigin, Load, Origin, Picture, Request, Seek, Select, What,
};
use super::{Colours, Edit, Embed, VERSION, View};
use crate::{
    Activity, CurveState, Document, Effect, EngineState, LessonEvent, Link, NamedSelection, Selection,
    Session, Source,
};

/// Requests that wait for one run. A host that asks for more is told to wait.
const MAX_WAITING: usize = 64;

/// What the session knows of the page around its frame.
#[derive(Clone, Debug, Default)]
pub(crate) struct Host {
    /// What it was told last; `None`: it has not said hello, and is told nothing.
    told: Option<Told>,
    /// Requests that are answered by the next run that is complete.
    waiting: Vec<Option<Id>>,
    /// Whether settings have changed during the run that is under way. That run is not cancelled: a host that sends a
    /// change for each step of a slider would never see one complete, and an engine without threads is cancelled by ending
    /// it.
    run_again: bool,
    /// The lesson that is open, by its id, and the steps of it that were done, from 0.
    done: (String, BTreeSet<usize>),
}

#[derive(Clone, Debug, Default)]
struct Told {
    run: Option<Arc<RunModel>>,
    selection: Selected,
    state: Option<State>,
    lesson: Option<LessonTold>,
}

impl Session {
    /// The first address, which may be a frame's. A frame's own parameters are no part of the page's link.
    pub(crate) fn open_framed(&mut self, query: &str, fragment: &str) {
        let Some(embed) = self.embed.clone() else { return self.open_address(query, fragment, true) };
        self.open_address(&Embed::link_query(query), fragment, true);
        if let Some(problem) = embed.problem {
            self.complain(problem);
        }
        if embed.waits {
            self.run_when_ready = false;
        } else {
            self.compare_in_frame();
        }
    }

    /// Takes the text of a message of the host.
    pub(crate) fn on_message(&mut self, text: &str) {
        if self.embed.is_none() {
            return;
        }
        match request::read(text) {
            Ok(Request { id, ask }) => {
                if let Err(refusal) = self.meet(id.clone(), ask) {
                    self.post_refusal(Refusal { id, ..refusal });
                }
            }
            Err(refusal) => self.post_refusal(refusal),
        }
    }

    fn meet(&mut self, id: Option<Id>, ask: Ask) -> Result<(), Refusal> {
        let mut done = Answer::default();
        match ask {
            Ask::Hello => {
                let ready = Say::Ready {
                    versions: [VERSION],
                    capabilities: capabilities(),
                    state: Box::new(self.state()),
                };
                self.post(id.as_ref(), &ready);
                // The run that is there already is told next.
                let (selection, state) = (self.selected(), Some(self.state()));
                self.host.told = Some(Told { selection, state, ..Told::default() });
                return Ok(());
            }
            Ask::Load(load) => {
                self.has_room(id.as_ref())?;
                self.load(load)?;
                return self.wait(id);
            }
            Ask::Run => {
                self.wait(id)?;
                self.run();
                return Ok(());
            }
            Ask::Set(change) => {
                if self.apply(&change) {
                    self.wait(id)?;
                    self.run_in_turn();
                    return Ok(());
                }
                done.state = Some(Box::new(self.state()));
            }
            Ask::Cancel => {
                self.host.run_again = false;
                self.run_when_ready = false;
                self.stop_comparing();
                if self.is_running() {
                    self.cancel();
                } else if !self.host.waiting.is_empty() {
                    self.activity = Activity::Cancelled;
                }
            }
            Ask::Seek(seek) => self.seek(seek)?,
            Ask::Select(select) => self.select_by_name(&select)?,
            Ask::Get(What::State) => done.state = Some(Box::new(self.state())),
            Ask::Get(What::Figures) => done.figures = Some(Box::new(Figures::of(&*self.shown()?))),
            Ask::Get(What::Trace) => {
                let trace = Trace::of(&*self.shown()?);
                let too_long = || {
                    let most = record::MAX_TRACE;
                    Refusal::new(Code::Size, format!("the run has more than {most} attempts and spans"))
                };
                done.trace = Some(Box::new(trace.ok_or_else(too_long)?));
            }
            Ask::Get(What::Link) => {
                let no_link = || Refusal::new(Code::Size, "what is there is too long for a link");
                done.link = Some(self.page_address().ok_or_else(no_link)?);
            }
            Ask::Get(What::Lesson) => done.lesson = Some(self.lesson_told().map(Box::new)),
            Ask::Get(What::Svg(picture)) => return self.give_picture(id, picture, false),
            Ask::Get(What::Png(picture)) => return self.give_picture(id, picture, true),
            Ask::Lesson(ask) => {
                self.open_lesson(ask)?;
                done.lesson = Some(self.lesson_told().map(Box::new));
            }
        }
        self.post(id.as_ref(), &Say::Answer(done));
        Ok(())
    }

    /// Whether a request can wait for a run. All that have no id are answered as one.
    fn has_room(&self, id: Option<&Id>) -> Result<(), Refusal> {
        let is_full = self.host.waiting.len() >= MAX_WAITING && id.is_some();
        let too_many = || Refusal::new(Code::Busy, format!("{MAX_WAITING} requests wait for a run already"));
        if is_full { Err(too_many()) } else { Ok(()) }
    }

    fn wait(&mut self, id: Option<Id>) -> Result<(), Refusal> {
        self.has_room(id.as_ref())?;
        if id.is_some() || !self.host.waiting.contains(&None) {
            self.host.waiting.push(id);
        }
        Ok(())
    }

    fn shown(&self) -> Result<Arc<RunModel>, Refusal> {
        self.model.clone().ok_or_else(|| Refusal::new(Code::NoRun, "nothing has run yet"))
    }

    fn load(&mut self, Load { from, change }: Load) -> Result<(), Refusal> {
        match from {
            Origin::Scenario(name) => {
                let builtin = builtin::find(&name).ok_or_else(|| {
                    let near = scenario::nearest(&name, builtin::ALL.iter().map(|b| b.name));
                    let near = near.map(|near| format!("; perhaps “{near}”")).unwrap_or_default();
                    let name = json::shortened(&name);
                    Refusal::new(Code::NotFound, format!("there is no built-in scenario “{name}”{near}"))
                })?;
                self.place(Document { source: Source::scenario(builtin.text), builtin: Some(builtin.name) });
            }
            Origin::Document(text) => {
                let document = match sniff::kind(&text) {
                    Ok(sniff::Kind::Case) => Document {
                        source: Source::Case { name: "block.json".into(), text: text.into() },
                        builtin: None,
                    },
                    _ => Document::scenario(text),
                };
                let problems = document.written().map(scenario::Document::problems).unwrap_or_default();
                if !problems.is_empty() {
                    return Err(Refusal::of_problems(Code::Document, problems));
                }
                self.place(document);
            }
            Origin::Link { query, fragment } => {
                let own = Embed::link_query(&query);
                codec::PageLink::decode(&own, &fragment)
                    .map_err(|error| Refusal::new(Code::Link, error.to_string()))?;
                self.open_address(&own, &fragment, false);
                if let Some(embed) = &mut self.embed {
                    embed.compared = Embed::read(&query).compared;
                }
            }
        }
        self.apply(&change);
        self.host.run_again = false;
        self.run();
        Ok(())
    }

    /// Opens a lesson, or a step of the one that is open. The focus stays where it is: nobody in the frame has asked.
    fn open_lesson(&mut self, Lesson { from, step, view, edit }: Lesson) -> Result<(), Refusal> {
        let there_is = |step: Option<usize>, steps: usize| match step {
            Some(step) if step >= steps => {
                let message = format!("the lesson has no step {}, only {steps}", step + 1);
                Err(Refusal::new(Code::NotFound, message))
            }
            _ => Ok(()),
        };
        let read = |text: &str| {
            let lesson =
                lesson::parse(text).map_err(|problems| Refusal::of_problems(Code::Document, &problems))?;
            there_is(step, lesson.steps.len())
        };
        let number = step.unwrap_or(0) + 1;
        let is_new = from.is_some();
        match from {
            None => {
                let steps = self.lesson.as_ref().map(|state| state.lesson.steps.len());
                there_is(step, steps.ok_or_else(|| Refusal::new(Code::NotFound, "no lesson is open"))?)?;
                self.on_lesson(LessonEvent::GoTo(step.unwrap_or(0)));
            }
            Some(LessonOrigin::BuiltIn(id)) => {
                let found = lesson::builtin::find(&id).ok_or_else(|| {
                    let near = scenario::nearest(&id, lesson::builtin::ALL.iter().map(|lesson| lesson.id));
                    let near = near.map(|near| format!("; perhaps “{near}”")).unwrap_or_default();
                    let id = json::shortened(&id);
                    Refusal::new(Code::NotFound, format!("there is no lesson “{id}”{near}"))
                })?;
                read(found.text)?;
                self.open_address(&format!("?lesson={}&step={number}", found.id), "", false);
            }
            Some(LessonOrigin::Document(text)) => {
                read(&text)?;
                // As a link that holds it does.
                let link = codec::PageLink { scenario: codec::Source::Document(text), ..Default::default() }
                    .encode();
                let (query, fragment) = link.split_at(link.find('#').unwrap_or(link.len()));
                let query = format!("?step={number}&{}", query.trim_start_matches('?'));
                self.open_address(&query, fragment, false);
            }
        }
        self.effects.retain(|effect| !matches!(effect, Effect::Focus(_)));
        if let Some(embed) = &mut self.embed {
            embed.view = view.unwrap_or(if is_new { View::Split } else { embed.view });
            embed.edit = edit.unwrap_or(if is_new { Edit::Full } else { embed.edit });
        }
        if is_new {
            self.stop_comparing();
            self.host.run_again = false;
            self.run_unasked();
        }
        self.write_link_soon();
        Ok(())
    }

    /// Has a picture made, which answers that request.
    fn give_picture(&mut self, id: Option<Id>, picture: Picture, is_png: bool) -> Result<(), Refusal> {
        let model = self.shown()?;
        let frame = self.embed.as_ref().map(|embed| embed.theme).unwrap_or_default();
        let theme = match picture.theme.unwrap_or(frame) {
            Colours::Auto => Theme::Auto,
            Colours::Light => Theme::Light,
            Colours::Dark => Theme::Dark,
        };
        let link = self.page_address().unwrap_or_default();
        let options = SvgOptions {
            width: picture.width.into(),
            theme,
            caption: Some(recorded::caption(&model, &self.picture, &link)),
            until: None,
        };
        self.effects.push(Effect::PostPicture { id, is_png, options });
        Ok(())
    }

    /// Takes other settings; whether they make another run.
    fn apply(&mut self, change: &Change) -> bool {
        let mut again = false;
        if let Some(embed) = &mut self.embed {
            embed.edit = change.edit.unwrap_or(embed.edit);
            embed.theme = change.theme.unwrap_or(embed.theme);
            let view = change.view.unwrap_or(embed.view);
            again = view != embed.view && view == View::Compare;
            embed.view = view;
            if !change.strategies.is_empty() {
                let compared = if change.strategies.len() > 1 { &change.strategies[..] } else { &[] };
                again |= embed.compared != compared;
                embed.compared = compared.to_vec();
            }
        }
        let before = self.settings;
        let max_threads = self.max_threads();
        let settings = &mut self.settings;
        if let Some(clock) = change.clock {
            settings.clock_is_open = false;
            settings.clock = clock;
        }
        if let Some(strategy) = change.strategies.first() {
            settings.strategy = *strategy;
        }
        match (change.lanes, settings.clock) {
            (Some(lanes), Clock::Measured) => {
                settings.asked_lanes = Some(lanes).filter(|lanes| *lanes > max_threads);
                settings.threads = lanes.clamp(1, max_threads);
            }
            (Some(lanes), Clock::Simulated) => settings.simulated_lanes = lanes.clamp(1, scenario::MAX_LANES),
            (None, _) => {}
        }
        let model = &mut settings.cost_model;
        model.cost = change.cost.unwrap_or(model.cost);
        model.seed = change.seed.unwrap_or(model.seed);
        let is_same = |a: &crate::Settings, b: &crate::Settings| {
            let costs = |s: &crate::Settings| (s.clock == Clock::Simulated).then_some(s.cost_model);
            (a.strategy, a.clock, a.lanes(), costs(a)) == (b.strategy, b.clock, b.lanes(), costs(b))
        };
        again |= !is_same(&before, &self.settings);
        self.write_link_soon();
        again
    }

    /// Runs, or once the run that is under way is complete.
    fn run_in_turn(&mut self) {
        if self.is_running() {
            self.host.run_again = true;
        } else {
            self.run();
        }
    }

    fn seek(&mut self, seek: Seek) -> Result<(), Refusal> {
        let model = self.shown()?;
        let extent = self.extent();
        match seek {
            Seek::Whole => self.viewport = None,
            Seek::Part { from, to } => {
                let view = Viewport { start: from, end: to.max(from + 1.0) };
                self.show_view(view.panned(0.0, extent));
            }
            Seek::At(at) => {
                let half = self.visible().span() / 2.0;
                let view = Viewport { start: at - half, end: at + half };
                self.show_view(view.panned(0.0, extent));
            }
            Seek::Tx(tx) => self.go_to(position(&model, tx)?),
        }
        Ok(())
    }

    fn select_by_name(&mut self, select: &Select) -> Result<(), Refusal> {
        let model = self.shown()?;
        let tx = select.tx.map(|tx| position(&model, tx)).transpose()?;
        let incarnation = select.incarnation.map(Incarnation);
        if let (Some(tx), Some(incarnation)) = (tx, incarnation)
            && !model.attempts(tx).any(|attempt| attempt.version.incarnation == incarnation)
        {
            let message = format!("transaction {tx} has no incarnation {}", incarnation.0);
            return Err(Refusal::new(Code::NotFound, message));
        }
        let location = select.location.as_ref().map(|name| {
            let at = model.report.location_names.iter().position(|location| location.name == *name);
            let at = at.and_then(|at| u32::try_from(at).ok()).map(LocationId);
            at.ok_or_else(|| {
                let name = json::shortened(name);
                Refusal::new(Code::NotFound, format!("the run has no location “{name}”"))
            })
        });
        let location = location.transpose()?;
        self.select(Selection { tx, incarnation, location });
        Ok(())
    }

    // ---- what the host is told ----

    /// Tells the host what has changed, and does what has waited for the end of a run. `engine_had_failed`: whether there
    /// was no engine before the event.
    pub(crate) fn follow_host(&mut self, engine_had_failed: bool) {
        if self.embed.is_none() {
            return;
        }
        self.draw_curve_of_frame();
        if self.host.run_again && !self.is_running() {
            self.host.run_again = false;
            self.tell_run(None);
            if !matches!(self.activity, Activity::Cancelled) {
                self.run();
            }
        }
        if let EngineState::Failed { reason } = &self.engine
            && !engine_had_failed
        {
            let refusal = Refusal::new(Code::Engine, format!("the engine is not running: {reason}"));
            self.refuse_waiting(&refusal);
        }
        let is_comparing = !self.comparing.is_empty() || !self.compared.is_empty();
        if !self.is_running() && !self.run_when_ready && !is_comparing {
            self.answer_waiting();
        }
        self.note_done();
        self.tell_lesson();
        self.tell_selection();
        if self.effects.iter().any(|effect| matches!(effect, Effect::WriteLink { .. })) {
            self.tell_change();
        }
    }

    fn answer_waiting(&mut self) {
        match &self.activity {
            Activity::Failed(problems) => {
                let refusal = Refusal::of_problems(Code::Failed, problems);
                self.refuse_waiting(&refusal);
            }
            Activity::Cancelled => {
                self.refuse_waiting(&Refusal::new(Code::Cancelled, "the run was cancelled"))
            }
            Activity::Idle if self.model.is_some() => {
                let waiting = std::mem::take(&mut self.host.waiting);
                if waiting.is_empty() {
                    self.tell_run(None);
                }
                for id in waiting {
                    self.tell_run(Some(id));
                }
            }
            Activity::Idle | Activity::Running { .. } => {}
        }
    }

    fn refuse_waiting(&mut self, refusal: &Refusal) {
        for id in std::mem::take(&mut self.host.waiting) {
            self.post_refusal(Refusal { id, ..refusal.clone() });
        }
    }

    /// Tells of the run that is shown: as the answer to a request, or (`None`) if the host does not know it.
    fn tell_run(&mut self, request: Option<Option<Id>>) {
        let Some(model) = self.model.clone() else { return };
        let is_known = |told: &Told| told.run.as_ref().is_some_and(|run| Arc::ptr_eq(run, &model));
        if request.is_none() && self.host.told.as_ref().is_none_or(is_known) {
            return;
        }
        let result = Say::Result { figures: Box::new(Figures::of(&model)), state: Box::new(self.state()) };
        self.post(request.flatten().as_ref(), &result);
        if let Some(told) = &mut self.host.told {
            told.run = Some(model);
        }
    }

    fn tell_selection(&mut self) {
        let selection = self.selected();
        if let Some(told) = self.host.told.as_mut().filter(|told| told.selection != selection) {
            told.selection = selection.clone();
            self.post(None, &Say::Selected { selection });
        }
    }

    /// Notes which steps of the open lesson were done. The page's own progress has only built-in lessons.
    fn note_done(&mut self) {
        let Some(state) = &self.lesson else { return };
        if self.host.done.0 != state.lesson.id {
            self.host.done = (state.lesson.id.clone(), BTreeSet::new());
        }
        if state.is_done {
            self.host.done.1.insert(state.step);
        }
    }

    fn lesson_told(&mut self) -> Option<LessonTold> {
        self.note_done();
        self.lesson.as_ref().map(|state| LessonTold::of(state, &self.host.done.1))
    }

    fn tell_lesson(&mut self) {
        let Some(before) = self.host.told.as_ref().map(|told| told.lesson.clone()) else { return };
        let now = self.lesson_told();
        let happened = match (&before, &now) {
            (Some(_), None) => vec![Happened::Closed],
            (before, Some(now)) => now.since(before.as_ref()),
            (None, None) => Vec::new(),
        };
        for event in happened {
            self.post(None, &Say::Lesson { event, lesson: now.clone().map(Box::new) });
        }
        if let Some(told) = &mut self.host.told {
            told.lesson = now;
        }
    }

    fn tell_change(&mut self) {
        if self.host.told.is_none() {
            return;
        }
        let now = self.state();
        // What is told otherwise is no change of its own.
        let same = |before: &State| {
            let (phase, stale, threads, selection) =
                (now.phase, now.stale, now.threads, now.selection.clone());
            State { phase, stale, threads, selection, ..before.clone() } == now
        };
        let Some(told) = self.host.told.as_mut().filter(|told| !told.state.as_ref().is_some_and(same)) else {
            return;
        };
        told.state = Some(now.clone());
        self.post(None, &Say::Change { state: Box::new(now) });
    }

    fn post(&mut self, id: Option<&Id>, say: &Say) {
        self.effects.push(Effect::Post(answer::write(id, say)));
    }

    pub(crate) fn post_refusal(&mut self, refusal: Refusal) {
        self.effects.push(Effect::Post(refusal.write()));
    }

    // ---- what there is to tell ----

    fn selected(&self) -> Selected {
        let Some(model) = &self.model else { return Selected::default() };
        let codec::Selection { tx, incarnation, location } = NamedSelection::of(model, self.selection).0;
        Selected { tx, incarnation, location }
    }

    fn state(&self) -> State {
        let embed = self.embed.clone().unwrap_or_default();
        let settings = &self.settings;
        let document = &self.document;
        let builtin = document.builtin.and_then(builtin::find).filter(|b| document.text() == Some(b.text));
        let phase = match (&self.activity, &self.engine) {
            (Activity::Running { .. }, _) => "running",
            (Activity::Failed(_), _) | (_, EngineState::Failed { .. }) => "failed",
            (_, EngineState::Starting | EngineState::Restarting { .. }) => "starting",
            (Activity::Cancelled, _) => "cancelled",
            (Activity::Idle, _) if self.model.is_some() => "done",
            (Activity::Idle, _) => "idle",
        };
        State {
            scenario: builtin.map(|b| b.name),
            title: document.parsed().map(|scenario| scenario.title.clone()),
            strategy: settings.strategy.name(),
            lanes: settings.lanes(),
            clock: settings.clock.name(),
            cost: settings.cost_model.cost.name(),
            seed: settings.cost_model.seed.to_string(),
            view: embed.view.name(),
            edit: embed.edit.name(),
            theme: embed.theme.name(),
            phase,
            stale: self.is_stale(),
            threads: self.info.as_ref().is_some_and(|info| info.threads),
            selection: self.selected(),
            link: match self.link() {
                Link::Fits(link) => Some(embed.address(&link, settings.strategy)),
                Link::TooLong | Link::File(_) => None,
            },
            page: self.page_address(),
        }
    }

    /// The address of the page itself that shows what the frame shows; `None` if no link can say it.
    pub fn page_address(&self) -> Option<String> {
        let base = &self.environment.base;
        let site = base.get(..=base.rfind('/')?)?;
        match self.link() {
            Link::Fits(link) => Some(format!("{site}{link}")),
            Link::TooLong | Link::File(_) => None,
        }
    }

    // ---- what some views of a frame do by themselves ----

    /// Runs several strategies, if that is what the frame shows; whether it is.
    pub(crate) fn compare_in_frame(&mut self) -> bool {
        let Some(embed) = self.embed.as_ref().filter(|embed| embed.view == View::Compare) else {
            return false;
        };
        let first = self.settings.strategy;
        let compared = if embed.compared.is_empty() {
            let parallel = StrategyId::ALL.into_iter().filter(|strategy| !strategy.is_sequential());
            parallel.map(StrategyChoice::from).collect()
        } else {
            embed.compared.clone()
        };
        let rest = compared.into_iter().filter(|strategy| *strategy != first);
        self.pins.clear();
        self.comparing = std::iter::once(first).chain(rest).collect();
        self.comparing.reverse();
        self.compare_next();
        true
    }

    /// Draws the curve of what is shown, if that is what the frame shows.
    fn draw_curve_of_frame(&mut self) {
        let is_curve = self.embed.as_ref().is_some_and(|embed| embed.view == View::Curve);
        let is_ready = matches!(self.engine, EngineState::Ready { .. });
        if !is_curve || !is_ready || self.is_running() || self.model.is_none() {
            return;
        }
        let is_current = match &self.curve {
            CurveState::None => false,
            CurveState::Done { source, .. } => self.is_stale() || *source == self.document.source,
            CurveState::Running { .. } | CurveState::Failed(_) => true,
        };
        if !is_current {
            self.draw_curve();
        }
    }
}

/// What a frame can do: types of messages, and things to get.
fn capabilities() -> Vec<String> {
    let gets = What::NAMES.iter().map(|what| format!("get:{what}"));
    Ask::TYPES.iter().filter(|kind| **kind != "get").map(|kind| (*kind).to_owned()).chain(gets).collect()
}

fn position(model: &RunModel, tx: u32) -> Result<TxIndex, Refusal> {
    let count = model.transactions();
    let not_found =
        || Refusal::new(Code::NotFound, format!("the block has no transaction {tx}, only {count}"));
    (tx < count).then_some(TxIndex(tx)).ok_or_else(not_found)
}
