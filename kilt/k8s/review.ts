import { FalcoError, reasonOf } from "../../core/errors.ts";
import { ANNOTATIONS } from "./choice.ts";
import { jsonPatch } from "./json-patch.ts";
import { patchPod } from "./patch-pod.ts";
import { copied, FIXED, isObject, type JsonObject, templateOf } from "./pod.ts";
import type { PodOptions } from "./pod-options.ts";

const API_VERSION = "admission.k8s.io/v1";
const MAX_WARNING = 240;

export interface ReviewOptions extends PodOptions {
  /** What a request gets that cannot be patched: passed on as it is, or denied. */
  readonly onError: "allow" | "deny";
}

interface Request {
  readonly uid: string;
  readonly operation: string;
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
  readonly subResource: string;
}

/**
 * Answers an AdmissionReview (admission.k8s.io/v1) with a JSON Patch of the pod template in it. What is
 * no AdmissionReview throws a FalcoError; whatever else goes wrong is answered as `onError` says, with
 * the reason as a warning or as the status.
 */
export async function answerReview(review: unknown, options: ReviewOptions): Promise<JsonObject> {
  const request = readRequest(review);
  try {
    return reviewOf({ uid: request.uid, allowed: true, ...(await change(request, options)) });
  } catch (error) {
    // A TypeError is how a shape that is none of a pod's makes itself known.
    const message = `falco kilt: ${error instanceof FalcoError ? error.message : reasonOf(error)}`;
    if (options.onError === "allow") {
      return reviewOf({ uid: request.uid, allowed: true, warnings: [shortened(message)] });
    }
    const code = error instanceof TypeError ? 400 : 500;
    return reviewOf({ uid: request.uid, allowed: false, status: { code, message } });
  }
}

async function change(request: Request, options: PodOptions): Promise<JsonObject> {
  const { object, operation, subResource } = request;
  if (subResource !== "" || !object || !["CREATE", "UPDATE"].includes(operation)) return {};
  const after = copied(object);
  const template = templateOf(after);
  if (!template) return {};
  const metadata = isObject(object.metadata) ? object.metadata : {};
  if (isIgnored(metadata)) return {};
  const group = String(metadata.name ?? metadata.generateName ?? "").replace(/-$/, "");
  const only =
    operation === "UPDATE" && FIXED.includes(String(object.kind)) ? patchedBefore(request) : undefined;
  if (only?.length === 0) return {};
  const { patched, warnings } = await patchPod(template, group, options, only);
  const patch = patched.length > 0 ? jsonPatch(object, after) : [];
  return {
    ...(patch.length > 0
      ? { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }
      : {}),
    ...(warnings.length > 0 ? { warnings: warnings.map((text) => shortened(`falco kilt: ${text}`)) } : {}),
  };
}

/**
 * The containers that were patched when a pod or job was made. An update that brings them as their author
 * wrote them must be patched the same way, or the API server refuses it as a change; others must not be.
 */
function patchedBefore({ oldObject }: Request): string[] {
  const metadata = oldObject && templateOf(copied(oldObject))?.metadata;
  const annotations = metadata && isObject(metadata.annotations) ? metadata.annotations : {};
  return String(annotations[ANNOTATIONS.patched] ?? "")
    .split(":")
    .filter(Boolean);
}

/** What holds a pod template can be left out by its own annotation too. */
const isIgnored = (metadata: JsonObject): boolean =>
  isObject(metadata.annotations) && metadata.annotations[ANNOTATIONS.kilt] === "ignore";

function readRequest(review: unknown): Request {
  const fail = (why: string): never => {
    throw new FalcoError("ADMISSION_REVIEW", `Cannot answer request: ${why}`);
  };
  if (!isObject(review) || review.kind !== "AdmissionReview") return fail("it is no AdmissionReview");
  if (review.apiVersion !== API_VERSION)
    return fail(`its apiVersion is "${String(review.apiVersion)}", not ${API_VERSION}`);
  const { request } = review;
  if (!isObject(request) || typeof request.uid !== "string" || request.uid === "")
    return fail("it has no request with a uid");
  return {
    uid: request.uid,
    operation: String(request.operation ?? "CREATE"),
    object: isObject(request.object) ? request.object : undefined,
    oldObject: isObject(request.oldObject) ? request.oldObject : undefined,
    subResource: String(request.subResource ?? ""),
  };
}

const reviewOf = (response: JsonObject): JsonObject => ({
  apiVersion: API_VERSION,
  kind: "AdmissionReview",
  response,
});

/** API servers cut long warnings short, and drop them when they come to many characters together. */
const shortened = (text: string): string =>
  text.length > MAX_WARNING ? `${text.slice(0, MAX_WARNING - 1)}…` : text;
