import type { ArtifactType } from "../package/artifact-type.ts";

/** How an index says an artifact is signed (cosign's options by the same names). */
export interface CosignPolicy {
  readonly issuer?: string;
  readonly issuerRegexp?: string;
  readonly identity?: string;
  readonly identityRegexp?: string;
  readonly githubWorkflow?: string;
  /** A public key: a file, or PEM text. */
  readonly key?: string;
  /** The transparency log need not have the signature. */
  readonly ignoreTlog: boolean;
}

/** One artifact of an index. */
export interface IndexEntry {
  readonly name: string;
  readonly type: ArtifactType;
  readonly registry: string;
  readonly repository: string;
  readonly description: string;
  readonly home: string;
  readonly keywords: readonly string[];
  readonly license: string;
  readonly maintainers: readonly { readonly name: string; readonly email: string }[];
  readonly sources: readonly string[];
  /** Present: an artifact without a fitting signature is refused. */
  readonly signature?: CosignPolicy;
}

/** An index under the name it was added with. */
export interface NamedIndex {
  readonly name: string;
  readonly entries: readonly IndexEntry[];
}
