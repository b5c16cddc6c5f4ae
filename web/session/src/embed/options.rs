//! How a frame looks and what may be changed in it: the parameters of `embed.html` that the page's own link does not have.

use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::scenario::link::query_pairs;

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$word_about:meta])* $word:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name { $($(#[$word_about])* $word,)+ }

        impl $name {
            /// The words, in the order in which they are documented.
            pub const NAMES: &[&str] = &[$($text),+];

            /// The word in addresses and messages.
            pub fn name(self) -> &'static str {
                match self { $(Self::$word => $text,)+ }
            }

            /// What that word means.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$word),)+ _ => None }
            }
        }
    };
}

words!(
    /// What a frame shows.
    View {
        /// Headline, lanes.
        #[default]
        Lanes = "lanes",
        /// The dependencies.
        Graph = "graph",
        /// The table of transactions.
        Table = "table",
        /// Speed-up over lanes.
        Curve = "curve",
        /// Several strategies on one axis, and their table.
        Compare = "compare",
        /// Lanes, and beside them the scenario or the selected transaction.
        Split = "split",
        /// Lanes and one line.
        Mini = "mini",
    }
);

words!(
    /// What a person may change in a frame. A host may change everything.
    Edit {
        /// Nothing but what is selected.
        None = "none",
        /// Strategy and lanes.
        #[default]
        Numbers = "numbers",
        /// The scenario, too.
        Full = "full",
    }
);

words!(
    /// The colours of a frame.
    Colours {
        /// As the system has them.
        #[default]
        Auto = "auto",
        /// Light.
        Light = "light",
        /// Dark.
        Dark = "dark",
    }
);

/// A frame's height in CSS pixels, where it is fixed.
const HEIGHTS: std::ops::RangeInclusive<u16> = 80..=4000;

/// The most strategies that one frame compares.
const MAX_STRATEGIES: usize = 8;

/// How the page is framed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embed {
    /// What it shows.
    pub view: View,
    /// What a person may change.
    pub edit: Edit,
    /// Its colours.
    pub theme: Colours,
    /// Its height in CSS pixels; `None`: as high as what is in it, which the host is told.
    pub height: Option<u16>,
    /// Whether the first run waits for the host to say what is to be run.
    pub waits: bool,
    /// The strategies that are compared at first; empty if there is only one.
    pub compared: Vec<StrategyChoice>,
    /// What of the address could not be read.
    pub problem: Option<String>,
}

/// The parameters that are a frame's own.
const OWN: &[&str] = &["view", "edit", "theme", "height", "wait"];

impl Embed {
    /// What the query (with or without `?`) says. What it does not say, or says wrong, is as usual; the first mistake is
    /// kept, to be told.
    pub fn read(query: &str) -> Self {
        let mut embed = Self::default();
        let mut view = None;
        let pairs = query_pairs(query);
        let says = |name: &str| pairs.iter().any(|(said, _)| said == name);
        let (is_lesson, says_edit) = (says("lesson"), says("edit"));
        for (name, value) in pairs {
            let known: Option<&[&str]> = match &*name {
                "view" => {
                    view = View::from_name(&value).or(view);
                    View::from_name(&value).is_none().then_some(View::NAMES)
                }
                "edit" => take(Edit::from_name(&value), &mut embed.edit, Edit::NAMES),
                "theme" => take(Colours::from_name(&value), &mut embed.theme, Colours::NAMES),
                "height" if value == "auto" => None,
                "height" => match value.trim_end_matches("px").parse::<u32>() {
                    Ok(height) => {
                        let height = height.clamp((*HEIGHTS.start()).into(), (*HEIGHTS.end()).into());
                        embed.height = u16::try_from(height).ok();
                        None
                    }
                    Err(_) => Some(&["auto", "a number of pixels"]),
                },
                "wait" => {
                    embed.waits = value == "1";
                    None
                }
                "strategy" => {
                    embed.compared = strategies(&value);
                    None
                }
                _ => None,
            };
            if let (Some(known), None) = (known, &embed.problem) {
                let found = evm_lanes_core::scenario::json::shortened(&value);
                embed.problem = Some(format!(
                    "The address’s “{name}” should be one of {}, but is “{found}”.",
                    known.join(", ")
                ));
            }
        }
        // A lesson asks for changes of the scenario.
        let usual = if is_lesson { View::Split } else { embed.usual_view() };
        embed.view = view.unwrap_or(usual);
        if is_lesson && !says_edit {
            embed.edit = Edit::Full;
        }
        embed
    }

    /// The query without what is a frame's own, and with the first of several strategies: what a link of the page says.
    pub fn link_query(query: &str) -> String {
        let parts = query.strip_prefix('?').unwrap_or(query).split('&').filter_map(|part| {
            let (name, _) = part.split_once('=').unwrap_or((part, ""));
            let name = name.trim_start_matches("amp;");
            if OWN.contains(&name) {
                return None;
            }
            if name == "strategy" {
                let strategies =
                    query_pairs(part).into_iter().next().map(|(_, value)| value).unwrap_or_default();
                let first = strategies.split(',').map(str::trim).find(|s| !s.is_empty()).unwrap_or_default();
                return Some(format!("strategy={}", escape(first)));
            }
            Some(part.to_owned())
        });
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&")
    }

    /// What a frame shows if nothing says it.
    fn usual_view(&self) -> View {
        if self.compared.is_empty() { View::Lanes } else { View::Compare }
    }

    /// The address of the frame whose page has that link, and is set to that strategy: query and fragment.
    pub fn address(&self, link: &str, strategy: StrategyChoice) -> String {
        let (query, fragment) = link.split_at(link.find('#').unwrap_or(link.len()));
        let mut query = query.strip_prefix('?').unwrap_or(query).to_owned();
        let mut pairs = Vec::new();
        let is_lesson = query_pairs(&query).iter().any(|(name, _)| name == "lesson");
        if self.view != self.usual_view() || !self.compared.is_empty() || is_lesson {
            pairs.push(format!("view={}", self.view.name()));
        }
        if self.compared.contains(&strategy) {
            // The one that is shown comes first.
            let mut compared = self.compared.clone();
            compared.sort_by_key(|other| *other != strategy);
            let names: Vec<&str> = compared.into_iter().map(StrategyChoice::name).collect();
            pairs.push(format!("strategy={}", names.join(",")));
            let rest = query.split('&').filter(|part| !part.starts_with("strategy="));
            query = rest.collect::<Vec<_>>().join("&");
        }
        if self.edit != Edit::default() || is_lesson {
            pairs.push(format!("edit={}", self.edit.name()));
        }
        if self.theme != Colours::default() {
            pairs.push(format!("theme={}", self.theme.name()));
        }
        pairs.extend(self.height.map(|height| format!("height={height}")));
        pairs.extend((!query.is_empty()).then_some(query));
        let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        format!("{query}{fragment}")
    }
}

/// Takes a word that is known; the known ones where it is not.
fn take<T>(
    word: Option<T>,
    place: &mut T,
    names: &'static [&'static str],
) -> Option<&'static [&'static str]> {
    match word {
        Some(word) => {
            *place = word;
            None
        }
        None => Some(names),
    }
}

/// Several strategies; none if it is only one. A name that is not known is told of by the link.
pub(super) fn strategies(value: &str) -> Vec<StrategyChoice> {
    let mut found: Vec<StrategyChoice> = Vec::new();
    for name in value.split(',').map(str::trim) {
        if let Some(strategy) = StrategyChoice::from_name(name).filter(|s| !found.contains(s))
            && found.len() < MAX_STRATEGIES
        {
            found.push(strategy);
        }
    }
    if found.len() > 1 { found } else { Vec::new() }
}

/// A text as a value of a query.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use evm_lanes_core::strategies::StrategyId;

    use super::*;

    #[test]
    fn a_lesson_is_shown_beside_the_scenario_that_it_asks_to_change() {
        let embed = Embed::read("?lesson=two-lanes&step=2");
        assert_eq!((embed.view, embed.edit), (View::Split, Edit::Full));
        let again = embed.address("?lesson=two-lanes&step=2", StrategyChoice::Automatic);
        assert_eq!(again, "?view=split&edit=full&lesson=two-lanes&step=2");
        let told = Embed::read("?lesson=two-lanes&view=lanes&edit=numbers");
        assert_eq!((told.view, told.edit), (View::Lanes, Edit::Numbers));
        let again = told.address("?lesson=two-lanes&step=1", StrategyChoice::Automatic);
        assert_eq!(Embed::read(&again), told);
    }

    #[test]
    fn an_address_says_how_the_frame_looks_and_the_rest_is_the_pages_link() {
        let query = "?s=payments&view=split&amp;edit=full&theme=dark&height=420&lanes=8";
        let embed = Embed::read(query);
        let expected = Embed {
            view: View::Split,
            edit: Edit::Full,
            theme: Colours::Dark,
            height: Some(420),
            ..Embed::default()
        };
        assert_eq!(embed, expected);
        assert_eq!(Embed::link_query(query), "s=payments&lanes=8");
        let strategy = StrategyChoice::from(StrategyId::BLOCK_STM);
        let address = embed.address("?s=payments&lanes=8#1.x", strategy);
        assert_eq!(address, "?view=split&edit=full&theme=dark&height=420&s=payments&lanes=8#1.x");
        assert_eq!(Embed::read(&address), embed, "an address is read as it was written");
        assert_eq!(Embed::default().address("", strategy), "");
    }

    #[test]
    fn several_strategies_are_a_comparison_whose_first_is_the_links() {
        for comma in [",", "%2C"] {
            let query = format!("strategy=block-stm{comma}sequential{comma}block-stm&lanes=2");
            let embed = Embed::read(&query);
            assert_eq!(
                embed.compared,
                [StrategyId::BLOCK_STM, StrategyId::SEQUENTIAL].map(StrategyChoice::from)
            );
            assert_eq!(embed.view, View::Compare);
            assert_eq!(Embed::link_query(&query), "strategy=block-stm&lanes=2");
        }
        let several = Embed::read("strategy=block-stm,sequential");
        let address = several.address("?s=payments&strategy=sequential", StrategyId::SEQUENTIAL.into());
        assert_eq!(address, "?view=compare&strategy=sequential,block-stm&s=payments");
        // Another strategy by a person's hand is no part of that comparison.
        let address = several.address("?strategy=automatic", StrategyChoice::Automatic);
        assert_eq!(address, "?view=compare&strategy=automatic");
        let one = Embed::read("strategy=sequential&view=mini");
        assert_eq!((one.compared.len(), one.view), (0, View::Mini));
    }

    #[test]
    fn what_cannot_be_read_is_told_and_leaves_the_usual() {
        let embed = Embed::read("view=<b>&edit=all&height=99999999");
        assert_eq!((embed.view, embed.edit, embed.height), (View::Lanes, Edit::Numbers, Some(4000)));
        let problem = embed.problem.unwrap_or_default();
        assert!(
            problem.contains("“view” should be one of lanes, graph") && problem.contains("“<b>”"),
            "{problem}"
        );
        // None of these ends in a panic.
        for query in ["%", "%e", "view=%ff%fe", "=&=&&", "height=-1", "height=1e9", "strategy=,,,%"] {
            let embed = Embed::read(query);
            assert_eq!(embed.view, View::Lanes, "{query}");
            let _ = Embed::link_query(query);
        }
    }
}
