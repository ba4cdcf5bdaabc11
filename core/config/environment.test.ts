// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the braces are falco's own, for the environment
import { expect, test } from "bun:test";
import { expandEnvironment } from "./environment.ts";

const environment = { ENV_VAR: "value", EMBEDDED: "${ENV_VAR}", EMPTY: "", SELF: "${SELF}${SELF}" };

test.each([
  ["${ENV_VAR}", "value"],
  ["$ENV_VAR", "$ENV_VAR"],
  ["$${ENV_VAR}", "${ENV_VAR}"],
  ["$$ENV_VAR", "$$ENV_VAR"],
  ["$${ENV_VAR}$${ENV_VAR}", "${ENV_VAR}${ENV_VAR}"],
  ["$${${ENV_VAR}}", "${value}"],
  ["$${ENV_VAR}${ENV_VAR}", "${ENV_VAR}value"],
  [" ${ENV_VAR} ", " value "],
  ["/${ENV_VAR}/${ENV_VAR}${ENV_VAR}/x", "/value/valuevalue/x"],
  ["${EMBEDDED}/x", "value/x"],
  ["${UNSET_XX}", ""],
  ["a${EMPTY}b", "ab"],
  ["${ENV_VAR", "${ENV_VAR"],
  ["x=$(date); echo ${x}", "x=$(date); echo ${x}"],
])("expandEnvironment turns %j into %j", (given, wanted) => {
  expect(expandEnvironment(given, environment).text).toBe(wanted);
});

test("expandEnvironment tells what came from outside, and ends on a variable that holds itself", () => {
  expect(expandEnvironment("plain", environment).used).toBe(false);
  expect(expandEnvironment("$${ENV_VAR}", environment).used).toBe(false);
  expect(expandEnvironment("${EMPTY}", environment).used).toBe(true);
  expect(expandEnvironment("${SELF}", environment).text.length).toBeLessThan(20_000);
});
