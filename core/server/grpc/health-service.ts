import type { ServerWritableStream } from "@grpc/grpc-js";
import {
  type Health,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from "../../../proto/gen/grpc/health/v1/health_pb.ts";
import { FalcoError } from "../../errors.ts";
import type { Handlers } from "./services.ts";

type Watcher = ServerWritableStream<unknown, HealthCheckResponse | Buffer>;

/** The standard health service: the server as a whole (the empty name) and each of its services. */
export class HealthService {
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Set<Watcher>();
  #serving = true;

  constructor(services: readonly string[]) {
    this.#services = new Set(["", ...services]);
  }

  /** Everything goes out of service, as before a stop. */
  stop(): void {
    this.#serving = false;
    for (const watcher of this.#watchers) watcher.write(this.#status(""));
  }

  handlers(): Handlers<typeof Health> {
    return {
      check: ({ service }) => {
        if (this.#services.has(service)) return this.#status(service);
        throw new FalcoError("API_NOT_FOUND", `Unknown service "${service}"`);
      },
      watch: (call, { service }) => {
        call.write(this.#status(service));
        if (!this.#services.has(service)) return;
        this.#watchers.add(call);
        const leave = () => void this.#watchers.delete(call);
        call.once("cancelled", leave);
        call.once("close", leave);
      },
    };
  }

  #status(service: string): HealthCheckResponse {
    const known = this.#serving ? Serving.SERVING : Serving.NOT_SERVING;
    const status = this.#services.has(service) ? known : Serving.SERVICE_UNKNOWN;
    return { $typeName: "grpc.health.v1.HealthCheckResponse", status };
  }
}
