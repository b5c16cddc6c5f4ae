//! Messages as bytes: one buffer that page and engine worker transfer without copying.
//!
//! Both ends are built from the same sources, so the format (postcard) has no version. Only recorded runs are stored in
//! it, beside the page that reads them; they are written again when it changes (`cargo xtask record`).

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

/// Why bytes are not the expected message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the message cannot be read: {0}. Page and engine may be of different versions: reload the page")]
pub struct WireError(postcard::Error);

/// A message's bytes.
///
/// # Errors
/// None for the messages of this crate; a map of unknown length would fail.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, WireError> {
    postcard::to_stdvec(message).map_err(WireError)
}

/// The message in `bytes`.
///
/// # Errors
/// If the bytes end too early, are not a `T`, or more bytes follow.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        Ok(_) => Err(WireError(postcard::Error::DeserializeUnexpectedEnd)),
        Err(error) => Err(WireError(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{Answer, Ask, Input, Reply, Request};
    use crate::model::{Cost, CostModel};
    use crate::problem::{Position, Problem};
    use crate::strategies::StrategyId;
    use crate::trace::Clock;
    use crate::units::TxIndex;

    #[test]
    fn messages_survive_the_wire() {
        let request = Request {
            id: 7,
            body: Ask::Run {
                input: Input::Scenario("{\"title\": \"ä\"}".into()),
                strategy: StrategyId::BLOCK_STM.into(),
                lanes: 4,
                clock: Clock::Simulated,
                model: CostModel { cost: Cost::Opcodes, seed: u64::MAX },
                list: Some(vec![0xc0]),
            },
        };
        assert_eq!(decode::<Request>(&encode(&request).unwrap()).unwrap(), request);

        let problem =
            Problem { position: Some(Position { line: 3, column: 9 }), ..Problem::new("a.b", "x", "y") };
        let reply = Reply {
            id: u32::MAX,
            body: Answer::Failed { problems: vec![problem, Problem::new("", "", "")] },
        };
        assert_eq!(decode::<Reply>(&encode(&reply).unwrap()).unwrap(), reply);
    }

    #[test]
    fn cut_and_prolonged_bytes_are_errors() {
        let bytes = encode(&Request { id: 300, body: Ask::Inspect { run: 2, tx: TxIndex(1) } }).unwrap();
        assert!(decode::<Request>(&bytes[..bytes.len() - 1]).is_err());
        assert!(decode::<Request>(&[&bytes[..], &[0]].concat()).is_err());
    }
}
