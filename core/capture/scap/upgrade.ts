import { EventCursor } from "../../event/cursor.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { EF } from "../../schema/event-row.ts";
import { EVENTS } from "../../schema/events.ts";
import { RecordBuilder } from "./record-builder.ts";
import { UPGRADE_TABLE } from "./upgrade-table.ts";

/** Rows lead from version to version; no event has had more than this many. */
const MAX_STEPS = 16;
/** Enter events remembered; a capture whose exit events were lost must not fill the memory. */
const MAX_STORED = 65_536;
const MAX_PARAMS = 64;

interface Value {
  readonly from: "old" | "enter" | "default" | "empty" | "containerJson";
  /** For `old` and `enter`: which parameter, and what stands in for one that is missing. */
  readonly index: number;
  readonly orEmpty: boolean;
}

interface Step {
  readonly store: boolean;
  readonly emit: boolean;
  /** Code of the event it becomes; undefined when it is handed on or dropped as it is. */
  readonly to: number | undefined;
  readonly keepOld: boolean;
  readonly values: readonly Value[];
}

const PASS = 0;
const DROP = 1;
const CONVERT = 2;
const CONVERT_UNLESS_COMPLETE = 3;

/** What to do with an event by its code, before looking at its parameters. */
const ROUTES = Uint8Array.from(EVENTS, ({ code, flags }) => {
  const isEnter = code % 2 === 0;
  if (flags & EF.UNUSED) return DROP;
  if (!(flags & EF.CONVERTER_MANAGED)) return flags & EF.OLD_VERSION ? DROP : PASS;
  return isEnter || flags & EF.OLD_VERSION ? CONVERT : CONVERT_UNLESS_COMPLETE;
});
const PARAM_COUNTS = Uint8Array.from(EVENTS, ({ params }) => params.length);

let steps: ReadonlyMap<number, Step> | undefined;

/** Thrown for an event that no version of the format ever had. */
export class UpgradeError extends Error {}

/**
 * Turns events of older producers into those of today: parameters that were added later, and those that
 * enter events used to carry. The rest of the program knows the newest form only.
 */
export class Upgrade {
  /** After `run` returned true: where the record lies. */
  bytes: Buffer = Buffer.alloc(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;

  readonly #stored = new Map<number, Buffer>();
  readonly #old = new EventCursor();
  readonly #enter = new EventCursor();
  /** Two, since a step reads the record that the step before it wrote. */
  readonly #builders = [new RecordBuilder(), new RecordBuilder()] as const;

  /** True when an event of that code and number of parameters is already in the newest form. */
  isCurrent(code: number, params: number): boolean {
    const route = ROUTES[code]!;
    return route === PASS || (route === CONVERT_UNLESS_COMPLETE && params >= PARAM_COUNTS[code]!);
  }

  /** Takes the record to be converted; false when its parameters do not lie inside it. */
  take(bytes: Buffer, view: DataView, offset: number): boolean {
    this.bytes = bytes;
    this.view = view;
    this.offset = offset;
    return this.#old.set(bytes, view, offset, 0);
  }

  /** Converts the record that was taken; false when there is nothing to hand on. */
  run(): boolean {
    for (let i = 0; i < MAX_STEPS; i++) {
      const { code, paramCount } = this.#old;
      if (ROUTES[code] === DROP) return false;
      if (this.isCurrent(code, paramCount)) return true;
      steps ??= compileSteps();
      const step = steps.get(code * MAX_PARAMS + paramCount);
      if (!step) throw new UpgradeError(`${EVENTS[code]!.id} never had ${paramCount} parameters`);
      if (step.store) this.#store();
      if (step.to === undefined) return step.emit;
      this.#convert(step, step.to, this.#builders[i % 2]!);
      this.#old.set(this.bytes, this.view, this.offset, 0);
    }
    throw new UpgradeError(`${EVENTS[this.#old.code]!.id} does not reach its newest form`);
  }

  /** Forgets enter events; another capture follows. */
  reset(): void {
    this.#stored.clear();
  }

  #store(): void {
    const { tid, offset, length } = this.#old;
    if (this.#stored.size >= MAX_STORED && !this.#stored.has(tid)) {
      this.#stored.delete(this.#stored.keys().next().value!);
    }
    this.#stored.set(tid, Buffer.from(this.bytes.subarray(offset, offset + length)));
  }

  #convert(step: Step, code: number, builder: RecordBuilder): void {
    const old = this.#old;
    const kept = step.keepOld ? old.paramCount : 0;
    const hasEnter = this.#findEnter();
    let usedEnter = false;
    builder.begin(code, kept + step.values.length, this.view, this.offset);
    for (let i = 0; i < kept; i++) builder.push(this.bytes, old.at(i), old.size(i));
    for (const value of step.values) {
      if (value.from === "empty") builder.pushEmpty();
      else if (value.from === "default") builder.pushDefault();
      else if (value.from === "containerJson") pushText(builder, containerJson(old));
      else {
        const isEnter = value.from === "enter";
        const source = isEnter ? this.#enter : old;
        if ((!isEnter || hasEnter) && value.index < source.paramCount) {
          builder.push(source.bytes, source.at(value.index), source.size(value.index));
          usedEnter ||= isEnter;
        } else if (value.orEmpty) builder.pushEmpty();
        else builder.pushDefault();
      }
    }
    if (usedEnter) this.#stored.delete(old.tid);
    builder.finish();
    this.bytes = builder.bytes;
    this.view = builder.view;
    this.offset = 0;
  }

  /** Sets #enter on the remembered enter event of the same call. One of another call means events were lost. */
  #findEnter(): boolean {
    const stored = this.#stored.get(this.#old.tid);
    if (!stored) return false;
    this.#enter.set(stored, new DataView(stored.buffer, stored.byteOffset, stored.length), 0, 0);
    return this.#enter.code === this.#old.code - 1;
  }
}

function compileSteps(): Map<number, Step> {
  const compiled = new Map<number, Step>();
  for (const [from, params, action, values = ""] of UPGRADE_TABLE) {
    const code = EVENT[from];
    const stays = action === "store" || action === "pass" || action === "store+pass";
    compiled.set(code * MAX_PARAMS + params, {
      store: action === "store" || action === "store+pass",
      emit: action !== "store",
      to: stays ? undefined : action === "add" ? code : EVENT[action],
      keepOld: action === "add",
      values: values === "" ? [] : values.split(" ").flatMap(parseValue),
    });
  }
  return compiled;
}

/** `old3`, `enter0?`, a run such as `enter0..2`, or the name of a constant. */
function parseValue(text: string): Value[] {
  if (text === "default" || text === "empty" || text === "containerJson") {
    return [{ from: text, index: -1, orEmpty: false }];
  }
  const match = /^(old|enter)(\d+)(?:\.\.(\d+))?(\?)?$/.exec(text);
  if (!match) throw new Error(`upgrade table: cannot read the value "${text}"`);
  const from = match[1] === "old" ? "old" : "enter";
  const first = Number(match[2]);
  const last = match[3] === undefined ? first : Number(match[3]);
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    from,
    index: first + i,
    orEmpty: match[4] !== undefined,
  }));
}

function pushText(builder: RecordBuilder, text: string): void {
  const bytes = Buffer.from(`${text}\0`);
  builder.push(bytes, 0, bytes.length);
}

/** Old container events had four parameters: id, type, name and image. */
function containerJson(old: EventCursor): string {
  return JSON.stringify({ id: old.text(0), type: old.uint(1, 0), name: old.text(2), image: old.text(3) });
}
