import { create } from "@bufbuild/protobuf";
import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import {
  type event,
  type field_type,
  type inputs_request,
  inputs_requestSchema,
  type inputs_response,
  type value,
  valueSchema,
} from "../../../gen/api_pb.ts";
import { FalcoClientError } from "./connection.ts";

export type FieldType = "string" | "uint64" | "bool" | "reltime" | "abstime" | "ipaddr";
export type FieldValue = string | number | bigint | boolean | readonly FieldValue[];

export interface FieldDeclaration {
  readonly name: string;
  readonly type: FieldType;
  readonly list?: boolean;
  readonly description?: string;
}

export interface InputOptions {
  /** Told of each event that the server refused; the input goes on. */
  readonly onRefusal?: (refusal: { id: bigint; field: string; reason: string }) => void;
}

/** Events sent and not yet acknowledged before `send` waits. */
const WINDOW = 4096n;

function wireValue(given: FieldValue): value {
  if (typeof given === "string") return create(valueSchema, { kind: { case: "text", value: given } });
  if (typeof given === "boolean") return create(valueSchema, { kind: { case: "truth", value: given } });
  if (typeof given === "object") {
    return create(valueSchema, { kind: { case: "list", value: { values: given.map(wireValue) } } });
  }
  return create(valueSchema, { kind: { case: "number", value: BigInt(given) } });
}

/** An open source of events. Made by `FalcoClient.input()`. */
export class Input {
  readonly #call: ClientDuplexStream<inputs_request, inputs_response>;
  readonly #ended: Promise<void>;
  #next = 1n;
  #state = { through: 0n, accepted: 0n, refused: 0n };
  #failure: FalcoClientError | undefined;
  #closed = false;
  #wake = () => {};

  constructor(
    call: ClientDuplexStream<inputs_request, inputs_response>,
    source: string,
    fields: readonly FieldDeclaration[],
    options: InputOptions,
  ) {
    this.#call = call;
    this.#ended = new Promise((resolve) => {
      const end = (error?: ServiceError) => {
        if (error) this.#failure ??= FalcoClientError.from(error);
        this.#closed = true;
        this.#wake();
        resolve();
      };
      call.on("error", end).on("end", () => end());
    });
    call.on("data", (reply: inputs_response) => {
      this.#state = { through: reply.through, accepted: reply.accepted, refused: reply.refused };
      for (const refusal of reply.refusals) options.onRefusal?.(refusal);
      this.#wake();
    });
    call.on("drain", () => this.#wake());
    const types = { string: 0, uint64: 1, bool: 2, reltime: 3, abstime: 4, ipaddr: 5 } as const;
    const declared = fields.map((field) => ({ ...field, type: types[field.type] satisfies field_type }));
    call.write(create(inputs_requestSchema, { declare: { source, fields: declared } }));
  }

  /** What the server has said so far: events taken, and events refused. */
  get counts(): { readonly accepted: bigint; readonly refused: bigint } {
    return this.#state;
  }

  /** Sends an event and returns its id; waits while the server is behind. Time in nanoseconds, now if absent. */
  async send(fields: Readonly<Record<string, FieldValue>>, time?: bigint): Promise<bigint> {
    while (this.#next - this.#state.through > WINDOW && !this.#closed) await this.#change();
    if (this.#closed) throw this.#failure ?? new FalcoClientError("CANCELLED", "The input is closed");
    const id = this.#next++;
    const at = time ?? BigInt(Date.now()) * 1_000_000n;
    const event: event = {
      $typeName: "falco.api.v1.event",
      id,
      time: {
        $typeName: "google.protobuf.Timestamp",
        seconds: at / 1_000_000_000n,
        nanos: Number(at % 1_000_000_000n),
      },
      fields: Object.fromEntries(Object.entries(fields).map(([name, given]) => [name, wireValue(given)])),
    };
    if (!this.#call.write(create(inputs_requestSchema, { events: [event] }))) await this.#change();
    return id;
  }

  /** Ends the input when everything sent is acknowledged; throws what ended it otherwise. */
  async close(): Promise<{ readonly accepted: bigint; readonly refused: bigint }> {
    if (!this.#closed) this.#call.end();
    await this.#ended;
    if (this.#failure) throw this.#failure;
    return this.#state;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
