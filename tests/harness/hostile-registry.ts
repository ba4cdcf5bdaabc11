import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** A request the registry saw, for asserting on what was sent. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** Handles a request in its own way and returns true, or leaves it to the ordinary registry. */
export type Misbehaviour = (request: SeenRequest, response: ServerResponse) => boolean;

export interface HostileRegistry {
  readonly host: string;
  readonly url: string;
  readonly seen: SeenRequest[];
  /** Adds a blob and returns its digest. */
  blob(bytes: Uint8Array | string): string;
  /** Adds a manifest under tags and its digest, which is returned. */
  manifest(json: object, ...tags: string[]): string;
  misbehave: Misbehaviour;
  stop(): Promise<void>;
}

const sha256 = (bytes: Uint8Array | string): string =>
  "sha256:" + new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

/** A registry in memory, for one repository's worth of content, that can be told to do anything to its clients. */
export async function startHostileRegistry(): Promise<HostileRegistry> {
  const content = new Map<string, { bytes: Buffer; type: string }>();
  const seen: SeenRequest[] = [];
  const registry = { misbehave: (() => false) as Misbehaviour };
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const { method = "GET", url: path = "/" } = request;
      const record = { method, path, headers: request.headers as SeenRequest["headers"], body };
      seen.push(record);
      if (!registry.misbehave(record, response)) serve(content, record, response);
    });
  });
  const port = await listen(server);
  const host = `127.0.0.1:${port}`;
  const put = (key: string, bytes: Uint8Array | string, type: string): void =>
    void content.set(key, { bytes: Buffer.from(bytes), type });
  return Object.assign(registry, {
    host,
    url: `http://${host}`,
    seen,
    blob: (bytes: Uint8Array | string) => {
      put(sha256(bytes), bytes, "application/octet-stream");
      return sha256(bytes);
    },
    manifest: (json: object, ...tags: string[]) => {
      const text = JSON.stringify(json);
      const type = (json as { mediaType?: string }).mediaType ?? "application/vnd.oci.image.manifest.v1+json";
      for (const key of [sha256(text), ...tags]) put(key, text, type);
      return sha256(text);
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}

function serve(
  content: ReadonlyMap<string, { bytes: Buffer; type: string }>,
  { headers, method, path }: SeenRequest,
  response: ServerResponse,
): void {
  const found = content.get(decodeURIComponent(/\/(?:blobs|manifests)\/([^/?]+)/.exec(path)?.[1] ?? ""));
  if (/^\/v2\/$/.test(path)) return void response.writeHead(200).end();
  if (!found)
    return void response
      .writeHead(404, { "content-type": "application/json" })
      .end('{"errors":[{"code":"UNKNOWN"}]}');
  const start = Number(/^bytes=(\d+)-/.exec(headers["range"] ?? "")?.[1] ?? 0);
  response.writeHead(start > 0 ? 206 : 200, {
    "content-type": found.type,
    "content-length": found.bytes.length - start,
    "docker-content-digest": sha256(found.bytes),
    ...(start > 0 && { "content-range": `bytes ${start}-${found.bytes.length - 1}/${found.bytes.length}` }),
  });
  response.end(method === "HEAD" ? undefined : found.bytes.subarray(start));
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("latin1");
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
