import { accessSync, constants } from "node:fs";
import { release } from "node:os";
import { FalcoError } from "../../errors.ts";
import { SystemError } from "../../ffi/system-error.ts";
import { ARCHITECTURES, type Architecture } from "./architecture.ts";

export const BTF_PATH = "/sys/kernel/btf/vmlinux";

const HINT =
  'use "falco trace -- COMMAND" to watch a command without the kernel, or engine.kind=replay to read a capture';

const unsupported = (reason: string): FalcoError =>
  new FalcoError("EBPF_UNSUPPORTED", `Cannot start eBPF capture: ${reason}`, { hint: HINT });

/** The machine's description for the probe. Throws EBPF_UNSUPPORTED where the machine or its kernel can't run one. */
export function requireEbpf(): Architecture {
  const arch = ARCHITECTURES[process.arch];
  if (!arch || process.platform !== "linux")
    throw unsupported(`it needs Linux on x86_64 or arm64, this is ${process.platform} on ${process.arch}`);
  if (!atLeast(5, 8)) throw unsupported(`ring buffers need Linux 5.8, this is ${release()}`);
  try {
    accessSync(BTF_PATH, constants.R_OK);
  } catch {
    throw unsupported(`the kernel's type information ${BTF_PATH} is not there (CONFIG_DEBUG_INFO_BTF)`);
  }
  return arch;
}

function atLeast(major: number, minor: number): boolean {
  const [a = 0, b = 0] = release().split(".").map(Number);
  return a > major || (a === major && b >= minor);
}

/** What to tell people when the kernel refused: privileges are the usual reason. */
export function explainFailure(error: unknown): unknown {
  if (!(error instanceof SystemError)) return error;
  if (error.code === "EPERM" || error.code === "EACCES") {
    return new FalcoError(
      "EBPF_PERMISSION",
      "Cannot start eBPF capture: it needs root, or the capabilities BPF, PERFMON and SYS_RESOURCE",
      { hint: `run as root, or ${HINT}`, cause: error },
    );
  }
  return new FalcoError("EBPF_FAILED", `Cannot start eBPF capture: ${error.message}`, {
    hint: HINT,
    cause: error,
  });
}
