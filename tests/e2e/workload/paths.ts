// Calls on files by paths of all sorts, in a directory with the directories `kept`, `lost` and `other`; or, as "changing", one call while another
// thread changes its path.
import { join } from "node:path";
import { call, memory, text } from "./calls.ts";

const dir = process.argv[2]!;
const AT_FDCWD = -100;
const ROUNDS = 30;
const OFTEN = 5_000;
if (process.argv[3] === "changing") {
  await whileChanging();
  process.exit(0);
}
process.chdir(dir);
const long = "/".padEnd(300, "x/");
const paths = [
  join(dir, "kept", "file"),
  join(dir, "kept"),
  `${join(dir, "kept")}/`,
  `${dir}//kept/file`,
  `${dir}/other/../kept/file`,
  `${dir}/./kept/file`,
  `${dir}/other/.hidden`,
  join(dir, "other", "file"),
  join(dir, "keptnot"),
  "kept/file",
  "other/file",
  "",
  "(NULL)",
  `${long}../../kept`,
];
for (let i = 0; i < ROUNDS; i++) {
  for (const path of paths) {
    const at = text(path);
    call("chmod", at, 0o755);
    call("fchmodat", AT_FDCWD, at, 0o755);
    call("mkdirat", AT_FDCWD, at, 0o755);
    call("mkdir", at, 0o755);
    call("symlink", at, text(join(dir, "other", "link")));
    call("unlink", text(join(dir, "other", "link")));
    call("rename", at, text(join(dir, "kept", "renamed")));
    call("rename", text(join(dir, "kept", "renamed")), at);
    call("renameat2", AT_FDCWD, at, AT_FDCWD, text(join(dir, "nowhere", "x")), 1);
    call("openat", AT_FDCWD, text(`${path}/missing`), 0);
    call("open", text(`${path}/missing`), 0);
  }
  call("chmod", 1, 0o755);
}

/** Both names have the same length; one is written over the other all the time. */
async function whileChanging(): Promise<void> {
  const names = ["kept", "lost"].map((name) => Buffer.from(`${join(dir, name, "file")}\0`));
  const shared = new Uint8Array(new SharedArrayBuffer(names[0]!.length));
  shared.set(names[0]!);
  const code =
    "self.onmessage = ({ data: [shared, names] }) => { self.postMessage(0); for (;;) for (const name of names) shared.set(name); };";
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  await new Promise((resolve) => {
    worker.onmessage = resolve;
    worker.postMessage([shared, names]);
  });
  const at = memory(shared);
  // Until each has been there often enough.
  const differs = names[0]!.findIndex((byte, i) => byte !== names[1]![i]);
  const seen = [0, 0];
  while (Math.min(...seen) < OFTEN) {
    call("chmod", at, 0o755);
    seen[shared[differs] === names[0]![differs] ? 0 : 1]!++;
  }
}
