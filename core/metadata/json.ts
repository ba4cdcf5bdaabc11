/**
 * Reads into JSON that a container runtime wrote: what is absent or of another type comes out empty, since one
 * odd value must not cost the rest of what is known of a container.
 */
export class Json {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  /** Parses a text; undefined when it is not JSON. */
  static parse(text: string): Json | undefined {
    try {
      return new Json(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  at(...path: readonly string[]): Json {
    let value: unknown = this.#value;
    for (const key of path) value = isObject(value) ? value[key] : undefined;
    return new Json(value);
  }

  get exists(): boolean {
    return this.#value !== undefined && this.#value !== null;
  }

  get text(): string {
    return typeof this.#value === "string" ? this.#value : "";
  }

  get number(): number {
    return typeof this.#value === "number" ? this.#value : 0;
  }

  get flag(): boolean {
    return this.#value === true;
  }

  get items(): readonly Json[] {
    return Array.isArray(this.#value) ? this.#value.map((item) => new Json(item)) : [];
  }

  /** Members that are texts no longer than `maxLength`. */
  texts(maxLength = Number.POSITIVE_INFINITY): Record<string, string> {
    const found: Record<string, string> = {};
    if (!isObject(this.#value)) return found;
    for (const [key, value] of Object.entries(this.#value)) {
      if (typeof value === "string" && value.length <= maxLength) found[key] = value;
    }
    return found;
  }

  get values(): readonly Json[] {
    return isObject(this.#value) ? Object.values(this.#value).map((item) => new Json(item)) : [];
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
