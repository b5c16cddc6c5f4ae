/** Types of <evm-lanes>, version 1 of the messages. docs/embedding.md says what each means. */

export type Strategy =
  | 'automatic' | 'block-stm' | 'ordered-commit' | 'access-list' | 'perfect-access-list' | 'block-access-list' | 'sequential';
export type View = 'lanes' | 'graph' | 'table' | 'curve' | 'compare' | 'split' | 'mini';
export type Edit = 'none' | 'numbers' | 'full';
export type Theme = 'auto' | 'light' | 'dark';
export type Clock = 'simulated' | 'measured';
export type Cost = 'gas' | 'opcodes' | 'measured';

export interface Selection {
  /** A transaction, from 0. */
  tx?: number;
  /** One of its attempts, from 0. */
  incarnation?: number;
  /** A location, by name. */
  location?: string;
}

export interface Settings {
  /** One, or several to be compared. */
  strategy?: Strategy | Strategy[] | string;
  /** 1 to 256. */
  lanes?: number;
  clock?: Clock;
  cost?: Cost;
  seed?: number | string;
  view?: View;
  edit?: Edit;
  theme?: Theme;
}

export type Load = Settings &
  (
    | { /** A built-in scenario, by name. */ scenario: string }
    | { /** A document `evm-lanes/1` or `evm-block-case/1`. */ document: object | string }
    | { /** A link of the page. */ link: string }
  );

export type Seek =
  | Record<string, never>
  | { /** In ticks. */ from: number; to: number }
  | { /** In ticks. */ at: number }
  | { /** A transaction, from 0. */ tx: number };

export interface State {
  /** The built-in scenario's name, if it is one that was not changed. */
  scenario: string | null;
  title: string | null;
  strategy: Strategy;
  lanes: number;
  clock: Clock;
  cost: Cost;
  seed: string;
  view: View;
  edit: Edit;
  theme: Theme;
  phase: 'starting' | 'running' | 'done' | 'failed' | 'cancelled' | 'idle';
  /** Whether the run that is shown is of another scenario than the one that is set. */
  stale: boolean;
  /** Whether lanes can be threads here. */
  threads: boolean;
  selection: Selection;
  /** Query and fragment of an embed.html that shows the same. */
  link: string | null;
  /** The page that shows the same in its own tab. */
  page: string | null;
}

export interface Figures {
  title: string;
  headline: string;
  strategy: Strategy;
  /** Whether the strategy was chosen automatically. */
  chosen: boolean;
  lanes: number;
  clock: Clock;
  /** What a tick is. */
  unit: 'gas' | 'ns';
  transactions: number;
  /** Sequential execution, in ticks. */
  sequential: number;
  /** This run, in ticks. */
  parallel: number;
  /** `null` where the block was too short to measure. */
  speedUp: number | null;
  ceiling: number;
  aborts: number;
  rerun: number;
  /** 0 to 1. */
  wasted: number;
  /** 0 to 1. */
  busy: number;
  waves: number;
  criticalPath: number[];
  /** Whether receipts and state equal those of sequential execution. */
  equal: boolean;
  difference?: string;
  traceHash: string;
}

export interface Trace {
  hash: string;
  lanes: number;
  duration: number;
  attempts: {
    tx: number;
    incarnation: number;
    lane: number;
    start: number;
    end: number;
    outcome: 'committed' | 'aborted' | 'blocked';
    cause?: { location: string; tx: number; incarnation: number };
  }[];
  spans: {
    lane: number;
    start: number;
    end: number;
    kind: 'validating' | 'scheduling' | 'waiting' | 'committing' | 'idle';
  }[];
}

/** What has become of the lesson that is open. */
export interface Lesson {
  id: string;
  title: string;
  /** From 1. */
  step: number;
  steps: number;
  /** The step's title. */
  heading: string;
  /** `null`: the step has no question. */
  question: 'open' | 'answered' | 'skipped' | null;
  /** A choice is counted from 0. */
  answer: { choice: number } | { number: number } | null;
  /** `null` until the answer's run is there. */
  right: boolean | null;
  /** `null`: the step has no goal. */
  goal: 'open' | 'met' | null;
  /** The steps that were done in this frame, from 1. */
  done: number[];
}

export type OpenLesson = (
  | { /** A built-in lesson's id. */ lesson: string; step?: number | string }
  | { /** A document `evm-lanes-lesson/1`. */ document: object | string; step?: number | string }
  | { /** A step of the lesson that is open, from 1. */ step: number | string }
) & {
  /** `split`, if nothing is said. */
  view?: View;
  /** `full`, if nothing is said. */
  edit?: Edit;
};

export interface Picture {
  /** 200 to 2000 CSS pixels; usually 1060. */
  width?: number;
  /** Usually the frame's. */
  theme?: Theme;
}

export interface Result {
  figures: Figures;
  state: State;
}

/** What a rejected promise is rejected with, and the detail of the event `error`. */
export interface Refusal {
  code:
    | 'version' | 'type' | 'field' | 'size' | 'busy' | 'document' | 'link' | 'no-run' | 'not-found' | 'unsupported'
    | 'cancelled' | 'failed' | 'engine' | 'removed' | 'no-answer';
  message: string;
  field?: string;
  problems?: { path: string; expected: string; found: string; line?: number; column?: number }[];
}

export interface EvmLanesEvents {
  ready: CustomEvent<{ versions: number[]; capabilities: string[]; state: State }>;
  change: CustomEvent<{ state: State }>;
  result: CustomEvent<Result>;
  selected: CustomEvent<{ selection: Selection }>;
  /** A lesson is opened or closed, a step begins, a question is answered, a goal is met or no longer, every step is done. */
  lesson: CustomEvent<{
    event: 'opened' | 'step' | 'answered' | 'met' | 'open' | 'done' | 'closed';
    lesson: Lesson | null;
  }>;
  resize: CustomEvent<{ height: number }>;
  error: CustomEvent<Refusal>;
}

export interface EvmLanesElement extends HTMLElement {
  /** What the frame said last; `null` before. */
  readonly state: State | null;
  /** The figures of the latest run; `null` before. */
  readonly figures: Figures | null;
  load(what: Load): Promise<Result>;
  /** Resolves to a result if the settings made another run. */
  set(settings: Settings): Promise<Result | { state: State }>;
  run(): Promise<Result>;
  cancel(): Promise<unknown>;
  seek(where?: Seek): Promise<unknown>;
  select(what?: Selection): Promise<unknown>;
  openLesson(what: OpenLesson): Promise<Lesson>;
  get(what: 'state'): Promise<State>;
  get(what: 'figures'): Promise<Figures>;
  get(what: 'trace'): Promise<Trace>;
  get(what: 'link'): Promise<string>;
  get(what: 'lesson'): Promise<Lesson | null>;
  /** The lanes as an SVG, with caption and link. */
  get(what: 'svg', how?: Picture): Promise<string>;
  /** The same as a PNG, at an address `data:image/png;base64,…`. */
  get(what: 'png', how?: Picture): Promise<string>;
  addEventListener<K extends keyof EvmLanesEvents>(
    type: K,
    listener: (event: EvmLanesEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** The class of <evm-lanes>: `customElements.get('evm-lanes')`. */
export interface EvmLanesConstructor extends CustomElementConstructor {
  new (): EvmLanesElement;
  /** The site of elements that have no attribute `site`. */
  site: string;
}

/** The attributes of <evm-lanes>. */
export interface EvmLanesAttributes {
  /** Where EVM Lanes is served, if the script does not come from there. */
  site?: string;
  scenario?: string;
  link?: string;
  strategy?: string;
  lanes?: number | string;
  clock?: Clock;
  cost?: Cost;
  seed?: number | string;
  view?: View;
  edit?: Edit;
  theme?: Theme;
  lesson?: string;
  step?: number | string;
  /** In pixels, or `auto`. */
  height?: number | string;
  loading?: 'lazy' | 'click' | 'eager';
  /** What it shows, for people who listen. */
  label?: string;
  sandbox?: string;
}

declare global {
  interface HTMLElementTagNameMap {
    'evm-lanes': EvmLanesElement;
  }
}
