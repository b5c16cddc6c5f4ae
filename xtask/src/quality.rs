//! How much the parts for the browser are optimised.

/// Quick to compile or quick to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quality {
    /// Little optimisation, with names, compiled again within seconds after a change. Times of such an engine mean
    /// nothing.
    Quick,
    /// As deployed: link-time optimisation and wasm-opt.
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
    /// The chosen quality.
    pub fn quality(self) -> Quality {
        if self.dev { Quality::Quick } else { Quality::Optimised }
    }
}

impl Quality {
    /// Its name in folders and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Optimised => "optimised",
        }
    }

    /// `name`, or `name-quick`: each quality has folders of its own, so that changing between them rebuilds nothing.
    pub fn folder_name(self, name: &str) -> String {
        match self {
            Self::Quick => format!("{name}-quick"),
            Self::Optimised => name.to_owned(),
        }
    }
}
