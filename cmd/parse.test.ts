import { describe, expect, test } from "bun:test";
import { FalcoError } from "../core/errors.ts";
import { type Command, command, flagList, flagOn, flagString } from "./command.ts";
import { asksHelp, parse } from "./parse.ts";

const spec: Command = command({
  name: "paint",
  summary: "Paint files",
  flags: {
    option: { type: "string", short: "o", help: "set a value", repeat: true },
    config: { type: "string", short: "c", help: "configuration file" },
    list: { type: "string", help: "list", bare: "" },
    format: { type: "string", help: "format", choices: ["text", "json"], default: "text" },
    unbuffered: { type: "boolean", short: "U", help: "flush" },
    print: { type: "string", short: "p", help: "append" },
    duration: { type: "number", short: "M", help: "seconds" },
    port: { type: "number", help: "port", default: "8443" },
  },
  retired: { daemon: "use a service manager", d: "use a service manager" },
  positionals: [{ name: "FILE", help: "what to paint" }],
});
const noFiles: Command = { ...spec, positionals: [] };
const refused = (argv: string[], of = noFiles): FalcoError => {
  try {
    parse(of, argv, "falco paint");
  } catch (error) {
    if (error instanceof FalcoError) return error;
    throw error;
  }
  throw new Error(`accepted ${argv.join(" ")}`);
};

describe("parse()", () => {
  test("keeps every value of a repeated flag, in order", () => {
    const args = parse(noFiles, ["-o", "a=1", "--option=b=2", "-oc=3", "--option", "d=4,5"]);
    expect(flagList(args, "option")).toEqual(["a=1", "b=2", "c=3", "d=4,5"]);
  });

  test("takes a bare flag's value from = only", () => {
    expect(parse(noFiles, []).flags.list).toBeUndefined();
    expect(parse(noFiles, ["--list"]).flags.list).toBe("");
    expect(parse(noFiles, ["--list=syscall"]).flags.list).toBe("syscall");
    expect(parse(spec, ["--list", "x"]).positionals).toEqual(["x"]);
  });

  test("reads short flags in clusters and with attached values", () => {
    const args = parse(noFiles, ["-Uc", "f.yaml", "-pk", "-M45"]);
    expect([
      flagOn(args, "unbuffered"),
      flagString(args, "config"),
      args.flags.print,
      args.flags.duration,
    ]).toEqual([true, "f.yaml", "k", 45]);
  });

  test("fills in defaults and gives booleans as booleans", () => {
    expect(parse(noFiles, []).flags).toMatchObject({
      format: "text",
      unbuffered: false,
      option: [],
      port: 8443,
    });
    expect(parse(noFiles, ["--unbuffered=false"]).flags.unbuffered).toBe(false);
  });

  test("takes a choice in any case, and gives it as declared", () => {
    expect(parse(noFiles, ["--format", "JSON"]).flags.format).toBe("json");
  });

  test("refuses an unknown flag and names the nearest", () => {
    expect(refused(["--optoin", "x"])).toMatchObject({ hint: 'did you mean "--option"?', code: "USAGE" });
    expect(refused(["-Z"]).message).toBe('Unknown flag "-Z" of "falco paint"');
    expect(refused(["--constructor"]).message).toContain("Unknown flag");
  });

  test("tells what to do instead of a flag that is gone", () => {
    expect(refused(["-d"])).toMatchObject({ hint: "use a service manager" });
    expect(refused(["--daemon"]).message).toBe('Flag "--daemon" does not exist any more');
  });

  test.each([
    [["--format", "jsn"], 'Invalid value "jsn" of "--format"', 'did you mean "json"?'],
    [["-c"], 'Flag "-c" needs a value: configuration file', undefined],
    [
      ["-c", "--unbuffered"],
      'Flag "-c" needs a value, got the flag "--unbuffered"',
      'write "-c=--unbuffered" if that is the value',
    ],
    [
      ["-U", "--unbuffered=maybe"],
      'Flag "--unbuffered" takes no value but true or false, got "maybe"',
      undefined,
    ],
    [["-M", "soon"], 'Invalid value "soon" of "-M": a number of 0 or more is needed', undefined],
    [["-M", "-1"], 'Invalid value "-1" of "-M": a number of 0 or more is needed', undefined],
    [["-M", ""], 'Invalid value "" of "-M": a number of 0 or more is needed', undefined],
    [["extra"], 'Unexpected argument "extra" of "falco paint"', 'see "falco paint --help"'],
  ])("refuses %p", (argv, message, hint) => {
    expect(refused(argv)).toMatchObject({ message, hint });
  });

  test("refuses a missing argument with its meaning", () => {
    expect(refused([], spec).message).toBe('Missing FILE of "falco paint": what to paint');
  });

  test("gives what stands behind -- to rest where the command has one, to the arguments where not", () => {
    const wrap: Command = { ...noFiles, rest: { name: "COMMAND", help: "what to run" } };
    expect(parse(wrap, ["-U", "--", "ls", "-U", "--", "--help"]).rest).toEqual(["ls", "-U", "--", "--help"]);
    expect(parse(spec, ["--", "-U"]).positionals).toEqual(["-U"]);
    expect(refused([], wrap).message).toBe('Missing -- COMMAND of "falco paint": what to run');
  });
});

test("command() gives args.flags the types of the declaration", () => {
  command({
    name: "x",
    summary: "X",
    flags: { tag: { type: "string", help: "t", repeat: true }, on: { type: "boolean", help: "o" } },
    run: ({ flags }) => {
      const tags: string[] = flags.tag;
      const on: boolean = flags.on;
      // @ts-expect-error: a misspelt flag must not compile
      return tags.length + Number(on) + flags.tga;
    },
  });
});

test("asksHelp() looks in front of -- only", () => {
  expect(asksHelp(["-o", "x", "--help"])).toBe(true);
  expect(asksHelp(["run", "--", "ls", "--help"])).toBe(false);
});
