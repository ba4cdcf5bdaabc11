export interface ImageName {
  readonly repository: string;
  readonly tag: string;
}

/** Repository and tag of an image reference; a digest behind `@` is cut, a registry's port is no tag. */
export function splitImage(image: string): ImageName {
  const at = image.indexOf("@");
  const name = at < 0 ? image : image.slice(0, at);
  const colon = name.lastIndexOf(":");
  if (colon < 0 || colon < name.lastIndexOf("/")) return { repository: name, tag: "" };
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}
