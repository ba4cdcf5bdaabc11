import { command } from "../command.ts";
import { out } from "../print.ts";

export const unit = command({
  name: "unit",
  summary: "Print a systemd unit that runs /usr/bin/falco with no more privileges than it needs",
  examples: ["falco config unit > /etc/systemd/system/falco.service && systemctl enable --now falco"],
  run: async () => {
    const { default: text } = await import("../../core/library/systemd/falco.service", {
      with: { type: "text" },
    });
    return void out(text);
  },
});
