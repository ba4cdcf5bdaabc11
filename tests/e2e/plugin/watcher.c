/*
 * Looks at system calls: reads what the engine knows of threads, counts each thread's events in a field that it adds,
 * keeps a table of its own, and, while a capture is open, makes events in a thread of its own.
 */
#include "api.h"
#include <pthread.h>
#include <unistd.h>

#ifndef SCHEMA
#define SCHEMA "4.0.0"
#endif
#ifndef SOURCES
#define SOURCES "[\"syscall\"]"
#endif

typedef struct {
	char error[128];
	char said[256];
	void *owner, *handler_owner;
	log_function log;
	error_function last_error;
	void *threads, *totals;
	void *comm, *tid, *seen, *args, *arg, *fds, *fd_name, *total;
	event_function handler;
	pthread_t sender;
	volatile int stop;
	uint64_t number, turns;
	const char *text;
	char words[256];
	void *routine;
} plugin;

EXPORT const char *plugin_get_name(void) { return "watcher"; }
EXPORT const char *plugin_get_description(void) { return "Looks at system calls"; }
EXPORT const char *plugin_get_last_error(plugin *p) { return p->error; }
EXPORT const char *plugin_get_required_event_schema_version(plugin *p) { return SCHEMA; }

/* A table of its own: the entry of key 7 has the field "value" with 42. */
static uint64_t value_of_seven = 42;
static const field_info totals_fields[] = {{"value", T_UINT64, 0}};
static const field_info *totals_list(void *t, uint32_t *n) { return *n = 1, totals_fields; }
static void *totals_field(void *t, const char *name, uint32_t type) { return strcmp(name, "value") ? NULL : (void *)totals_fields; }
static const char *totals_name(void *t) { return "totals"; }
static uint64_t totals_size(void *t) { return 1; }
static void *totals_entry(void *t, const value *key) { return key->u64 == 7 ? &value_of_seven : NULL; }
static int32_t totals_read(void *t, void *e, const void *f, value *out) { return out->u64 = *(uint64_t *)e, OK; }
static void totals_release(void *t, void *e) {}
static int32_t totals_write(void *t, void *e, const void *f, const value *in) { return *(uint64_t *)e = in->u64, OK; }
static read_functions totals_reader = {totals_name, totals_size, totals_entry, totals_read, totals_release, NULL};
static write_functions totals_writer = {NULL, NULL, NULL, NULL, NULL, totals_write};
static field_functions totals_access = {totals_list, totals_field, NULL};
static own_table totals = {.name = "totals", .key_type = T_UINT64, .table = &totals,
	.reader = &totals_reader, .writer = &totals_writer, .fields = &totals_access};

EXPORT plugin *plugin_init(const init_input *in, int32_t *rc) {
	plugin *p = calloc(1, sizeof *p);
	const table_functions *t = in->tables;
	p->owner = in->owner;
	p->log = in->log;
	p->last_error = in->last_error;
	*rc = OK;
	p->threads = t->get(in->owner, "threads", T_INT64);
	p->comm = t->fields->get(p->threads, "comm", T_STRING);
	p->tid = t->fields->get(p->threads, "tid", T_INT64);
	p->args = t->fields->get(p->threads, "args", T_TABLE);
	p->fds = t->fields->get(p->threads, "file_descriptors", T_TABLE);
	p->seen = t->fields->add(p->threads, "seen", T_UINT64);
	/* What the tables inside have is asked of an entry that is in none. */
	void *blank = t->writer->create(p->threads);
	value sub;
	t->reader->read(p->threads, blank, p->args, &sub);
	p->arg = t->fields->get(sub.table, "value", T_STRING);
	t->reader->read(p->threads, blank, p->fds, &sub);
	p->fd_name = t->fields->get(sub.table, "name", T_STRING);
	t->writer->destroy(p->threads, blank);
	if (t->add(in->owner, &totals) || !(p->totals = t->get(in->owner, "totals", T_UINT64)) ||
	    !(p->total = t->fields->get(p->totals, "value", T_UINT64)) || !p->comm || !p->seen || !p->arg || !p->fd_name) {
		snprintf(p->error, sizeof p->error, "tables: %s", in->last_error(in->owner));
		*rc = FAILED;
	}
	if (t->fields->get(p->threads, "comm", T_UINT64) || t->get(in->owner, "none", T_INT64)) *rc = FAILED;
	uint32_t tables, fields;
	const table_info *list = t->list(in->owner, &tables);
	t->fields->list(p->threads, &fields);
	snprintf(p->said, sizeof p->said, "%u tables, first %s of %u fields; %s", tables, list[0].name, fields,
		in->last_error(in->owner));
	p->log(in->owner, "tables", p->said, 6);
	return p;
}

EXPORT void plugin_destroy(plugin *p) { free(p); }

/* Parsing: counts the events of each thread. */
EXPORT uint16_t *plugin_get_parse_event_types(uint32_t *count, plugin *p) {
	static uint16_t types[] = {307, 402};
	return *count = 2, types;
}
EXPORT const char *plugin_get_parse_event_sources(void) { return SOURCES; }

EXPORT int32_t plugin_parse_event(plugin *p, const event *e, const parse_input *in) {
	value key = {.s64 = e->record->thread}, seen = {0};
	void *thread = in->reader->entry(p->threads, &key);
	if (!thread) return FAILED;
	in->reader->read(p->threads, thread, p->seen, &seen);
	seen.u64++;
	in->writer->write(p->threads, thread, p->seen, &seen);
	in->reader->release(p->threads, thread);
	return OK;
}

/* Extraction: what is known of the event's thread. */
EXPORT const char *plugin_get_extract_event_sources(void) { return SOURCES; }
EXPORT const char *plugin_get_fields(void) {
	return "[{\"name\":\"watch.comm\",\"type\":\"string\",\"desc\":\"Of the thread\"},"
	       "{\"name\":\"watch.seen\",\"type\":\"uint64\",\"desc\":\"Events of the thread\"},"
	       "{\"name\":\"watch.args\",\"type\":\"string\",\"desc\":\"Words in brackets\"},"
	       "{\"name\":\"watch.fd\",\"type\":\"string\",\"desc\":\"A descriptor's name\",\"arg\":{\"isIndex\":true,\"isRequired\":true}},"
	       "{\"name\":\"watch.threads\",\"type\":\"uint64\",\"desc\":\"How many there are\"},"
	       "{\"name\":\"watch.total\",\"type\":\"uint64\",\"desc\":\"From the own table\"},"
	       "{\"name\":\"watch.turns\",\"type\":\"uint64\",\"desc\":\"Of the routine\"}]";
}

typedef struct {
	plugin *p;
	const extract_input *in;
	void *table;
} visit;

static uint32_t add_word(void *state, void *entry) {
	visit *v = state;
	value word;
	v->in->reader->read(v->table, entry, v->p->arg, &word);
	snprintf(v->p->words + strlen(v->p->words), sizeof v->p->words - strlen(v->p->words), "[%s]", word.text);
	return 1;
}

EXPORT int32_t plugin_extract_fields(plugin *p, const event *e, const extract_input *in) {
	read_functions *r = in->reader;
	for (uint32_t i = 0; i < in->count; i++) {
		field *f = &in->fields[i];
		value key = {.s64 = e->record->thread}, got = {0};
		void *thread = r->entry(p->threads, &key);
		f->count = 1;
		f->values = &p->number;
		if (f->type == 9) f->values = &p->text;
		if (!thread && f->id < 4) {
			f->count = 0;
			continue;
		}
		switch (f->id) {
		case 0:
			r->read(p->threads, thread, p->comm, &got);
			snprintf(p->words, sizeof p->words, "%s", got.text);
			p->text = p->words;
			break;
		case 1:
			r->read(p->threads, thread, p->seen, &got);
			p->number = got.u64;
			break;
		case 2:
			p->words[0] = 0;
			r->read(p->threads, thread, p->args, &got);
			visit v = {p, in, got.table};
			r->each(got.table, add_word, &v);
			p->text = p->words;
			break;
		case 3: {
			value number = {.s64 = (int64_t)f->index};
			r->read(p->threads, thread, p->fds, &got);
			void *table = got.table, *fd = r->entry(table, &number);
			if (!fd) {
				f->count = 0;
				break;
			}
			r->read(table, fd, p->fd_name, &got);
			snprintf(p->words, sizeof p->words, "%s", got.text);
			p->text = p->words;
			break;
		}
		case 4: p->number = r->size(p->threads); break;
		case 5: {
			value seven = {.u64 = 7};
			void *entry = r->entry(p->totals, &seven);
			r->read(p->totals, entry, p->total, &got);
			r->release(p->totals, entry);
			p->number = got.u64;
			break;
		}
		default: p->number = p->turns;
		}
	}
	return OK;
}

/* Events of its own, from a thread of its own. */
EXPORT const char *plugin_get_async_events(void) { return "[\"heartbeat\"]"; }
EXPORT const char *plugin_get_async_event_sources(void) { return SOURCES; }

static int32_t beat(plugin *p, const char *name, char *error) {
	char memory[256] = {0};
	record *r = (record *)memory;
	uint32_t lengths[3] = {4, strlen(name) + 1, 3};
	*r = (record){~0ull, ~0ull, sizeof *r + 12 + 4 + lengths[1] + 3, 402, 3};
	memcpy(r + 1, lengths, 12);
	strcpy((char *)(r + 1) + 16, name);
	memcpy((char *)(r + 1) + 16 + lengths[1], "abc", 3);
	return p->handler(p->handler_owner, r, error);
}

static void *send_all(void *state) {
	plugin *p = state;
	char error[1024] = "left";
	int sent = 0, refused = 0;
	if (beat(p, "unknown", error)) refused++;
	while (!p->stop && sent < 3) beat(p, "heartbeat", error) ? refused++ : sent++;
	char said[1200];
	snprintf(said, sizeof said, "sent %d, refused %d, error '%s'", sent, refused, error);
	p->log(p->owner, NULL, said, 4);
	while (!p->stop) usleep(1000);
	return NULL;
}

EXPORT int32_t plugin_set_async_event_handler(plugin *p, void *owner, event_function handler) {
	if (handler) {
		p->handler = handler;
		p->handler_owner = owner;
		p->stop = 0;
		return pthread_create(&p->sender, NULL, send_all, p) ? FAILED : OK;
	}
	p->stop = 1;
	pthread_join(p->sender, NULL);
	return OK;
}

/* Work beside the capture: three turns. */
static uint32_t turn(void *state, void *data) {
	plugin *p = state;
	return ++p->turns < 3;
}

EXPORT int32_t plugin_capture_open(plugin *p, const listen_input *in) {
	p->routine = in->routines->subscribe(in->owner, turn, p);
	p->log(p->owner, NULL, "capture opened", 6);
	return p->routine && in->reader->size(p->threads) < 1000000 ? OK : FAILED;
}

EXPORT int32_t plugin_capture_close(plugin *p, const listen_input *in) {
	p->log(p->owner, NULL, "capture closed", 6);
	return OK;
}
