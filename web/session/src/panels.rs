//! What of the page is open: tabs below the pictures, dialogs over them.

/// Tabs below the pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the tabs' own")]
pub enum Tab {
    #[default]
    Transactions,
    Locations,
    Time,
    AccessList,
    Compare,
    Curve,
    Story,
    Scenario,
    Contracts,
}

impl Tab {
    /// In their order.
    pub const ALL: [Self; 9] = [
        Self::Transactions,
        Self::Locations,
        Self::Time,
        Self::AccessList,
        Self::Compare,
        Self::Curve,
        Self::Story,
        Self::Scenario,
        Self::Contracts,
    ];

    /// What is written on it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transactions => "Transactions",
            Self::Locations => "Locations",
            Self::Time => "Time",
            Self::AccessList => "Access list",
            Self::Compare => "Compare",
            Self::Curve => "Curve",
            Self::Story => "Story",
            Self::Scenario => "Scenario {}",
            Self::Contracts => "Contracts",
        }
    }

    /// For ids.
    pub fn id(self) -> &'static str {
        match self {
            Self::Transactions => "transactions",
            Self::Locations => "locations",
            Self::Time => "time",
            Self::AccessList => "access-list",
            Self::Compare => "compare",
            Self::Curve => "curve",
            Self::Story => "story",
            Self::Scenario => "scenario",
            Self::Contracts => "contracts",
        }
    }
}

/// Dialogs. At most one is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// How to read the page.
    Help,
    /// The link, and the scenario as a file.
    Share,
    /// What simulated time is made of.
    CostModel,
    /// What each strategy does.
    Strategies,
    /// The list of lessons.
    Lessons,
}

/// Something a person should know, that is not part of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whether something went wrong.
    pub error: bool,
    /// In words.
    pub text: String,
}
