import type { FieldRegistry } from "../../fields/field.ts";
import { VERSIONS } from "../../versions.ts";
import type { OutputAddition } from "../output/additions.ts";
import { readRulesFile } from "../read/read-file.ts";
import { parseVersion } from "../read/version.ts";
import { Collector } from "./collector.ts";
import type { Compiled } from "./compiled.ts";
import { RulesCompiler } from "./compiler.ts";
import { Context } from "./context.ts";
import { LoadResult } from "./load-result.ts";

export interface LoaderOptions {
  /** Fields by event source; its sources are those that rules may have. */
  readonly registry: FieldRegistry;
  /** What the configuration adds to outputs, in order. */
  readonly additions?: readonly OutputAddition[];
  /** Version that `required_engine_version` is held against. */
  readonly engineVersion?: string;
  /** See Collector.onStep. */
  readonly onStep?: () => void;
}

/**
 * Loads rule files one after the other. Definitions stay: a later file can use, append to and override what
 * earlier ones defined, and each file recompiles everything so far.
 */
export class RulesLoader {
  readonly collector: Collector;
  readonly #compiler: RulesCompiler;
  #compiled: Compiled = { rules: [], macros: [], lists: [] };

  constructor({ registry, additions = [], engineVersion = VERSIONS.engine, onStep }: LoaderOptions) {
    this.#compiler = new RulesCompiler(registry, additions);
    this.collector = new Collector({
      engineVersion: parseVersion(engineVersion)!,
      hasSource: (source) => registry.sources.includes(source),
      isLeftSide: (source, text) => this.#compiler.binder(source).isLeftSide(text),
    });
    if (onStep) this.collector.onStep = onStep;
  }

  /** What the files loaded without an error define together. */
  get compiled(): Compiled {
    return this.#compiled;
  }

  /**
   * Loads one file. `exact` parses every position at once, as validation does; otherwise positions are found when
   * something has to be reported. After a result with errors nothing more should be loaded.
   */
  load(name: string, content: string, exact = false): LoadResult {
    const result = new LoadResult(name);
    this.collector.result = result;
    const file = Context.file({ name, content });
    if (readRulesFile(file, { collector: this.collector, result }, exact)) {
      this.#compiled = this.#compiler.compile(this.collector, result) ?? this.#compiled;
    }
    return result;
  }
}
