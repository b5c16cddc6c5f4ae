//! The engine's worker, seen from the page: does what the supervisor says and tells it what happens.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use evm_lanes_core::messages::{EngineInfo, Reply, Request};
use evm_lanes_core::wire;
use js_sys::{Array, Atomics, Int32Array, JSON, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, ErrorEvent, Event, MessageEvent, Window, Worker, WorkerOptions, WorkerType};

use evm_lanes_session::EngineEvent;
use evm_lanes_session::supervisor::{Action, Flavour, Input, Millis, Supervisor};

/// The worker's script, beside the page.
const SCRIPT: &str = "./engine/worker.js";

/// More threads than this are of no use to a block, and their stacks fill the memory.
const MAX_THREADS: f64 = 64.0;

/// The page's end of the engine. Clones are handles of the same engine.
#[derive(Clone)]
pub struct EngineClient(Rc<Inner>);

struct Inner {
    supervisor: RefCell<Supervisor>,
    on_event: Box<dyn Fn(EngineEvent)>,
    running: RefCell<Option<RunningWorker>>,
    /// Counts workers, so that the last words of an ended one are not taken for its successor's.
    generation: Cell<u32>,
    /// The timeout that is set, and when it fires.
    timeout: Cell<Option<(i32, Millis)>>,
}

/// A worker and what must live as long as it.
struct RunningWorker {
    worker: Worker,
    reports: BroadcastChannel,
    cancel: Option<CancelFlag>,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_report: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(Event)>,
}

impl Drop for RunningWorker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.reports.set_onmessage(None);
        self.reports.close();
        self.worker.terminate();
    }
}

/// The engine's cancel flag, in the memory that it shares with the page.
struct CancelFlag {
    words: Int32Array,
    index: u32,
}

impl CancelFlag {
    fn store(&self, value: i32) {
        // Fails only on an array that is not of integers or an index outside it; both come from the engine itself.
        // A cancel that is not heard ends in the supervisor's time limit.
        let _ = Atomics::store(&self.words, self.index, value);
    }
}

impl EngineClient {
    /// Starts an engine, with threads where the page is cross-origin isolated; `on_event` hears of everything that
    /// happens to it, the first state still during this call.
    pub fn start(on_event: impl Fn(EngineEvent) + 'static) -> Self {
        // A shared memory can be made without isolation; only handing it to a worker fails. So isolation decides.
        let isolated = flag_of_global("crossOriginIsolated") && has_global("SharedArrayBuffer");
        // The pool's workers would need a script of the same origin.
        let flavour = if isolated && !is_kept_apart() { Flavour::Threads } else { Flavour::Single };
        let (supervisor, actions) = Supervisor::new(flavour, now());
        let client = Self(Rc::new(Inner {
            supervisor: RefCell::new(supervisor),
            on_event: Box::new(on_event),
            running: RefCell::default(),
            generation: Cell::default(),
            timeout: Cell::default(),
        }));
        client.listen_for_crashes();
        client.act(actions);
        client
    }

    /// Sends a request. Requests are met one after the other; each gets exactly one closing reply, also where the
    /// engine breaks.
    pub fn send(&self, request: Request) {
        self.take(Input::Send(request));
    }

    /// Asks the running request to stop, and drops those that wait: each is answered by [`Reply::Cancelled`].
    pub fn cancel(&self) {
        self.take(Input::Cancel);
    }

    /// Ends the engine and starts a fresh one.
    pub fn restart(&self, reason: &str) {
        self.take(Input::Restart(reason.to_owned()));
    }

    /// Where the page's address holds `?debug`, an event `evm-lanes-crash` breaks the engine in the way that it names
    /// (`panic`, `pool`, `trap`, `hang`): browser tests then see what a person would. The page's own code is the same.
    fn listen_for_crashes(&self) {
        let Some(window) = web_sys::window() else { return };
        if !window.location().search().is_ok_and(|search| search.contains("debug")) {
            return;
        }
        let inner = Rc::downgrade(&self.0);
        let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            if let (Some(inner), Some(kind)) = (inner.upgrade(), field(&event, "detail"))
                && let Some(running) = &*inner.running.borrow()
            {
                post(&running.worker, &object(&[("crash", kind)]));
            }
        });
        // Fails for no event name known; the tests that need it would say so.
        let _ = window.add_event_listener_with_callback("evm-lanes-crash", listener.as_ref().unchecked_ref());
        listener.forget();
    }

    fn take(&self, input: Input) {
        let actions = self.0.supervisor.borrow_mut().take(input, now());
        self.act(actions);
    }

    fn act(&self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Start(flavour) => {
                    self.0.running.take();
                    let started = self.start_worker(flavour);
                    match started {
                        Ok(running) => drop(self.0.running.replace(Some(running))),
                        Err(error) => self.take(Input::BootFailed(in_words(&error))),
                    }
                }
                Action::End => drop(self.0.running.take()),
                Action::Post(request) => self.post_request(&request),
                Action::SetCancelFlag => {
                    if let Some(flag) = self.0.running.borrow().as_ref().and_then(|r| r.cancel.as_ref()) {
                        flag.store(1);
                    }
                }
                // The page may send its next request from within the event, so nothing is borrowed here.
                Action::Tell(event) => (self.0.on_event)(event),
            }
        }
        self.schedule_tick();
    }

    fn post_request(&self, request: &Request) {
        let bytes = match wire::encode(request) {
            Ok(bytes) => Uint8Array::from(&bytes[..]),
            Err(error) => return self.take(Input::Broken(error.to_string())),
        };
        if let Some(running) = &*self.0.running.borrow() {
            // A flag that was set for an earlier request must not end this one.
            if let Some(flag) = &running.cancel {
                flag.store(0);
            }
            let transfer = Array::of1(&bytes.buffer());
            let message = object(&[("request", bytes.into())]);
            let _ = running.worker.post_message_with_transfer(&message, &transfer);
        }
    }

    fn start_worker(&self, flavour: Flavour) -> Result<RunningWorker, JsValue> {
        let generation = self.0.generation.get() + 1;
        self.0.generation.set(generation);

        let worker = new_worker()?;
        // Other tabs of the same page must not hear it, so its name is random.
        let channel = format!("evm-lanes-{generation}-{}", js_sys::Math::random());
        let reports = BroadcastChannel::new(&channel)?;

        let client = Rc::downgrade(&self.0);
        let hear = move |of: u32| {
            let client = client.clone();
            move |input: Input| {
                if let Some(inner) = client.upgrade().filter(|inner| inner.generation.get() == of) {
                    Self(inner).take(input);
                }
            }
        };
        let on_message = {
            let (hear, client) = (hear(generation), Rc::downgrade(&self.0));
            Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
                let data = event.data();
                if let Some(booted) = field(&data, "booted") {
                    match read_booted(&booted) {
                        Ok((info, cancel)) => {
                            if let Some(inner) = client.upgrade()
                                && inner.generation.get() == generation
                                && let Some(running) = &mut *inner.running.borrow_mut()
                            {
                                running.cancel = cancel;
                            }
                            hear(Input::Booted(info));
                        }
                        Err(reason) => hear(Input::BootFailed(reason)),
                    }
                } else if let Some(bytes) = field(&data, "reply") {
                    match wire::decode::<Reply>(&Uint8Array::from(bytes).to_vec()) {
                        Ok(reply) => hear(Input::Reply(reply)),
                        Err(error) => hear(Input::Broken(error.to_string())),
                    }
                } else if let Some(reason) = field(&data, "failed") {
                    hear(Input::BootFailed(in_words(&reason)));
                } else if let Some(panic) = field(&data, "panic") {
                    hear(Input::Broken(in_words(&panic)));
                }
            })
        };
        let on_report = {
            let hear = hear(generation);
            Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
                let data = event.data();
                if let Some(reason) = field(&data, "panic").or_else(|| field(&data, "died")) {
                    hear(Input::Broken(in_words(&reason)));
                }
            })
        };
        let on_error = {
            let hear = hear(generation);
            Closure::<dyn Fn(Event)>::new(move |event: Event| {
                // Handled here; otherwise it is reported on the console a second time.
                event.prevent_default();
                // A script that is missing or blocked gives an event without a message.
                let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message).unwrap_or_default();
                let reason = if message.is_empty() { "its script did not load".to_owned() } else { message };
                hear(Input::Broken(reason));
            })
        };
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        reports.set_onmessage(Some(on_report.as_ref().unchecked_ref()));

        let (engine, threads) = match flavour {
            Flavour::Threads => ("threads", hardware_threads()),
            Flavour::Single => ("single", 1.0),
        };
        let start = object(&[
            ("engine", engine.into()),
            ("threads", threads.into()),
            ("channel", JsValue::from_str(&channel)),
        ]);
        worker.post_message(&object(&[("start", start)]))?;
        Ok(RunningWorker {
            worker,
            reports,
            cancel: None,
            _on_message: on_message,
            _on_report: on_report,
            _on_error: on_error,
        })
    }

    /// Sees to it that the supervisor gets its next tick.
    fn schedule_tick(&self) {
        let deadline = self.0.supervisor.borrow().deadline();
        let window: Option<Window> = web_sys::window();
        let (Some(deadline), Some(window)) = (deadline, window) else { return };
        if let Some((handle, fires)) = self.0.timeout.get() {
            // A tick that comes too early does no harm and sets the next.
            if fires <= deadline {
                return;
            }
            window.clear_timeout_with_handle(handle);
        }
        let inner = Rc::downgrade(&self.0);
        let tick = Closure::once_into_js(move || {
            if let Some(inner) = inner.upgrade() {
                inner.timeout.set(None);
                Self(inner).take(Input::Tick);
            }
        });
        // Rounded up, or the timer fires just before the deadline, again and again.
        let wait = (deadline - now()).max(0.0).ceil() as i32 + 1;
        let handle = window.set_timeout_with_callback_and_timeout_and_arguments_0(tick.unchecked_ref(), wait);
        self.0.timeout.set(handle.ok().map(|handle| (handle, deadline)));
    }
}

/// Whether this frame has an origin of its own, other than its files': `sandbox` without `allow-same-origin`.
fn is_kept_apart() -> bool {
    Reflect::get(&js_sys::global(), &"origin".into())
        .is_ok_and(|origin| origin.as_string().as_deref() == Some("null"))
}

fn new_worker() -> Result<Worker, JsValue> {
    let options = WorkerOptions::new();
    if !is_kept_apart() {
        options.set_type(WorkerType::Module);
        return Worker::new_with_options(SCRIPT, &options);
    }
    // A worker's script must come from the origin of the frame, so this one is made here and takes the rest from the
    // site, which must allow it (`Access-Control-Allow-Origin`). No module: Chromium makes none here from such a script.
    // What arrives before the site's script is kept for it.
    let document = web_sys::window().and_then(|window| window.document());
    let base = document.and_then(|document| document.base_uri().ok().flatten()).unwrap_or_default();
    let script = web_sys::Url::new_with_base(SCRIPT, &base)?.href();
    let script = JSON::stringify(&script.into())?;
    let text = format!(
        "const early = []; self.onmessage = (event) => early.push(event); \
         import({script}).then(() => early.forEach((event) => self.onmessage(event)), \
         (error) => self.postMessage({{ failed: String(error) }}));"
    );
    let kind = web_sys::BlobPropertyBag::new();
    kind.set_type("text/javascript");
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &kind)?;
    let url = web_sys::Url::create_object_url_with_blob(&blob)?;
    // The worker may not have read it yet when this ends: the address stays as long as the frame.
    Worker::new_with_options(&url, &options)
}

fn read_booted(booted: &JsValue) -> Result<(EngineInfo, Option<CancelFlag>), String> {
    let bytes = field(booted, "info").ok_or("it did not say what it is")?;
    let info = wire::decode(&Uint8Array::from(bytes).to_vec()).map_err(|error| error.to_string())?;
    let cancel = field(booted, "cancel").and_then(|cancel| {
        let memory = field(&cancel, "memory")?;
        let index = field(&cancel, "index")?.as_f64()?;
        Some(CancelFlag { words: Int32Array::new(&memory), index: index as u32 })
    });
    Ok((info, cancel))
}

fn now() -> Millis {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

fn hardware_threads() -> f64 {
    let cores = web_sys::window().map_or(1.0, |window| window.navigator().hardware_concurrency());
    cores.clamp(1.0, MAX_THREADS)
}

fn flag_of_global(name: &str) -> bool {
    Reflect::get(&js_sys::global(), &name.into()).is_ok_and(|value| value.is_truthy())
}

fn has_global(name: &str) -> bool {
    Reflect::has(&js_sys::global(), &name.into()).unwrap_or(false)
}

/// A field that is there and not null.
fn field(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a field of a plain object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

fn post(worker: &Worker, message: &JsValue) {
    // Fails only on what cannot be copied; these messages are texts and numbers.
    let _ = worker.post_message(message);
}

fn in_words(value: &JsValue) -> String {
    value.as_string().unwrap_or_else(|| {
        Reflect::get(value, &"message".into())
            .ok()
            .and_then(|message| message.as_string())
            .unwrap_or_else(|| format!("{value:?}"))
    })
}
