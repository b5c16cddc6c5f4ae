//! The dependency graph in layers: one column of nodes per wave, because our graph has a total
//! order and levels, which no general layout knows.
//!
//! ```text
//! wave 1        wave 2      wave 3
//!  0 ───◇───────  7 ───────  11        ◇ a hot location, drawn once and not as n² edges
//!  1 ╲            10 ──────  17
//!     ╲─────────  14
//! ```
//! A wave wider than the picture is tall is packed into sub-columns. Transactions without any
//! dependency stand apart at the left, small. Within a wave the order comes from a few barycentre
//! sweeps (Sugiyama et al. 1981), which start from block order.

use std::collections::BTreeMap;

use evm_lanes_core::units::{LocationId, TxIndex};

use super::model::RunModel;
use super::scale::Rect;

/// More transactions than this are not drawn one by one.
pub const MOST_NODES: usize = 2_000;
/// More lines than this are not drawn; the longest chain always is.
const MOST_LINKS: usize = 6_000;
/// How many hot locations get a diamond of their own.
const MOST_DIAMONDS: usize = 6;
/// How many dependencies make a location hot enough for one.
const LEAST_HEAT: u32 = 3;
/// A location that is passed on more often is marked only where it is named or shared out.
const MOST_BEADS: usize = 10;
/// How many of them are named in the picture.
const MOST_NAMES: usize = 3;
const SWEEPS: usize = 8;

/// One transaction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// Its position in the block.
    pub tx: TxIndex,
    /// Centre, in CSS pixels.
    pub x: f64,
    /// Centre, in CSS pixels.
    pub y: f64,
    /// Radius, in CSS pixels.
    pub r: f64,
    /// Index into the palette.
    pub colour: u8,
    /// Whether it has any dependency.
    pub linked: bool,
}

/// A hot location.
#[derive(Clone, Debug, PartialEq)]
pub struct Diamond {
    /// Location id.
    pub location: LocationId,
    /// Centre, in CSS pixels.
    pub x: f64,
    /// Centre, in CSS pixels.
    pub y: f64,
    /// Half its side, in CSS pixels.
    pub r: f64,
    /// Name and number of dependencies.
    pub title: String,
    /// Where that is written; at most one diamond of a location has it.
    pub label: Option<Label>,
}

/// Where a diamond's name is written, so that it lies over nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// Left end, or right end where `ends`.
    pub x: f64,
    /// Base line.
    pub y: f64,
    /// Whether the text ends at `x`.
    pub ends: bool,
}

/// A line from an earlier transaction or a diamond to a later one.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Writer; `None`: starts at a diamond.
    pub writer: Option<TxIndex>,
    /// Reader; `None`: ends at a diamond.
    pub reader: Option<TxIndex>,
    /// The hot location through which they depend, if it has a diamond.
    pub location: Option<LocationId>,
    /// Whether it belongs to the longest chain.
    pub on_path: bool,
    /// SVG path data.
    pub path: String,
}

/// The heading of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct WaveMark {
    /// From 1.
    pub wave: u32,
    /// Centre of the column, in CSS pixels.
    pub x: f64,
    /// How many transactions it has.
    pub count: usize,
}

/// The whole picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Width of the content; may pass the room given, then it is scrolled.
    pub width: f64,
    /// Height of the content.
    pub height: f64,
    /// Transactions.
    pub nodes: Vec<Node>,
    /// Hot locations.
    pub diamonds: Vec<Diamond>,
    /// Lines, the longest chain last.
    pub links: Vec<Link>,
    /// Columns.
    pub waves: Vec<WaveMark>,
    /// What is left out, in words, if anything is.
    pub note: Option<String>,
    at: BTreeMap<TxIndex, usize>,
}

impl Graph {
    /// The node of a transaction.
    pub fn node(&self, tx: TxIndex) -> Option<&Node> {
        self.at.get(&tx).and_then(|i| self.nodes.get(*i))
    }

    /// The transaction at a point, with a finger's tolerance for small nodes.
    pub fn hit(&self, x: f64, y: f64) -> Option<TxIndex> {
        self.nodes
            .iter()
            .map(|n| (n, (n.x - x).hypot(n.y - y)))
            .filter(|(n, d)| *d <= n.r.max(9.0) + 3.0)
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(n, _)| n.tx)
    }

    /// The diamond at a point.
    pub fn hit_diamond(&self, x: f64, y: f64) -> Option<LocationId> {
        self.diamonds.iter().find(|d| (d.x - x).abs() + (d.y - y).abs() <= 13.0).map(|d| d.location)
    }

    /// The nearest node above or below in the same wave.
    pub fn beside(&self, tx: TxIndex, down: bool) -> Option<TxIndex> {
        let from = self.node(tx)?;
        self.nodes
            .iter()
            .filter(|n| n.tx != tx && (n.x - from.x).abs() < 0.5 && (n.y > from.y) == down)
            .min_by(|a, b| (a.y - from.y).abs().total_cmp(&(b.y - from.y).abs()))
            .map(|n| n.tx)
    }
}

const TOP: f64 = 26.0;
const SIDE: f64 = 22.0;

/// The graph of `model` in a room of `width` × `height` pixels.
pub fn layout(model: &RunModel, width: f64, height: f64) -> Graph {
    let height = height.max(120.0);
    let (chosen, note) = choose(model);
    let waves = waves(model, &chosen);
    if waves.is_empty() {
        return Graph { width, height, note, ..Graph::default() };
    }
    let order = sweep(model, waves);
    let columns = Columns::fit(&order, width, height - TOP - 8.0);
    let mut graph = place(model, &order, &columns, width, height);
    connect(model, &mut graph);
    graph.note = note.or_else(|| graph.note.take());
    graph
}

/// Which transactions are drawn: all, or those with most dependencies, the longest chain first.
fn choose(model: &RunModel) -> (Vec<TxIndex>, Option<String>) {
    let all = model.transactions();
    if all as usize <= MOST_NODES {
        return (model.positions().collect(), None);
    }
    let degree = |tx: TxIndex| model.sources[tx.index()].len() + model.readers[tx.index()].len();
    let mut ranked: Vec<TxIndex> = model.positions().collect();
    ranked.sort_by_key(|tx| (!model.on_path[tx.index()], std::cmp::Reverse(degree(*tx)), *tx));
    ranked.truncate(MOST_NODES);
    ranked.sort_unstable();
    let note = format!(
        "The {} transactions with most dependencies, of {}",
        super::format::count(MOST_NODES as u64),
        super::format::count(all.into())
    );
    (ranked, Some(note))
}

struct Wave {
    /// Without any dependency; only in the first wave.
    free: Vec<TxIndex>,
    linked: Vec<TxIndex>,
}

fn waves(model: &RunModel, chosen: &[TxIndex]) -> Vec<Wave> {
    let mut waves: BTreeMap<u32, Wave> = BTreeMap::new();
    for tx in chosen {
        let i = tx.index();
        let wave = model.report.analysis.waves.get(i).copied().unwrap_or(0);
        let wave = waves.entry(wave).or_insert_with(|| Wave { free: Vec::new(), linked: Vec::new() });
        if model.sources[i].is_empty() && model.readers[i].is_empty() {
            wave.free.push(*tx);
        } else {
            wave.linked.push(*tx);
        }
    }
    waves.into_values().collect()
}

/// A few sweeps that move each node to the middle of its neighbours.
fn sweep(model: &RunModel, mut waves: Vec<Wave>) -> Vec<Wave> {
    let mut place: Vec<f64> = vec![0.0; model.transactions() as usize];
    let number = |wave: &Wave, place: &mut Vec<f64>| {
        let n = wave.linked.len() as f64;
        for (i, tx) in wave.linked.iter().enumerate() {
            place[tx.index()] = (i as f64 + 0.5) / n;
        }
    };
    waves.iter().for_each(|w| number(w, &mut place));
    for round in 0..SWEEPS {
        let forward = round % 2 == 0;
        let indices: Vec<usize> =
            if forward { (0..waves.len()).collect() } else { (0..waves.len()).rev().collect() };
        for i in indices {
            let mut keyed: Vec<(f64, TxIndex)> = waves[i]
                .linked
                .iter()
                .map(|tx| {
                    let i = tx.index();
                    let near = if forward { &model.sources[i] } else { &model.readers[i] };
                    let own = place[i];
                    // The longest chain is pulled to the top and stays a straight line.
                    let pull = if model.on_path[i] { -1.0 } else { 0.0 };
                    let sum: f64 = near.iter().map(|n| place[n.index()]).sum();
                    (if near.is_empty() { own } else { sum / near.len() as f64 } + pull, *tx)
                })
                .collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            waves[i].linked = keyed.into_iter().map(|(_, tx)| tx).collect();
            number(&waves[i], &mut place);
        }
    }
    waves
}

/// How big nodes are and how many stand above each other.
struct Columns {
    r: f64,
    pitch: f64,
    rows: usize,
    free_rows: usize,
    gap: f64,
}

impl Columns {
    /// The largest nodes with which everything fits; the smallest ones, and a scrolled picture,
    /// where nothing does.
    fn fit(waves: &[Wave], width: f64, height: f64) -> Self {
        let mut fitted = None;
        for r in [10.0, 9.0, 7.0, 5.0, 4.0, 3.0] {
            let pitch = r * 2.0 + if r > 8.0 { 4.5 } else { 3.0 };
            let rows = ((height / pitch) as usize).max(1);
            let free_rows = ((height / (free_radius(r) * 2.0 + 3.0)) as usize).max(1);
            let least_gap = if r > 8.0 { 46.0 } else { 26.0 };
            let columns = Self { r, pitch, rows, free_rows, gap: least_gap };
            let used: f64 = waves.iter().map(|w| columns.wave_width(w)).sum();
            let gaps = waves.len().saturating_sub(1) as f64;
            let spare = width - SIDE * 2.0 - used;
            let fits = spare >= gaps * least_gap;
            let gap = if fits && gaps > 0.0 { spare / gaps } else { least_gap };
            fitted = Some(Self { gap, ..columns });
            if fits {
                break;
            }
        }
        fitted.unwrap_or(Self { r: 3.0, pitch: 9.0, rows: 1, free_rows: 1, gap: 26.0 })
    }

    fn wave_width(&self, wave: &Wave) -> f64 {
        let linked = wave.linked.len().div_ceil(self.rows) as f64 * self.pitch;
        let free = wave.free.len().div_ceil(self.free_rows) as f64 * self.free_pitch();
        linked.max(self.r * 2.0) + free + if free > 0.0 { self.pitch * 0.5 } else { 0.0 }
    }

    fn free_pitch(&self) -> f64 {
        free_radius(self.r) * 2.0 + 3.0
    }
}

fn free_radius(r: f64) -> f64 {
    if r > 8.0 { 8.0 } else { (r - 1.0).max(2.5) }
}

fn place(model: &RunModel, waves: &[Wave], columns: &Columns, width: f64, height: f64) -> Graph {
    let mut graph = Graph { height, ..Graph::default() };
    let room = height - TOP - 8.0;
    let mut left = SIDE;
    for (i, wave) in waves.iter().enumerate() {
        let start = left;
        let free_pitch = columns.free_pitch();
        for (n, tx) in wave.free.iter().enumerate() {
            let (column, row) = (n / columns.free_rows, n % columns.free_rows);
            graph.nodes.push(Node {
                tx: *tx,
                x: left + free_pitch * (column as f64 + 0.5),
                y: TOP + free_pitch * (row as f64 + 0.5),
                r: free_radius(columns.r),
                colour: model.colour(*tx),
                linked: false,
            });
        }
        if !wave.free.is_empty() {
            left += wave.free.len().div_ceil(columns.free_rows) as f64 * free_pitch + columns.pitch * 0.5;
        }
        let subs = wave.linked.len().div_ceil(columns.rows).max(1);
        let per = wave.linked.len().div_ceil(subs).max(1);
        // Few nodes spread over the height, but not so far that they stop being one column.
        let pitch = (room / per as f64).min(columns.pitch * 1.5).max(columns.pitch);
        for (n, tx) in wave.linked.iter().enumerate() {
            let (sub, row) = (n % subs, n / subs);
            let shift = if subs > 1 { pitch * 0.5 * (sub as f64 / subs as f64) } else { 0.0 };
            graph.nodes.push(Node {
                tx: *tx,
                x: left + columns.pitch * (sub as f64 + 0.5),
                y: (TOP + pitch * (row as f64 + 0.5) + shift).min(height - columns.r - 2.0),
                r: columns.r,
                colour: model.colour(*tx),
                linked: true,
            });
        }
        left += (subs as f64 * columns.pitch).max(columns.r * 2.0);
        graph.waves.push(WaveMark {
            wave: i as u32 + 1,
            x: f64::midpoint(start, left),
            count: wave.free.len() + wave.linked.len(),
        });
        if i + 1 < waves.len() {
            left += columns.gap;
        }
    }
    graph.width = (left + SIDE).max(width);
    graph.at = graph.nodes.iter().enumerate().map(|(i, n)| (n.tx, i)).collect();
    graph
}

/// Lines: direct ones, and through a diamond where one write of a hot location was read by several
/// or several writes were read by one.
fn connect(model: &RunModel, graph: &mut Graph) {
    let hot: Vec<LocationId> = model
        .report
        .analysis
        .hot
        .iter()
        .filter(|h| h.edges >= LEAST_HEAT)
        .take(MOST_DIAMONDS)
        .map(|h| h.location)
        .collect();
    let hottest = |locations: &[LocationId]| hot.iter().copied().find(|h| locations.contains(h));
    let path = &model.report.analysis.critical_path;
    let is_step = |w: TxIndex, r: TxIndex| path.windows(2).any(|p| p == [w, r]);
    // Steps of the longest chain are looked up per edge; a set keeps long chains cheap.
    let steps: std::collections::HashSet<(TxIndex, TxIndex)> =
        path.windows(2).map(|p| (p[0], p[1])).collect();
    debug_assert!(path.len() < 2 || is_step(path[0], path[1]));

    let mut fans: BTreeMap<(LocationId, TxIndex), Vec<TxIndex>> = BTreeMap::new();
    let mut direct: Vec<(TxIndex, TxIndex, Option<LocationId>)> = Vec::new();
    for edge in &model.report.analysis.edges {
        if graph.node(edge.writer).is_none() || graph.node(edge.reader).is_none() {
            continue;
        }
        match hottest(&edge.locations) {
            Some(location) => fans.entry((location, edge.writer)).or_default().push(edge.reader),
            None => direct.push((edge.writer, edge.reader, None)),
        }
    }
    let mut needed = Vec::new();
    let mut links = Vec::new();
    let mut fans_of: BTreeMap<LocationId, usize> = BTreeMap::new();
    for (location, _) in fans.keys() {
        *fans_of.entry(*location).or_default() += 1;
    }
    for ((location, writer), readers) in fans {
        let Some(from) = graph.node(writer).copied() else { continue };
        let nodes: Vec<Node> = readers.iter().filter_map(|r| graph.node(*r).copied()).collect();
        let Some(nearest) = nodes.iter().copied().min_by(|a, b| a.x.total_cmp(&b.x)) else { continue };
        let mean = nodes.iter().map(|n| n.y).sum::<f64>() / nodes.len() as f64;
        let x = from.x + (nearest.x - from.x) * 0.42;
        let y = if nodes.len() == 1 { curve_y(&from, &nearest, 0.42) } else { f64::midpoint(from.y, mean) };
        let (title, r) = (diamond_text(model, location), if from.r > 8.0 { 6.0 } else { 4.0 });
        graph.diamonds.push(Diamond { location, x, y, r, title, label: None });
        needed.push(nodes.len() > 1 || fans_of[&location] <= MOST_BEADS);
        let any_step = readers.iter().any(|r| steps.contains(&(writer, *r)));
        if let [only] = nodes.as_slice() {
            links.push(Link {
                writer: Some(writer),
                reader: Some(only.tx),
                location: Some(location),
                on_path: any_step,
                path: curve(from.x + from.r, from.y, only.x - only.r, only.y),
            });
            continue;
        }
        links.push(Link {
            writer: Some(writer),
            reader: None,
            location: Some(location),
            on_path: any_step,
            path: curve(from.x + from.r, from.y, x - 7.0, y),
        });
        for node in &nodes {
            links.push(Link {
                writer: None,
                reader: Some(node.tx),
                location: Some(location),
                on_path: steps.contains(&(writer, node.tx)),
                path: curve(x + 7.0, y, node.x - node.r, node.y),
            });
        }
    }
    for (writer, reader, location) in direct {
        if let (Some(from), Some(to)) = (graph.node(writer), graph.node(reader)) {
            links.push(Link {
                writer: Some(writer),
                reader: Some(reader),
                location,
                on_path: steps.contains(&(writer, reader)),
                path: curve(from.x + from.r, from.y, to.x - to.r, to.y),
            });
        }
    }
    links.sort_by_key(|l| l.on_path);
    if links.len() > MOST_LINKS {
        let left_out = links.len() - MOST_LINKS;
        links.drain(..left_out);
        graph.note =
            Some(format!("{} of the dependencies are not drawn", super::format::count(left_out as u64)));
    }
    graph.links = links;
    write_names(graph, &hot[..hot.len().min(MOST_NAMES)]);
    // Where a location is passed on many times, a diamond on each step would hide the graph; one stays.
    let mut seen = std::collections::HashSet::new();
    let named: Vec<LocationId> =
        graph.diamonds.iter().filter(|d| d.label.is_some()).map(|d| d.location).collect();
    let mut needed = needed.into_iter();
    graph.diamonds.retain(|d| {
        let first = seen.insert(d.location) && !named.contains(&d.location);
        needed.next() == Some(true) || d.label.is_some() || first
    });
}

/// Widths of texts are estimated, generously: layout knows no fonts.
const CHARACTER: f64 = 6.6;
const TEXT_HEIGHT: f64 = 13.0;

/// Writes the names of these locations, each beside the first of its diamonds that has room for it. A name that would
/// lie over a node, a diamond or another name wherever it stood is left out: it is still the diamond's title, and stands
/// in the table of locations.
fn write_names(graph: &mut Graph, locations: &[LocationId]) {
    let mut taken: Vec<Rect> = graph.diamonds.iter().map(|d| Rect::around(d.x, d.y, d.r + 2.0)).collect();
    for location in locations {
        let found =
            graph.diamonds.iter().enumerate().filter(|(_, d)| d.location == *location).find_map(|(i, d)| {
                let width = d.title.chars().count() as f64 * CHARACTER;
                let mut places = [-9.0, 18.0, -18.0, 27.0]
                    .into_iter()
                    .flat_map(|dy| [(12.0, dy, false), (-12.0, dy, true)]);
                places.find_map(|(dx, dy, ends)| {
                    let label = Label { x: d.x + dx, y: d.y + dy, ends };
                    let left = if ends { label.x - width } else { label.x };
                    let rect = Rect { x: left, y: label.y - TEXT_HEIGHT + 3.0, w: width, h: TEXT_HEIGHT };
                    let inside = rect.x >= 0.0
                    && rect.x + rect.w <= graph.width
                    // Below the waves' headings.
                    && rect.y >= TOP - 10.0
                    && rect.y + rect.h <= graph.height;
                    let free = taken.iter().all(|other| !rect.overlaps(other))
                        && graph.nodes.iter().all(|n| !rect.overlaps(&Rect::around(n.x, n.y, n.r + 1.0)));
                    (inside && free).then_some((i, label, rect))
                })
            });
        if let Some((i, label, rect)) = found {
            graph.diamonds[i].label = Some(label);
            taken.push(rect);
        }
    }
}

fn diamond_text(model: &RunModel, location: LocationId) -> String {
    let edges = model.report.analysis.hot.iter().find(|h| h.location == location).map_or(0, |h| h.edges);
    format!(
        "{} · {}",
        model.location(location),
        super::format::counted(edges.into(), "dependency").replace("dependencys", "dependencies")
    )
}

/// A smooth line that leaves and arrives level.
fn curve(x0: f64, y0: f64, x1: f64, y1: f64) -> String {
    let bend = ((x1 - x0) * 0.5).max(12.0);
    format!("M{x0:.1} {y0:.1}C{:.1} {y0:.1} {:.1} {y1:.1} {x1:.1} {y1:.1}", x0 + bend, x1 - bend)
}

/// The height of [`curve`] between two nodes at a share of its parameter.
fn curve_y(from: &Node, to: &Node, t: f64) -> f64 {
    let ease = t * t * (3.0 - 2.0 * t);
    from.y + (to.y - from.y) * ease
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn later_waves_stand_to_the_right() {
        let model = sample::pool();
        let graph = layout(&model, 800.0, 240.0);
        let (a, b) = (graph.node(TxIndex(0)).unwrap(), graph.node(TxIndex(2)).unwrap());
        assert!(a.x < b.x);
        assert_eq!(graph.waves.len(), 2);
        assert!(graph.links.iter().any(|l| l.on_path));
    }

    #[test]
    fn a_name_lies_over_nothing_or_is_left_out() {
        for (width, height) in [(1000.0, 240.0), (500.0, 240.0), (360.0, 200.0), (180.0, 120.0)] {
            let graph = layout(&sample::through_one_slot(60), width, height);
            assert!(!graph.diamonds.is_empty());
            for diamond in &graph.diamonds {
                let Some(label) = diamond.label else { continue };
                let long = diamond.title.chars().count() as f64 * CHARACTER;
                let left = if label.ends { label.x - long } else { label.x };
                assert!(left >= 0.0 && left + long <= graph.width, "{label:?} of {width}");
                for node in &graph.nodes {
                    let beside = node.x + node.r < left || node.x - node.r > left + long;
                    let over = node.y + node.r < label.y - 10.0 || node.y - node.r > label.y + 3.0;
                    assert!(beside || over, "{label:?} lies over {node:?}");
                }
            }
        }
        let roomy = layout(&sample::through_one_slot(6), 1000.0, 240.0);
        assert_eq!(
            roomy.diamonds.iter().filter(|d| d.label.is_some()).count(),
            1,
            "written where there is room"
        );
    }

    #[test]
    fn the_graph_uses_the_width_it_has() {
        let model = sample::pool();
        let graph = layout(&model, 800.0, 240.0);
        let right = graph.nodes.iter().map(|n| n.x).fold(0.0, f64::max);
        assert!(right > 700.0, "the last wave stands at {right}");
        assert_eq!(graph.width, 800.0);
    }

    #[test]
    fn a_wide_wave_is_packed_into_the_height() {
        let model = sample::many(1500, 4, &["pay"]);
        let graph = layout(&model, 1000.0, 240.0);
        assert_eq!(graph.nodes.len(), 1500);
        assert!(graph.nodes.iter().all(|n| n.y > 0.0 && n.y < 240.0));
        assert_eq!(graph.width, 1000.0, "it fits without scrolling");
    }

    #[test]
    fn nodes_do_not_cover_each_other() {
        let model = sample::many(300, 4, &["pay"]);
        let graph = layout(&model, 1000.0, 240.0);
        for (i, a) in graph.nodes.iter().enumerate() {
            for b in &graph.nodes[i + 1..] {
                assert!((a.x - b.x).hypot(a.y - b.y) > a.r + b.r, "{} and {} overlap", a.tx, b.tx);
            }
        }
    }

    #[test]
    fn beyond_the_cap_a_note_says_what_is_left_out() {
        let model = sample::many(5000, 4, &["pay"]);
        let graph = layout(&model, 1000.0, 240.0);
        assert_eq!(graph.nodes.len(), MOST_NODES);
        assert!(graph.note.is_some_and(|n| n.contains("5,000")));
    }

    #[test]
    fn a_node_is_hit_in_its_middle() {
        let model = sample::pool();
        let graph = layout(&model, 800.0, 240.0);
        for node in &graph.nodes {
            assert_eq!(graph.hit(node.x, node.y), Some(node.tx));
        }
    }
}
