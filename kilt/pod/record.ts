import { createHash } from "node:crypto";
import { isObject } from "../k8s/pod.ts";
import type { Kubectl } from "./kubectl.ts";
import type { Payload } from "./payload.ts";
import type { RunningContainer } from "./running-pod.ts";

const ANNOTATION = "falco.org/kilt-runtime";

/** A program that was started in a container. */
export interface Started {
  readonly pid: number;
  /** Its start in clock ticks since boot (proc(5), stat field 22): tells it from a later user of the pid. */
  readonly start: string;
}

/** What was done to a container, kept as an annotation of its pod. */
export interface PatchRecord {
  /** The container's id: after a restart nothing of what was done is left. */
  readonly id: string;
  /** Of everything that was asked for. */
  readonly digest: string;
  readonly files: readonly string[];
  readonly processes: readonly Started[];
  /** The ephemeral container that did it, when the container itself had no shell. */
  readonly agent?: string;
}

/** The digest of what a patch consists of: equal digests mean that there is nothing left to do. */
export function digestOf(payloads: readonly Payload[], execs: readonly (readonly string[])[]): string {
  const hash = createHash("sha256");
  for (const { bytes, ...rest } of payloads) {
    hash.update(JSON.stringify(rest)).update(createHash("sha256").update(bytes).digest());
  }
  return hash.update(JSON.stringify(execs)).digest("hex");
}

/** What was done to a container since it started; undefined when nothing was. */
export function recordOf({ annotations, container, id }: RunningContainer): PatchRecord | undefined {
  const record = recordsIn(annotations.get(ANNOTATION))[container];
  return record?.id === id ? record : undefined;
}

/** Writes what was done to a container, or forgets it. */
export async function writeRecord(
  kubectl: Kubectl,
  { annotations, container, pod }: RunningContainer,
  record: PatchRecord | undefined,
): Promise<void> {
  const records = recordsIn(annotations.get(ANNOTATION));
  if (record) records[container] = record;
  else delete records[container];
  const isEmpty = Object.keys(records).length === 0;
  const change = isEmpty ? `${ANNOTATION}-` : `${ANNOTATION}=${JSON.stringify(records)}`;
  await kubectl.must(`annotate pod ${pod}`, ["annotate", "pod", pod, "--overwrite", change]);
}

/** Somebody else may have written the annotation: what has not the shape of a record is none. */
function recordsIn(text: string | undefined): Record<string, PatchRecord> {
  let all: unknown;
  try {
    all = JSON.parse(text ?? "{}");
  } catch {
    return {};
  }
  const entries = isObject(all) ? Object.entries(all) : [];
  return Object.fromEntries(entries.filter(([, value]) => isRecord(value))) as unknown as Record<
    string,
    PatchRecord
  >;
}

function isRecord(value: unknown): boolean {
  if (!isObject(value) || typeof value.id !== "string" || typeof value.digest !== "string") return false;
  const { agent, files, processes } = value;
  return (
    (agent === undefined || (typeof agent === "string" && /^[a-z0-9-]+$/.test(agent))) &&
    Array.isArray(files) &&
    files.every((file) => typeof file === "string" && file.startsWith("/")) &&
    Array.isArray(processes) &&
    processes.every(
      (one) => isObject(one) && Number.isSafeInteger(one.pid) && /^\d+$/.test(String(one.start)),
    )
  );
}
