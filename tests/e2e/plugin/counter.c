/*
 * A source of numbered events. init_config: {"greeting": TEXT ("hang": never returns), "fail": BOOL}. open_params: how many events, or "fail",
 * "wait" (none ever), "break" (three, then a failure), "hang" (never returns). An event's data are its number, 8 bytes.
 */
#include "api.h"
#include <unistd.h>

typedef struct {
	char error[64];
	char line[64];
	void *owner;
	log_function log;
	uint64_t opened, extracted;
	uint64_t number;
	uint64_t list[3];
	uint32_t flag;
	const char *text[2];
	char words[2][64];
	buffer address;
	metric metrics[2];
} plugin;

typedef struct {
	uint64_t next, last;
	int waits, breaks, hangs;
	record *events[4];
} stream;

EXPORT const char *plugin_get_name(void) { return "counter"; }
EXPORT const char *plugin_get_description(void) { return "Counts"; }
#ifndef WITHOUT_DESTROY
EXPORT void plugin_destroy(plugin *p) {
	p->log(p->owner, "end", "destroyed", 6);
	free(p);
}
#endif
EXPORT const char *plugin_get_last_error(plugin *p) { return p->error; }
EXPORT uint32_t plugin_get_id(void) { return 999; }
EXPORT const char *plugin_get_event_source(void) { return "count"; }

EXPORT const char *plugin_get_init_schema(int *type) {
	*type = 1;
	return "{\"type\":\"object\",\"properties\":{\"greeting\":{\"type\":\"string\"},\"fail\":{\"$ref\":\"#/definitions/flag\"}},"
	       "\"additionalProperties\":false,\"definitions\":{\"flag\":{\"type\":\"boolean\"}}}";
}

EXPORT plugin *plugin_init(const init_input *in, int32_t *rc) {
	plugin *p = calloc(1, sizeof *p);
	p->owner = in->owner;
	p->log = in->log;
	p->log(p->owner, NULL, in->config, 6);
	*rc = OK;
	while (strstr(in->config, "hang")) sleep(1);
	if (strstr(in->config, "true")) {
		snprintf(p->error, sizeof p->error, "told to fail");
		*rc = FAILED;
	}
	return p;
}

EXPORT const char *plugin_list_open_params(plugin *p, int32_t *rc) {
	*rc = OK;
	return "[{\"value\":\"3\",\"desc\":\"Three events\"},{\"value\":\"wait\"}]";
}

EXPORT stream *plugin_open(plugin *p, const char *params, int32_t *rc) {
	stream *s = calloc(1, sizeof *s);
	p->opened++;
	s->waits = strcmp(params, "wait") == 0;
	s->breaks = strcmp(params, "break") == 0;
	s->hangs = strcmp(params, "hang") == 0;
	s->last = s->breaks ? 3 : strtoull(params, NULL, 10);
	*rc = strcmp(params, "fail") == 0 ? FAILED : OK;
	if (*rc) snprintf(p->error, sizeof p->error, "told not to open");
	return s;
}

EXPORT void plugin_close(plugin *p, stream *s) {
	p->log(p->owner, "end", "closed", 6);
	for (int i = 0; i < 4; i++) free(s->events[i]);
	free(s);
}

static void make(record **event, uint64_t number) {
	uint32_t length = sizeof(record) + 8 + 4 + 8;
	if (!*event) *event = malloc(length);
	record *r = *event;
	/* The time is the framework's to set where it is -1, and so is the number of the plugin where it is 0. */
	*r = (record){number == 1 ? 1700000000000000001 : ~0ull, 77, length, 322, 2};
	uint32_t lengths[2] = {4, 8}, id = 0;
	char *at = (char *)(r + 1);
	memcpy(at, lengths, 8);
	memcpy(at + 8, &id, 4);
	memcpy(at + 12, &number, 8);
}

EXPORT int32_t plugin_next_batch(plugin *p, stream *s, uint32_t *count, record ***events) {
	*count = 0;
	*events = s->events;
	while (s->hangs) sleep(1);
	if (s->waits) return TIMED_OUT;
	while (*count < 4 && s->next < s->last) make(&s->events[(*count)++], ++s->next);
	if (s->next < s->last) return OK;
	if (!s->breaks) return END;
	snprintf(p->error, sizeof p->error, "told to break");
	return FAILED;
}

static uint64_t number_of(const event *e) {
	uint64_t number;
	memcpy(&number, (const char *)(e->record + 1) + 12, 8);
	return number;
}

EXPORT const char *plugin_event_to_string(plugin *p, const event *e) {
	snprintf(p->line, sizeof p->line, "number %lu of %s", number_of(e), e->source);
	return p->line;
}

EXPORT const char *plugin_get_fields(void) {
	return "[{\"name\":\"count.number\",\"type\":\"uint64\",\"desc\":\"The number\",\"addOutput\":true},"
	       "{\"name\":\"count.plus\",\"type\":\"uint64\",\"desc\":\"Plus the argument\",\"arg\":{\"isIndex\":true,\"isRequired\":true}},"
	       "{\"name\":\"count.word\",\"type\":\"string\",\"desc\":\"A word\",\"arg\":{\"isKey\":true}},"
	       "{\"name\":\"count.odd\",\"type\":\"bool\",\"desc\":\"Whether it is odd\"},"
	       "{\"name\":\"count.multiples\",\"type\":\"uint64\",\"isList\":true,\"desc\":\"Multiples\"},"
	       "{\"name\":\"count.words\",\"type\":\"string\",\"isList\":true,\"desc\":\"Words\"},"
	       "{\"name\":\"count.address\",\"type\":\"ipaddr\",\"desc\":\"An address\"},"
	       "{\"name\":\"count.net\",\"type\":\"ipnet\",\"desc\":\"A network\"},"
	       "{\"name\":\"count.time\",\"type\":\"abstime\",\"desc\":\"A time\"},"
	       "{\"name\":\"count.large\",\"type\":\"uint64\",\"desc\":\"More than a double holds\"},"
	       "{\"name\":\"count.none\",\"type\":\"string\",\"desc\":\"Never there\"},"
	       "{\"name\":\"count.fails\",\"type\":\"string\",\"desc\":\"Never works\"}]";
}

EXPORT int32_t plugin_extract_fields(plugin *p, const event *e, const extract_input *in) {
	static const uint8_t loopback[4] = {127, 0, 0, 1};
	uint64_t n = number_of(e);
	for (uint32_t i = 0; i < in->count; i++) {
		field *f = &in->fields[i];
		p->extracted++;
		f->count = 1;
		f->values = &p->number;
		switch (f->id) {
		case 0: p->number = n; break;
		case 1: p->number = n + f->index; break;
		case 2:
			snprintf(p->words[0], 64, "%s%lu%s", f->has_argument ? f->key : "w", n, e->source);
			p->text[0] = p->words[0];
			f->values = p->text;
			break;
		case 3: p->flag = n % 2; f->values = &p->flag; break;
		case 4:
			for (int k = 0; k < 3; k++) p->list[k] = n * (k + 1);
			f->values = p->list;
			f->count = f->list ? 3 : 0;
			break;
		case 5:
			p->text[0] = "even", p->text[1] = "\xc3\xbc";
			f->values = p->text;
			f->count = n % 2 ? 0 : 2;
			break;
		case 6:
		case 7:
			p->address = (buffer){4, loopback};
			f->values = &p->address;
			break;
		case 8: p->number = 1700000000000000000 + n; break;
		case 9: p->number = ~0ull; break;
		case 10: f->count = 0; break;
		default: return FAILED;
		}
	}
	return OK;
}

EXPORT metric *plugin_get_metrics(plugin *p, uint32_t *count) {
	*count = 2;
	p->metrics[0] = (metric){"extracted", 0, {.u64 = p->extracted}, 2};
	p->metrics[1] = (metric){"half", 1, {.d = 0.5}, 4};
	return p->metrics;
}
