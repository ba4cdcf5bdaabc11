import type { MessageInitShape } from "@bufbuild/protobuf";
import type { api, configSchema } from "../../../proto/gen/api_pb.ts";
import type { ConfigInfo } from "./backend.ts";
import type { ConfigStore } from "./config-store.ts";
import type { Handlers } from "./services.ts";

type ConfigsMethods = Pick<
  Handlers<typeof api>,
  "get_configs" | "set_config" | "patch_configs" | "reset_configs"
>;

/** The configs part of `falco.api.v1.api`. A secret's value stays here, whether read or just set. */
export function configsHandlers(store: ConfigStore): ConfigsMethods {
  const message = (info: ConfigInfo): MessageInitShape<typeof configSchema> => ({
    key: info.key,
    value: info.secret ? "" : (JSON.stringify(info.value) ?? "null"),
    secret: info.secret,
    overridden: store.overrides(info.key),
    restart: info.restart,
  });
  const changed = (infos: readonly ConfigInfo[]) => ({ configs: infos.map(message) });
  return {
    get_configs: ({ keys }) => changed(store.get(keys)),
    set_config: async ({ key, value }) => changed(await store.set(key, value)),
    patch_configs: async ({ content }) => changed(await store.patch(content)),
    reset_configs: async ({ keys }) => changed(await store.reset(keys)),
  };
}
