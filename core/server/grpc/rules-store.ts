import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FalcoError, reasonOf } from "../../errors.ts";
import type { RulesBackend, RulesVerdict } from "./backend.ts";
import { type RulesItem, revisionOf, rulesItems, switchItem } from "./rules-document.ts";
import { writeWhole } from "./write-whole.ts";

/** The file within the rules directory that the API owns. */
export const RULES_FILE = "falco_api_rules.yaml";
const HEADER = "# Written by falco: rules made through its API. Change them there.\n";

/** The API's own rules: items in the order they were made, then what it switched on or off. */
interface State {
  readonly items: ReadonlyMap<string, RulesItem>;
  readonly switches: ReadonlyMap<string, boolean>;
}

export interface RulesOutcome {
  readonly verdict: RulesVerdict;
  readonly revision: string;
}

const keyOf = (item: { kind: string; name: string }) => `${item.kind} "${item.name}"`;

const render = (state: State) =>
  [
    ...[...state.items.values()].map((item) => item.text),
    ...[...state.switches].map(([name, enabled]) => switchItem(name, enabled)),
  ].join("");

function parse(content: string): State {
  const items = new Map<string, RulesItem>();
  const switches = new Map<string, boolean>();
  for (const item of rulesItems(content)) {
    if (item.enables !== undefined) switches.set(item.name, item.enables);
    else if (item.name !== "") items.set(keyOf(item), item);
  }
  return { items, switches };
}

/**
 * Rules made through the API, kept apart from the configured files and loaded after them. Changes come one
 * after the other; each is taken whole, put in effect and stored, or refused whole.
 */
export class RulesStore {
  readonly #path: string | undefined;
  #backend: RulesBackend | undefined;
  #state: State;
  #content: string;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Reads what an earlier run stored in `directory`; without one, rules live as long as the process.
   * Throws RULES_STORE when the file is there and can't be read.
   */
  constructor(directory?: string) {
    this.#path = directory === undefined ? undefined : join(directory, RULES_FILE);
    try {
      const text = this.#path === undefined ? "" : readFileSync(this.#path, "utf8");
      this.#state = parse(text.startsWith(HEADER) ? text.slice(HEADER.length) : text);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") {
        throw new FalcoError("RULES_STORE", `Cannot read "${this.#path}": ${reasonOf(cause)}`, {
          hint: "mend the file, or move it away to start without the rules made through the API",
          cause,
        });
      }
      this.#state = parse("");
    }
    this.#content = render(this.#state);
  }

  /** The engine to put changes into effect with. */
  connect(backend: RulesBackend): void {
    this.#backend = backend;
  }

  get backend(): RulesBackend {
    if (this.#backend) return this.#backend;
    throw new FalcoError("API_UNAVAILABLE", "Cannot serve rules: this falco runs without a rule engine");
  }

  /** The rules file that loads after all configured ones; empty without API rules. */
  get content(): string {
    return this.#content;
  }

  get revision(): string {
    return revisionOf(this.#content);
  }

  async validate(content: string): Promise<RulesOutcome> {
    rulesItems(content);
    return { verdict: await this.backend.validate(this.#content, content), revision: this.revision };
  }

  create(content: string, revision = ""): Promise<RulesOutcome> {
    return this.#change(revision, content, (state) => {
      for (const item of fresh(content)) {
        if (item.enables !== undefined) {
          state.switches.set(item.name, item.enables);
          continue;
        }
        const file = item.modifies ? undefined : this.#fileOf(item);
        if (state.items.has(keyOf(item)) || file !== undefined) {
          throw new FalcoError("API_EXISTS", `Cannot create ${keyOf(item)}: it is defined already`, {
            hint:
              file === undefined
                ? "update it"
                : `it is in ${file}; create an item with "override" to change it`,
          });
        }
        state.items.set(keyOf(item), item);
      }
    });
  }

  update(content: string, revision = ""): Promise<RulesOutcome> {
    return this.#change(revision, content, (state) => {
      for (const item of fresh(content)) {
        if (item.enables !== undefined) state.switches.set(item.name, item.enables);
        else if (state.items.has(keyOf(item))) state.items.set(keyOf(item), item);
        else throw this.#foreign("update", item);
      }
    });
  }

  delete(
    names: readonly { kind: "rule" | "macro" | "list"; name: string }[],
    revision = "",
  ): Promise<RulesOutcome> {
    return this.#change(revision, "", (state) => {
      for (const item of names) {
        const known = state.items.delete(keyOf(item));
        const switched = item.kind === "rule" && state.switches.delete(item.name);
        if (!known && !switched) throw this.#foreign("delete", item);
      }
    });
  }

  /** Switches rules by exact name or by tag, whatever file defines them. */
  switch(
    rules: readonly string[],
    tags: readonly string[],
    on: boolean,
    revision = "",
  ): Promise<RulesOutcome> {
    return this.#change(revision, "", (state) => {
      const loaded = this.backend.list();
      const names = new Set(rules);
      for (const name of names) {
        if (!loaded.some((rule) => rule.name === name)) {
          throw new FalcoError(
            "API_NOT_FOUND",
            `Cannot ${on ? "enable" : "disable"} rule "${name}": no such rule`,
          );
        }
      }
      for (const rule of loaded) if (rule.tags.some((tag) => tags.includes(tag))) names.add(rule.name);
      for (const name of names) state.switches.set(name, on);
    });
  }

  /** Runs after the changes before it. Throws API_CONFLICT when the caller knows an older revision. */
  #change(
    revision: string,
    content: string,
    edit: (state: { items: Map<string, RulesItem>; switches: Map<string, boolean> }) => void,
  ): Promise<RulesOutcome> {
    const run = this.#last.then(async () => {
      if (revision !== "" && revision !== this.revision) {
        throw new FalcoError("API_CONFLICT", "Cannot change the rules: they were changed by somebody else", {
          hint: `read them again; the revision is ${this.revision}`,
        });
      }
      const next = { items: new Map(this.#state.items), switches: new Map(this.#state.switches) };
      edit(next);
      return await this.#takeOver(next, content);
    });
    this.#last = run.catch(() => {});
    return run;
  }

  async #takeOver(next: State, content: string): Promise<RulesOutcome> {
    const document = render(next);
    const { backend } = this;
    if (content !== "") {
      // Requirements are only in the content, and only there findings have places that the client knows.
      const own = new Set(rulesItems(content).map(keyOf));
      const others = new Map([...next.items].filter(([key]) => !own.has(key)));
      const verdict = await backend.validate(render({ items: others, switches: new Map() }), content);
      if (!verdict.ok) return { verdict, revision: this.revision };
    }
    const verdict = await backend.apply(document);
    if (!verdict.ok) return { verdict, revision: this.revision };
    try {
      if (this.#path !== undefined) await writeWhole(this.#path, HEADER + document);
    } catch (cause) {
      await backend.apply(this.#content);
      throw new FalcoError(
        "API_PRECONDITION",
        `Cannot store the rules in "${this.#path}": ${reasonOf(cause)}`,
        {
          hint: "nothing was changed",
          cause,
        },
      );
    }
    this.#state = next;
    this.#content = document;
    return { verdict, revision: this.revision };
  }

  #fileOf(item: { kind: string; name: string }): string | undefined {
    if (item.kind !== "rule") return undefined;
    return this.backend.list().find((rule) => rule.name === item.name)?.file;
  }

  #foreign(verb: string, item: { kind: string; name: string }): FalcoError {
    const file = this.#fileOf(item);
    const what = `Cannot ${verb} ${keyOf(item)}`;
    if (file === undefined) return new FalcoError("API_NOT_FOUND", `${what}: not made through the API`);
    return new FalcoError("API_PRECONDITION", `${what}: it is defined in ${file}`, {
      hint: 'disable it, or create an item with "override"',
    });
  }
}

/** The items to store; requirements are checked with the change and not kept. */
function fresh(content: string): RulesItem[] {
  const items = rulesItems(content).filter((item) => item.name !== "");
  if (items.length === 0)
    throw new FalcoError("API_INVALID", "Cannot change the rules: the content has none");
  return items;
}
