/**
 * What this program is compatible with. The first is the Falco release whose flags, configuration, rule
 * language and outputs it has; tools read the others to decide whether a rules file or a plugin fits.
 * Libraries and driver are part of the binary, so they have no release of their own: "local".
 */
export const VERSIONS = {
  falco: "0.44.1",
  libs: "0.0.0-local",
  pluginApi: "3.12.0",
  engine: "0.62.0",
  driverApi: "10.0.0",
  driverSchema: "4.3.0",
  defaultDriver: "0.0.0-local",
} as const;

/** Plugins that the binary has in it, by the version of theirs that it behaves as. */
export const BUILT_IN_PLUGINS: Readonly<Record<string, string>> = { container: "0.7.1" };

/** The keys of `--version` in JSON, of `GET /versions` and of the version RPC, sorted as they are printed. */
export function versionInfo(plugins: Readonly<Record<string, string>> = {}): Record<string, unknown> {
  return {
    default_driver_version: VERSIONS.defaultDriver,
    driver_api_version: VERSIONS.driverApi,
    driver_schema_version: VERSIONS.driverSchema,
    // Kept by the reference for old tooling: the minor number of the engine alone.
    engine_version: VERSIONS.engine.split(".")[1],
    engine_version_semver: VERSIONS.engine,
    falco_version: VERSIONS.falco,
    libs_version: VERSIONS.libs,
    plugin_api_version: VERSIONS.pluginApi,
    ...(Object.keys(plugins).length > 0 ? { plugin_versions: plugins } : {}),
  };
}
