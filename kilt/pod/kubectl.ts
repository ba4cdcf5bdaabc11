import { FalcoError, reasonOf } from "../../core/errors.ts";
import { parseJson } from "../parse-json.ts";

const MAX_SAID = 400;

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The user's own kubectl, with the flags that say which cluster and namespace. */
export class Kubectl {
  readonly #program: string;
  readonly #flags: readonly string[];

  constructor(flags: readonly string[] = [], program = "kubectl") {
    this.#program = program;
    this.#flags = flags;
  }

  /** The words of a call as they are run, for showing. */
  words(args: readonly string[]): string[] {
    return [this.#program, ...this.#flags, ...args];
  }

  /** Runs kubectl to its end. Throws a FalcoError only when it cannot be started. */
  async run(args: readonly string[], stdin?: Uint8Array): Promise<KubectlResult> {
    const child = this.#start(args, stdin);
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, stdout, stderr };
  }

  #start(args: readonly string[], stdin?: Uint8Array) {
    try {
      // A Blob is written and closed by the runtime; kubectl that goes away early is seen by its exit code.
      const input = stdin === undefined ? "ignore" : new Blob([new Uint8Array(stdin)]);
      const pipes = { stdin: input, stdout: "pipe", stderr: "pipe" } as const;
      return Bun.spawn(this.words(args), { ...pipes, env: process.env });
    } catch (error) {
      throw new FalcoError("KUBECTL", `Cannot run ${this.#program}: ${reasonOf(error)}`, {
        hint: "install kubectl and put it into the PATH, or name it with --kubectl",
        cause: error,
      });
    }
  }

  /** Runs kubectl and returns what it printed; `doing` completes "Cannot …" when it fails. */
  async must(doing: string, args: readonly string[], stdin?: Uint8Array): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, stdin);
    if (code === 0) return stdout;
    const said = (stderr.trim() || stdout.trim() || `kubectl ended with code ${code}`).slice(-MAX_SAID);
    throw new FalcoError("KUBECTL", `Cannot ${doing}: ${said}`);
  }

  async json(doing: string, args: readonly string[]): Promise<unknown> {
    return parseJson(await this.must(doing, [...args, "-o", "json"]), "kubectl's answer");
  }
}
