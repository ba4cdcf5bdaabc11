import { isSeldom } from "../../ffi/seldom.ts";
import type { Context } from "../../fields/field.ts";
import type { TestNode } from "../check/bind.ts";
import type { Operand } from "../check/operand.ts";
import type { Estimates } from "./estimates.ts";
import type { Expr } from "./node.ts";
import { type Branch, type Plan, sizeOf } from "./plan.ts";
import { candidateEveryOf, everyOf, pairTest, someOf, usesCandidates } from "./quantify.ts";
import { countUses, isCostly } from "./uses.ts";

/** Where generated code puts the indexes of rules that match; big enough for all of them. */
export interface Hits {
  readonly buffer: Int32Array;
  count: number;
}

export type EventFunction = (context: Context) => void;

/** A variable that nothing was read into yet. */
const UNREAD = Symbol("unread");

/** Plans heavier than this become functions of their own: engines stop optimising long ones. */
const MAX_WEIGHT = 100;
/** Functions of so many characters are left out of the JIT compiler's last pass, which takes megabytes for such: few events need all of one. */
const LONG = 1500;
/** Remembered ones with so many leaves are written once, as functions, not wherever they are needed. */
const OWN_FUNCTION = 4;

/** One generated function: what it reads and remembers, and its text. */
class FunctionWriter {
  readonly name: string;
  readonly #program: ProgramWriter;
  /** Variables that hold operands, and those that hold results. */
  readonly operands = new Set<string>();
  readonly memos = new Set<string>();
  #body = "";

  constructor(program: ProgramWriter, name: string) {
    this.#program = program;
    this.name = name;
  }

  write(plan: Plan, read: Set<string>): void {
    this.#body = this.plan(plan, read, true);
  }

  writeTest(node: Expr): void {
    this.#body = `return ${this.#plain(node, new Set())};`;
  }

  /** `shared` variables belong to the whole program, the others to this function. */
  text(shared: ReadonlySet<string>): string {
    const own = (names: Iterable<string>, start: string): string[] =>
      [...names].filter((name) => !shared.has(name)).map((name) => `${name} = ${start}`);
    const variables = [...own(this.operands, "U"), ...own(this.memos, "0")];
    const declare = variables.length > 0 ? `let ${variables.join(", ")};\n` : "";
    return `function ${this.name}(c) {\n${declare}${this.#body}\n}`;
  }

  /** The variable of an operand, and the expression that fills it if need be. */
  #read(operand: Operand, candidates: boolean, read: ReadonlySet<string>): { name: string; load: string } {
    const name = this.#program.variable(operand, candidates);
    this.operands.add(name);
    const load = read.has(name) ? "" : `${name} === U ? ${name} = ${this.#program.reader(name)} : 0, `;
    return { name, load };
  }

  /** `read` lists variables that are certainly filled here; evaluation order adds to it. */
  expr(node: Expr, read: Set<string>): string {
    if (node.kind === "true" || node.kind === "false") return node.kind;
    if (node.kind === "not") return `!${this.expr(node.children[0]!, read)}`;
    if (!this.#program.isMemo(node)) return this.#plain(node, read);
    const memo = `m${node.id}`;
    this.memos.add(memo);
    const test = node.size < OWN_FUNCTION ? this.#plain(node, new Set(read)) : this.#program.test(node);
    return `((${memo} || (${memo} = ${test} ? 2 : 1)) === 2)`;
  }

  #plain(node: Expr, read: Set<string>): string {
    if (node.kind === "leaf") return this.#leaf(node, read);
    const parts: string[] = [];
    // Only the first operand of a chain is certain to run.
    const inner = new Set(read);
    this.#program.estimates.ordered(node).forEach((child, i) => {
      if (i === 0) {
        parts.push(this.expr(child, read));
        for (const name of read) inner.add(name);
      } else parts.push(this.expr(child, node.kind === "and" ? inner : new Set(inner)));
    });
    return `(${parts.join(node.kind === "and" ? " && " : " || ")})`;
  }

  #leaf({ leaf }: Expr, read: Set<string>): string {
    if (leaf!.kind === "pair") {
      const left = this.#read(leaf!.left, false, read);
      const right = this.#read(leaf!.right, false, read);
      read.add(left.name).add(right.name);
      const test = this.#program.constant(pairTest(leaf!));
      return `(${left.load}${right.load}${test}(${left.name}, ${right.name}))`;
    }
    const { operand } = leaf!;
    const candidates = leaf!.kind === "test" && usesCandidates(leaf!);
    const { name, load } = this.#read(operand, candidates, read);
    read.add(name);
    if (leaf!.kind === "present") return `(${load}${name} !== undefined)`;
    return `(${load}${this.#test(leaf! as TestNode, name, candidates)})`;
  }

  #test({ test, quantifier }: TestNode, name: string, candidates: boolean): string {
    if (quantifier === "one" && test.inline) return `(${test.inline(name)})`;
    const passes = this.#program.constant(test.passes, test.key());
    if (quantifier === "one") return `(${name} !== undefined && ${passes}(${name}))`;
    const helper = quantifier === "some" ? "SOME" : candidates ? "EVERY1" : "EVERY";
    return `${helper}(${name}, ${passes})`;
  }

  /** Statements for a plan. `root` keeps the function's own plan from being moved out again. */
  plan(plan: Plan, read: Set<string>, root = false): string {
    if (!root && plan.weight > MAX_WEIGHT) return this.#program.call(plan, read);
    const chunks = root ? this.#chunks(plan) : undefined;
    const parts = chunks
      ? chunks.map((chunk) => this.#program.call(chunk, read))
      : plan.branches.map((branch) => this.#branch(branch, read));
    return [...plan.hits.map((index) => `HIT(${index});`), ...parts].join("\n");
  }

  /** A function's own branches, cut into further functions where they are too many; undefined where they are not. */
  #chunks(plan: Plan): readonly Plan[] | undefined {
    if (plan.weight <= MAX_WEIGHT || plan.branches.length === 1) return undefined;
    const chunks: Plan[] = [];
    let current: Branch[] = [];
    let weight = 0;
    const close = (): void => {
      if (current.length > 0) chunks.push({ hits: [], branches: current, weight });
      current = [];
      weight = 0;
    };
    for (const branch of plan.branches) {
      const own = ownWeight(branch);
      if (weight + own > MAX_WEIGHT) close();
      current.push(branch);
      weight += own;
    }
    close();
    return chunks.length > 1 ? chunks : undefined;
  }

  #branch(branch: Branch, read: Set<string>): string {
    if (branch.kind === "if") {
      const inner = new Set(read);
      const tests = branch.tests.map((test, i) => {
        const text = this.expr(test, inner);
        // What the first test reads is read on every path from here on.
        if (i === 0) for (const name of inner) read.add(name);
        return text;
      });
      return `if (${tests.join(" && ")}) {\n${this.plan(branch.body, inner)}\n}`;
    }
    const { name, load } = this.#read(branch.operand, false, read);
    read.add(name);
    const table = this.#program.constant(branch.cases);
    const cases = branch.plans.map((plan, i) => `case ${i}:\n${this.plan(plan, new Set(read))}\nbreak;`);
    return `switch (${load ? `(${load}${table}.get(${name}))` : `${table}.get(${name})`}) {\n${cases.join("\n")}\n}`;
  }
}

/** Weight of a branch as emitted in place: nested plans that move out count as one. */
const ownWeight = (branch: Branch): number =>
  branch.kind === "if"
    ? sizeOf(branch.tests) + Math.min(branch.body.weight, MAX_WEIGHT)
    : branch.plans.reduce((sum, p) => sum + Math.min(p.weight, MAX_WEIGHT), 2);

/** The generated program of one event type. */
class ProgramWriter {
  readonly #functions: FunctionWriter[] = [];
  readonly #constants: unknown[] = [];
  readonly #constantNames = new Map<unknown, string>();
  readonly #variables = new Map<string, string>();
  readonly #readers = new Map<string, string>();
  readonly #tests = new Map<Expr, string>();
  readonly #uses: ReadonlyMap<Expr, number>;
  readonly estimates: Estimates;

  constructor(plan: Plan, estimates: Estimates) {
    this.#uses = countUses(plan, estimates);
    this.estimates = estimates;
  }

  isMemo(node: Expr): boolean {
    return this.#uses.get(node)! >= 2 && isCostly(node, this.estimates);
  }

  constant(value: unknown, key: unknown = value): string {
    const known = this.#constantNames.get(key);
    if (known) return known;
    const name = `K${this.#constants.push(value) - 1}`;
    this.#constantNames.set(key, name);
    return name;
  }

  variable(operand: Operand, candidates: boolean): string {
    const key = `${candidates} ${operand.key}`;
    const known = this.#variables.get(key);
    if (known) return known;
    const name = `v${this.#variables.size}`;
    const read = this.constant(candidates ? operand.field!.anyOf! : operand.read);
    const arg = operand.arg ? this.constant(operand.arg) : "undefined";
    this.#variables.set(key, name);
    this.#readers.set(name, `${read}(c, ${arg})`);
    return name;
  }

  reader(variable: string): string {
    return this.#readers.get(variable)!;
  }

  /** Writes a test as a function, once, and returns the call of it. */
  test(node: Expr): string {
    let name = this.#tests.get(node);
    if (name === undefined) {
      name = `e${this.#tests.size}`;
      this.#tests.set(node, name);
      const writer = new FunctionWriter(this, name);
      this.#functions.push(writer);
      writer.writeTest(node);
    }
    return `${name}(c)`;
  }

  /** Writes a plan as a function and returns the statement that calls it; `read` is what is read by then. */
  call(plan: Plan, read: ReadonlySet<string>): string {
    const writer = new FunctionWriter(this, `f${this.#functions.length}`);
    this.#functions.push(writer);
    writer.write(plan, new Set(read));
    return `${writer.name}(c);`;
  }

  /** Variables that several functions use: what one of them read or worked out serves the others. */
  #shared(names: (writer: FunctionWriter) => Iterable<string>): string[] {
    const users = new Map<string, number>();
    for (const writer of this.#functions) {
      for (const name of names(writer)) users.set(name, (users.get(name) ?? 0) + 1);
    }
    return [...users].filter(([, count]) => count > 1).map(([name]) => name);
  }

  compile(plan: Plan, hits: Hits): EventFunction {
    const entry = this.call(plan, new Set());
    const operands = this.#shared((writer) => writer.operands);
    const memos = this.#shared((writer) => writer.memos);
    const shared = new Set([...operands, ...memos]);
    const declare = shared.size > 0 ? `let ${[...shared].join(", ")};` : "";
    const reset = [...operands.map((v) => `${v} = U; `), ...memos.map((m) => `${m} = 0; `)].join("");
    const names = this.#constants.map((_, i) => `K${i}`);
    const texts = this.#functions.map((writer) => writer.text(shared));
    const long = this.#functions.filter((_, i) => texts[i]!.length > LONG).map(({ name }) => name);
    const source = [
      declare,
      ...texts,
      `SELDOM(${long.join(", ")});`,
      `return function (c) { ${reset}${entry} };`,
    ].join("\n");
    const factory = new Function("SELDOM", "HIT", "U", "SOME", "EVERY", "EVERY1", ...names, source);
    const hit = (index: number): void => {
      hits.buffer[hits.count++] = index;
    };
    return factory(
      isSeldom,
      hit,
      UNREAD,
      someOf,
      everyOf,
      candidateEveryOf,
      ...this.#constants,
    ) as EventFunction;
  }
}

/** Turns a plan into one JavaScript function that writes the indexes of matching rules into `hits`. */
export function emitPlan(plan: Plan, hits: Hits, estimates: Estimates): EventFunction {
  return new ProgramWriter(plan, estimates).compile(plan, hits);
}
