// <evm-lanes>: EVM Lanes in a page of anyone's. It shows a picture of the recorded run until it is needed, then the site's
// embed.html in a frame, and talks to that by messages. A plain script without dependencies: as a module, another site
// would have to allow it. docs/embedding.md says how it is used.
(() => {
  // Where pages are made without a browser there is nothing to do.
  if (typeof HTMLElement === 'undefined' || customElements.get('evm-lanes')) return;

  const VERSION = 1;
  /** The frame is dropped when it was out of view for so long, and made again when it comes back. */
  const AWAY_MS = 60_000;
  // The picture gives way to the frame when that shows a run, or this long after its first sign of life: the frame then says
  // what is wrong. A frame without one is not shown: browsers fill what they refuse to load with a page of theirs.
  const PATIENCE_MS = 6_000;
  /** The frame is greeted until it answers, ever less often. */
  const HELLO_MS = 100;
  const SLOWEST_HELLO_MS = 4_000;
  /** Heights until the frame has said how high it is. */
  const HEIGHTS = { mini: 150, lanes: 400, graph: 380, table: 420, curve: 460, compare: 560, split: 620 };
  /** Attributes that are the frame's parameters, by the parameters' names. */
  const PARAMETERS = { s: 'scenario', strategy: 'strategy', lanes: 'lanes', clock: 'clock', cost: 'cost', seed: 'seed' };
  const LOOKS = ['view', 'edit', 'theme'];
  const LESSON = ['lesson', 'step'];
  /** Attributes that are no parameters: another value makes another frame. */
  const REMAKE = ['site', 'sandbox'];

  const isOurs = (src) => /\/embed\.js$/.test(src.split(/[?#]/)[0]);
  const script = document.currentScript ?? [...document.scripts].find(({ src }) => isOurs(src));
  const folder = (src) => (src ? new URL('.', src).href : '');

  const sheet = new CSSStyleSheet();
  // Not blocked by any policy of the page, unlike a style element.
  sheet.replaceSync(`
    :host { display: block; position: relative; contain: layout; min-width: 0; font: 14px/1.45 system-ui, sans-serif; }
    :host([hidden]) { display: none; }
    .box { position: relative; overflow: hidden; border: 1px solid #8886; border-radius: 8px; background: Canvas; color: CanvasText; }
    iframe { display: block; width: 100%; height: 100%; border: 0; color-scheme: normal; }
    .waiting iframe { position: absolute; inset: 0; opacity: 0; pointer-events: none; }
    .cover { display: none; flex-direction: column; height: 100%; box-sizing: border-box; padding: 8px; gap: 8px; }
    .waiting .cover { display: flex; }
    img { flex: 1; min-height: 0; width: 100%; object-fit: contain; object-position: top left; }
    .bar { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; margin-top: auto; }
    button { font: inherit; font-weight: 600; padding: 7px 14px; min-height: 36px; cursor: pointer; border: 1px solid; border-radius: 6px; background: Canvas; color: inherit; }
    button:disabled { cursor: default; opacity: .7; }
    a { color: LinkText; padding: 6px 0; }
  `);

  const make = (name, fields, ...children) => {
    const element = Object.assign(document.createElement(name), fields);
    element.append(...children);
    return element;
  };

  class EvmLanes extends HTMLElement {
    /** The site of elements that do not name theirs. For scripts that are bundled, which come from no site. */
    static site = folder(script?.src);
    static observedAttributes = [...Object.values(PARAMETERS), ...LOOKS, ...LESSON, ...REMAKE, 'link', 'height', 'label'];

    #box = make('div', { className: 'box waiting' });
    #image = make('img', { alt: '', decoding: 'async', loading: 'lazy' });
    #button = make('button', { type: 'button' });
    #anchor = make('a', { target: '_blank', rel: 'noopener', textContent: 'Open in its own tab' });
    #note = make('span', {});
    #frame = null;
    #isAlive = false;
    #isReady = false;
    /** Why there is no frame, in a sentence. */
    #trouble = '';
    /** What the frame said last, from which it can be made again. */
    #state = null;
    #figures = null;
    #contentHeight = 0;
    #requests = new Map();
    #next = 1;
    #changed = new Set();
    #timers = {};
    /** Whether it has run here before it was out of view for long. */
    #wasLive = false;
    #takesFocus = false;
    #sendsDocument = false;
    #observer = null;
    #whenReady = null;

    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open' });
      root.adoptedStyleSheets = [sheet];
      this.#note.setAttribute('role', 'status');
      const bar = make('div', { className: 'bar' }, this.#button, this.#anchor, this.#note);
      this.#box.append(make('div', { className: 'cover' }, this.#image, bar));
      root.append(this.#box);
      this.#button.onclick = () => this.#start(true);
      this.#image.onerror = () => (this.#image.hidden = true);
    }

    connectedCallback() {
      addEventListener('message', this.#onMessage);
      this.#cover();
      if (this.getAttribute('loading') === 'eager') this.#start();
      this.#observer = new IntersectionObserver((entries) => this.#seen(entries.at(-1).isIntersecting), { rootMargin: '200px' });
      this.#observer.observe(this);
    }

    disconnectedCallback() {
      this.#observer?.disconnect();
      removeEventListener('message', this.#onMessage);
      this.#stop();
    }

    /** Moved by moveBefore: the frame stays. */
    connectedMoveCallback() {}

    attributeChangedCallback(name, before, now) {
      if (before === now || !this.isConnected) return;
      // Several that change together are one message.
      if (this.#changed.add(name).size === 1) queueMicrotask(() => this.#follow());
    }

    // ---- what pages call ----

    /** What the frame said last: settings, selection, link. `null` before. */
    get state() {
      return this.#state;
    }

    /** The figures of the latest run. `null` before. */
    get figures() {
      return this.#figures;
    }

    /** Another scenario (`{scenario}`, `{document}` or `{link}`, and settings), and a run. Resolves to its result. */
    load = (what) => this.#ask('load', what);
    /** Other settings, and a run if they change it. */
    set = (settings) => this.#ask('set', settings);
    /** A run. Resolves to its result. */
    run = () => this.#ask('run');
    /** Stops the run. */
    cancel = () => this.#ask('cancel');
    /** Another part of the run in view. */
    seek = (where = {}) => this.#ask('seek', where);
    /** Another selection. */
    select = (what = {}) => this.#ask('select', what);
    /** A lesson (`{lesson}` or `{document}`), a step (`{step}`). Not called `lesson`: frameworks would set it as an attribute's property. */
    openLesson = async (what) => (await this.#ask('lesson', what)).lesson;
    /** `state`, `figures`, `trace`, `link`, `lesson`, `svg` or `png`. */
    get = async (what, how) => (await this.#ask('get', { ...how, what }))[what];

    // ---- the picture ----

    get #site() {
      const site = this.getAttribute('site') ?? EvmLanes.site;
      try {
        return new URL(site.endsWith('/') || site.endsWith('.html') ? site : `${site}/`, document.baseURI);
      } catch {
        return null;
      }
    }

    get #label() {
      return this.getAttribute('label') ?? this.#figures?.title ?? this.getAttribute('scenario') ?? this.getAttribute('lesson') ?? 'a block';
    }

    get #document() {
      return this.querySelector('script[type="application/json"]')?.textContent ?? null;
    }

    #cover() {
      const site = this.#site;
      const isWaiting = this.#frame !== null;
      this.#button.textContent = isWaiting ? 'Starting…' : 'Run it here';
      this.#button.setAttribute('aria-label', `${this.#button.textContent} (${this.#label})`);
      this.#button.disabled = isWaiting || !site;
      this.#button.hidden = this.#trouble !== '';
      this.#note.textContent = site ? this.#trouble : 'Where is the site of EVM Lanes? Say it by the attribute “site”.';
      this.#anchor.hidden = !site;
      if (site) {
        this.#anchor.href = this.#page(site);
        const name = this.getAttribute('scenario') ?? (['link', 'lesson'].some((a) => this.hasAttribute(a)) || this.#document ? '' : 'one-pool');
        const image = /^[a-z0-9-]+$/.test(name) ? new URL(`recorded/${name}.svg`, site).href : '';
        this.#image.alt = `The recorded run of ${this.#label}`;
        if (this.#image.getAttribute('src') !== image) {
          this.#image.hidden = !image;
          if (image) this.#image.src = image;
        }
      }
      this.#size();
    }

    /** The page itself that shows the same. */
    #page(site) {
      const known = this.#state?.page;
      if (known && new URL(known).origin === site.origin) return known;
      const page = new URL(this.#query(LESSON) + this.#fragment, site);
      const query = page.searchParams;
      if (query.has('strategy')) query.set('strategy', query.get('strategy').split(',')[0]);
      // A link without a clock asks for threads; a frame does not.
      if (page.search && !page.hash && !query.has('clock')) query.set('clock', 'simulated');
      return page.href;
    }

    #size() {
      const given = Number.parseInt(this.getAttribute('height'), 10);
      const own = HEIGHTS[this.getAttribute('view') ?? (this.hasAttribute('lesson') ? 'split' : '')] ?? ((this.getAttribute('strategy') ?? '').includes(',') ? HEIGHTS.compare : HEIGHTS.lanes);
      const height = given > 0 ? given : this.#contentHeight || own;
      this.#box.style.height = `${Math.min(Math.max(height, 80), 4000)}px`;
    }

    // ---- the frame ----

    /** The link that the attribute `link` gives, as query and fragment. */
    get #link() {
      const link = this.getAttribute('link') ?? '';
      const [before, ...behind] = link.split('#');
      const at = before.indexOf('?');
      return { query: at < 0 ? '' : before.slice(at + 1), fragment: behind.length ? `#${behind.join('#')}` : '' };
    }

    get #fragment() {
      return this.hasAttribute('scenario') ? '' : this.#link.fragment;
    }

    #query(more) {
      const query = new URLSearchParams(this.hasAttribute('scenario') ? '' : this.#link.query);
      const names = [...Object.entries(PARAMETERS), ...more.map((name) => [name, name])];
      for (const [name, attribute] of names) if (this.hasAttribute(attribute)) query.set(name, this.getAttribute(attribute));
      const text = String(query).replaceAll('%2C', ',');
      return text && `?${text}`;
    }

    #address() {
      const query = this.#query([...LOOKS, ...LESSON, 'height']);
      const page = new URL('embed.html', this.#site);
      if (this.#state?.link) return new URL(this.#state.link, page).href;
      const wait = this.#sendsDocument ? `${query ? '&' : '?'}wait=1` : '';
      return new URL(`${query}${wait}${this.#fragment}`, page).href;
    }

    #start(byHand = false) {
      if (this.#frame || !this.#site || !this.isConnected) return;
      const frame = make('iframe', { title: `EVM Lanes: ${this.#label}`, referrerPolicy: 'no-referrer' });
      // Threads, where the page itself may have them.
      frame.allow = 'cross-origin-isolated; clipboard-write';
      // In a page that has them, a site that does not send what such pages ask for is shown only so; and it loses nothing.
      if (self.crossOriginIsolated) frame.setAttribute('credentialless', '');
      if (this.hasAttribute('sandbox')) frame.setAttribute('sandbox', this.getAttribute('sandbox') || 'allow-scripts allow-popups');
      this.#sendsDocument = this.#document !== null && !this.#state?.link;
      frame.src = this.#address();
      this.#frame = frame;
      this.#isAlive = false;
      this.#trouble = '';
      this.#expect();
      this.#box.append(frame);
      this.#greet(HELLO_MS);
      this.#timers.show = setTimeout(() => this.#refused(), PATIENCE_MS);
      this.#takesFocus = byHand;
      this.#cover();
    }

    /** A promise that the frame is ready, for those that ask. */
    #expect() {
      this.#whenReady = {};
      const promise = new Promise((resolve, reject) => Object.assign(this.#whenReady, { resolve, reject }));
      promise.catch(() => {});
      this.#whenReady.promise = promise;
    }

    /** No sign of life. It may still come, on a slow line. */
    #refused() {
      this.#trouble = 'The frame does not answer: this page, or this browser, may not show it here.';
      const error = problem('no-answer', this.#trouble);
      this.#whenReady.reject(error);
      this.#expect();
      this.#cover();
      this.#tell('error', { type: 'error', code: error.code, message: error.message });
    }

    #stop() {
      if (!this.#frame) return;
      this.#clear();
      this.#frame.remove();
      this.#frame = null;
      this.#isReady = false;
      const gone = problem('removed', 'the frame was removed');
      this.#whenReady.reject(gone);
      for (const { reject } of this.#requests.values()) reject(gone);
      this.#requests.clear();
      this.#box.classList.add('waiting');
      this.#cover();
    }

    #clear() {
      for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    }

    /** The frame in place of the picture. */
    #show() {
      clearTimeout(this.#timers.show);
      if (!this.#frame || !this.#box.classList.contains('waiting')) return;
      this.#box.classList.remove('waiting');
      // The button that had the focus is gone.
      if (this.#takesFocus) this.#frame.focus({ preventScroll: true });
      this.#takesFocus = false;
    }

    #seen(isNear) {
      clearTimeout(this.#timers.away);
      if (isNear) {
        const loading = this.getAttribute('loading') ?? 'lazy';
        if (loading !== 'click' || this.#wasLive) this.#start();
      } else if (this.#frame) {
        this.#timers.away = setTimeout(() => {
          this.#wasLive = true;
          this.#stop();
        }, AWAY_MS);
      }
    }

    #follow() {
      const changed = [...this.#changed];
      this.#changed.clear();
      if (!this.isConnected) return;
      if (!this.#frame || changed.some((name) => REMAKE.includes(name) || (name === 'lesson' && !this.hasAttribute(name)))) {
        const wasThere = this.#frame !== null;
        this.#state = null;
        this.#stop();
        this.#cover();
        if (wasThere) this.#start();
        return;
      }
      this.#size();
      const settings = {};
      for (const name of ['strategy', 'lanes', 'clock', 'cost', 'seed', ...LOOKS]) if (changed.includes(name) && this.hasAttribute(name)) settings[name] = this.getAttribute(name);
      const link = changed.includes('link') && this.getAttribute('link');
      const scenario = changed.includes('scenario') && this.getAttribute('scenario');
      const lesson = changed.some((name) => LESSON.includes(name)) && this.getAttribute('lesson');
      let asked = null;
      if (lesson) asked = this.openLesson({ lesson, step: this.getAttribute('step') });
      else if (scenario) asked = this.load({ scenario, ...settings });
      else if (link) asked = this.load({ link, ...settings });
      else if (Object.keys(settings).length) asked = this.set(settings);
      // Told of by the event.
      asked?.catch(() => {});
    }

    // ---- messages ----

    #post(message, target) {
      // A sandboxed frame has an origin of its own, which has no name. Nothing secret is sent.
      target ??= this.#frame?.hasAttribute('sandbox') ? '*' : this.#site?.origin;
      this.#frame?.contentWindow?.postMessage({ 'evm-lanes': VERSION, ...message }, target);
    }

    #greet(wait) {
      // To whoever is there: until the frame has loaded, it has another origin, and browsers complain of a wrong one.
      this.#post({ type: 'hello' }, '*');
      this.#timers.hello = setTimeout(() => this.#greet(Math.min(wait * 1.5, SLOWEST_HELLO_MS)), wait);
    }

    async #ask(type, fields = {}) {
      this.#start();
      if (!this.#frame) throw problem('removed', 'the element is not in a page, or does not know its site');
      const { promise } = this.#whenReady;
      await promise;
      const id = this.#next++;
      return new Promise((resolve, reject) => {
        this.#requests.set(id, { resolve, reject });
        try {
          this.#post({ ...fields, type, id });
        } catch (error) {
          // It cannot be copied, such as a function.
          this.#requests.delete(id);
          reject(error);
        }
      });
    }

    #onMessage = ({ source, origin, data }) => {
      const frame = this.#frame;
      if (!frame || source !== frame.contentWindow || data?.['evm-lanes'] !== VERSION) return;
      if (origin !== this.#site?.origin && !(origin === 'null' && frame.hasAttribute('sandbox'))) return;
      const { type, id, state, figures, height } = data;
      if (!this.#isAlive) {
        this.#isAlive = true;
        this.#trouble = '';
        clearTimeout(this.#timers.show);
        this.#timers.show = setTimeout(() => this.#show(), PATIENCE_MS);
        this.#cover();
      }
      if (type === 'starting') return;
      this.#state = state ?? this.#state;
      this.#figures = figures ?? this.#figures;
      if (type === 'ready') {
        clearTimeout(this.#timers.hello);
        if (this.#isReady) return;
        this.#isReady = true;
        this.#whenReady.resolve();
        // A lesson begins with words; its run may wait for an answer.
        if (this.hasAttribute('lesson')) this.#show();
        // Told of by the event, if it has mistakes.
        if (this.#sendsDocument) this.load({ document: this.#document }).catch(() => {});
      } else if (type === 'resize') {
        this.#contentHeight = Number.isFinite(height) ? height : 0;
        this.#size();
      }
      if (type === 'result' || type === 'error') this.#show();
      const request = this.#requests.get(id);
      this.#requests.delete(id);
      if (type === 'error') request?.reject(Object.assign(new Error(data.message), data));
      else request?.resolve(data);
      if (type !== 'answer') this.#tell(type, data);
    };

    #tell(type, detail) {
      this.dispatchEvent(new CustomEvent(type, { detail }));
    }
  }

  const problem = (code, message) => Object.assign(new Error(message), { code });

  customElements.define('evm-lanes', EvmLanes);
})();
