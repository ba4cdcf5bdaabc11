import { FalcoError } from "../../errors.ts";
import type { FieldClass } from "../../fields/field.ts";
import type { InputDeclaration, InputEvent } from "./declaration.ts";
import { inputFields } from "./input-fields.ts";
import { InputSource } from "./input-source.ts";

/** What the sources need of the engine. */
export interface InputsEngine {
  /** Event sources that exist without clients, and fields every source has. */
  readonly reserved: { source(name: string): boolean; field(name: string): boolean };
  /** Loads rules with the source's fields known, and takes events from the source from now on, not from an older one of its name. */
  attach(source: InputSource, fields: FieldClass): Promise<void>;
}

interface Entry {
  readonly source: InputSource;
  readonly shape: string;
  clients: number;
}

/** Sources beyond this many are refused: each costs a buffer and a pass over the rules. */
const MAX_SOURCES = 32;

/** The event sources that clients of the API have declared. One stays after its clients, for them to come back. */
export class InputSources {
  readonly #engine: InputsEngine;
  readonly #entries = new Map<string, Entry>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(engine: InputsEngine) {
    this.#engine = engine;
  }

  get sources(): readonly InputSource[] {
    return [...this.#entries.values()].map((entry) => entry.source);
  }

  /** Joins a client to the source it declares. Throws API_CONFLICT when that name is somebody else's. */
  open(declaration: InputDeclaration) {
    const opening = this.#last.then(async () => {
      const entry = await this.#entry(declaration);
      entry.clients++;
      const { source } = entry;
      let open = true;
      return {
        push: (event: InputEvent) => source.push(event),
        ready: () => source.ready(),
        close: () => {
          if (open) entry.clients--;
          open = false;
        },
      };
    });
    this.#last = opening.catch(() => {});
    return opening;
  }

  async #entry(declaration: InputDeclaration): Promise<Entry> {
    const { source: name, fields } = declaration;
    const shape = JSON.stringify(fields.map((field) => [field.name, field.type, field.list]).sort());
    const known = this.#entries.get(name);
    if (known?.shape === shape) return known;
    const refuse = (why: string, hint: string) =>
      new FalcoError("API_CONFLICT", `Cannot open the input "${name}": ${why}`, { hint });
    if (known && known.clients > 0)
      throw refuse("another client declares it with other fields", "use the same fields");
    if (!known && this.#entries.size >= MAX_SOURCES)
      throw refuse(`${MAX_SOURCES} sources are declared already`, "reuse one");
    const { reserved } = this.#engine;
    if (reserved.source(name)) throw refuse("falco has an event source of that name", "choose another name");
    const taken = fields.find((field) => reserved.field(field.name));
    if (taken)
      throw refuse(
        `every source has a field "${taken.name}"`,
        `name it "${name}.${taken.name.split(".").at(-1)}"`,
      );
    const entry = { source: new InputSource(name), shape, clients: 0 };
    await this.#engine.attach(entry.source, inputFields(declaration));
    known?.source.end();
    this.#entries.set(name, entry);
    return entry;
  }
}
