//! What a run says in words: the headline, why it came out so, and one sentence per step for
//! those who listen instead of look.

use std::collections::HashMap;

use evm_lanes_core::analysis::{Chosen, WORTH};
use evm_lanes_core::model::Cost;
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::{Cause, Outcome, SpanKind};
use evm_lanes_core::units::{LocationId, Ticks, TxIndex, Version};

use super::format::{
    capitalised, count, counted, factor, in_words, listed, ordinal, share, shortened, times,
};
use super::inspect;
use super::model::{RunModel, What};
use super::spent::{self, Part};

/// A piece of running text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Plain words.
    Words(String),
    /// A location's name, which selects the location.
    Location(LocationId, String),
    /// A transaction, which selects it.
    Tx(TxIndex),
}

/// The name of a strategy for people.
pub fn strategy_name(strategy: StrategyId) -> &'static str {
    strategy.words().title
}

/// The name of what can be chosen, for people.
pub fn choice_name(choice: StrategyChoice) -> &'static str {
    match choice {
        StrategyChoice::Automatic => "Automatic",
        StrategyChoice::Always(strategy) => strategy_name(strategy),
    }
}

/// The name of what a run was scheduled by: a list from a file is told apart from the block's own, and what was chosen
/// automatically from what was asked for.
pub fn scheduled_by(model: &RunModel) -> String {
    let name = strategy_name(model.report.strategy);
    match (&model.report.given_list, &model.report.chosen) {
        (Some(_), _) => "Block access list from a file".to_owned(),
        (None, Some(_)) => format!("Automatic: {name}"),
        (None, None) => name.to_owned(),
    }
}

/// What was chosen automatically, and why: one sentence, from the figures of the sequential run. `None` if nothing was to
/// be chosen.
pub fn chosen(model: &RunModel) -> Option<String> {
    let chosen = model.report.chosen.filter(|_| model.transactions() > 0)?;
    let Chosen { strategy, lanes, total, chain, links, start, keeping } = chosen;
    let name = strategy_name(strategy);
    if lanes <= 1 {
        return Some(format!(
            "Chosen automatically: {name}, because one lane cannot beat sequential execution."
        ));
    }
    let (total_text, lanes) = (model.ticks(total), counted(lanes.into(), "lane"));
    let gain = factor(chosen.gain());
    let worth = format!("{WORTH}×");
    let longest = match links {
        1 => "the longest transaction".to_owned(),
        _ => format!("the longest chain ({} transactions)", count(links.into())),
    };
    let chain =
        format!("{longest} takes {} of the {total_text} of sequential execution", share(chain.over(total)));
    Some(match strategy {
        strategy if strategy.is_sequential() && chosen.chain_decides() => format!(
            "Chosen automatically: {name}, because {chain}, so {lanes} would be {gain} as fast at best. Below {worth} they are not worth their cost."
        ),
        strategy if strategy.is_sequential() => format!(
            "Chosen automatically: {name}, because it takes {total_text} in all, and {lanes}, which cost {} themselves, would be {gain} as fast at best. Below {worth} they are not worth their cost.",
            model.ticks(start + keeping)
        ),
        _ => format!(
            "Chosen automatically: {name}, because {chain}, so {lanes} can be up to {gain} as fast. From {worth} on they are worth their cost."
        ),
    })
}

/// `24 transactions on 2 lanes: 1.6× faster than sequential, of a possible 2.0×`.
pub fn headline(model: &RunModel) -> String {
    let n = counted(model.transactions().into(), "transaction");
    let lanes = lanes(model);
    if model.transactions() == 0 {
        return "A block without transactions".to_owned();
    }
    let alone = model.report.strategy.is_sequential();
    if model.is_too_short() {
        let how = if alone { ", one after the other".to_owned() } else { format!(" on {lanes}") };
        return format!("{n}{how}: too short to measure");
    }
    if alone {
        let time = model.ticks(model.report.timing.parallel_median);
        return format!("{n}, one after the other: {time}");
    }
    if model.report.verdict.difference.is_some() {
        // How fast a wrong result was made, and how fast it could have been, means nothing.
        return format!("{n} on {lanes}: the result differs from sequential");
    }
    let speed = model.speed_up();
    let possible = factor(model.ceiling());
    if speed >= 1.05 {
        format!("{n} on {lanes}: {} faster than sequential, of a possible {possible}", factor(speed))
    } else if speed >= 0.95 {
        format!("{n} on {lanes}: as fast as sequential, of a possible {possible}")
    } else {
        format!("{n} on {lanes}: {} slower than sequential, of a possible {possible}", factor(1.0 / speed))
    }
}

/// `Block-STM on 8 simulated lanes: 2.1×`.
pub fn short(model: &RunModel) -> String {
    format!("{} on {}: {}", scheduled_by(model), lanes(model), model.speed_up_text())
}

/// What a measured stretch of time is: `12.3 µs measured, 4 attempts in it.`
pub fn measured(model: &RunModel, from: f64, to: f64) -> String {
    let (start, end) = (from.min(to), from.max(to));
    let inside = counted(model.attempts_between(start, end), "attempt");
    format!("{} measured, {inside} in it.", model.ticks(Ticks::from_f64(end - start)))
}

/// `8 simulated lanes`, `2 lanes`.
pub fn lanes(model: &RunModel) -> String {
    counted(model.report.lanes.into(), if model.is_simulated() { "simulated lane" } else { "lane" })
}

/// Why it came out so, in two or three sentences: what ran again and because of which location,
/// what sets the limit, and, where the run stays far below it, what the time went into.
pub fn story(model: &RunModel) -> Vec<Piece> {
    let mut out = Vec::new();
    if model.transactions() == 0 {
        return out;
    }
    if model.report.strategy.is_sequential() {
        words(&mut out, "This is the order that every parallel run must agree with. ");
        limit_sentence(model, &mut out);
        return out;
    }
    if let Some(hash) = &model.report.given_list {
        words(
            &mut out,
            format!(
                "The list comes from a file ({}), not from the block: its mistakes cost attempts, never the result. ",
                shortened(hash)
            ),
        );
    }
    rerun_sentence(model, &mut out);
    limit_sentence(model, &mut out);
    if !model.is_too_short() {
        distance_sentence(model, &mut out);
    }
    out
}

/// Why there are no speeds, and what helps; `None` where there are.
pub fn too_short(model: &RunModel) -> Option<String> {
    if !model.is_too_short() || model.transactions() == 0 {
        return None;
    }
    let why = match model.clock_step() {
        Some(step) => format!(
            "The clock of this page counts in steps of {}, and this block takes fewer than three of them",
            model.unit().text(step)
        ),
        None => "The clock of this page did not move while this block ran".to_owned(),
    };
    Some(format!(
        "{why}, so its times say nothing. Repeat the block, or run it on simulated lanes, which need no clock."
    ))
}

fn words(out: &mut Vec<Piece>, text: impl Into<String>) {
    let text = text.into();
    if let Some(Piece::Words(last)) = out.last_mut() {
        last.push_str(&text);
    } else {
        out.push(Piece::Words(text));
    }
}

fn location(model: &RunModel, out: &mut Vec<Piece>, id: LocationId) {
    out.push(Piece::Location(id, model.location(id)));
}

/// A label that all of these transactions share, as a noun: `swaps`; else `transactions`.
fn noun(model: &RunModel, txs: &[TxIndex]) -> String {
    let first = txs.first().map_or("", |t| model.label(*t));
    let shared = !first.is_empty() && txs.iter().all(|t| model.label(*t) == first);
    let plain = first.chars().all(|c| c.is_ascii_lowercase());
    match (shared && plain, txs.len()) {
        (true, 1) => first.to_owned(),
        (true, _) if first.ends_with('s') || first.ends_with('x') || first.ends_with("ch") => {
            format!("{first}es")
        }
        (true, _)
            if first.ends_with('y')
                && !first.ends_with("ay")
                && !first.ends_with("ey")
                && !first.ends_with("oy") =>
        {
            format!("{}ies", &first[..first.len() - 1])
        }
        (true, _) => format!("{first}s"),
        (false, 1) => "transaction".to_owned(),
        (false, _) => "transactions".to_owned(),
    }
}

/// Why an attempt was aborted, after the word "aborted" or "run again".
fn because(model: &RunModel, tx: TxIndex, cause: Cause) -> String {
    let (name, writer) = (model.location(cause.location), cause.writer.tx);
    let declares = |tx| inspect::declared(model, tx, cause.location) == Some(true);
    let because = model.report.strategy.words().aborted.because;
    let because = filled(because, |slot| match slot {
        Slot::Location => name.to_string(),
        Slot::Writer | Slot::Saw => writer.to_string(),
    });
    if model.report.declared.is_some() && !(declares(tx) && declares(writer)) {
        format!("{because}, which is not declared by both")
    } else {
        because
    }
}

/// A place in a template of [`evm_lanes_core::strategies::Aborted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// What was read.
    Location,
    /// The transaction whose write made it stale.
    Writer,
    /// The transaction whose value was read.
    Saw,
}

/// The words of a template and the slots between them, in their order. What stands in braces and is no slot stays as it is.
pub fn parts(template: &str) -> Vec<Result<Slot, &str>> {
    const SLOTS: [(&str, Slot); 3] =
        [("{location}", Slot::Location), ("{writer}", Slot::Writer), ("{saw}", Slot::Saw)];
    let (mut parts, mut rest) = (Vec::new(), template);
    while let Some((at, name, slot)) = SLOTS
        .iter()
        .filter_map(|(name, slot)| Some((rest.find(name)?, name, slot)))
        .min_by_key(|(at, ..)| *at)
    {
        parts.push(Err(&rest[..at]));
        parts.push(Ok(*slot));
        rest = &rest[at + name.len()..];
    }
    parts.push(Err(rest));
    parts.retain(|part| *part != Err(""));
    parts
}

fn filled(template: &str, text: impl Fn(Slot) -> String) -> String {
    parts(template).into_iter().map(|part| part.map_or_else(str::to_owned, &text)).collect()
}

fn rerun_sentence(model: &RunModel, out: &mut Vec<Piece>) {
    let again: Vec<TxIndex> =
        model.positions().filter(|tx| model.attempts_of[tx.index()].len() > 1).collect();
    if again.is_empty() {
        words(out, model.report.strategy.words().nothing_twice);
        return;
    }
    let mut causes: HashMap<LocationId, (u32, Option<TxIndex>)> = HashMap::new();
    for attempt in &model.trace.attempts {
        if let Some(cause) = attempt.cause {
            let entry = causes.entry(cause.location).or_insert((0, Some(cause.writer.tx)));
            entry.0 += 1;
            if entry.1 != Some(cause.writer.tx) {
                entry.1 = None;
            }
        }
    }
    let mut causes: Vec<(LocationId, u32, Option<TxIndex>)> =
        causes.into_iter().map(|(l, (n, w))| (l, n, w)).collect();
    causes.sort_by_key(|(l, n, _)| (std::cmp::Reverse(*n), *l));
    let most = again.iter().map(|tx| model.attempts_of[tx.index()].len() as u32).max().unwrap_or(2);
    let often = if again.len() == 1 || most == 2 { times(most) } else { "more than once".to_owned() };
    let opening = capitalised(&in_words(again.len() as u64));
    words(out, format!("{opening} {} ran {often}", noun(model, &again)));
    let pronoun = if again.len() == 1 { "it" } else { "they" };
    let aborted = model.report.strategy.words().aborted;
    match causes.as_slice() {
        [] => words(out, ". "),
        [(id, _, Some(writer))] => {
            words(out, format!(": {pronoun} read "));
            location(model, out, *id);
            for part in parts(aborted.by_one) {
                match part {
                    Ok(_) => out.push(Piece::Tx(*writer)),
                    Err(text) => words(out, text),
                }
            }
        }
        [(id, _, None)] => {
            words(out, format!(": {pronoun} read "));
            location(model, out, *id);
            words(out, aborted.by_several);
        }
        [first, second, rest @ ..] => {
            words(out, format!(": {pronoun} read "));
            location(model, out, first.0);
            words(out, if rest.is_empty() { " and " } else { ", " });
            location(model, out, second.0);
            if !rest.is_empty() {
                words(out, format!(" and {}", counted(rest.len() as u64, "other location")));
            }
            words(out, aborted.in_several);
        }
    }
    let undeclared = model.trace.attempts.iter().all(|attempt| {
        let tx = attempt.version.tx;
        attempt.cause.is_none_or(|cause| {
            let named = |tx| inspect::declared(model, tx, cause.location) == Some(true);
            !(named(tx) && named(cause.writer.tx))
        })
    });
    if model.report.declared.is_some() && undeclared {
        words(out, "No transaction waited for it, because access lists do not declare it. ");
    }
}

fn limit_sentence(model: &RunModel, out: &mut Vec<Piece>) {
    let analysis = &model.report.analysis;
    let (path, lanes) = (analysis.limits.path, f64::from(model.report.lanes));
    let chain = &analysis.critical_path;
    let sequential = model.report.strategy.is_sequential();
    if chain.len() >= 2 && path.is_finite() && (path < lanes * 0.98 || sequential) && model.waits_for_values()
    {
        words(out, format!("The longest chain, {} ", in_words(chain.len() as u64)));
        words(out, noun(model, chain));
        if let Some(id) = chain_location(model) {
            words(out, " through ");
            location(model, out, id);
        }
        words(out, format!(", sets the limit of {}. ", factor(path)));
    } else if analysis.limits.work.is_finite()
        && analysis.limits.work > 0.0
        && analysis.limits.work < lanes * 0.9
    {
        words(out, format!("One long transaction sets the limit of {}. ", factor(analysis.limits.work)));
    } else if !sequential && lanes > 1.0 {
        let free = model.positions().filter(|tx| model.sources[tx.index()].is_empty()).count();
        if free == model.transactions() as usize {
            words(out, "No transaction needs another: the lanes are the only limit. ");
        } else {
            let near = model.speed_up() >= model.ceiling() * NEAR;
            words(
                out,
                if near {
                    "The lanes set the limit: more of them would help. "
                } else {
                    "The lanes set the limit. "
                },
            );
        }
    }
}

/// The location through which most steps of the longest chain go.
fn chain_location(model: &RunModel) -> Option<LocationId> {
    let steps: std::collections::HashSet<(TxIndex, TxIndex)> =
        model.report.analysis.critical_path.windows(2).map(|p| (p[0], p[1])).collect();
    let mut found: HashMap<LocationId, u32> = HashMap::new();
    for edge in &model.report.analysis.edges {
        if steps.contains(&(edge.writer, edge.reader)) {
            for l in &edge.locations {
                *found.entry(*l).or_default() += 1;
            }
        }
    }
    // Among equals the named one, then the hotter one: it is what a person recognises.
    let rank =
        |l: LocationId| model.report.analysis.hot.iter().position(|h| h.location == l).unwrap_or(usize::MAX);
    let named = |l: LocationId| model.report.location_names.get(l.index()).is_some_and(|n| n.named);
    found
        .into_iter()
        .filter(|(_, n)| *n as usize * 2 >= steps.len())
        .max_by_key(|(l, n)| (*n, named(*l), std::cmp::Reverse(rank(*l)), std::cmp::Reverse(*l)))
        .map(|(l, _)| l)
}

/// From this share of its limit on a run is limited by the block or the lanes, and not by its overhead.
const NEAR: f64 = 0.75;

/// A smaller share of the lanes' time is not named.
const WORTH_NAMING: f64 = 0.05;

/// Where the run stays far below its limit, the limit is not the cause: what is.
fn distance_sentence(model: &RunModel, out: &mut Vec<Piece>) {
    let (speed, ceiling) = (model.speed_up(), model.ceiling());
    if ceiling < 1.1 {
        words(
            out,
            "There was almost nothing to run in parallel; the rest is the cost of scheduling and recording. ",
        );
        return;
    }
    if speed >= ceiling * NEAR || model.report.strategy.is_sequential() {
        return;
    }
    let spent = spent::total(&spent::by_lane(model));
    let all = spent.iter().sum::<f64>().max(1.0);
    let part = |parts: &[Part]| parts.iter().map(|part| spent[*part as usize]).sum::<f64>() / all;
    let mut parts = [
        (part(&[Part::Validating]), "validating"),
        (part(&[Part::Start, Part::Between, Part::Committing]), "scheduling and recording"),
        (part(&[Part::Value]), "waiting for values"),
        (part(&[Part::Held]), "waiting although something could have started"),
        (part(&[Part::Tail]), "waiting for the last transactions"),
        (part(&[Part::NotCommitted]), "attempts that did not commit"),
    ];
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    let named: Vec<String> = parts
        .iter()
        .filter(|(part, _)| *part >= WORTH_NAMING)
        .take(2)
        .enumerate()
        .map(|(i, (part, what))| {
            format!("{}{} {what}", share(*part), if i == 0 { " went into" } else { " into" })
        })
        .collect();
    let no_core = part(&[Part::NoCore]);
    let interrupted = no_core >= WORTH_NAMING;
    if interrupted {
        words(
            out,
            format!(
                "For about {} of the lanes' time they had no core: another program was probably using it. ",
                share(no_core)
            ),
        );
    }
    let opening = if speed < 0.95 {
        "The block is not the bottleneck: "
    } else {
        "The block does not explain the rest: "
    };
    let stretched = stretched(model);
    match (named.is_empty(), &stretched) {
        (false, _) => words(out, format!("{opening}of the lanes' time, {}. ", listed(&named))),
        (true, Some(_)) => {}
        (true, None) if interrupted => {}
        (true, None) => words(out, format!("{opening}no single cause dominates. ")),
    }
    if let Some(stretched) = stretched {
        words(
            out,
            format!(
                "Execution itself took {stretched} as long as alone, because cores share their memory or had other work. "
            ),
        );
    }
}

/// How much longer the attempts that committed took than the same transactions alone, where it is
/// enough to matter. Without the time in which their lane had no core.
fn stretched(model: &RunModel) -> Option<String> {
    let together = spent::total(&spent::by_lane(model))[Part::Executed as usize];
    let alone = model.report.timing.sequential_median.as_f64();
    let ratio = together / alone.max(1.0);
    (ratio >= 1.25).then(|| factor(ratio))
}

/// The name of a cost model for people.
pub fn cost_name(cost: Cost) -> &'static str {
    match cost {
        Cost::Gas => "gas",
        Cost::Opcodes => "opcode weights",
        Cost::Measured => "measured costs",
    }
}

/// How the figures were made: `measured: median of 5 after 2 warm-ups`, `simulated by gas, seed 0`.
pub fn taken(model: &RunModel) -> String {
    if model.is_simulated() {
        let by = model.report.model;
        return format!("simulated by {}, seed {}", cost_name(by.cost), by.seed);
    }
    let timing = &model.report.timing;
    format!(
        "measured: median of {} after {}",
        timing.parallel.len().max(1),
        counted(timing.warm_ups.into(), "warm-up")
    )
}

/// The same for the whole head: what every figure rests on.
pub fn taken_in_full(model: &RunModel) -> String {
    let taken = taken(model);
    if !model.is_simulated() {
        return format!(
            "All times {taken} of each kind, which alternate. Limits: from the sequential times of this run."
        );
    }
    let whose = match model.report.model.cost {
        Cost::Gas | Cost::Opcodes => "no time was taken, and every machine shows the same",
        Cost::Measured => "each transaction costs what it took on this machine alone",
    };
    format!("All figures {taken}: {whose}. Limits: from the same costs.")
}

/// One step, for the live region: `Transaction 7, swap, second attempt, lane 3, run again because
/// transaction 4 wrote Token.balances[bob]`.
pub fn step(model: &RunModel, what: What) -> String {
    match what {
        What::Attempt(i) => {
            let Some(attempt) = model.attempt(i) else { return String::new() };
            let Version { tx, incarnation } = attempt.version;
            let lane = attempt.lane.0 + 1;
            let time = model.ticks(attempt.end.since(attempt.start));
            let label = model.label(tx);
            let mut text = format!("Transaction {tx}");
            if !label.is_empty() {
                text.push_str(&format!(", {label}"));
            }
            text.push_str(&format!(", {} attempt, lane {lane}, {time}", ordinal(incarnation)));
            match attempt.outcome {
                Outcome::Committed => text.push_str(", committed"),
                Outcome::Aborted => text.push_str(", aborted"),
                Outcome::Blocked => text.push_str(", stopped"),
            }
            if let Some(cause) = attempt.cause {
                text.push_str(&match attempt.outcome {
                    Outcome::Blocked => {
                        let name = model.location(cause.location);
                        format!(" because {name} waited for transaction {}", cause.writer.tx)
                    }
                    _ => because(model, tx, cause),
                });
            } else if attempt.outcome == Outcome::Committed
                && let Some(cause) = (incarnation.0.checked_sub(1))
                    .and_then(|before| model.attempts(tx).nth(before as usize))
                    .and_then(|a| a.cause)
            {
                text.push_str(&format!(", run again{}", because(model, tx, cause)));
            }
            text.push('.');
            text
        }
        What::Span(i) => {
            let Some(span) = model.span(i) else { return String::new() };
            let time = model.ticks(span.end.since(span.start));
            let lane = span.lane.0 + 1;
            match span.kind {
                SpanKind::Validating { version, valid } => format!(
                    "Lane {lane}: validating transaction {}, {} attempt, {time}: {}.",
                    version.tx,
                    ordinal(version.incarnation),
                    if valid { "still holds" } else { "a read is stale" }
                ),
                SpanKind::Scheduling => format!("Lane {lane}: recording and choosing the next task, {time}."),
                SpanKind::Waiting => format!("Lane {lane}: waiting for other lanes, {time}."),
                SpanKind::Committing => format!("Lane {lane}: committing, {time}."),
                SpanKind::Idle => format!("Lane {lane}: nothing left to do, {time}."),
            }
        }
    }
}

/// What the lanes' picture holds, for those who do not see it.
pub fn lanes_summary(model: &RunModel) -> String {
    format!(
        "{} on {} in {}: {}, of which {} did not commit.",
        counted(model.transactions().into(), "transaction"),
        lanes(model),
        model.ticks(model.trace.duration),
        counted(model.trace.attempts.len() as u64, "attempt"),
        count(model.lost_attempts() as u64),
    )
}

/// What the graph holds, for those who do not see it.
pub fn graph_summary(model: &RunModel) -> String {
    let analysis = &model.report.analysis;
    let waves = analysis.waves.iter().max().map_or(0, |w| w + 1);
    let edges = analysis.edges.len() as u64;
    let noun = if edges == 1 { "dependency" } else { "dependencies" };
    format!(
        "{} {noun} in {}; the longest chain has {}.",
        count(edges),
        counted(waves.into(), "wave"),
        counted(analysis.critical_path.len() as u64, "transaction"),
    )
}

/// What to say where a link asks for more lanes than there are.
pub fn fewer_lanes(asked: u16, there: u16) -> String {
    let (lanes, run) = if there == 1 { ("one lane", "one") } else { ("lanes", "as many") };
    let number = if there == 1 { String::new() } else { format!("{there} ") };
    format!(
        "The link asks for {asked} lanes. Here the page has {number}{lanes}, so {run} ran; the address keeps the {asked}."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a choice that was made by these figures: the transactions of the longest chain; the time in all,
    /// that of the chain, what the lanes cost once and in all.
    fn chosen_by(strategy: StrategyId, lanes: u16, links: u32, figures: [Ticks; 4]) -> String {
        let [total, chain, start, keeping] = figures;
        let mut model = sample::pool();
        model.report.chosen = Some(Chosen { strategy, lanes, total, chain, links, start, keeping });
        chosen(&model).unwrap()
    }

    #[test]
    fn what_was_chosen_is_told_with_its_reason() {
        let us = |times: [u64; 4]| times.map(|microseconds| Ticks(microseconds * 1_000));
        assert_eq!(chosen(&sample::pool()), None);
        assert_eq!(
            chosen_by(StrategyId::BLOCK_STM, 4, 3, us([1_000, 300, 80, 24])),
            "Chosen automatically: Block-STM, because the longest chain (3 transactions) takes 30 % of the 1.00 ms of sequential execution, so 4 lanes can be up to 2.6× as fast. From 1.15× on they are worth their cost."
        );
        let chain = chosen_by(StrategyId::SEQUENTIAL, 4, 1, us([1_000, 970, 0, 24]));
        assert!(chain.contains("Sequential, because the longest transaction takes 97 % of"), "{chain}");
        assert!(chain.contains("4 lanes would be 1.0× as fast at best"), "{chain}");
        let over = chosen_by(StrategyId::SEQUENTIAL, 2, 2, us([60, 6, 80, 24]));
        assert!(
            over.contains("because it takes 60.0 µs in all, and 2 lanes, which cost 104 µs themselves"),
            "{over}"
        );
        assert_eq!(
            chosen_by(StrategyId::SEQUENTIAL, 1, 2, us([60, 6, 80, 24])),
            "Chosen automatically: Sequential, because one lane cannot beat sequential execution."
        );
    }

    #[test]
    fn fewer_lanes_than_asked_for_are_told() {
        let many =
            "The link asks for 8 lanes. Here the page has 2 lanes, so as many ran; the address keeps the 8.";
        assert_eq!(fewer_lanes(8, 2), many);
        let one =
            "The link asks for 8 lanes. Here the page has one lane, so one ran; the address keeps the 8.";
        assert_eq!(fewer_lanes(8, 1), one);
    }
    use crate::{model::AttemptIndex, sample};

    #[test]
    fn a_template_is_words_and_slots() {
        assert_eq!(
            parts(" of {saw}; {writer} wrote {it}"),
            [Err(" of "), Ok(Slot::Saw), Err("; "), Ok(Slot::Writer), Err(" wrote {it}")]
        );
        assert_eq!(parts("{location}"), [Ok(Slot::Location)]);
        assert_eq!(parts(""), []);
    }

    fn text(pieces: &[Piece]) -> String {
        pieces
            .iter()
            .map(|p| match p {
                Piece::Words(w) => w.clone(),
                Piece::Location(_, n) => n.clone(),
                Piece::Tx(t) => t.to_string(),
            })
            .collect()
    }

    #[test]
    fn the_headline_tells_the_run() {
        assert_eq!(
            headline(&sample::pool()),
            "4 transactions on 2 lanes: 1.3× faster than sequential, of a possible 1.8×"
        );
    }

    #[test]
    fn a_slower_run_is_called_slower() {
        let mut model = sample::pool();
        model.report.timing.parallel_median = Ticks(800_000);
        assert!(headline(&model).contains("2.0× slower than sequential"), "{}", headline(&model));
        assert!(text(&story(&model)).contains("not the bottleneck"), "{}", text(&story(&model)));
    }

    #[test]
    fn a_wrong_result_is_not_called_fast() {
        let mut model = sample::pool();
        model.report.verdict.difference =
            Some("receipt of transaction 1: gas used 7, expected 21000".to_owned());
        assert_eq!(headline(&model), "4 transactions on 2 lanes: the result differs from sequential");
    }

    #[test]
    fn a_block_that_is_too_short_to_measure_has_no_speed() {
        for times in [[0, 0], [0, 100_000], [100_000, 200_000]] {
            let [sequential, parallel] = times.map(Ticks);
            let model = sample::payment(Ticks(100_000), sequential, parallel);
            assert_eq!(headline(&model), "1 transaction on 1 lane: too short to measure");
            assert_eq!(short(&model), "Block-STM on 1 lane: –");
            assert!(too_short(&model).unwrap().contains("steps of 100 µs"), "{:?}", too_short(&model));
            let all = format!("{}{}", text(&story(&model)), crate::limits::bar(&model).sentence);
            assert!(!all.contains("slower") && !all.contains("NaN") && !all.contains("inf"), "{all}");
        }
        assert_eq!(too_short(&sample::pool()), None);
        let empty = sample::nothing();
        assert_eq!((headline(&empty).as_str(), too_short(&empty)), ("A block without transactions", None));
    }

    #[test]
    fn the_story_names_the_location_and_the_writer() {
        assert!(
            text(&story(&sample::pool())).starts_with(
                "One swap ran twice: it read Pair.reserves before transaction 0 had written it. "
            ),
            "{}",
            text(&story(&sample::pool()))
        );
    }

    #[test]
    fn a_run_without_conflicts_says_so() {
        let story = text(&story(&sample::many(10, 2, &["pay"])));
        assert!(
            story.contains("Nothing ran twice") && story.contains("the lanes are the only limit"),
            "{story}"
        );
    }

    #[test]
    fn a_lane_that_had_no_core_is_said_to_have_had_none() {
        let story = text(&story(&sample::without_a_core()));
        assert!(
            story.contains(
                "For about 50 % of the lanes' time they had no core: another program was probably using it."
            ),
            "{story}"
        );
        assert!(!story.contains("scheduling") && !story.contains("small things"), "{story}");
    }

    #[test]
    fn a_step_is_one_sentence_with_its_cause() {
        let model = sample::pool();
        assert_eq!(
            step(&model, What::Attempt(AttemptIndex(1))),
            "Transaction 2, swap, first attempt, lane 2, 80.0 µs, aborted because transaction 0 wrote Pair.reserves."
        );
        assert_eq!(
            step(&model, What::Attempt(AttemptIndex(3))),
            "Transaction 2, swap, second attempt, lane 1, 100 µs, committed, run again because transaction 0 wrote Pair.reserves."
        );
    }

    #[test]
    fn every_piece_of_a_run_has_a_sentence() {
        let model = sample::pool();
        for piece in model.lanes.iter().flatten() {
            assert!(step(&model, piece.what).ends_with('.'));
        }
    }
}
