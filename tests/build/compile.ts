import { FalcoError } from "../../core/errors.ts";

/**
 * Bundles the command line and the workers into one executable. Every `*worker.ts` below core/ is an entry
 * point of its own, because a Worker is started by path (core/worker-url.ts); text and YAML files come in by
 * `import … with { type: "text" }` and need nothing here.
 */
export async function compile(root: string, bun: string, outfile: string): Promise<void> {
  const workers = [...new Bun.Glob("core/**/*worker.ts").scanSync(root)].sort();
  const result = await Bun.build({
    entrypoints: ["cmd/main.ts", ...workers].map((path) => `${root}/${path}`),
    root,
    target: "bun",
    // main.ts awaits at top level, which bytecode allows in this format only.
    format: "esm",
    minify: true,
    bytecode: true,
    splitting: true,
    throw: false,
    compile: {
      outfile,
      executablePath: bun,
      // A security tool must not take orders from files in the directory it is started in.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
  if (!result.success) {
    throw new FalcoError("BUILD_BUNDLE", `Cannot bundle falco: ${result.logs.map(String).join("\n  ")}`);
  }
}
