import type { Delivery, Message } from "./output.ts";

/** The lines of a batch as bytes, and how to tell from a number of written bytes which lines are out. */
export class LineBatch {
  readonly bytes: Buffer;
  readonly #messages: readonly Message[];

  constructor(messages: readonly Message[]) {
    this.#messages = messages;
    this.bytes = Buffer.from(`${messages.map((message) => message.text).join("\n")}\n`);
  }

  /** Whole lines, line end included, within the first so many bytes. */
  delivery(written: number, error?: unknown): Delivery {
    if (written >= this.bytes.length) return { delivered: this.#messages.length };
    let delivered = 0;
    let end = 0;
    for (const message of this.#messages) {
      end += Buffer.byteLength(message.text) + 1;
      if (end > written) break;
      delivered++;
    }
    return error === undefined ? { delivered } : { delivered, error };
  }
}
