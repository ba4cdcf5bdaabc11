import { ptr } from "bun:ffi";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { ENGINE_SETTING_NAMES } from "../../ffi/engine-setting.ts";
import { errno, libc } from "../../ffi/libc.ts";
import { SystemError } from "../../ffi/system-error.ts";

/** First word of the command line of the stage that becomes the workload; no command of falco's tree. */
export const LAUNCH_WORD = "trace-launch";
/** In the filter's place: none. */
export const NO_FILTER = "-";

/** What shells return for a command that is not there, or that can't be run. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

const SIG_DFL = 0;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const ATTACH_TIMEOUT_MS = 10_000;

/**
 * Becomes the workload: waits until the tracer has this process, installs the filter (base64, or `-`), and
 * executes the command. Returns the exit code when that fails.
 */
export function launch([filter, ...command]: readonly string[]): number {
  const [file] = command;
  if (filter === undefined || file === undefined) return fail("no command", NOT_RUNNABLE);
  if (!waitForTracer()) return fail("the tracer did not come", NOT_RUNNABLE);
  restoreSignals();
  const argv = strings(command);
  try {
    if (filter !== NO_FILTER) install(Buffer.from(filter, "base64"));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return fail(`no seccomp filter: ${error.message} (--detachable does without)`, NOT_RUNNABLE);
  }
  for (const name of ENGINE_SETTING_NAMES) libc().unsetenv(ptr(Buffer.from(`${name}\0`)));
  libc().execvp(ptr(argv.texts[0]!), ptr(argv.pointers));
  const { code } = new SystemError("execvp", errno());
  return fail(`cannot run ${file}: ${code}`, code === "ENOENT" ? NOT_FOUND : NOT_RUNNABLE);
}

/** The runtime ignores these signals, and programs inherit that; they expect to end by them. */
function restoreSignals(): void {
  const { SIGPIPE, SIGXFSZ } = constants.signals;
  for (const signal of [SIGPIPE, SIGXFSZ]) libc().signal(signal, SIG_DFL);
}

function fail(message: string, code: number): number {
  const line = Buffer.from(`falco trace: ${message}\n`);
  libc().write(2, ptr(line), line.length);
  return code;
}

/** The tracer attaches right after it has started this process: a filter without it would make calls fail. */
function waitForTracer(): boolean {
  const end = performance.now() + ATTACH_TIMEOUT_MS;
  while (performance.now() < end) {
    if (!/^TracerPid:\t0$/m.test(readFileSync("/proc/self/status", "latin1"))) return true;
    libc().usleep(200);
  }
  return false;
}

/** Privileged processes keep the right to gain privileges by execve; the others must give it up to filter. */
function install(filter: Uint8Array): void {
  // struct sock_fprog { u16 length; struct sock_filter *filter }
  const program = new BigUint64Array([BigInt(filter.length / 8), BigInt(ptr(filter))]);
  const set = (): boolean => libc().prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ptr(program), 0, 0) === 0;
  if (set()) return;
  if (libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) throw new SystemError("prctl", errno());
  if (!set()) throw new SystemError("seccomp", errno());
}

/** A NULL-terminated array of C strings. */
function strings(words: readonly string[]): { texts: Buffer[]; pointers: BigUint64Array } {
  const texts = words.map((word) => Buffer.from(`${word}\0`));
  return { texts, pointers: new BigUint64Array([...texts.map((text) => BigInt(ptr(text))), 0n]) };
}
