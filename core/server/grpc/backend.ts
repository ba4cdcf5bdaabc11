import type { InputDeclaration, InputEvent } from "../../capture/inputs/declaration.ts";
import type { Priority } from "../../outputs/alert.ts";

// What the services need of the running engine. Whoever composes the program implements these.

export interface RuleInfo {
  readonly name: string;
  readonly source: string;
  readonly priority: Priority;
  readonly condition: string;
  readonly output: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly enabled: boolean;
  /** The rules file that defines it; undefined when the API's own document does. */
  readonly file: string | undefined;
}

export interface RuleFinding {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly message: string;
  readonly item: string;
  /** Counted from 1; 0 when unknown. */
  readonly line: number;
  readonly column: number;
}

export interface RulesVerdict {
  readonly ok: boolean;
  readonly findings: readonly RuleFinding[];
  /** The validator's result, as `falco -V` prints it with json_output. */
  readonly result: unknown;
}

export interface RulesBackend {
  /** The rules as loaded, enabled or not. */
  list(): readonly RuleInfo[];
  /**
   * Loads the configured files, then `base`, then `content`, and throws the outcome away. Findings have their
   * places in `content`.
   */
  validate(base: string, content: string): Promise<RulesVerdict>;
  /** Loads the configured files, then `content`; in effect from the next event on if the verdict is good. State is kept. */
  apply(content: string): Promise<RulesVerdict>;
}

export interface ConfigInfo {
  /** Dotted path. */
  readonly key: string;
  /** As it may be shown. */
  readonly value: unknown;
  /** The value itself, for comparing: never to leave the process. */
  readonly actual: unknown;
  /** There is a value that is not shown. */
  readonly secret: boolean;
  /** A change shows only after a restart. */
  readonly restart: boolean;
}

/** Settings over the configured ones. A nested object as in the configuration file. */
export type ConfigLayer = Readonly<Record<string, unknown>>;

export interface ConfigsBackend {
  /** What is in effect, one entry a key. */
  list(): readonly ConfigInfo[];
  /** Puts `layer` over the configured settings; throws a FalcoError and changes nothing if that isn't valid. */
  apply(layer: ConfigLayer): Promise<void>;
}

export interface InputChannel {
  /** Hands an event to the engine. False: the engine is behind, wait for `ready` before the next one. */
  push(event: InputEvent): boolean;
  ready(): Promise<void>;
  close(): void;
}

export interface InputsBackend {
  /** Makes the source known and its rules active. Throws a FalcoError when the source can't be had. */
  open(declaration: InputDeclaration): Promise<InputChannel>;
}

/** Losses of one kind since the last report of that kind. */
export interface Drop {
  /** An event source, or `outputs`. */
  readonly source: string;
  readonly cause: string;
  readonly count: number;
  readonly total: number;
}

export interface DropsBackend {
  totals(): readonly Drop[];
  /** Calls back with further losses until the returned function is called. */
  subscribe(listener: (drop: Drop) => void): () => void;
}
