//! What the keys of the page do. Which key means what is in [`evm_lanes_view::keys`].

use evm_lanes_core::units::TxIndex;
use evm_lanes_view::keys::Command;
use evm_lanes_view::navigate;

use super::{Dialog, Effect, PresentEvent, Session, Tab, late};

impl Session {
    /// Whether there is anything that a command could be done with.
    pub fn can(&self, command: Command) -> bool {
        match command {
            Command::Help | Command::Run | Command::Undo | Command::Redo => true,
            Command::Present => self.embed.is_none(),
            _ => self.model.is_some(),
        }
    }

    pub(super) fn on_command(&mut self, command: Command) {
        let (Some(model), tx) = (self.model.clone(), self.selection.tx) else {
            return self.on_command_without_run(command);
        };
        match command {
            Command::Help | Command::Run | Command::Undo | Command::Redo | Command::Present => {
                self.on_command_without_run(command);
            }
            Command::Find => {
                self.tab = Tab::Transactions;
                self.effects.push(Effect::Focus("find"));
            }
            Command::ZoomIn => self.zoom(1.5),
            Command::ZoomOut => self.zoom(1.0 / 1.5),
            Command::PanLeft => self.pan(-0.2),
            Command::PanRight => self.pan(0.2),
            Command::Fit => self.fit_selection(),
            Command::LongestChain => self.show_path = !self.show_path,
            Command::NextTransaction => self.go_further(navigate::in_block(&model, tx, true)),
            Command::PreviousTransaction => self.go_further(navigate::in_block(&model, tx, false)),
            Command::Cause => self.go_further(tx.and_then(|tx| navigate::cause(&model, tx))),
            Command::Effect => self.go_further(tx.and_then(|tx| navigate::effect(&model, tx))),
            Command::NextAttempt | Command::PreviousAttempt => {
                let next = self
                    .selected_attempt()
                    .and_then(|i| navigate::in_lane(&model, i, command == Command::NextAttempt))
                    .and_then(|i| model.attempt(i));
                match next {
                    Some(attempt) => {
                        self.select_attempt(attempt.version);
                        self.reveal();
                    }
                    None => self.announce("Nothing further in this lane."),
                }
            }
        }
    }

    fn on_command_without_run(&mut self, command: Command) {
        match command {
            Command::Help => self.dialog = Some(Dialog::Help),
            Command::Run => self.run(),
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::Present => {
                if let Some(late) = late::get() {
                    (late.present)(self, PresentEvent::Start);
                }
            }
            _ => {}
        }
    }

    fn go_further(&mut self, next: Option<TxIndex>) {
        match next {
            Some(tx) => self.go_to(tx),
            None => self.announce("Nothing further that way."),
        }
    }
}
