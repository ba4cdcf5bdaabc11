import { FLAG_TABLES } from "../../../schema/flags.ts";
import { QUOTA_FORMAT_VALUES, QUOTA_TYPE_VALUES, QUOTACTL_VALUES } from "../../../schema/native-flags.ts";
import type { Value } from "../emitter.ts";
import type { Filler } from "../program.ts";
import { usedPath } from "../used-values.ts";
import { arg, constant, masked, match, result, shared, translate, uint, userRead, when } from "../values.ts";
import { empty } from "../writers.ts";

const commands = new Map(FLAG_TABLES.quotactl_cmds);
const codes = (...names: string[]): number[] => names.map((name) => commands.get(name)!);
const FORMAT_NOT_USED = 1;
const TYPE_MASK = 0xff;

const zero = constant(0);
const memory = arg(3);

/** The command without the type. */
const command = shared(
  translate(
    (k) => {
      uint(arg(0))(k);
      k.alu("shr", 8);
    },
    QUOTACTL_VALUES,
    0,
  ),
);

/** `value` for these commands, else 0. */
const only = (names: readonly string[], value: Value, otherwise: Value = zero): Value =>
  match(command, [[codes(...names), value]], otherwise);

/** Where a bit of the structure's own list of valid members is set, the member. */
const valid = (at: number, bit: number, value: Value): Value =>
  when(masked(userRead(memory, at, 4), bit), "ne", 0, value, zero);

/** struct if_dqblk { u64 hard and soft limit of blocks, space, the same of inodes, times of both; u32 valid } */
const quota = (index: number, bit: number): Value =>
  only(["Q_GETQUOTA", "Q_SETQUOTA"], valid(64, bit, userRead(memory, 8 * index, 8)));
const QUOTA_VALID = { blocks: 1, space: 2, inodes: 4, blockTime: 16, inodeTime: 32 } as const;

/** struct if_dqinfo { u64 grace of blocks, of inodes; u32 flags, valid } */
const info = (offset: number, size: 4 | 8, bit: number): Value =>
  only(["Q_GETINFO", "Q_SETINFO"], valid(20, bit, userRead(memory, offset, size)));

const format = (value: Value): Value => translate(value, QUOTA_FORMAT_VALUES, FORMAT_NOT_USED);

/** quotactl(2). */
export function quotactlFiller(): Filler {
  return {
    params: {
      res: result,
      special: usedPath(1),
      quotafilepath: match(command, [[codes("Q_QUOTAON"), usedPath(3, "last")]], empty),
      dqb_bhardlimit: quota(0, QUOTA_VALID.blocks),
      dqb_bsoftlimit: quota(1, QUOTA_VALID.blocks),
      dqb_curspace: quota(2, QUOTA_VALID.space),
      dqb_ihardlimit: quota(3, QUOTA_VALID.inodes),
      dqb_isoftlimit: quota(4, QUOTA_VALID.inodes),
      dqb_btime: quota(6, QUOTA_VALID.blockTime),
      dqb_itime: quota(7, QUOTA_VALID.inodeTime),
      dqi_bgrace: info(0, 8, 1),
      dqi_igrace: info(8, 8, 2),
      dqi_flags: info(16, 4, 4),
      quota_fmt_out: only(["Q_GETFMT"], format(userRead(memory, 0, 4)), constant(FORMAT_NOT_USED)),
      cmd: command,
      type: translate(masked(arg(0), TYPE_MASK), QUOTA_TYPE_VALUES, 0),
      id: only(["Q_GETQUOTA", "Q_SETQUOTA", "Q_XGETQUOTA", "Q_XSETQLIM"], uint(arg(2))),
      quota_fmt: only(["Q_QUOTAON"], format(uint(arg(2))), constant(FORMAT_NOT_USED)),
    },
  };
}
