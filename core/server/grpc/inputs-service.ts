import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import {
  type api,
  type event,
  type inputs_request,
  inputs_responseSchema,
  type refusalSchema,
} from "../../../proto/gen/api_pb.ts";
import { FalcoError } from "../../errors.ts";
import type { InputChannel, InputsBackend } from "./backend.ts";
import { checkDeclaration, eventCheck } from "./input-check.ts";
import { failStream, type Handlers } from "./services.ts";
import { statusOf } from "./status.ts";

type Call = Parameters<Handlers<typeof api>["inputs"]>[0];

/** Refusals that may wait for a client which doesn't read them; then its events wait, too. */
const MAX_REFUSALS = 1000;

/** `falco.api.v1.api/inputs`: events of a client's own source, checked one by one and acknowledged. */
export function inputsHandler(
  inputs: InputsBackend,
  onDefect: (error: unknown) => void,
): Handlers<typeof api>["inputs"] {
  return (call) => {
    const stream = new InputStream(call, inputs);
    const fail = (error: unknown) => {
      if (!(error instanceof FalcoError)) onDefect(error);
      failStream(call, statusOf(error));
    };
    // One request at a time: while it is under way nothing more is read, and the transport holds the client.
    let last: Promise<void> = Promise.resolve();
    call.on("data", (request: inputs_request) => {
      const pending = stream.take(request);
      if (!pending) return;
      call.pause();
      last = pending.then(() => void call.resume(), fail);
    });
    call.on("end", () => void last.then(() => stream.finish()));
    call.on("drain", () => stream.drained());
    call.once("cancelled", () => stream.close());
    call.once("close", () => stream.close());
    call.once("error", () => stream.close());
  };
}

class InputStream {
  readonly #call: Call;
  readonly #inputs: InputsBackend;
  #channel: InputChannel | undefined;
  #check: ReturnType<typeof eventCheck> | undefined;
  #closed = false;
  #writable = true;
  #scheduled = false;
  /** There is something that the client hasn't been told. */
  #news = false;
  #onDrain: (() => void) | undefined;
  #through = 0n;
  #accepted = 0n;
  #refused = 0n;
  #refusals: MessageInitShape<typeof refusalSchema>[] = [];

  constructor(call: Call, inputs: InputsBackend) {
    this.#call = call;
    this.#inputs = inputs;
  }

  /** Handles a request; a promise when that has to wait for something. */
  take(request: inputs_request): Promise<void> | undefined {
    if (this.#closed) return undefined;
    if (this.#channel && !request.declare) return this.#events(request.events, 0);
    return this.#declare(request);
  }

  async #declare(request: inputs_request): Promise<void> {
    if (!request.declare || this.#channel) {
      const why = request.declare ? "the source is declared already" : "the first request declares no source";
      throw new FalcoError("API_INVALID", `Cannot take the input: ${why}`);
    }
    const declaration = checkDeclaration(request.declare);
    const channel = await this.#inputs.open(declaration);
    this.#channel = channel;
    this.#check = eventCheck(declaration);
    if (this.#closed) return channel.close();
    this.#answer();
    await this.#events(request.events, 0);
  }

  /** Goes on synchronously for as long as the engine keeps up and refusals can be sent. */
  #events(events: readonly event[], from: number): Promise<void> | undefined {
    for (let i = from; i < events.length && !this.#closed; i++) {
      const event = events[i]!;
      const checked = this.#check!(event);
      if (event.id > this.#through) this.#through = event.id;
      this.#schedule();
      if ("reason" in checked) {
        this.#refused++;
        this.#refusals.push({ id: event.id, ...checked });
        if (this.#refusals.length < MAX_REFUSALS) continue;
        return this.#sent().then(() => this.#events(events, i + 1));
      }
      this.#accepted++;
      if (!this.#channel!.push(checked))
        return this.#channel!.ready().then(() => this.#events(events, i + 1));
    }
    return undefined;
  }

  finish(): void {
    if (this.#closed) return;
    this.#answer();
    this.#call.end();
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onDrain?.();
    this.#channel?.close();
  }

  drained(): void {
    this.#writable = true;
    this.#onDrain?.();
    if (this.#news) this.#schedule();
  }

  /** Resolves when waiting refusals have gone out. */
  async #sent(): Promise<void> {
    while (!this.#writable && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#onDrain = resolve;
      });
    }
    this.#answer();
  }

  /** One acknowledgement for whatever arrives within a turn of the event loop. */
  #schedule(): void {
    this.#news = true;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#writable) this.#answer();
    });
  }

  #answer(): void {
    if (this.#closed) return;
    const refusals = this.#refusals;
    this.#news = false;
    this.#refusals = [];
    const state = { through: this.#through, accepted: this.#accepted, refused: this.#refused, refusals };
    this.#writable = this.#call.write(create(inputs_responseSchema, state));
  }
}
