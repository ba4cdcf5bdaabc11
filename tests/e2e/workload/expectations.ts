import { join } from "node:path";
import { call, eventOf, memory, numberOf, words } from "./calls.ts";

type Expected = Record<string, number | string>;

/** Where the workload may make files. */
export const dir = process.argv[2]!;
export const pid = process.pid;
export const expectations: { readonly event: string; readonly params: Expected }[] = [];

/** What a call's event should hold, bytes as hex digits behind "hex:". */
export function expectEvent(event: string, params: Expected): void {
  expectations.push({ event, params });
}

/** Makes a call where the machine has it and expects the result in `into` beside `params`. */
export function run(name: string, args: readonly number[], params: Expected = {}, into = "res"): number {
  if (numberOf(name) < 0) return -1;
  const result = call(name, ...args);
  expectEvent(eventOf(name), into ? { [into]: result, ...params } : params);
  return result;
}

export const hex = (bytes: Uint8Array | string): string => `hex:${Buffer.from(bytes).toString("hex")}`;
export const wordsOf = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, i) => {
    bytes.writeBigInt64LE(BigInt(value), 8 * i);
  });
  return bytes;
};

export const AT_FDCWD = -100;
export const O_RDWR_CREAT = 0o102;
export const O_CLOEXEC = 0o2000000;
export const BAD_FD = 999;
export const file = join(dir, "file");
export const path = (name: string): string => join(dir, name);

/** Two iovecs. */
export function vector(...parts: readonly string[]): number {
  return words(...parts.flatMap((part) => [part ? memory(Buffer.from(part)) : 0, part.length]));
}
