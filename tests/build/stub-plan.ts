/**
 * Environment variables that must not reach a security tool: each would let whoever starts it run code in
 * it or weaken it. Bun's own (BUN_BE_BUN turns the binary into an interpreter, BUN_OPTIONS preloads files,
 * BUN_INSPECT opens a debugger), the loader's, and Node's switches that Bun honours.
 */
export const DROPPED_VARIABLES: readonly string[] = [
  "BUN_",
  "LD_PRELOAD=",
  "LD_LIBRARY_PATH=",
  "LD_AUDIT=",
  "NODE_OPTIONS=",
  "NODE_TLS_REJECT_UNAUTHORIZED=",
];

/** A library carried in the file, as the stub finds it: four 64-bit words each, a zero word ends the table. */
export const LIBRARY_ENTRY = 32;

export interface StubPlan {
  /** Address of the list of variable prefixes: a length byte and the characters each, a zero byte ends it. */
  readonly variables: number;
  /** Where execution goes on: the program's own start, or the loader's. */
  readonly next: number;
  /** Set when the file carries its loader and libraries. */
  readonly inside?: {
    /** Addresses of variables to put before the others: two, so that the stack stays aligned. */
    readonly settings: readonly [number, number];
    /** Auxiliary vector entries (getauxval(3)) to overwrite: what the kernel would have told the loader. */
    readonly auxiliary: readonly (readonly [type: number, value: number])[];
    /** Address of the table of libraries: address of the name, of the bytes, their length, where to put digits. */
    readonly libraries: number;
    /** Address and length of what to say when a library cannot be put into memory. */
    readonly message: readonly [address: number, length: number];
  };
}

/** The list of prefixes in the form that StubPlan.variables points at. */
export function encodeVariables(prefixes: readonly string[] = DROPPED_VARIABLES): Buffer {
  return Buffer.concat([
    ...prefixes.map((p) => Buffer.from([p.length, ...Buffer.from(p, "latin1")])),
    Buffer.from([0]),
  ]);
}
