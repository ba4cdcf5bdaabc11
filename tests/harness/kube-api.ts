import type { ServerWebSocket } from "bun";

/** Starts what a container runs by exec; its streams are those of the process. */
export type Execute = (container: string, argv: readonly string[]) => Bun.Subprocess<"pipe", "pipe", "pipe">;

interface Exec {
  readonly container: string;
  readonly argv: readonly string[];
  child?: Bun.Subprocess<"pipe", "pipe", "pipe">;
}
interface Status {
  name: string;
  containerID: string;
  state: object;
}
export interface Pod {
  metadata: { name: string; namespace: string; annotations: Record<string, string>; [key: string]: unknown };
  spec: {
    containers: { name: string; [key: string]: unknown }[];
    ephemeralContainers?: EphemeralContainer[];
  };
  status: { phase: string; containerStatuses: Status[]; ephemeralContainerStatuses?: Status[] };
}
export interface EphemeralContainer {
  readonly name: string;
  readonly image: string;
  readonly command: string[];
  readonly targetContainerName: string;
}

/** Channels of the remote command protocol v5.channel.k8s.io: the first byte of every message. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 } as const;
const PODS = "/api/v1/namespaces/default/pods/";

/**
 * As much of a Kubernetes API server as kubectl needs to get, annotate, debug and exec into one pod.
 * What is executed really runs: where, the caller decides.
 */
export class KubeApi {
  readonly pod: Pod;
  /** Every request that changes something, and every exec: method, path, and the words of an exec. */
  readonly seen: string[] = [];
  readonly #server: Bun.Server<Exec>;
  readonly #execute: Execute;
  readonly #attach: (container: EphemeralContainer) => void;

  constructor(pod: Pod, execute: Execute, attach: (container: EphemeralContainer) => void = () => {}) {
    this.pod = pod;
    this.#execute = execute;
    this.#attach = attach;
    this.#server = Bun.serve<Exec>({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, server) => this.#route(request, server),
      websocket: {
        open: (socket) => this.#open(socket),
        message: (socket, message) => this.#message(socket, message as Buffer),
        close: (socket) => socket.data.child?.kill(),
      },
    });
  }

  /** A kubeconfig, as JSON, whose only context leads here. */
  get kubeconfig(): string {
    const server = `http://127.0.0.1:${this.#server.port}`;
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server } }],
      users: [{ name: "u", user: {} }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "default" } }],
      "current-context": "x",
    });
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  async #route(request: Request, server: Bun.Server<Exec>): Promise<Response | undefined> {
    const url = new URL(request.url);
    if (url.pathname === "/version") return Response.json({ major: "1", minor: "32", gitVersion: "v1.32.0" });
    if (url.pathname === "/api") return Response.json({ kind: "APIVersions", versions: ["v1"] });
    if (url.pathname === "/apis")
      return Response.json({ kind: "APIGroupList", apiVersion: "v1", groups: [] });
    if (url.pathname === "/api/v1") return Response.json(RESOURCES);
    const [name, sub] = url.pathname.startsWith(PODS) ? url.pathname.slice(PODS.length).split("/") : [];
    if (name !== this.pod.metadata.name) return status(404, `pods "${name ?? url.pathname}" not found`);
    if (sub === "exec") return this.#upgrade(request, url, server);
    if (request.method === "GET" && !sub) return this.#answer();
    if (request.method !== "PATCH") return status(405, `${request.method} is not served`);
    this.seen.push(`PATCH ${sub ?? "pod"}`);
    const change = (await request.json()) as {
      metadata?: { annotations?: Record<string, string | null> };
      spec?: Pod["spec"];
    };
    this.#annotate(change.metadata?.annotations ?? {});
    for (const one of change.spec?.ephemeralContainers ?? []) this.#addEphemeral(one);
    return this.#answer();
  }

  #answer(): Response {
    return Response.json({ apiVersion: "v1", kind: "Pod", ...this.pod });
  }

  #annotate(changes: Record<string, string | null>): void {
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete this.pod.metadata.annotations[key];
      else this.pod.metadata.annotations[key] = value;
    }
  }

  #addEphemeral(one: EphemeralContainer): void {
    if (this.pod.spec.ephemeralContainers?.some(({ name }) => name === one.name)) return;
    this.#attach(one);
    this.pod.spec.ephemeralContainers = [...(this.pod.spec.ephemeralContainers ?? []), one];
    this.pod.status.ephemeralContainerStatuses = [
      ...(this.pod.status.ephemeralContainerStatuses ?? []),
      { name: one.name, containerID: `x://${one.name}`, state: { running: {} } },
    ];
  }

  #upgrade(request: Request, url: URL, server: Bun.Server<Exec>): Response | undefined {
    const argv = url.searchParams.getAll("command");
    const data = { container: url.searchParams.get("container") ?? "", argv };
    this.seen.push(`EXEC ${data.container}: ${argv.join(" ")}`);
    const headers = { "sec-websocket-protocol": "v5.channel.k8s.io" };
    if (server.upgrade(request, { data, headers })) return undefined;
    return status(400, "exec needs a websocket");
  }

  async #open(socket: ServerWebSocket<Exec>): Promise<void> {
    const { argv, container } = socket.data;
    const send = (channel: number, bytes: Uint8Array) =>
      socket.send(Buffer.concat([Buffer.of(channel), bytes]));
    let child: Bun.Subprocess<"pipe", "pipe", "pipe">;
    try {
      child = this.#execute(container, argv);
    } catch (error) {
      send(CHANNEL.error, failed(`exec failed: ${String(error)}`, 126));
      socket.close();
      return;
    }
    socket.data.child = child;
    const pump = async (channel: number, stream: ReadableStream<Uint8Array>) => {
      for await (const chunk of stream) send(channel, chunk);
    };
    await Promise.all([pump(CHANNEL.stdout, child.stdout), pump(CHANNEL.stderr, child.stderr)]);
    const code = await child.exited;
    const ok = Buffer.from(JSON.stringify({ metadata: {}, status: "Success" }));
    send(CHANNEL.error, code === 0 ? ok : failed(`command terminated with exit code ${code}`, code));
    socket.close(1000);
  }

  #message(socket: ServerWebSocket<Exec>, message: Buffer): void {
    const { child } = socket.data;
    if (message[0] === CHANNEL.stdin) {
      child?.stdin.write(message.subarray(1));
      void child?.stdin.flush();
    } else if (message[0] === CHANNEL.close && message[1] === CHANNEL.stdin) void child?.stdin.end();
  }
}

const failed = (message: string, code: number): Buffer =>
  Buffer.from(
    JSON.stringify({
      metadata: {},
      status: "Failure",
      message,
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: String(code) }] },
    }),
  );

const status = (code: number, message: string): Response =>
  Response.json(
    { kind: "Status", apiVersion: "v1", status: "Failure", message, reason: "NotFound", code },
    { status: code },
  );

const RESOURCES = {
  kind: "APIResourceList",
  groupVersion: "v1",
  resources: [
    {
      name: "pods",
      singularName: "pod",
      namespaced: true,
      kind: "Pod",
      verbs: ["get", "patch"],
      shortNames: ["po"],
    },
    {
      name: "pods/ephemeralcontainers",
      singularName: "",
      namespaced: true,
      kind: "Pod",
      verbs: ["get", "patch"],
    },
    {
      name: "pods/exec",
      singularName: "",
      namespaced: true,
      kind: "PodExecOptions",
      verbs: ["create", "get"],
    },
  ],
};
