// Closes a descriptor that isn't open, as often as the argument says.
import { libc } from "../../../core/ffi/libc.ts";

const calls = Number(process.argv[2]);
for (let i = 0; i < calls; i++) libc().close(12345);
