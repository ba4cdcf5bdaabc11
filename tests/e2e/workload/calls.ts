import { ptr } from "bun:ffi";
import { errno, libc } from "../../../core/ffi/libc.ts";
import { SYSCALLS } from "../../../core/schema/syscalls.ts";

const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
const calls = new Map(SYSCALLS.map((call) => [call.name, call]));
const kept: Uint8Array[] = [];

/** A pointer to bytes that stay where they are. */
export function memory(bytes: Uint8Array): number {
  kept.push(bytes);
  return ptr(bytes);
}

export const text = (value: string): number => memory(Buffer.from(`${value}\0`));
export const words = (...values: readonly (number | bigint)[]): number =>
  memory(new Uint8Array(new BigUint64Array(values.map((value) => BigInt.asUintN(64, BigInt(value)))).buffer));
export const ints = (...values: readonly number[]): number =>
  memory(new Uint8Array(new Int32Array(values).buffer));

/** Number of a call on this machine, or -1. */
export const numberOf = (name: string): number => calls.get(name)?.[arch] ?? -1;

/** The event that a call's end gives. */
export const eventOf = (name: string): string => calls.get(name)?.exit ?? "";

/** Makes the call; what it returns, errors as negative numbers. */
export function call(name: string, ...args: readonly number[]): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args;
  const result = Number(libc().syscall(numberOf(name), a, b, c, d, e, f));
  return result === -1 ? -errno() : result;
}
