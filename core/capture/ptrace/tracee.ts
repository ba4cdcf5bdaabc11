import type { Call } from "../ebpf/calls.ts";

/** A thread that is traced. */
export interface Tracee {
  readonly tid: number;
  /** The call under way whose end is waited for. */
  call: Invocation | undefined;
}

/** One system call of a tracee. */
export interface Invocation {
  readonly tid: number;
  readonly call: Call;
  /** Made the way 32-bit programs do. */
  readonly compat: boolean;
  /** As the registers hold them. */
  readonly args: readonly bigint[];
  /** Errors are negative; set when the call returns. */
  result: number;
  /** Program that an execve names: its memory is gone when the call has succeeded. */
  filename: Uint8Array | undefined;
  /** Which of several messages a record is made of, from 0. */
  repetition: number;
  /** What the descriptor that the call returned refers to, once it has been looked at. */
  file: { readonly dev: number; readonly ino: bigint } | undefined;
  /** Whether the file that an open may create was there before. */
  existed: boolean;
}
