import { FLAG_TABLES } from "../../../schema/flags.ts";
import { QUOTA_FORMAT_VALUES, QUOTA_TYPE_VALUES, QUOTACTL_VALUES } from "../../../schema/native-flags.ts";
import type { FillerSet } from "../filler.ts";
import type { Invocation } from "../tracee.ts";
import {
  masked,
  NOTHING,
  type NumberRead,
  pointed,
  type Read,
  result,
  text,
  translate,
  uint,
} from "../values.ts";

const commands = new Map<string, number>(FLAG_TABLES.quotactl_cmds);
const FORMAT_NOT_USED = 1;
const TYPE_MASK = 0xff;

/** The command without the type. */
const command = translate((call) => uint(0)(call) >>> 8, QUOTACTL_VALUES, 0);
const isOneOf = (call: Invocation, names: readonly string[]): boolean =>
  names.some((name) => commands.get(name) === command(call));

/** `value` for these commands, else `otherwise`. */
const only =
  (names: readonly string[], value: NumberRead, otherwise = 0): NumberRead =>
  (call) =>
    isOneOf(call, names) ? value(call) : otherwise;

/** A member where its bit of the structure's own list of valid members is set. */
const valid =
  (at: number, bit: bigint, value: NumberRead): NumberRead =>
  (call) =>
    pointed(3, at, 4)(call) & bit ? value(call) : 0;

/** struct if_dqblk { u64 hard and soft limit of blocks, space, the same of inodes, times of both; u32 valid } */
const quota = (index: number, bit: bigint): NumberRead =>
  only(["Q_GETQUOTA", "Q_SETQUOTA"], valid(64, bit, pointed(3, 8 * index, 8)));
const QUOTA_VALID = { blocks: 1n, space: 2n, inodes: 4n, blockTime: 16n, inodeTime: 32n } as const;

/** struct if_dqinfo { u64 grace of blocks, of inodes; u32 flags, valid } */
const info = (offset: number, size: 4 | 8, bit: bigint): NumberRead =>
  only(["Q_GETINFO", "Q_SETINFO"], valid(20, bit, pointed(3, offset, size)));

const format = (value: NumberRead): Read<number> => translate(value, QUOTA_FORMAT_VALUES, FORMAT_NOT_USED);

/** quotactl(2). */
export const quotactlFillers: FillerSet = {
  SYSCALL_QUOTACTL_X: {
    res: result,
    special: text(1),
    quotafilepath: (call) => (isOneOf(call, ["Q_QUOTAON"]) ? text(3)(call) : NOTHING),
    dqb_bhardlimit: quota(0, QUOTA_VALID.blocks),
    dqb_bsoftlimit: quota(1, QUOTA_VALID.blocks),
    dqb_curspace: quota(2, QUOTA_VALID.space),
    dqb_ihardlimit: quota(3, QUOTA_VALID.inodes),
    dqb_isoftlimit: quota(4, QUOTA_VALID.inodes),
    dqb_btime: quota(6, QUOTA_VALID.blockTime),
    dqb_itime: quota(7, QUOTA_VALID.inodeTime),
    dqi_bgrace: info(0, 8, 1n),
    dqi_igrace: info(8, 8, 2n),
    dqi_flags: info(16, 4, 4n),
    quota_fmt_out: only(["Q_GETFMT"], format(pointed(3, 0, 4)), FORMAT_NOT_USED),
    cmd: command,
    type: translate(masked(0, TYPE_MASK), QUOTA_TYPE_VALUES, 0),
    id: only(["Q_GETQUOTA", "Q_SETQUOTA", "Q_XGETQUOTA", "Q_XSETQLIM"], uint(2)),
    quota_fmt: only(["Q_QUOTAON"], format(uint(2)), FORMAT_NOT_USED),
  },
};
