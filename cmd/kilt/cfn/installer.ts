import { command } from "../../command.ts";
import { out } from "../../print.ts";

export const installer = command({
  name: "installer",
  summary: "Print the template that installs the macro",
  examples: [
    "falco kilt cfn installer > macro.yaml",
    "aws cloudformation deploy --template-file macro.yaml --stack-name falco-macro --capabilities CAPABILITY_IAM \\\n" +
      "    --parameter-overrides Bucket=my-bucket",
  ],
  run: async () => {
    out((await import("../../../kilt/cfn/installer-template.ts")).installerTemplate);
    return 0;
  },
});
