import type { DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type { ClientDuplexStream, ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import * as wire from "../../../gen/api_pb.ts";
import { service as outputs, type request, requestSchema, type response } from "../../../gen/outputs_pb.ts";
import { service as version, type response as version_response } from "../../../gen/version_pb.ts";
import { type Alert, alertOf, type NumberedAlert } from "./alert.ts";
import { type ConnectionOptions, connector, FalcoClientError } from "./connection.ts";
import { type FieldDeclaration, Input, type InputOptions } from "./input.ts";
import { readStream } from "./read-stream.ts";

export type { Alert, NumberedAlert } from "./alert.ts";
export {
  type ClientCertificates,
  type ConnectionOptions,
  DEFAULT_ADDRESS,
  FalcoClientError,
} from "./connection.ts";
export type { FieldDeclaration, FieldType, FieldValue, Input, InputOptions } from "./input.ts";

/** The server checked rules and found errors: nothing changed. */
export class RulesRefused extends FalcoClientError {
  readonly findings: readonly wire.finding[];
  /** The validator's result as JSON. */
  readonly result: string;

  constructor(change: wire.rules_change) {
    const errors = change.findings.filter((finding) => finding.severity === "error");
    super(
      "INVALID_ARGUMENT",
      errors.map((one) => `${one.item}: ${one.message}`).join("\n") || "The rules are invalid",
    );
    this.findings = change.findings;
    this.result = change.result;
  }
}

export interface SubscribeOptions {
  readonly signal?: AbortSignal;
  /** Told before each new attempt why the last one ended. */
  readonly onReconnect?: (reason: FalcoClientError | undefined) => void;
  /** Longest wait between attempts, in milliseconds; 5000 when absent. */
  readonly maxBackoff?: number;
}

export interface DeleteNames {
  readonly rules?: string[];
  readonly macros?: string[];
  readonly lists?: string[];
}

const accepted = (change: wire.rules_change): wire.rules_change => {
  if (change.applied) return change;
  throw new RulesRefused(change);
};

/** Errors after which another attempt may succeed: the server is away or at its limit. */
const PASSING = new Set(["UNAVAILABLE", "RESOURCE_EXHAUSTED", "INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED"]);

/** A connection to falco's gRPC API. It connects at the first call and reconnects by itself. */
export class FalcoClient {
  readonly #api: ReturnType<ReturnType<typeof connector>>;
  readonly #outputs: ReturnType<ReturnType<typeof connector>>;
  readonly #version: ReturnType<ReturnType<typeof connector>>;

  constructor(options: ConnectionOptions = {}) {
    const stub = connector(options);
    this.#api = stub(wire.api);
    this.#outputs = stub(outputs);
    this.#version = stub(version);
  }

  close(): void {
    for (const stub of [this.#api, this.#outputs, this.#version]) stub.close();
  }

  async version(): Promise<version_response> {
    return await this.#unary(this.#version, version.method.version, {});
  }

  /** The alerts that are queued at the server now. */
  async *get(signal?: AbortSignal): AsyncGenerator<Alert, void> {
    const call: ClientReadableStream<response> = this.#outputs.get!(create(requestSchema));
    for await (const message of readStream(call, signal)) yield alertOf(message);
  }

  /** Alerts by the published service, until aborted or the connection breaks. */
  async *sub(signal?: AbortSignal): AsyncGenerator<Alert, void> {
    const call: ClientDuplexStream<request, response> = this.#outputs.sub!();
    call.write(create(requestSchema));
    for await (const message of readStream(call, signal)) yield alertOf(message);
  }

  /** Alerts until aborted: reconnects, goes on where it stopped, and says what was lost meanwhile. */
  async *subscribe(options: SubscribeOptions = {}): AsyncGenerator<NumberedAlert, void> {
    const { signal, onReconnect, maxBackoff = 5000 } = options;
    let instance = "";
    let after = 0n;
    for (let failures = 0; ; failures++) {
      let reason: FalcoClientError | undefined;
      try {
        const request = create(wire.outputs_requestSchema, { instance, after });
        const call: ClientReadableStream<wire.outputs_response> = this.#api.outputs!(request);
        for await (const message of readStream(call, signal)) {
          failures = 0;
          after = message.sequence;
          if (message.instance !== "") instance = message.instance;
          if (message.alert) {
            yield { ...alertOf(message.alert), sequence: message.sequence, missed: message.missed };
          }
        }
      } catch (error) {
        if (!(error instanceof FalcoClientError) || !PASSING.has(error.code)) throw error;
        reason = error;
      }
      if (signal?.aborted) return;
      onReconnect?.(reason);
      await pause(Math.min(maxBackoff, 100 * 2 ** failures), signal);
      if (signal?.aborted) return;
    }
  }

  /** What the server lost: the totals first, then each further loss. */
  async *drops(signal?: AbortSignal): AsyncGenerator<wire.drops_response, void> {
    yield* readStream<wire.drops_response>(this.#api.drops!(create(wire.drops_requestSchema)), signal);
  }

  /** Declares a source of events. Refusals of single events go to `onRefusal`; everything else ends the input. */
  input(source: string, fields: readonly FieldDeclaration[], options: InputOptions = {}): Input {
    return new Input(this.#api.inputs!(), source, fields, options);
  }

  /** Changes throw RulesRefused when the validator finds errors. `revision` guards against others' changes. */
  readonly rules = {
    list: () => this.#call("list_rules", {}),
    get: (name: string) => this.#call("get_rule", { name }),
    validate: (content: string) => this.#call("validate_rules", { content }),
    create: async (content: string, revision = "") =>
      accepted(await this.#call("create_rules", { content, revision })),
    update: async (content: string, revision = "") =>
      accepted(await this.#call("update_rules", { content, revision })),
    delete: async (names: DeleteNames, revision = "") =>
      accepted(await this.#call("delete_rules", { ...names, revision })),
    enable: async (rules: string[], tags: string[] = [], revision = "") =>
      accepted(await this.#call("enable_rules", { rules, tags, revision })),
    disable: async (rules: string[], tags: string[] = [], revision = "") =>
      accepted(await this.#call("disable_rules", { rules, tags, revision })),
  };

  /** Values are JSON. Each change returns the keys that it changed. */
  readonly configs = {
    get: async (...keys: string[]) => (await this.#call("get_configs", { keys })).configs,
    set: async (key: string, value: string) => (await this.#call("set_config", { key, value })).configs,
    patch: async (content: string) => (await this.#call("patch_configs", { content })).configs,
    reset: async (...keys: string[]) => (await this.#call("reset_configs", { keys })).configs,
  };

  #call<K extends UnaryName>(
    name: K,
    request: MessageInitShape<ApiMethods[K]["input"]>,
  ): Promise<MessageShape<ApiMethods[K]["output"]>> {
    return this.#unary(this.#api, wire.api.method[name] as ApiMethods[K] & DescMethodUnary, request);
  }

  #unary<M extends DescMethodUnary>(
    stub: ReturnType<ReturnType<typeof connector>>,
    method: M,
    request: MessageInitShape<M["input"]>,
  ): Promise<MessageShape<M["output"]>> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + 30_000;
      const done = (error: ServiceError | null, reply: MessageShape<M["output"]>) =>
        error ? reject(FalcoClientError.from(error)) : resolve(reply);
      stub[method.localName]!(create(method.input, request), { deadline }, done);
    });
  }
}

type ApiMethods = (typeof wire.api)["method"];
type UnaryName = {
  [K in keyof ApiMethods]: ApiMethods[K]["methodKind"] extends "unary" ? K : never;
}[keyof ApiMethods];

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done, { once: true });
  });
}
