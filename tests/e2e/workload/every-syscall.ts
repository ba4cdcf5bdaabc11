// Makes each system call once, as harmlessly as its arguments allow, and prints what their events should hold.
import { expectations } from "./expectations.ts";
import { compatCalls } from "./groups/compat-calls.ts";
import { data } from "./groups/data.ts";
import { descriptors } from "./groups/descriptors.ts";
import { files } from "./groups/files.ts";
import { identity } from "./groups/identity.ts";
import { memoryCalls } from "./groups/memory-calls.ts";
import { processes } from "./groups/processes.ts";
import { sockets } from "./groups/sockets.ts";
import { system } from "./groups/system.ts";
import { waiting } from "./groups/waiting.ts";

const groups = [
  files,
  data,
  sockets,
  descriptors,
  memoryCalls,
  waiting,
  identity,
  system,
  processes,
  compatCalls,
];
for (const group of groups) group();
process.stdout.write(JSON.stringify(expectations));
process.exit(0);
