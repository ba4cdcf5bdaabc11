import { RuleCapture, type RuleCaptureOptions, type SizeLimitReached } from "../capture/scap/rule-capture.ts";
import type { Context } from "../fields/field.ts";
import type { Alert } from "../outputs/alert.ts";
import { internalAlert } from "../outputs/internal-alert.ts";
import type { RunningRule } from "../rules/load/compiled.ts";
import type { State } from "../state/state.ts";
import type { Matching } from "./engine.ts";

const RULE = "Falco internal: capture size limit reached";

/** Rules that record: what matches is told to the recording, and every event passes by it. */
export class CapturingRules implements Matching<RunningRule> {
  readonly #capture: RuleCapture;
  #rules: Matching<RunningRule>;

  /** `onAlert` takes the alert that says that a recording ended for its size. */
  constructor(
    state: State,
    rules: Matching<RunningRule>,
    options: RuleCaptureOptions,
    onAlert: (alert: Alert) => void,
  ) {
    this.#rules = rules;
    this.#capture = new RuleCapture(state, options, (reached) =>
      onAlert(sizeLimitAlert(options.maxFileSizeMb, reached, state.hostname)),
    );
  }

  /** Other rules from the next event on; a recording goes on. */
  use(rules: Matching<RunningRule>): void {
    this.#rules = rules;
  }

  match(context: Context, onMatch: (rule: RunningRule) => void): void {
    this.#rules.match(context, (rule) => {
      const { capture, captureDuration } = rule.definition;
      this.#capture.matched(context.event, { capture, durationMs: captureDuration });
      onMatch(rule);
    });
    this.#capture.event(context.event);
  }

  close(): void {
    this.#capture.close();
  }
}

const sizeLimitAlert = (limit: number, { writtenBytes }: SizeLimitReached, hostname: string): Alert =>
  internalAlert({
    time: BigInt(Date.now()) * 1_000_000n,
    rule: RULE,
    priority: "Informational",
    message: `${RULE}. Configured limit: ${limit} MB.`,
    fields: { max_file_size_mb: limit, written_bytes: writtenBytes },
    hostname,
  });
