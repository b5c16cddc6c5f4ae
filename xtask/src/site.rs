//! The site that `x serve` shows: which parts in which quality, what is being built, and when a better part replaces the
//! one that is shown. How parts are built is the [`Workshop`]'s.
//!
//! ```text
//! sources change ─▶ quick page and engine ─▶ shown ─▶ optimised parts, in the background ─▶ shown, part by part
//!       └── ends builds in the background
//! ```

use std::collections::BTreeMap;

use anyhow::Result;

use crate::build::Preliminary;
use crate::parts::Part;
use crate::quality::Quality;

/// Who builds parts, puts them into the site, and talks to the person in front of the terminal.
pub trait Workshop {
    /// A build in the background. Dropping it ends it.
    type Background;

    /// The fingerprint of a part's current sources and settings.
    ///
    /// # Errors
    /// If a source cannot be read.
    fn fingerprint(&self, part: Part, quality: Quality) -> Result<String>;

    /// The fingerprint with which a part was built; `None` if it was not built.
    fn built_from(&self, part: Part, quality: Quality) -> Option<String>;

    /// Builds these parts and what belongs to none, and returns when they are built.
    ///
    /// # Errors
    /// If something does not compile.
    fn build(&mut self, parts: &[Part], quality: Quality) -> Result<()>;

    /// Starts building every part in the background.
    ///
    /// # Errors
    /// If that cannot be started.
    fn start(&mut self, quality: Quality) -> Result<Self::Background>;

    /// How a build ended: well, or with a reason; `None` if it has not ended.
    ///
    /// # Errors
    /// If the system cannot say.
    fn ended(&mut self, build: &mut Self::Background) -> Result<Option<Result<(), String>>>;

    /// Updates the site.
    ///
    /// # Errors
    /// If a file is missing or cannot be written.
    fn assemble(&mut self, shown: &BTreeMap<Part, Quality>, preliminary: Option<&Preliminary>) -> Result<()>;

    /// Tells what happens.
    fn say(&mut self, text: &str);

    /// Tells what went wrong.
    fn complain(&mut self, text: &str);
}

/// The parts that are served, and those that are being built.
pub struct Site<W: Workshop> {
    workshop: W,
    /// The quality that every part should reach.
    wanted: Quality,
    /// The parts that a page at the default address needs.
    first: [Part; 2],
    /// The current fingerprint of each part, by quality.
    fingerprints: BTreeMap<(Part, Quality), String>,
    /// The qualities that are served now.
    shown: BTreeMap<Part, Quality>,
    /// Whether the latest build failed, so that nothing follows until the next change.
    has_failed: bool,
    /// Whether an open page may still ask when its figures are no longer preliminary.
    was_preliminary: bool,
    background: Option<W::Background>,
}

impl<W: Workshop> Site<W> {
    /// A site without parts.
    pub fn new(workshop: W, wanted: Quality, first: [Part; 2]) -> Self {
        Self {
            workshop,
            wanted,
            first,
            fingerprints: BTreeMap::new(),
            shown: BTreeMap::new(),
            has_failed: false,
            was_preliminary: false,
            background: None,
        }
    }

    /// Builds the needed parts unless they are current in some quality, and updates the site.
    ///
    /// # Errors
    /// If something does not compile. The site is as before.
    pub fn build_first(&mut self) -> Result<()> {
        let mut missing = self.missing()?;
        loop {
            let sources = self.fingerprints.clone();
            self.workshop.build(&missing, Quality::Quick)?;
            // Sources may change while they are compiled. What was built then is current by the new ones, or by none.
            missing = self.missing()?;
            if missing.is_empty() || self.fingerprints == sources {
                break;
            }
        }
        self.has_failed = false;
        self.show(self.current())
    }

    /// Reads the sources' fingerprints. The needed parts that are not current by them in any quality.
    fn missing(&mut self) -> Result<Vec<Part>> {
        self.fingerprints.clear();
        for part in Part::ALL {
            for quality in [Quality::Quick, Quality::Optimised] {
                self.fingerprints.insert((part, quality), self.workshop.fingerprint(part, quality)?);
            }
        }
        let current = self.current();
        Ok(self.first.into_iter().filter(|part| !current.contains_key(part)).collect())
    }

    /// Starts building everything else in the background.
    ///
    /// # Errors
    /// If that cannot be started.
    pub fn build_rest(&mut self) -> Result<()> {
        let waiting = self.waiting();
        if waiting.is_empty() {
            return Ok(());
        }
        let text = format!("building in the background: {}, {}", in_words(&waiting), self.wanted.name());
        self.workshop.say(&text);
        self.background = Some(self.workshop.start(self.wanted)?);
        Ok(())
    }

    /// Starts again with the sources as they are now. If they do not compile, the site stays as it is and says so.
    ///
    /// # Errors
    /// If the site cannot be updated.
    pub fn sources_changed(&mut self, address: &str) -> Result<()> {
        self.workshop.say("sources changed");
        // Ended first: it would build what nobody wants any more.
        self.background = None;
        match self.build_first() {
            Ok(()) => self.workshop.say(&format!("current again: load {address} again")),
            Err(error) => {
                self.workshop
                    .complain(&format!("{error:#}\nx: the page is as before; waiting for the next change"));
                return self.show_failure();
            }
        }
        self.build_rest()
    }

    /// Updates the site with the parts that were built in the background.
    ///
    /// # Errors
    /// If the site cannot be updated.
    pub fn update(&mut self, address: &str) -> Result<()> {
        let Some(background) = &mut self.background else { return Ok(()) };
        // Asked first, so that what the build made last is not missed.
        let ended = self.workshop.ended(background)?;
        let current = self.current();
        if current != self.shown {
            let new: Vec<Part> =
                Part::ALL.into_iter().filter(|part| current.get(part) != self.shown.get(part)).collect();
            self.show(current)?;
            let next = match self.waiting().is_empty() {
                true => format!("everything is built: reload {address}"),
                false => "the rest follows".into(),
            };
            let text = format!("{} ({}) in place; {next}", in_words(&new), self.wanted.name());
            self.workshop.say(&text);
        }
        if let Some(ended) = ended {
            self.background = None;
            if let Err(reason) = ended {
                self.workshop.complain(&format!(
                    "the background build failed ({reason}); the page stays as it is until the next change"
                ));
                self.show_failure()?;
            }
        }
        Ok(())
    }

    /// The best current quality of each part; only quick parts if those are wanted.
    fn current(&self) -> BTreeMap<Part, Quality> {
        let is_current = |part: Part, quality: Quality| {
            let now = self.fingerprints.get(&(part, quality));
            now.is_some() && self.workshop.built_from(part, quality).as_ref() == now
        };
        let best = |part: Part| {
            let qualities = [Quality::Optimised, Quality::Quick];
            qualities
                .into_iter()
                .filter(|quality| *quality <= self.wanted)
                .find(|quality| is_current(part, *quality))
        };
        Part::ALL.into_iter().filter_map(|part| Some((part, best(part)?))).collect()
    }

    /// The parts that do not have the wanted quality yet.
    fn waiting(&self) -> Vec<Part> {
        Part::ALL.into_iter().filter(|part| self.shown.get(part) != Some(&self.wanted)).collect()
    }

    fn show(&mut self, shown: BTreeMap<Part, Quality>) -> Result<()> {
        self.shown = shown;
        let preliminary = Preliminary {
            waiting: self.waiting(),
            lasting: self.wanted == Quality::Quick,
            failed: self.has_failed,
        };
        self.was_preliminary |= preliminary.holds();
        self.workshop.assemble(&self.shown, self.was_preliminary.then_some(&preliminary))
    }

    /// What is shown stays, and says why nothing better follows.
    fn show_failure(&mut self) -> Result<()> {
        self.has_failed = true;
        self.show(self.shown.clone())
    }
}

fn in_words(parts: &[Part]) -> String {
    parts.iter().map(|part| part.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use anyhow::{Context, bail};

    use super::*;

    const ADDRESS: &str = "http://localhost:8080/";
    const QUICK: Quality = Quality::Quick;
    const OPTIMISED: Quality = Quality::Optimised;

    /// What the notice of the page would say.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Notice {
        waiting: Vec<Part>,
        failed: bool,
        holds: bool,
    }

    /// What was done, and what is built.
    #[derive(Default)]
    struct Bench {
        /// Which edition of the sources there is.
        sources: u32,
        /// Whether they do not compile.
        is_broken: bool,
        /// How many of the next builds they change in, after the parts were read.
        changes_while_building: u32,
        built: BTreeMap<(Part, Quality), String>,
        /// What was built while the caller waited.
        waited_for: Vec<(Vec<Part>, Quality)>,
        /// What is shown, with its notice.
        shown: BTreeMap<Part, Quality>,
        notice: Option<Notice>,
        assembled: usize,
        /// Builds in the background that were started, and those that are still wanted.
        started: usize,
        wanted: usize,
        /// How the build in the background ended.
        ended: Option<Result<(), String>>,
        said: Vec<String>,
        complaints: Vec<String>,
    }

    /// A workshop whose compilers are the test. The tests hold the same bench.
    #[derive(Clone, Default)]
    struct TestWorkshop(Rc<RefCell<Bench>>);

    impl TestWorkshop {
        /// A part is built from the current sources.
        fn finish(&self, part: Part, quality: Quality) {
            let mut bench = self.0.borrow_mut();
            let fingerprint = format!("{} {}", bench.sources, quality.name());
            bench.built.insert((part, quality), fingerprint);
        }

        fn end(&self, ended: Result<(), String>) {
            self.0.borrow_mut().ended = Some(ended);
        }

        fn change(&self, is_broken: bool) {
            let mut bench = self.0.borrow_mut();
            bench.sources += 1;
            bench.is_broken = is_broken;
        }

        fn shown(&self) -> Vec<(Part, Quality)> {
            self.0.borrow().shown.iter().map(|(part, quality)| (*part, *quality)).collect()
        }

        fn notice(&self) -> Option<Notice> {
            self.0.borrow().notice.clone()
        }

        /// The parts that the page says are being built; empty without a notice.
        fn waiting(&self) -> Vec<Part> {
            self.notice().map(|notice| notice.waiting).unwrap_or_default()
        }

        fn last_said(&self) -> String {
            self.0.borrow().said.last().cloned().unwrap_or_default()
        }
    }

    /// Says whether it is still wanted.
    struct TestBackground(TestWorkshop);

    impl Drop for TestBackground {
        fn drop(&mut self) {
            self.0.0.borrow_mut().wanted -= 1;
        }
    }

    impl Workshop for TestWorkshop {
        type Background = TestBackground;

        fn fingerprint(&self, _: Part, quality: Quality) -> Result<String> {
            Ok(format!("{} {}", self.0.borrow().sources, quality.name()))
        }

        fn built_from(&self, part: Part, quality: Quality) -> Option<String> {
            self.0.borrow().built.get(&(part, quality)).cloned()
        }

        fn build(&mut self, parts: &[Part], quality: Quality) -> Result<()> {
            self.0.borrow_mut().waited_for.push((parts.to_vec(), quality));
            if self.0.borrow().is_broken {
                bail!("expected one of `!` or `::`");
            }
            parts.iter().for_each(|part| self.finish(*part, quality));
            let mut bench = self.0.borrow_mut();
            if bench.changes_while_building > 0 {
                bench.changes_while_building -= 1;
                bench.sources += 1;
            }
            Ok(())
        }

        fn start(&mut self, _: Quality) -> Result<TestBackground> {
            let mut bench = self.0.borrow_mut();
            bench.started += 1;
            bench.wanted += 1;
            bench.ended = None;
            drop(bench);
            Ok(TestBackground(self.clone()))
        }

        fn ended(&mut self, _: &mut TestBackground) -> Result<Option<Result<(), String>>> {
            Ok(self.0.borrow().ended.clone())
        }

        fn assemble(
            &mut self,
            shown: &BTreeMap<Part, Quality>,
            preliminary: Option<&Preliminary>,
        ) -> Result<()> {
            let mut bench = self.0.borrow_mut();
            for (part, quality) in shown {
                bench.built.get(&(*part, *quality)).context("a part that was never built")?;
            }
            bench.shown = shown.clone();
            bench.notice = preliminary.map(|p| Notice {
                waiting: p.waiting.clone(),
                failed: p.failed,
                holds: p.holds(),
            });
            bench.assembled += 1;
            Ok(())
        }

        fn say(&mut self, text: &str) {
            self.0.borrow_mut().said.push(text.to_owned());
        }

        fn complain(&mut self, text: &str) {
            self.0.borrow_mut().complaints.push(text.to_owned());
        }
    }

    fn site(wanted: Quality) -> (TestWorkshop, Site<TestWorkshop>) {
        let workshop = TestWorkshop::default();
        (workshop.clone(), Site::new(workshop, wanted, [Part::Page, Part::Threads]))
    }

    /// A site whose quick parts are shown while the others are built.
    fn started() -> (TestWorkshop, Site<TestWorkshop>) {
        let (workshop, mut site) = site(OPTIMISED);
        site.build_first().expect("quick parts");
        site.build_rest().expect("a build in the background");
        (workshop, site)
    }

    fn finished() -> (TestWorkshop, Site<TestWorkshop>) {
        let (workshop, mut site) = started();
        Part::ALL.iter().for_each(|part| workshop.finish(*part, OPTIMISED));
        workshop.end(Ok(()));
        site.update(ADDRESS).expect("an update");
        (workshop, site)
    }

    #[test]
    fn sources_that_change_while_they_are_built_are_built_again_before_anything_is_shown() {
        let (workshop, mut site) = site(OPTIMISED);
        workshop.0.borrow_mut().changes_while_building = 2;
        site.build_first().expect("quick parts");
        assert_eq!(workshop.0.borrow().waited_for.len(), 3);
        assert_eq!(workshop.0.borrow().assembled, 1);
        assert_eq!(workshop.shown(), [(Part::Page, QUICK), (Part::Threads, QUICK)]);
    }

    #[test]
    fn quick_parts_are_shown_first_and_the_page_says_so() {
        let (workshop, _site) = started();
        assert_eq!(workshop.0.borrow().waited_for, [(vec![Part::Page, Part::Threads], QUICK)]);
        assert_eq!(workshop.shown(), [(Part::Page, QUICK), (Part::Threads, QUICK)]);
        assert_eq!(workshop.waiting(), Part::ALL);
        assert_eq!(workshop.0.borrow().started, 1);
    }

    #[test]
    fn optimised_parts_replace_quick_ones_one_by_one() {
        let (workshop, mut site) = started();
        site.update(ADDRESS).expect("an update");
        assert_eq!(workshop.0.borrow().assembled, 1, "nothing is new");

        workshop.finish(Part::Threads, OPTIMISED);
        site.update(ADDRESS).expect("an update");
        assert_eq!(workshop.shown(), [(Part::Page, QUICK), (Part::Threads, OPTIMISED)]);
        assert_eq!(workshop.waiting(), [Part::Page, Part::Single]);
        assert_eq!(workshop.last_said(), "engine with threads (optimised) in place; the rest follows");

        workshop.finish(Part::Page, OPTIMISED);
        site.update(ADDRESS).expect("an update");
        assert_eq!(workshop.waiting(), [Part::Single]);
        assert_eq!(workshop.0.borrow().wanted, 1, "the build goes on");
    }

    #[test]
    fn the_notice_is_gone_when_everything_is_optimised() {
        let (workshop, site) = finished();
        assert_eq!(workshop.shown(), Part::ALL.map(|part| (part, OPTIMISED)));
        // A page that was opened before still asks, and is told that it can be loaded again. A new one has no notice.
        assert_eq!(workshop.notice(), Some(Notice { waiting: vec![], failed: false, holds: false }));
        assert!(workshop.last_said().ends_with("everything is built: reload http://localhost:8080/"));
        assert!(site.background.is_none());
        assert!(workshop.0.borrow().complaints.is_empty());
    }

    #[test]
    fn the_last_part_and_the_end_of_the_build_may_come_together() {
        let (workshop, mut site) = started();
        workshop.finish(Part::Page, OPTIMISED);
        workshop.finish(Part::Threads, OPTIMISED);
        site.update(ADDRESS).expect("an update");
        // Between two looks.
        workshop.finish(Part::Single, OPTIMISED);
        workshop.end(Ok(()));
        site.update(ADDRESS).expect("an update");
        assert_eq!(workshop.shown(), Part::ALL.map(|part| (part, OPTIMISED)));
    }

    #[test]
    fn a_change_of_the_sources_starts_again() {
        let (workshop, mut site) = started();
        workshop.finish(Part::Threads, OPTIMISED);
        site.update(ADDRESS).expect("an update");
        workshop.change(false);
        site.sources_changed(ADDRESS).expect("a new page");
        // Parts of the old sources are shown no longer, whatever their quality.
        assert_eq!(workshop.shown(), [(Part::Page, QUICK), (Part::Threads, QUICK)]);
        assert_eq!(workshop.waiting(), Part::ALL);
        assert_eq!(workshop.0.borrow().started, 2);
        assert_eq!(workshop.0.borrow().wanted, 1, "the first build was ended");
        assert!(workshop.0.borrow().said.contains(&format!("current again: load {ADDRESS} again")));
    }

    #[test]
    fn a_change_after_everything_was_optimised_is_preliminary_again() {
        let (workshop, mut site) = finished();
        workshop.change(false);
        site.sources_changed(ADDRESS).expect("a new page");
        assert!(workshop.notice().is_some_and(|notice| notice.holds));
        Part::ALL.iter().for_each(|part| workshop.finish(*part, OPTIMISED));
        workshop.end(Ok(()));
        site.update(ADDRESS).expect("an update");
        assert!(workshop.notice().is_some_and(|notice| !notice.holds));
    }

    #[test]
    fn sources_that_do_not_compile_leave_the_page_and_say_so() {
        let (workshop, mut site) = finished();
        let before = workshop.shown();
        workshop.change(true);
        site.sources_changed(ADDRESS).expect("the page stays");
        assert_eq!(workshop.shown(), before);
        assert_eq!(workshop.notice(), Some(Notice { waiting: vec![], failed: true, holds: true }));
        let complaints = workshop.0.borrow().complaints.clone();
        assert!(complaints[0].contains("expected one of") && complaints[0].contains("the page is as before"));
        assert_eq!(workshop.0.borrow().started, 1, "nothing is built until the next change");
        // Changed back: what was built then is still there.
        workshop.0.borrow_mut().sources -= 1;
        workshop.0.borrow_mut().is_broken = false;
        site.sources_changed(ADDRESS).expect("the page of before");
        assert_eq!(workshop.shown(), before);
        assert_eq!(workshop.notice(), Some(Notice { waiting: vec![], failed: false, holds: false }));
        assert_eq!(
            workshop.0.borrow().waited_for.last(),
            Some(&(vec![], QUICK)),
            "nothing had to be compiled"
        );
    }

    #[test]
    fn a_failed_build_in_the_background_keeps_the_last_good_parts_and_says_so() {
        let (workshop, mut site) = started();
        workshop.finish(Part::Threads, OPTIMISED);
        workshop.end(Err("exit status: 1".into()));
        site.update(ADDRESS).expect("an update");
        assert_eq!(workshop.shown(), [(Part::Page, QUICK), (Part::Threads, OPTIMISED)]);
        assert!(
            workshop
                .notice()
                .is_some_and(|notice| notice.failed && notice.waiting == [Part::Page, Part::Single])
        );
        assert!(workshop.0.borrow().complaints[0].contains("the background build failed (exit status: 1)"));
        assert!(site.background.is_none());
        // The next change tries again, and nothing has failed any more.
        workshop.change(false);
        site.sources_changed(ADDRESS).expect("a new page");
        assert!(workshop.notice().is_some_and(|notice| !notice.failed));
        assert_eq!(workshop.0.borrow().started, 2);
    }

    #[test]
    fn current_optimised_parts_are_shown_at_once_and_nothing_is_compiled() {
        let (workshop, mut site) = site(OPTIMISED);
        Part::ALL.iter().for_each(|part| workshop.finish(*part, OPTIMISED));
        site.build_first().expect("what is there");
        site.build_rest().expect("nothing");
        assert_eq!(workshop.0.borrow().waited_for, [(vec![], QUICK)]);
        assert_eq!(workshop.0.borrow().started, 0);
        assert_eq!(workshop.notice(), None, "such a page was never preliminary");
    }

    #[test]
    fn quick_parts_stay_if_they_are_all_that_is_wanted() {
        let (workshop, mut site) = site(QUICK);
        Part::ALL.iter().for_each(|part| workshop.finish(*part, OPTIMISED));
        site.build_first().expect("quick parts");
        assert_eq!(workshop.shown(), [(Part::Page, QUICK), (Part::Threads, QUICK)]);
        site.build_rest().expect("the other engine");
        workshop.finish(Part::Single, QUICK);
        workshop.end(Ok(()));
        site.update(ADDRESS).expect("an update");
        assert_eq!(workshop.shown(), Part::ALL.map(|part| (part, QUICK)));
        assert!(workshop.notice().is_some_and(|notice| notice.holds && notice.waiting.is_empty()));
    }
}
