import type { ImageConfigLookup } from "../../kilt/target.ts";

/** Asks the registry that an image's name leads to, with the credentials that docker would use. */
export const imageLookup: ImageConfigLookup = async (image) => {
  const { lookupImageConfig } = await import("../../artifacts/oci/image-config.ts");
  return lookupImageConfig(image);
};
