// Makes calls that the kernel gets no path name for, with memory that earlier ones had their names in.
import { call, memory } from "./calls.ts";

const [dir = ""] = process.argv.slice(2);
const AT_FDCWD = -100;
const how = memory(Buffer.alloc(24));
const bytes = Buffer.alloc(256);
const at = memory(bytes);
const name = (path: string): void => {
  bytes.fill(0);
  bytes.write(`${dir}/${path}`);
};

/** The size of its structure is looked at first, so this fails before there is a name. */
const fail = (): number => call("openat2", AT_FDCWD, at, how, 1);

name("missing");
call("openat", AT_FDCWD, at, 0, 0);
name("after one that is not recorded");
fail();
call("mkdirat", AT_FDCWD, at, 0o700);
name("after one that is");
fail();
name("gone");
call("execve", at, 0, 0);
name("after an execve that failed");
fail();
const [EMPTY_PATH, AT_STAT] = [0x1000, memory(Buffer.alloc(256))];
bytes.fill(0);
call("newfstatat", 0, at, AT_STAT, EMPTY_PATH);
