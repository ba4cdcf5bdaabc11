import { resolve } from "node:path";
import type { Context } from "../context.ts";
import type { Catalog } from "../index/catalog.ts";
import { hostPlatform, parsePlatform } from "../oci/platform.ts";
import type { Settings } from "../settings/keys.ts";
import type { InstallOptions } from "./install-artifacts.ts";

/** The options of an installation out of the settings of `install`. */
export function installOptions(
  context: Context,
  catalog: Catalog,
  platform: string | undefined,
): InstallOptions {
  const { settings } = context;
  return {
    ...shared(context, settings, catalog),
    directories: {
      rulesfile: resolve(settings.installRulesfilesDir),
      plugin: resolve(settings.installPluginsDir),
      asset: resolve(settings.installAssetsDir),
    },
    stateDir: resolve(settings.installStateDir),
    platform: platform ? parsePlatform(platform) : hostPlatform(),
    resolveDeps: settings.installResolveDeps,
  };
}

/** The same out of the settings of `follow`, which takes what it is told to follow and nothing else. */
export function followInstallOptions(context: Context, catalog: Catalog): InstallOptions {
  const { settings } = context;
  return {
    ...shared(context, settings, catalog),
    directories: {
      rulesfile: resolve(settings.followRulesfilesDir),
      plugin: resolve(settings.followPluginsDir),
      asset: resolve(settings.followAssetsDir),
    },
    stateDir: resolve(settings.followStateDir),
    platform: hostPlatform(),
    resolveDeps: false,
    tmpDir: settings.followTmpDir,
  };
}

type Shared = Pick<
  InstallOptions,
  "catalog" | "registry" | "allowedTypes" | "noVerify" | "trustedRoot" | "log" | "onProgress"
>;

const shared = ({ log, progress, registry }: Context, settings: Settings, catalog: Catalog): Shared => ({
  catalog,
  registry,
  allowedTypes: settings.allowedTypes,
  noVerify: settings.noVerify,
  trustedRoot: settings.trustedRoot,
  log,
  onProgress: progress.show,
});
