import { expect, test } from "bun:test";
import { EventCursor } from "../../event/cursor.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { EventRecord } from "./event-record.ts";

const cursor = new EventCursor();
function written(code: number, data: Parameters<EventRecord["write"]>[3]): EventCursor {
  const record = new EventRecord();
  record.write(code, 42, 1_700_000_000_123_456_789n, data);
  cursor.set(record.bytes, record.view, 0, 0);
  return cursor;
}

test("EventRecord.write() gives a record that the cursor reads back", () => {
  const name = Buffer.from("/etc/hosts\0");
  const event = written(EVENT.SYSCALL_OPENAT_2_X, [-2, -100, name, 0x4001, 0o644, 7, 2n ** 40n]);
  expect(event.tid).toBe(42);
  expect(event.time).toBe(1_700_000_000_123_456_789n);
  expect([event.int(0, 0), event.int(1, 0), event.text(2)]).toEqual([-2, -100, "/etc/hosts"]);
  expect([event.uint(3, 0), event.uint(4, 0), event.uint(5, 0)]).toEqual([0x4001, 0o644, 7]);
  expect(event.bigint(6, false)).toBe(2n ** 40n);
});

test("EventRecord.write() cuts numbers to their type and keeps empty parameters empty", () => {
  const event = written(EVENT.SYSCALL_SETUID_X, [0, 0xffff_ffff_ffff_ffffn]);
  expect(event.uint(1, 0)).toBe(0xffff_ffff);
  expect(written(EVENT.SYSCALL_CHDIR_X, [0, new Uint8Array(0)]).size(1)).toBe(0);
});

test("EventRecord.write() cuts data to what a record's length can say", () => {
  const event = written(EVENT.SYSCALL_WRITE_X, [0, new Uint8Array(100_000), 3, 100_000]);
  expect(event.size(1)).toBe(0xffff);
  expect(event.uint(3, 0)).toBe(100_000);
});
