import { afterEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditEvent, eventList, podEvent } from "../../../tests/harness/audit-events.ts";
import { makeCertificates } from "../../../tests/harness/certificates.ts";
import { EventCursor } from "../../event/cursor.ts";
import type { Sink } from "../../event/source.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { auditSettings } from "./audit-settings.ts";
import { AuditSource } from "./audit-source.ts";

const directory = mkdtempSync(join(tmpdir(), "falco-audit-"));
const path = (name: string): string => join(directory, name);
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

const opened: AuditSource[] = [];
afterEach(() => {
  for (const source of opened.splice(0)) source.close();
});

/** An opened source, what it hands over (the auditID of each event) and what it says. */
function open(params: string, config = "") {
  const log: string[] = [];
  const source = new AuditSource(1, params, auditSettings(config), (_, message) => log.push(message));
  opened.push(source);
  source.open();
  const got: string[] = [];
  const cursor = new EventCursor();
  const sink: Pick<Sink, "event"> = {
    event: (bytes, view, offset, cpu) => {
      expect(cursor.set(bytes, view, offset, cpu)).toBe(true);
      expect([cursor.code, cursor.tid, cursor.uint(0, 0)]).toEqual([EVENT.PLUGINEVENT_E, -1, 1]);
      got.push(`${JSON.parse(cursor.slice(1).toString()).auditID} ${cursor.time}`);
      return true;
    },
  };
  const pump = async (timeoutMs = 0): Promise<number> => await source.pump(sink as Sink, timeoutMs);
  /** Pumps until so many events have come, or the source has ended. */
  const until = async (count: number): Promise<string[]> => {
    while (got.length < count && (await pump(50)) >= 0);
    return got.map((line) => line.split(" ")[0]!);
  };
  return { source, log, got, pump, until, url: /https?:\S+/.exec(log[0] ?? "")?.[0] ?? "" };
}

const event = (auditID: string, more: object = {}) => auditEvent({ auditID, ...more });
const line = (auditID: string): string => `${JSON.stringify(event(auditID))}\n`;
const TIME = 1_795_685_400_129_876_000n;

describe("webhook", () => {
  const post = (
    url: string,
    body: string | Uint8Array | ReadableStream,
    headers: Record<string, string> = {},
  ) => fetch(url, { method: "POST", body, headers: { "Content-Type": "application/json", ...headers } });

  test("takes a list, an array, a single event and one with a zone, in order", async () => {
    const { url, until, source, got } = open("http://127.0.0.1:0/k8s-audit");
    expect((await post(url, eventList(event("a"), event("b")))).status).toBe(200);
    expect((await post(url, `[${eventList(event("c"))}, ${line("d")}]`)).status).toBe(200);
    const zoned = event("e", { stageTimestamp: "2026-11-26T10:30:00.129876+01:00" });
    expect(
      (await post(url, JSON.stringify(zoned), { "Content-Type": "application/json; charset=utf-8" })).status,
    ).toBe(200);
    expect(await until(5)).toEqual(["a", "b", "c", "d", "e"]);
    expect(new Set(got.map((one) => one.split(" ")[1]))).toEqual(new Set([String(TIME)]));
    expect(source.stats()).toEqual({ seen: 5, dropped: {} });
  });

  test.each([
    ["", "it is not JSON"],
    ["{", "it is not JSON"],
    ["1", "data not recognized as a k8s audit event, EventList or array of them"],
    [
      '{"kind":"EventList","items":{}}',
      "data not recognized as a k8s audit event, EventList or array of them",
    ],
    ['{"kind":"Pod"}', "data not recognized as a k8s audit event, EventList or array of them"],
    ['{"kind":"Event"}', "an event has no stageTimestamp that is a time"],
    [
      '{"kind":"Event","stageTimestamp":"2026-02-30T00:00:00Z"}',
      "an event has no stageTimestamp that is a time",
    ],
    [`${"[".repeat(400)}${"]".repeat(400)}`, "it is nested more than 300 deep"],
  ])("answers 400 to %p", async (body, why) => {
    const { url, source } = open("http://127.0.0.1:0/k8s-audit");
    const response = await post(url, body);
    expect([response.status, await response.text()]).toEqual([400, `bad request: ${why}\n`]);
    expect(source.stats()).toEqual({ seen: 1, dropped: { malformed: 1 } });
  });

  test("takes what is good in a list and counts the rest", async () => {
    const { url, until, source } = open("http://127.0.0.1:0/", '{"maxEventSize":2000}');
    const long = event("long", { annotations: { x: "ü".repeat(800) } });
    expect(
      (await post(`${url}any/path`, eventList(event("a"), { kind: "Event" }, long, event("b")))).status,
    ).toBe(200);
    expect(await until(2)).toEqual(["a", "b"]);
    expect(source.stats()).toEqual({ seen: 4, dropped: { malformed: 1, too_large: 1 } });
    expect(Object.fromEntries(source.metrics().map(({ name, value }) => [name, value]))).toEqual({
      n_events: 2,
      n_lost_malformed: 1,
      n_lost_too_large: 1,
      n_lost_refused: 0,
    });
  });

  test("knows its path, method, type and size", async () => {
    const { url } = open("http://127.0.0.1:0/k8s-audit", '{"webhookMaxBatchSize":1000}');
    const status = async (answer: Promise<Response>): Promise<number> => (await answer).status;
    expect(await status(fetch(url))).toBe(405);
    expect(await status(post(`${url}/x`, "{}"))).toBe(404);
    expect(await status(post(url, "{}", { "Content-Type": "text/plain" }))).toBe(400);
    expect(await status(post(url, "{}", { "Content-Encoding": "gzip" }))).toBe(415);
    expect(await status(post(url, " ".repeat(1001)))).toBe(413);
  });

  test("turns requests away while the queue is full, and takes more when there is room", async () => {
    const { url, until, source, log } = open(
      "http://127.0.0.1:0/k8s-audit",
      '{"webhookMaxBatchSize":10100000}',
    );
    const big = eventList(...Array.from({ length: 50 }, (_, i) => event(`${i}`, { x: "y".repeat(200_000) })));
    const answers: Response[] = [];
    for (let i = 0; i < 5; i++) answers.push(await post(url, big));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429]);
    expect(answers[4]!.headers.get("Retry-After")).toBe("1");
    expect(source.stats().dropped).toEqual({ refused: 1 });
    expect(log[1]).toContain("the queue is full");
    await until(200);
    expect((await post(url, eventList(event("z")))).status).toBe(200);
    expect((await until(201)).at(-1)).toBe("z");
  });

  test("a body that breaks off, or is longer than it may be, is no event", async () => {
    const { url, source } = open("http://127.0.0.1:0/k8s-audit", '{"webhookMaxBatchSize":1000}');
    const { port } = new URL(url);
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: Number(port),
      socket: { data: () => {} },
    });
    socket.write(
      "POST /k8s-audit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n[",
    );
    socket.flush();
    await Bun.sleep(100);
    socket.end();
    const chunks = new ReadableStream({
      start: (controller) => {
        for (let i = 0; i < 30; i++) controller.enqueue(Buffer.from(" ".repeat(100)));
        controller.close();
      },
    });
    const tooLong = await post(url, chunks);
    expect([400, 413]).toContain(tooLong.status);
    expect((await post(url, eventList(event("a")))).status).toBe(200);
    expect(source.stats().dropped.refused).toBeUndefined();
  });

  test("serves every address, and TLS to clients that its authority knows", async () => {
    const { ca, cert, key } = makeCertificates();
    writeFileSync(path("falco.pem"), cert + key);
    writeFileSync(path("ca.pem"), ca);
    const plain = open("http://:0/k8s-audit");
    for (const host of ["127.0.0.1", "[::1]"]) {
      const url = `http://${host}:${/:(\d+)\//.exec(plain.log[0]!)![1]}/k8s-audit`;
      expect((await post(url, eventList(event("a")))).status).toBe(200);
    }
    const config = JSON.stringify({ sslCertificate: path("falco.pem"), sslClientCA: path("ca.pem") });
    const { url } = open("https://localhost:0/k8s-audit", config);
    const send = (tls: object) =>
      fetch(url, {
        method: "POST",
        body: eventList(event("a")),
        headers: { "Content-Type": "application/json" },
        tls,
      } as RequestInit);
    expect((await send({ ca, cert, key })).status).toBe(200);
    expect(send({ ca })).rejects.toThrow();
  });

  test("says what keeps it from listening", () => {
    expect(() => open("https://127.0.0.1:0/x", '{"sslCertificate":"/nowhere.pem"}')).toThrow(
      "Cannot listen for audit events: cannot read certificate file /nowhere.pem",
    );
    const { url } = open("http://127.0.0.1:0/x");
    expect(() => open(url)).toThrow(/^Cannot listen for audit events on http:\/\/127\.0\.0\.1:\d+: /);
  });
});

describe("files", () => {
  test("a file is read and ends, with or without a last newline; bad lines are counted", async () => {
    const file = path("one.log");
    writeFileSync(file, `${line("a")}\n{bad\n${eventList(event("b"), event("c"))}\n${line("d").trimEnd()}`);
    const { until, pump, source } = open(file);
    expect(await until(10)).toEqual(["a", "b", "c", "d"]);
    expect(await pump(0)).toBe(0);
    expect(await pump(10)).toBe(-1);
    expect(source.stats()).toEqual({ seen: 5, dropped: { malformed: 1 } });
  });

  test("a directory is read from its oldest file on", async () => {
    const folder = mkdtempSync(path("dir-"));
    for (const [i, name] of ["z", "b", "a"].entries()) {
      writeFileSync(join(folder, name), line(name));
      utimesSync(join(folder, name), i, i);
    }
    expect(await open(folder).until(10)).toEqual(["z", "b", "a"]);
  });

  test("lines beyond the limit are left out, also those longer than any piece", async () => {
    const file = path("long.log");
    writeFileSync(file, `${line("a")}${"x".repeat(300_000)}\n${line("b")}${"y".repeat(200_000)}`);
    const { until, source } = open(file, '{"webhookMaxBatchSize":100000}');
    expect(await until(10)).toEqual(["a", "b"]);
    expect(source.stats().dropped).toEqual({ too_large: 2 });
  });

  test("a file is followed from its end, through rotation and truncation", async () => {
    const file = path("follow.log");
    writeFileSync(file, line("old"));
    const { until, pump } = open(`file://${file}`);
    await pump(1);
    appendFileSync(file, `${line("a")}${line("b").slice(0, 40)}`);
    expect(await until(1)).toEqual(["a"]);
    appendFileSync(file, line("b").slice(40));
    expect(await until(2)).toEqual(["a", "b"]);
    renameSync(file, `${file}.1`);
    appendFileSync(`${file}.1`, line("c"));
    writeFileSync(file, line("d"));
    expect(await until(4)).toEqual(["a", "b", "c", "d"]);
    truncateSync(file, 0);
    await pump(1);
    appendFileSync(file, line("e"));
    expect((await until(5)).at(-1)).toBe("e");
  });

  test("a file may come later, and is read from its start", async () => {
    const file = path("later.log");
    const { until, pump } = open(`file://${file}`);
    expect(await pump(1)).toBe(0);
    writeFileSync(file, line("a"));
    expect(await until(1)).toEqual(["a"]);
  });

  test("a file that is not there is an error", () => {
    expect(() => open(path("none"))).toThrow(`Cannot read audit events from ${path("none")}: `);
  });
});

test("events are compact JSON, whatever they came as", async () => {
  const file = path("spaced.log");
  writeFileSync(file, `[ ${JSON.stringify(podEvent({ a: [1.5] }), null, 1).replaceAll("\n", " ")} ]`);
  const source = new AuditSource(1, file, auditSettings(""), () => {});
  opened.push(source);
  source.open();
  const cursor = new EventCursor();
  const texts: string[] = [];
  const sink = {
    event: (bytes: Buffer, view: DataView, offset: number) => {
      cursor.set(bytes, view, offset, 0);
      texts.push(cursor.slice(1).toString());
    },
  } as unknown as Sink;
  while ((await source.pump(sink, 10)) >= 0);
  expect(texts).toEqual([JSON.stringify(podEvent({ a: [1.5] }))]);
});
