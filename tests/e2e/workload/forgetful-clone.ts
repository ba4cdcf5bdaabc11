// Makes a thread with clone3 and prints its id. Before it runs, the kernel puts that id over a part of the flags, as a parent's stack changes that goes on.
import { memory } from "./calls.ts";
import { clone3 } from "./machine-code.ts";

const VM_FS_FILES_SIGHAND_THREAD = 0x1_0f00n;
const PARENT_SETTID = 0x10_0000n;
/** Where `struct clone_args` has flags, the address for the new id, and the address and size of the stack. */
const AT = { flags: 0, parentTid: 3, stack: 5, stackSize: 6 } as const;
/** The id's upper half falls on the lower half of the flags. */
const OVER_FLAGS = 2;

const buffer = new ArrayBuffer(8 + 88);
const words = new BigUint64Array(buffer, 8);
const start = memory(new Uint8Array(buffer)) + 8;
words[AT.flags] = VM_FS_FILES_SIGHAND_THREAD | PARENT_SETTID;
words[AT.parentTid] = BigInt(start - OVER_FLAGS);
words[AT.stack] = BigInt(memory(new Uint8Array(4096)));
words[AT.stackSize] = 4096n;
console.log(clone3(start));
