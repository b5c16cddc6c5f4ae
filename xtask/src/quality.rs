//! How much work goes into what is built for the browser.

/// Quick to compile or quick to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quality {
    /// Little optimisation, names kept, compiled again within seconds after a change. Figures of such an engine say
    /// nothing.
    Quick,
    /// What is deployed: link-time optimisation and wasm-opt.
    Optimised,
}

/// The choice on the command line.
#[derive(clap::Args, Clone, Copy, Default)]
#[group(skip)]
pub struct Arguments {
    /// Quick to build instead of quick to run: hardly any optimisation.
    #[arg(long)]
    pub dev: bool,
}

impl Arguments {
    /// What was chosen.
    pub fn quality(self) -> Quality {
        if self.dev { Quality::Quick } else { Quality::Optimised }
    }
}

impl Quality {
    /// The word for it in names of folders and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Optimised => "optimised",
        }
    }

    /// `name`, or `name-quick`: folders of the two do not meet, so that going from one to the other builds nothing twice.
    pub fn folder_name(self, name: &str) -> String {
        match self {
            Self::Quick => format!("{name}-quick"),
            Self::Optimised => name.to_owned(),
        }
    }
}
