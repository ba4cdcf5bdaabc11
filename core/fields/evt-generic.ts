import { EVENT } from "../schema/event-codes.ts";
import { EVENTS } from "../schema/events.ts";
import { clockText, dateTimeText, isoText } from "../time-text.ts";
import { type Context, field, fieldClass, whole } from "./field.ts";

const NS = 1_000_000_000n;

const reltime = ({ event, state }: Context): bigint => event.time - (state.firstEventTime ?? event.time);

const isMeta = ({ event }: Context): boolean => EVENTS[event.code]!.origin === "METAEVENT";

function asyncName(context: Context): string | undefined {
  if (!isMeta(context)) return undefined;
  const { event } = context;
  return event.code === EVENT.ASYNCEVENT_E ? event.text(1) : EVENTS[event.code]!.name;
}

/** Times of day are text in lines, and the whole time stamp in JSON. */
const timeText = (text: (time: bigint) => string, description: string) =>
  field("CHARBUF", description, ({ event }) => text(event.time), { json: ({ event }) => event.time });

/** Fields that events of every source have. */
export const evtGeneric = fieldClass("evt", "Any event, whatever its source", [], {
  "evt.num": field("UINT64", "Running number of the event, from 1.", ({ event }) => event.num, {
    format: "ID",
  }),
  "evt.time": timeText((time) => clockText(time), "Local time of day with nanoseconds."),
  "evt.time.s": timeText((time) => clockText(time, false), "Local time of day in seconds."),
  "evt.time.iso8601": timeText(
    (time) => isoText(time, "+0000"),
    "UTC time in ISO 8601 form with nanoseconds.",
  ),
  "evt.datetime": timeText((time) => dateTimeText(time), "Local date and time with nanoseconds."),
  "evt.datetime.s": timeText((time) => dateTimeText(time, false), "Local date and time in seconds."),
  "evt.rawtime": field("ABSTIME", "Nanoseconds since the epoch.", ({ event }) => event.time, {
    format: "DEC",
  }),
  "evt.rawtime.s": field("ABSTIME", "Whole seconds since the epoch.", ({ event }) => whole(event.time / NS), {
    format: "DEC",
  }),
  "evt.rawtime.ns": field(
    "ABSTIME",
    "Nanoseconds within the second.",
    ({ event }) => whole(event.time % NS),
    {
      format: "10_PADDED_DEC",
    },
  ),
  "evt.reltime": field(
    "RELTIME",
    "Nanoseconds since the first event.",
    (context) => whole(reltime(context)),
    {
      format: "10_PADDED_DEC",
    },
  ),
  "evt.reltime.s": field(
    "RELTIME",
    "Whole seconds since the first event.",
    (context) => whole(reltime(context) / NS),
    {
      format: "DEC",
    },
  ),
  "evt.reltime.ns": field(
    "RELTIME",
    "Nanoseconds within the second since the first event.",
    (context) => whole(reltime(context) % NS),
    { format: "10_PADDED_DEC" },
  ),
  "evt.pluginname": field(
    "CHARBUF",
    "Name of the plugin that the event came from.",
    ({ state }) => state.plugin?.name,
  ),
  "evt.plugininfo": field("CHARBUF", "The plugin's one-line summary of the event.", ({ event, state }) =>
    state.plugin?.describe(event),
  ),
  "evt.source": field("CHARBUF", "Name of the event's source.", ({ state }) => state.sourceName),
  "evt.is_async": field("BOOL", "Whether the event was made beside the stream of system calls.", isMeta),
  "evt.asynctype": field("CHARBUF", "Name of an asynchronous event.", asyncName),
  "evt.hostname": field(
    "CHARBUF",
    "Host name of the machine; FALCO_HOSTNAME overrides it.",
    ({ state }) => state.hostname,
  ),
});
