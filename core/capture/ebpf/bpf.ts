import { ptr } from "bun:ffi";
import { FalcoError } from "../../errors.ts";
import { check, errno, libc } from "../../ffi/libc.ts";
import { SystemError } from "../../ffi/system-error.ts";
import { ARCHITECTURES } from "./architecture.ts";

/** Map and program types, commands and flags of bpf(2); part of the kernel's stable interface. */
const COMMAND = {
  mapCreate: 0,
  mapUpdate: 2,
  mapDelete: 3,
  mapNextKey: 4,
  progLoad: 5,
  progTestRun: 10,
  rawTracepointOpen: 17,
  btfLoad: 18,
} as const;
export const MAP_TYPE = { hash: 1, array: 2, programArray: 3, ring: 27, taskStorage: 29 } as const;
const RAW_TRACEPOINT = 17;
const TRACING = 26;
/** BPF_TRACE_FEXIT: the program runs when the function returns. */
const FUNCTION_EXIT = 25;
const NO_EXIST = 1;
/** Lets user space map an array's memory. */
export const MAPPABLE = 1 << 10;

const ATTR_SIZE = 128;
const LOG_SIZE = 1 << 22;

/** The argument structure of bpf(2), and what it points to: kept here so that it outlives the call. */
class Attributes {
  readonly bytes = Buffer.alloc(ATTR_SIZE);
  readonly view = new DataView(this.bytes.buffer, this.bytes.byteOffset, ATTR_SIZE);
  readonly #kept: Uint8Array[] = [];

  address(at: number, memory: Uint8Array): void {
    this.#kept.push(memory);
    this.view.setBigUint64(at, BigInt(ptr(memory)), true);
  }

  call(command: number): number | bigint {
    const number = ARCHITECTURES[process.arch]?.bpf ?? -1;
    const result = libc().syscall(number, command, ptr(this.bytes), ATTR_SIZE, 0, 0, 0);
    this.#kept.length = 0;
    return result;
  }
}

/** Object names take 15 characters of a small alphabet. */
const objectName = (name: string): string => name.replaceAll(/\W/g, "_").slice(0, 15);

export interface MapSpec {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly entries: number;
  readonly flags?: number;
  /** Descriptor of type information, and the ids in it of key and value: what task storage demands. */
  readonly types?: { readonly fd: number; readonly key: number; readonly value: number };
}

/** Creates a map and returns its descriptor; the map goes with the last descriptor. Throws SystemError. */
export function createMap(spec: MapSpec): number {
  const attributes = new Attributes();
  const { bytes, view } = attributes;
  view.setUint32(0, spec.type, true);
  view.setUint32(4, spec.keySize, true);
  view.setUint32(8, spec.valueSize, true);
  view.setUint32(12, spec.entries, true);
  view.setUint32(16, spec.flags ?? 0, true);
  bytes.write(objectName(spec.name), 28, "latin1");
  if (spec.types) {
    view.setUint32(48, spec.types.fd, true);
    view.setUint32(52, spec.types.key, true);
    view.setUint32(56, spec.types.value, true);
  }
  return check(`bpf(BPF_MAP_CREATE, ${spec.name})`, attributes.call(COMMAND.mapCreate));
}

/** Sets element `key` (u32) of a map. Throws SystemError. */
export function updateMap(fd: number, key: number, value: Uint8Array): void {
  check("bpf(BPF_MAP_UPDATE_ELEM)", update(fd, key, value, 0));
}

/** Sets element `key` (u32) of a map unless there is one. Returns whether it did; a full map is a reason not to. Throws SystemError. */
export function insertIntoMap(fd: number, key: number, value: Uint8Array): boolean {
  if (Number(update(fd, key, value, NO_EXIST)) >= 0) return true;
  const error = new SystemError("bpf(BPF_MAP_UPDATE_ELEM)", errno());
  if (error.code === "EEXIST" || error.code === "E2BIG") return false;
  throw error;
}

function keyBytes(key: number | Uint8Array): Uint8Array {
  return typeof key === "number" ? new Uint8Array(new Uint32Array([key]).buffer) : key;
}

function update(fd: number, key: number | Uint8Array, value: Uint8Array, flags: number): number | bigint {
  const attributes = new Attributes();
  const { view } = attributes;
  view.setUint32(0, fd, true);
  attributes.address(8, keyBytes(key));
  attributes.address(16, value);
  view.setUint32(24, flags, true);
  return attributes.call(COMMAND.mapUpdate);
}

/** Sets element `key` of a map. Returns whether it did: a full map is a reason not to. Throws SystemError. */
export function replaceInMap(fd: number, key: Uint8Array, value: Uint8Array): boolean {
  if (Number(update(fd, key, value, 0)) >= 0) return true;
  const error = new SystemError("bpf(BPF_MAP_UPDATE_ELEM)", errno());
  if (error.code === "E2BIG") return false;
  throw error;
}

/** Removes element `key` (u32, or bytes) of a map, if there is one. Throws SystemError. */
export function deleteFromMap(fd: number, key: number | Uint8Array): void {
  const attributes = new Attributes();
  attributes.view.setUint32(0, fd, true);
  attributes.address(8, keyBytes(key));
  if (Number(attributes.call(COMMAND.mapDelete)) >= 0) return;
  const error = new SystemError("bpf(BPF_MAP_DELETE_ELEM)", errno());
  if (error.code !== "ENOENT") throw error;
}

/** The u32 keys that a map has at the moment. Throws SystemError. */
export function keysOfMap(fd: number): number[] {
  const keys: number[] = [];
  const next = new Uint32Array(1);
  for (;;) {
    const attributes = new Attributes();
    attributes.view.setUint32(0, fd, true);
    if (keys.length > 0) attributes.address(8, keyBytes(keys.at(-1)!));
    attributes.address(16, new Uint8Array(next.buffer));
    if (Number(attributes.call(COMMAND.mapNextKey)) < 0) break;
    keys.push(next[0]!);
  }
  const error = new SystemError("bpf(BPF_MAP_GET_NEXT_KEY)", errno());
  if (error.code !== "ENOENT") throw error;
  return keys;
}

/** Gives type information (format: the kernel's Documentation/bpf/btf.rst) to the kernel and returns its descriptor. Throws SystemError. */
export function loadTypes(types: Buffer): number {
  const attributes = new Attributes();
  attributes.address(0, types);
  attributes.view.setUint32(16, types.length, true);
  return check("bpf(BPF_BTF_LOAD)", attributes.call(COMMAND.btfLoad));
}

/** `target`: type id of the kernel function that the program is for; without it is a raw tracepoint's. */
function loadOnce(
  name: string,
  code: Buffer,
  target: number | undefined,
  log: Buffer | undefined,
): number | bigint {
  const attributes = new Attributes();
  const { bytes, view } = attributes;
  const license = Buffer.from("GPL\0");
  view.setUint32(0, target === undefined ? RAW_TRACEPOINT : TRACING, true);
  view.setUint32(4, code.length / 8, true);
  attributes.address(8, code);
  attributes.address(16, license);
  if (log) {
    view.setUint32(24, 1, true);
    view.setUint32(28, log.length, true);
    attributes.address(32, log);
  }
  bytes.write(objectName(name), 48, "latin1");
  if (target !== undefined) {
    view.setUint32(68, FUNCTION_EXIT, true);
    view.setUint32(108, target, true);
  }
  return attributes.call(COMMAND.progLoad);
}

/** What the verifier held against a program: the last line says it, the whole log is for `cause`. */
function verifierError(name: string, reason: string, log: string): FalcoError {
  const lines = log.trimEnd().split("\n");
  const last = lines.findLast(
    (line) => line !== "" && !/^(processed|verification time|stack depth)/.test(line),
  );
  const omitted = lines.length > 1 ? ` (${lines.length - 1} lines omitted)` : "";
  return new FalcoError(
    "EBPF_REJECTED",
    `Cannot load the eBPF program for ${name}: ${last ?? reason}${omitted}`,
    {
      hint: 'watch a command with "falco trace -- COMMAND", and report the kernel version with the log of this error',
      cause: new Error(log),
    },
  );
}

/**
 * Loads a raw tracepoint program, or with `target` one that runs at the end of that kernel function, and returns its descriptor. What the verifier rejects throws EBPF_REJECTED with
 * its last words, the full log as cause; other failures throw SystemError.
 */
export function loadProgram(name: string, code: Buffer, target?: number): number {
  // The log is asked for only after a failure: it makes loading several times slower.
  let result = loadOnce(name, code, target, undefined);
  if (Number(result) >= 0) return Number(result);
  const error = new SystemError(`bpf(BPF_PROG_LOAD, ${name})`, errno());
  if (error.code !== "EACCES" && error.code !== "EINVAL" && error.code !== "E2BIG") throw error;
  const log = Buffer.alloc(LOG_SIZE);
  result = loadOnce(name, code, target, log);
  if (Number(result) >= 0) return Number(result);
  const end = log.indexOf(0);
  if (end === 0) throw error;
  throw verifierError(name, error.message, log.latin1Slice(0, end));
}

/** Attaches a program to a raw tracepoint; closing the returned descriptor detaches it. Throws SystemError. */
export function attachRawTracepoint(tracepoint: string, program: number): number {
  const attributes = new Attributes();
  const { view } = attributes;
  const name = Buffer.from(`${tracepoint}\0`);
  attributes.address(0, name);
  view.setUint32(8, program, true);
  return check(`bpf(BPF_RAW_TRACEPOINT_OPEN, ${tracepoint})`, attributes.call(COMMAND.rawTracepointOpen));
}

/** Attaches a program to the kernel function it was loaded for; closing the returned descriptor detaches it. Throws SystemError. */
export function attachToFunction(name: string, program: number): number {
  const attributes = new Attributes();
  attributes.view.setUint32(8, program, true);
  return check(`bpf(BPF_RAW_TRACEPOINT_OPEN, ${name})`, attributes.call(COMMAND.rawTracepointOpen));
}

/** Runs a program once on this thread and returns its result, 32 bits unsigned. Linux ≥ 5.10. Throws SystemError. */
export function runProgram(program: number): number {
  const attributes = new Attributes();
  const { view } = attributes;
  view.setUint32(0, program, true);
  check("bpf(BPF_PROG_TEST_RUN)", attributes.call(COMMAND.progTestRun));
  return view.getUint32(4, true);
}
