import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { socketOwner } from "./socket-owner.ts";

test("socketOwner() reads users and groups by name or number; a group opens the socket to itself", () => {
  const directory = mkdtempSync(join(tmpdir(), "falco-owner-"));
  const [passwd, group] = [join(directory, "passwd"), join(directory, "group")];
  writeFileSync(passwd, "root:x:0:0::/root:/bin/sh\nmon:x:1001:1002::/:/bin/false\n");
  writeFileSync(group, "root:x:0:\nmonitors:x:1005:mon\n");
  const read = (setting: string) => socketOwner(setting, passwd, group);
  expect(read("")).toEqual({});
  expect(read("mon")).toEqual({ uid: 1001 });
  expect(read("mon:monitors")).toEqual({ uid: 1001, gid: 1005, mode: 0o660 });
  expect(read(":77")).toEqual({ gid: 77, mode: 0o660 });
  expect(() => read("nobody")).toThrow(`"nobody" is not in ${passwd}`);
  expect(() => socketOwner("mon", join(directory, "none"), group)).toThrow("Cannot give the gRPC socket");
  rmSync(directory, { recursive: true });
});
