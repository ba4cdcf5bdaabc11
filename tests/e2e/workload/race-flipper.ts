// Changes one byte of shared memory between two values, without end.
import { type Pointer, toArrayBuffer } from "bun:ffi";

declare const self: Worker;

const TIMES = 64;

self.onmessage = ({ data }: MessageEvent<{ memory: number; size: number }>) => {
  const memory = toArrayBuffer(data.memory as Pointer, 0, data.size);
  const position = new Int32Array(memory, 0, 2);
  const bytes = new Uint8Array(memory);
  self.postMessage("ready");
  for (;;) {
    const at = Atomics.load(position, 0);
    Atomics.store(position, 1, at);
    if (at !== 0) for (let i = 0; i < TIMES; i++) Atomics.xor(bytes, at, 1);
  }
};
