/** The machine's name in tables. */
export const ARCH: "x86_64" | "aarch64" = process.arch === "arm64" ? "aarch64" : "x86_64";
