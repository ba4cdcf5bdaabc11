/**
 * How falco was started, for logs and reports. What stands behind `=` is left out: it may be a secret, and which key
 * was set is what matters.
 */
export const commandLine = (argv: readonly string[] = process.argv.slice(2)): string =>
  ["falco", ...argv.map((word) => word.replace(/=.*$/s, "=..."))].join(" ");
