/**
 * Loads the certificate library. It finds its parts through metadata that another module adds to Reflect,
 * and a bundler may move static imports into another order: awaiting one after the other keeps it.
 */
export async function loadX509(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}
