import { PRIORITIES } from "../outputs/alert.ts";
import type { Choices, ValueOf } from "./declare.ts";
import { any, bool, choice, either, integer, list, map, number, object, text } from "./declare.ts";

/*
 * Every key of falco.yaml, declared once. Validation, defaults, `-o`, the JSON Schema, the sample file and the
 * reference page all read this table. Names, types and defaults are those that existing files were written for;
 * `absent` differs from the sample's value where a file that leaves the key out has always meant something else.
 */

const priorityWords = PRIORITIES.map((name) => name.toLowerCase()) as readonly Lowercase<
  (typeof PRIORITIES)[number]
>[];
const priorityChoices: Choices<(typeof priorityWords)[number]> = {
  what: "priority",
  words: priorityWords,
  aliases: { info: "informational" },
};
const LEVELS = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"] as const;
const LIBS_LEVELS = ["fatal", "critical", "error", "warning", "notice", "info", "debug", "trace"] as const;

/** The keys that every output shares, beside its own. */
const perOutput = {
  priority: choice(
    "Least severe priority this output takes; alerts below it are not sent here and not counted as lost.",
    "debug",
    priorityChoices,
  ),
  rate: number(
    "Alerts per second this output takes on average (0 = no limit); what exceeds it is counted.",
    0,
    {
      minimum: 0,
    },
  ),
  max_burst: integer("Alerts that may pass at once when `rate` is set.", 1000, { minimum: 1 }),
};

const output = (doc: string, enabled: boolean) =>
  object(
    doc,
    { enabled: bool("Send alerts here.", enabled, { absent: false }), ...perOutput },
    { title: "Output", nonEmpty: true },
  );

const ruleSelector = (doc: string) =>
  object(
    doc,
    { rule: text("Rule name; `*` stands for any text.", ""), tag: text("Tag a rule must carry.", "") },
    { title: "Able", nonEmpty: true },
  );

const engineSwitch = (doc: string) => object(doc, { enabled: bool("Use this runtime.", true) });

const tlsFiles = {
  ca_cert: text("File with the certificate authority (PEM) that signed the server's certificate.", ""),
  client_cert: text("File with this client's certificate (PEM), for mutual TLS.", ""),
  client_key: text("File with this client's private key (PEM), for mutual TLS.", ""),
};

const noModule = "there is no kernel module here: the probe is assembled at start and loaded through bpf(2)";

export const schema = object(
  "Configuration of falco.",
  {
    config_files: list(
      "Further configuration files or directories, merged over this file in this order; a path, or a map of `path` and `strategy` (`append`, `override`, `add-only`).",
      either(
        "A file or directory to merge.",
        text("Path of a file or directory.", ""),
        object(
          "A file or directory with an explicit strategy.",
          {
            path: text("Path of a file or directory.", ""),
            strategy: choice("How its keys meet those already set.", "append", {
              what: "merge strategy",
              words: ["append", "override", "add-only"],
              strict: true,
            }),
          },
          { required: ["path"] },
        ),
      ),
      ["/etc/falco/config.d"],
    ),
    watch_config_files: bool("Reload when a configuration or rules file changes.", true),
    rules_files: list(
      "Rules files and directories, loaded in this order; those that do not exist are skipped.",
      text("Path of a file or directory.", ""),
      ["/etc/falco/falco_rules.yaml", "/etc/falco/falco_rules.local.yaml", "/etc/falco/rules.d"],
    ),
    rule_files: list("Misspelt form of `rules_files` that was never read.", text("Path.", ""), [], {
      hidden: true,
      inert: "the key is called rules_files",
    }),
    rules: list(
      "Rules to enable or disable, applied in this order after all files are loaded.",
      object(
        "One selection.",
        { enable: ruleSelector("Rules to enable."), disable: ruleSelector("Rules to disable.") },
        { title: "Rule", nonEmpty: true },
      ),
    ),
    rule_matching: choice(
      "Whether an event stops at the `first` rule that matches or is tried against `all`.",
      "first",
      {
        what: "rule matching strategy",
        words: ["first", "all"],
      },
    ),
    priority: choice("Least severe priority of the rules that are loaded.", "debug", priorityChoices),

    engine: object(
      "Where system calls come from.",
      {
        kind: choice(
          "`modern_ebpf` watches the kernel, `replay` reads a capture file, `nodriver` watches nothing (plugins only), `ptrace` watches processes without kernel access; `auto` and `kmod` are accepted and mean `modern_ebpf`.",
          "modern_ebpf",
          {
            what: "engine kind",
            words: ["kmod", "modern_ebpf", "replay", "nodriver", "ptrace"],
            aliases: { auto: "modern_ebpf" },
            gone: {
              ebpf: "no eBPF object is built or downloaded any more, the probe of modern_ebpf is part of this program",
              gvisor: "gVisor's events cannot be read here",
            },
          },
          { restart: true },
        ),
        kmod: object(
          "Settings of the kernel module.",
          {
            buf_size_preset: integer("Ring buffer size, as a step from 1 to 10.", 4, { inert: noModule }),
            drop_failed_exit: bool("Drop failed system calls in the kernel.", false, { inert: noModule }),
          },
          { title: "Kmod", nonEmpty: true },
        ),
        modern_ebpf: object(
          "Settings of the eBPF probe.",
          {
            cpus_for_each_buffer: integer(
              "How many CPUs share one ring buffer (0 = one buffer for all).",
              2,
              {
                minimum: 0,
                maximum: 65535,
                restart: true,
              },
            ),
            buf_size_preset: integer(
              "Ring buffer size, as a step: 1 is 1 MB, each further step doubles it, up to 10.",
              4,
              {
                minimum: 1,
                maximum: 10,
                restart: true,
              },
            ),
            drop_failed_exit: bool("Drop failed system calls in the kernel.", false, { restart: true }),
            kernel_copies: bool(
              "Take path names and addresses as the kernel copied them, not as the caller's memory has them when the call ends.",
              true,
              { restart: true },
            ),
            disable_iterators: bool(
              "Read /proc at start instead of walking tasks inside the kernel.",
              false,
              {
                restart: true,
              },
            ),
          },
          { title: "ModernEbpf" },
        ),
        replay: object(
          "Settings of replay.",
          { capture_file: text("Capture file to read.", "", { restart: true }) },
          { title: "Replay", required: ["capture_file"] },
        ),
      },
      { title: "Engine", required: ["kind"] },
    ),
    capture: object(
      "Recording of what happens around an alert.",
      {
        enabled: bool("Record a capture file when a rule asks for it.", false),
        path_prefix: text(
          "Beginning of the capture files' names; time and event number follow.",
          "/tmp/falco",
        ),
        mode: choice(
          "`rules`: rules with `capture: true` start a recording; `all_rules`: every rule does.",
          "rules",
          {
            what: "capture mode",
            words: ["rules", "all_rules"],
            strict: true,
          },
        ),
        default_duration: integer("Length of a recording in milliseconds where the rule names none.", 5000, {
          minimum: 0,
        }),
        max_file_size_mb: integer("Largest capture file in MB (0 = no limit).", 0, {
          minimum: 0,
          maximum: 1048576,
        }),
      },
      { title: "Capture", restart: true },
    ),

    load_plugins: list(
      "Names of the plugins to load, in this order; without this key all that `plugins` lists are loaded.",
      text("Name of a plugin.", ""),
      [],
      { restart: true },
    ),
    plugins: list(
      "Plugins that may be loaded.",
      object(
        "One plugin.",
        {
          name: text("Name by which `load_plugins` refers to it.", ""),
          library_path: text("Shared object; a relative path is below the plugins directory.", ""),
          init_config: {
            ...any("Settings handed to the plugin: a map (passed as JSON) or a text."),
            secret: true,
          },
          open_params: text("Parameters with which the plugin opens its event stream.", "", { secret: true }),
        },
        { title: "Plugin", required: ["library_path", "name"] },
      ),
      [
        {
          name: "container",
          library_path: "libcontainer.so",
          init_config: { label_max_len: 100, with_size: false },
        },
      ],
      { restart: true },
    ),
    plugins_hostinfo: bool("Give plugins access to the host's users, interfaces and machine facts.", true),
    container_engines: object(
      "Container runtimes to ask for names and images.",
      {
        docker: engineSwitch("Docker."),
        podman: engineSwitch("Podman."),
        cri: object("Runtimes that speak CRI: containerd, CRI-O, k3s.", {
          enabled: bool("Use this runtime.", true),
          sockets: list("Sockets to try.", text("Path of a unix socket.", ""), [
            "/run/containerd/containerd.sock",
            "/run/crio/crio.sock",
            "/run/k3s/containerd/containerd.sock",
            "/run/host-containerd/containerd.sock",
          ]),
          disable_async: bool("Wait for the runtime's answer before going on.", false),
        }),
        lxc: engineSwitch("LXC."),
        libvirt_lxc: engineSwitch("LXC under libvirt."),
        bpm: engineSwitch("BOSH process manager."),
      },
      { restart: true },
    ),

    time_format_iso_8601: bool("Print times as ISO 8601 (UTC), in alerts and logs.", false),
    buffer_format_base64: bool("Print byte buffers as base64 instead of text with dots.", false),
    json_output: bool("Print alerts as one JSON object a line.", false),
    json_include_output_property: bool("Put the whole text line into the JSON, as `output`.", true),
    json_include_message_property: bool(
      "Put the text without time and priority into the JSON, as `message`.",
      false,
    ),
    json_include_output_fields_property: bool("Put the fields into the JSON, as `output_fields`.", true),
    json_include_tags_property: bool("Put the rule's tags into the JSON, as `tags`.", true),
    buffered_outputs: bool("Collect lines before writing them out: fewer writes, later lines.", false),
    append_output: list(
      "Text and fields added to the output of rules.",
      object(
        "One addition.",
        {
          match: object("Rules it applies to; without it, all of them.", {
            source: text("Event source of the rule.", ""),
            tags: list("Tags of which the rule must carry all.", text("A tag.", "")),
            rule: text("Exact name of the rule.", ""),
          }),
          extra_output: text("Text appended to the rule's output, fields as %field.", ""),
          extra_fields: list(
            "Fields added to the JSON: a field's name, or one `name: text` pair.",
            either("A field or a pair.", text("Name of a field.", ""), map("One name with its text.")),
          ),
          suggested_output: bool("Append the fields that sources suggest.", false),
        },
        { title: "AppendOutput" },
      ),
      [{ suggested_output: true }],
    ),
    static_fields: map("Fixed values, usable in rules and outputs as %static.NAME."),

    outputs_queue: object(
      "The queue in front of each output.",
      {
        capacity: integer(
          "Most alerts that wait for an output; 0 bounds the queue by memory instead (8 MiB an output).",
          0,
          {
            minimum: 0,
          },
        ),
        recovery: choice(
          "When a queue is full: `continue` loses the newest alert, `empty` drops all that wait, `exit` ends the program.",
          "continue",
          { what: "queue recovery", words: ["continue", "empty", "exit"] },
        ),
      },
      { title: "OutputsQueue", nonEmpty: true },
    ),
    output_timeout: integer(
      "Milliseconds after which a blocked output is reported, and allowed for draining at the end.",
      2000,
      {
        minimum: 0,
      },
    ),
    stdout_output: output("Alerts on standard output.", true),
    syslog_output: output("Alerts to the local syslog daemon.", true),
    file_output: object(
      "Alerts to a file.",
      {
        enabled: bool("Send alerts here.", false),
        keep_alive: bool("Keep the file open between alerts; SIGUSR1 opens it anew.", false),
        filename: text("File to append to.", "./events.txt", { absent: "" }),
        ...perOutput,
      },
      { title: "FileOutput", nonEmpty: true },
    ),
    program_output: object(
      "Alerts to a program's standard input.",
      {
        enabled: bool("Send alerts here.", false),
        keep_alive: bool(
          "Start the program once and write a line an alert; otherwise start it for each alert.",
          false,
        ),
        program: text(
          "Shell command to run.",
          "jq '{text: .output}' | curl -d @- -X POST https://hooks.slack.com/services/XXX",
          { absent: "", secret: true },
        ),
        ...perOutput,
      },
      { title: "ProgramOutput", required: ["program"] },
    ),
    http_output: object(
      "Alerts to an HTTP(S) endpoint, a POST each.",
      {
        enabled: bool("Send alerts here.", false),
        url: text("Where to send them.", "", { format: "uri", secret: true }),
        user_agent: text("The User-Agent header.", "falcosecurity/falco"),
        headers: map("Further headers.", { secret: true }),
        insecure: bool("Accept any server certificate.", false),
        ca_cert: tlsFiles.ca_cert,
        ca_bundle: text("File with several certificate authorities (PEM); used if `ca_cert` is empty.", ""),
        ca_path: text(
          "Directory of certificate authorities; used if the two above are empty.",
          "/etc/ssl/certs",
        ),
        mtls: bool("Present a client certificate.", false),
        client_cert: text(tlsFiles.client_cert.doc, "/etc/ssl/certs/client.crt"),
        client_key: text(tlsFiles.client_key.doc, "/etc/ssl/certs/client.key"),
        echo: bool("Copy the server's answers to standard output.", false),
        compress_uploads: bool("Compress what is sent (gzip).", false),
        keep_alive: bool("Keep the connection between alerts.", false),
        timeout_ms: integer("Milliseconds after which one attempt is given up.", 10000, { minimum: 1 }),
        max_consecutive_timeouts: integer(
          "How often an alert is tried again, with growing pauses, before it is lost.",
          5,
          {
            minimum: 0,
            maximum: 255,
          },
        ),
        ...perOutput,
      },
      { title: "HTTPOutput", nonEmpty: true },
    ),
    nats_output: object(
      "Alerts to a NATS server.",
      {
        enabled: bool("Send alerts here.", false),
        servers: list("Servers of the cluster.", text("Address, for example nats://127.0.0.1:4222.", ""), [
          "nats://127.0.0.1:4222",
        ]),
        subject: text(
          "Subject to publish to; `<priority>`, `<rule>`, `<source>` and `<hostname>` stand for the alert's.",
          "falco.alerts",
        ),
        jetstream: bool("Publish to a JetStream stream and wait for its acknowledgement.", false),
        user: text("User name.", ""),
        password: text("Password.", "", { secret: true }),
        token: text("Token.", "", { secret: true }),
        credentials_file: text("File with a user JWT and seed (.creds).", ""),
        tls: bool("Use TLS.", false),
        ...tlsFiles,
        ...perOutput,
      },
      { title: "NATSOutput" },
    ),
    fluentd_output: object(
      "Alerts to Fluentd or Fluent Bit over the forward protocol.",
      {
        enabled: bool("Send alerts here.", false),
        address: text("HOST:PORT, or unix:///PATH.", "127.0.0.1:24224"),
        tag: text(
          "Tag of the records; `<priority>`, `<rule>`, `<source>` and `<hostname>` stand for the alert's.",
          "falco",
        ),
        acknowledge: bool("Wait until the server confirms each chunk.", true),
        shared_key: text("Shared key of the handshake.", "", { secret: true }),
        user: text("User name of the handshake.", ""),
        password: text("Password of the handshake.", "", { secret: true }),
        tls: bool("Use TLS.", false),
        ...tlsFiles,
        ...perOutput,
      },
      { title: "FluentdOutput" },
    ),
    grpc: object(
      "The gRPC server.",
      {
        enabled: bool("Serve gRPC.", false, { restart: true }),
        bind_address: text(
          "unix:///PATH (no TLS) or HOST:PORT (mutual TLS).",
          "unix:///run/falco/falco.sock",
          {
            restart: true,
          },
        ),
        threadiness: integer("Number of threads.", 0, { inert: "one event loop serves all calls" }),
        private_key: text("File with the server's private key (PEM).", "/etc/falco/certs/server.key", {
          restart: true,
        }),
        cert_chain: text("File with the server's certificate chain (PEM).", "/etc/falco/certs/server.crt", {
          restart: true,
        }),
        root_certs: text("File with the authority that signs clients (PEM).", "/etc/falco/certs/ca.crt", {
          restart: true,
        }),
        admins: list(
          "Names of client certificates that may change rules and settings, and send events; others read.",
          text("A common name, or a DNS, URI or e-mail alternative name.", ""),
          [],
          { restart: true },
        ),
        socket_owner: text(
          "USER, USER:GROUP or :GROUP that owns the socket; a group may use it, too. Who can open it has every right.",
          "",
          { restart: true },
        ),
        state_dir: text(
          "Directory that keeps rules and settings made through the API; without one they end with the process.",
          "",
          { restart: true },
        ),
      },
      { title: "Grpc" },
    ),
    grpc_output: object(
      "Alerts to the gRPC server's subscribers.",
      {
        enabled: bool("Send alerts here.", false),
        delivery: choice(
          "`broadcast`: each subscriber gets every alert; `round_robin`: each alert goes to one of them.",
          "broadcast",
          {
            what: "delivery",
            words: ["broadcast", "round_robin"],
          },
        ),
        ...perOutput,
      },
      { title: "GrpcOutput" },
    ),
    webserver: object(
      "The web server: health, versions, metrics.",
      {
        enabled: bool("Serve HTTP.", true, { absent: false }),
        threadiness: integer("Number of threads.", 0, {
          minimum: 0,
          inert: "one event loop serves all requests",
        }),
        listen_port: integer("Port to listen on.", 8765, { minimum: 0, maximum: 65535 }),
        listen_address: text("IPv4 or IPv6 address to listen on.", "0.0.0.0"),
        k8s_healthz_endpoint: text("Path of the health check.", "/healthz"),
        prometheus_metrics_enabled: bool(
          "Serve /metrics for Prometheus, if `metrics.enabled` is set too.",
          false,
        ),
        ssl_enabled: bool("Serve HTTPS.", false),
        ssl_certificate: text("File with certificate and private key (PEM).", "/etc/falco/falco.pem"),
      },
      { title: "Webserver", nonEmpty: true },
    ),

    log_stderr: bool("Log to standard error.", true, { absent: false }),
    log_syslog: bool("Log to the local syslog daemon.", true),
    log_level: choice("Least severe level that is logged.", "info", { what: "log level", words: LEVELS }),
    log_format: choice("`text` lines or one `json` object a line.", "text", {
      what: "log format",
      words: ["text", "json"],
    }),
    libs_logger: object(
      "Messages of the capture and state layers.",
      {
        enabled: bool("Log them.", true),
        severity: choice("Least severe level of them that is logged.", "info", {
          what: "sinsp log severity",
          words: LIBS_LEVELS,
        }),
      },
      { title: "LibsLogger", nonEmpty: true },
    ),

    syscall_event_timeouts: object(
      "What to do when no event comes.",
      {
        max_consecutives: integer("Consecutive empty waits after which an alert is raised.", 1000, {
          maximum: 4294967295,
        }),
      },
      { title: "SyscallEventTimeouts", nonEmpty: true },
    ),
    syscall_event_drops: object(
      "What to do when the kernel had to drop events.",
      {
        threshold: number(
          "Share of dropped events in a second (0 to 1) above which the actions are taken.",
          0.1,
        ),
        actions: list("`ignore`, `log`, `alert`, `exit`.", text("An action.", ""), ["log", "alert"]),
        rate: number("Actions per second on average.", 0.03333),
        max_burst: number("Actions that may be taken at once.", 1),
        simulate_drops: bool("Pretend that events are dropped, for testing.", false, { restart: true }),
      },
      { title: "SyscallEventDrops", nonEmpty: true },
    ),
    metrics: object(
      "Counters about falco itself.",
      {
        enabled: bool("Collect metrics.", false),
        interval: text("Time between two snapshots: 30s, 15m, 1h30m; at least 100ms.", "1h", {
          absent: "5s",
        }),
        output_rule: bool('Send each snapshot to the outputs, as "Falco internal: metrics snapshot".', true, {
          absent: false,
        }),
        output_file: text("File to append each snapshot to, a JSON object a line; empty for none.", ""),
        rules_counters_enabled: bool("Count matches by rule.", true),
        rule_costs_enabled: bool(
          "Measure on a sample of events what the condition of each rule costs.",
          false,
        ),
        resource_utilization_enabled: bool("CPU and memory of falco and the host.", true),
        state_counters_enabled: bool("Threads and descriptors tracked, lookups, failures.", true),
        kernel_event_counters_enabled: bool("Events and drops counted in the kernel.", true),
        kernel_event_counters_per_cpu_enabled: bool("The same for each CPU.", false, { absent: true }),
        libbpf_stats_enabled: bool(
          "Runs and time of each BPF program, if kernel.bpf_stats_enabled is set.",
          true,
        ),
        plugins_metrics_enabled: bool("What plugins report about themselves.", true),
        kernel_iter_event_counters_enabled: bool("Events and drops of the kernel's task iterators.", true),
        jemalloc_stats_enabled: bool("Memory allocator statistics.", false, {
          absent: true,
          inert: "this program does not use jemalloc",
        }),
        convert_memory_to_mb: bool("Give memory in MB.", true),
        include_empty_values: bool("Include counters that are zero.", false),
      },
      { title: "Metrics", nonEmpty: true },
    ),
    base_syscalls: object(
      "System calls traced beyond those that rules name.",
      {
        custom_set: list(
          "System calls to add, or to leave out with a leading `!`.",
          text("A system call.", ""),
        ),
        repair: bool("Add only what keeping processes and descriptors in order needs.", false),
        all: bool("Trace frequent calls such as read and write too, where rules use them.", false),
      },
      { title: "BaseSyscalls", nonEmpty: true },
    ),
    falco_libs: object(
      "Bounds of the state that is kept.",
      {
        thread_table_size: integer("Most threads tracked.", 262144, {
          minimum: 0,
          maximum: 4294967295,
          restart: true,
        }),
        thread_table_auto_purging_interval_s: integer(
          "Seconds between two searches for threads that have ended unseen.",
          300,
          {
            minimum: 0,
          },
        ),
        thread_table_auto_purging_thread_timeout_s: integer(
          "Seconds without an event after which a thread is looked at.",
          300,
          {
            minimum: 0,
          },
        ),
        snaplen: integer("Bytes recorded of each I/O buffer.", 80, {
          minimum: 0,
          maximum: 65535,
          restart: true,
        }),
      },
      { title: "FalcoLibs", nonEmpty: true, restart: true },
    ),
  },
  { title: "FalcoConfig" },
);

/** The configuration as the program reads it. Only cmd/ and core/run.ts see it whole. */
export type Config = ValueOf<typeof schema>;
