//! A recorded run from the site, for the time until the engine has run the same.

use evm_lanes_core::messages::Report;
use evm_lanes_session::{Event, Session};
use evm_lanes_view::recorded;
use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestInit, Response};

use super::{dom, environment, link};

/// The page waits so long for it, in milliseconds. It has been on its way for as long as the page's own code has.
const PATIENCE: u32 = 1_000;

/// A recorded run and the built-in scenario that it is of.
pub type Recorded = (&'static str, Box<Report>);

/// The recorded run that the address asks for. `None` if it asks for something else or if the run does not come, is
/// damaged or of another version: then the engine's own run is the first that is shown.
pub async fn load() -> Option<Recorded> {
    let (query, fragment) = link::query_and_fragment();
    let (session, _) = Session::start(environment(&query), &query, &fragment);
    let name = session.wanted_recording()?;
    let bytes = fetch(&format!("./recorded/{name}.run")).await?;
    Some((name, Box::new(recorded::read(&bytes).ok()?)))
}

/// The recorded runs of a built-in lesson's steps. If they do not come, nothing is said: the engine makes the runs.
pub fn fetch_lesson(id: String, take: impl FnOnce(Event) + 'static) {
    wasm_bindgen_futures::spawn_local(async move {
        let Some(bytes) = fetch(&format!("./recorded/lessons/{id}.run")).await else { return };
        if let Ok(steps) = recorded::read_lesson(&bytes) {
            take(Event::LessonRuns { id, steps });
        }
    });
}

async fn fetch(address: &str) -> Option<Vec<u8>> {
    let options = RequestInit::new();
    options.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE)));
    let response = JsFuture::from(dom::window()?.fetch_with_str_and_init(address, &options)).await.ok()?;
    let response: Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    let bytes = Uint8Array::new(&JsFuture::from(response.array_buffer().ok()?).await.ok()?);
    (bytes.length() as usize <= recorded::MOST_PACKED).then(|| bytes.to_vec())
}
