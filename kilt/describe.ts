import type { Checked } from "./check.ts";

/** What a definition makes of a target, in the names of the definition's own keys. */
export function describe({ build, runtime }: Checked): Record<string, unknown> {
  return {
    build: {
      image: build.image,
      entry_point: build.entryPoint,
      command: build.command,
      environment_variables: Object.fromEntries(build.environment),
      mount: build.mounts.map(({ name, image, volumes, entryPoint }) => ({
        name,
        image,
        volumes,
        entry_point: entryPoint,
      })),
    },
    ...(runtime
      ? {
          runtime: {
            upload: runtime.uploads.map(
              ({ from, contents, destination, gzipped, uid, gid, permissions }) => ({
                [from]: contents,
                as: destination,
                gzipped,
                uid,
                gid,
                permissions: `0${permissions.toString(8)}`,
              }),
            ),
            exec: runtime.execs.map((run) => ({ run })),
          },
        }
      : {}),
  };
}
