import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { FalcoError } from "../errors.ts";
import { namedTls } from "./certificates.ts";
import type { FluentdOptions } from "./fluentd.ts";
import { EventTime, pack, type Unpacked, unpack } from "./msgpack.ts";
import { timed } from "./timed.ts";

const ANSWER_MS = 5000;
/** An honest answer is a few hundred bytes; more than this is not from a forward server. */
const MAX_ANSWER = 64 << 10;

/** A connection to a forward server: handshake, chunks, and their confirmations. */
export class ForwardConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  /** Wakes whoever waits for the next answer. */
  #wake: (() => void) | undefined;
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      if (this.#received.length > MAX_ANSWER) this.#fail(new Error("the answer is too long"));
      this.#wake?.();
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
  }

  /** Connects and, where a shared key is set, proves it. */
  static async open(options: FluentdOptions, self: string): Promise<ForwardConnection> {
    const socket = dial(options);
    const connection = new ForwardConnection(socket);
    try {
      const ready = new Promise<void>((resolve, reject) => {
        socket.once(options.tls ? "secureConnect" : "connect", () => resolve());
        socket.once("error", reject);
      });
      await timed(ready, ANSWER_MS, "no connection in time");
      if (options.shared_key) await connection.#greet(options, self);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Writes bytes and waits until the kernel, or with a chunk the server, has them. */
  async send(bytes: Buffer, chunk: string | undefined): Promise<void> {
    if (this.#failure) throw this.#failure;
    await timed(this.#write(bytes), ANSWER_MS, "the server did not take it in time");
    if (chunk === undefined) return;
    const answer = await this.#answer();
    if (!isMap(answer) || answer.ack !== chunk) throw new Error("the server confirmed something else");
  }

  close(): void {
    this.#fail(new Error("closed"));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    this.#wake?.();
  }

  #write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wake = () => this.#failure && reject(this.#failure);
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  async #answer(): Promise<Unpacked> {
    const deadline = performance.now() + ANSWER_MS;
    for (;;) {
      const found = unpack(this.#received);
      if (found) {
        this.#received = this.#received.subarray(found.length);
        return found.value;
      }
      if (this.#failure) throw this.#failure;
      const news = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await timed(news, deadline - performance.now(), "no confirmation in time");
    }
  }

  /** HELO from the server, PING from here, PONG from the server; each side shows that it knows the shared key. */
  async #greet({ shared_key: key, user, password }: FluentdOptions, self: string): Promise<void> {
    const helo = await this.#answer();
    const settings = Array.isArray(helo) && helo[0] === "HELO" ? helo[1] : undefined;
    if (!isMap(settings)) throw new Error("the server did not begin with HELO");
    const nonce = bytesOf(settings.nonce);
    const auth = bytesOf(settings.auth);
    const salt = randomBytes(16).toString("hex");
    const proof = sha512(salt, self, nonce, key);
    const login = auth.length > 0 ? [user, sha512(auth, user, password)] : ["", ""];
    await timed(this.#write(pack(["PING", self, salt, proof, ...login])), ANSWER_MS, "no answer in time");
    const pong = await this.#answer();
    if (!Array.isArray(pong) || pong[0] !== "PONG") throw new Error("the server did not answer with PONG");
    const [, accepted, reason, server, digest] = pong;
    if (accepted !== true) throw new Error(`the server refused: ${String(reason)}`);
    const wanted = Buffer.from(sha512(salt, String(server), nonce, key));
    const given = Buffer.from(String(digest));
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      throw new Error("the server does not know the shared key");
    }
  }
}

function dial(options: FluentdOptions): Socket {
  if (options.address.startsWith("unix://"))
    return connectTcp({ path: options.address.slice("unix://".length) });
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(options.address);
  if (!match) {
    throw new FalcoError(
      "OUTPUT_ADDRESS",
      `Invalid fluentd_output.address "${options.address}": expected HOST:PORT`,
    );
  }
  const host = (match[1] ?? match[2])!;
  const port = Number(match[3]);
  return options.tls
    ? connectTls({ host, port, servername: host, ...namedTls(options) })
    : connectTcp({ host, port });
}

const isMap = (value: Unpacked | undefined): value is { [name: string]: Unpacked } =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !Buffer.isBuffer(value) &&
  !(value instanceof EventTime);

const bytesOf = (value: Unpacked | undefined): Buffer =>
  Buffer.isBuffer(value) ? value : Buffer.from(typeof value === "string" ? value : "");

function sha512(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
