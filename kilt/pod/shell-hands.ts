import { FalcoError } from "../../core/errors.ts";
import { type Hands, KEPT, PARTIAL } from "./hands.ts";
import type { Kubectl } from "./kubectl.ts";
import type { Started } from "./record.ts";
import type { RunningContainer } from "./running-pod.ts";

const NEEDED = "cat chmod chown head mkdir mv rm";

/** Says whether the container's shell and tools will do. */
const PROBE = `for tool in ${NEEDED}; do command -v "$tool" >/dev/null || exit 3; done; echo kilt-ready`;

/*
 * The number of bytes is given, because not every version of kubectl tells the other side that its input
 * has ended. A name without folder is in the root.
 */
const UPLOAD = `set -eu
to=$1 mode=$2 owner=$3 size=$4
folder=\${to%/*}
[ -z "$folder" ] || mkdir -p "$folder"
umask 077
head -c "$size" > "$to${PARTIAL}"
chown "$owner" "$to${PARTIAL}" 2>/dev/null || [ "$owner" = "$(id -u):$(id -g)" ] || echo "kilt-note: cannot give $to to $owner"
chmod "$mode" "$to${PARTIAL}"
if [ -e "$to" ] && [ ! -e "$to${KEPT}" ]; then mv -f "$to" "$to${KEPT}"; fi
mv -f "$to${PARTIAL}" "$to"
echo kilt-done`;

/* Field 22 of stat is read with the shell alone; a program's name may hold blanks and brackets. */
const START_OF = `start_of() { IFS= read -r stat < "/proc/$1/stat" 2>/dev/null || return 1; stat=\${stat##*) }; set -- $stat; shift 19; echo "$1"; }`;

/* A redirection that fails ends some shells, so it is tried in a shell of its own. */
const START = `set -u
${START_OF}
command -v "$1" >/dev/null || { echo "$1: not found" >&2; exit 127; }
log=/proc/1/fd/1
( : >> "$log" ) 2>/dev/null || log=/dev/null
command -v setsid >/dev/null && set -- setsid "$@"
trap '' HUP
"$@" </dev/null >> "$log" 2>&1 &
echo "kilt-started $! $(start_of $!)"`;

const UNDO = `${START_OF}
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  [ "$(start_of "$1")" != "$2" ] || kill "$1" || true
  shift 2
done
shift
status=0
for file; do
  rm -f "$file" "$file${PARTIAL}" || status=1
  if [ -e "$file${KEPT}" ]; then mv -f "$file${KEPT}" "$file" || status=1; fi
done
[ $status -eq 0 ] && echo kilt-done`;

/** Works through the container's own shell; undefined when it has none, or lacks a tool. */
export async function shellHands(kubectl: Kubectl, at: RunningContainer): Promise<Hands | undefined> {
  const words = (script: string, args: readonly string[], input = false): string[] => [
    ...["exec", ...(input ? ["-i"] : []), at.pod, "-c", at.container, "--"],
    ...["sh", "-c", script, "kilt", ...args],
  ];
  const { stdout } = await kubectl.run(words(PROBE, []));
  if (!stdout.includes("kilt-ready")) return undefined;
  return {
    name: "the container's shell",
    async upload({ bytes, destination, uid, gid, permissions }) {
      const args = [destination, permissions.toString(8), `${uid}:${gid}`, String(bytes.length)];
      const said = await kubectl.must(`upload ${destination}`, words(UPLOAD, args, true), bytes);
      if (!said.includes("kilt-done"))
        throw new FalcoError("KILT_POD", `Cannot upload ${destination}: it did not arrive whole`);
    },
    async start(run) {
      const said = await kubectl.must(`start ${run[0]}`, words(START, run));
      return parseStarted(said, run[0]!);
    },
    async undo(files, processes) {
      const args = [...processes.flatMap(({ pid, start }) => [String(pid), start]), "--", ...files];
      const said = await kubectl.must("undo the patch", words(UNDO, args));
      if (!said.includes("kilt-done"))
        throw new FalcoError("KILT_POD", "Cannot undo the patch: not every file could be removed");
    },
  };
}

/** Reads `kilt-started PID START`. */
export function parseStarted(said: string, program: string): Started {
  const [, pid, start] = /kilt-started (\d+) (\d+)/.exec(said) ?? [];
  if (pid !== undefined && start !== undefined) return { pid: Number(pid), start };
  throw new FalcoError("KILT_POD", `Cannot start ${program}: it ended at once`);
}
