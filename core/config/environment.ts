/**
 * Replaces `${NAME}` by the environment's NAME (empty if unset); what comes in may hold `${…}` itself and is replaced
 * again. `$${NAME}` is the way to write a literal `${NAME}`. A `$` before anything else ends the search, so that shell
 * text such as `x=$(date); echo ${x}` in `program_output.program` reaches the shell as it is.
 */
export function expandEnvironment(
  value: string,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly text: string; readonly used: boolean } {
  let text = value;
  let used = false;
  // A variable that holds its own name would be replaced for ever; no honest value needs this many steps.
  let steps = 1000;
  for (let at = text.indexOf("$"); at >= 0 && steps-- > 0; at = text.indexOf("$", at)) {
    const escaped = text.startsWith("$${", at);
    if (!escaped && !text.startsWith("${", at)) break;
    const end = text.indexOf("}", at);
    if (end < 0) break;
    if (escaped) {
      text = text.slice(0, at) + text.slice(at + 1);
      at++;
    } else {
      text = text.slice(0, at) + (environment[text.slice(at + 2, end)] ?? "") + text.slice(end + 1);
      used = true;
    }
  }
  return { text, used };
}
