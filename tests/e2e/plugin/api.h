/* What the plugins of the tests need of Falco's plugin API, version 3. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum { OK = 0, FAILED = 1, TIMED_OUT = -1, END = 2 };
enum { T_INT64 = 4, T_UINT32 = 7, T_UINT64 = 8, T_STRING = 9, T_TABLE = 10, T_BOOL = 25 };

typedef struct __attribute__((packed)) {
	uint64_t time, thread;
	uint32_t length;
	uint16_t code;
	uint32_t params;
} record;

typedef struct {
	const record *record;
	uint64_t number;
	const char *source;
} event;

typedef struct {
	uint32_t length;
	const void *bytes;
} buffer;

typedef struct {
	void *values;
	uint64_t count;
	uint32_t id;
	const char *name, *key;
	uint64_t index;
	uint32_t has_argument, type, list;
} field;

typedef union {
	int64_t s64;
	uint64_t u64;
	uint32_t u32;
	const char *text;
	uint32_t flag;
	void *table;
} value;

typedef struct {
	const char *name;
	uint32_t type, read_only;
} field_info;

typedef struct {
	const char *name;
	uint32_t key_type;
} table_info;

typedef struct {
	const field_info *(*list)(void *table, uint32_t *count);
	void *(*get)(void *table, const char *name, uint32_t type);
	void *(*add)(void *table, const char *name, uint32_t type);
} field_functions;

typedef struct {
	const char *(*name)(void *table);
	uint64_t (*size)(void *table);
	void *(*entry)(void *table, const value *key);
	int32_t (*read)(void *table, void *entry, const void *field, value *out);
	void (*release)(void *table, void *entry);
	uint32_t (*each)(void *table, uint32_t (*visit)(void *state, void *entry), void *state);
} read_functions;

typedef struct {
	int32_t (*clear)(void *table);
	int32_t (*erase)(void *table, const value *key);
	void *(*create)(void *table);
	void (*destroy)(void *table, void *entry);
	void *(*add)(void *table, const value *key, void *entry);
	int32_t (*write)(void *table, void *entry, const void *field, const value *in);
} write_functions;

typedef struct {
	const char *name;
	uint32_t key_type;
	void *table;
	void *old_reader[4], *old_writer[6], *old_fields[3];
	read_functions *reader;
	write_functions *writer;
	field_functions *fields;
} own_table;

typedef struct {
	const table_info *(*list)(void *owner, uint32_t *count);
	void *(*get)(void *owner, const char *name, uint32_t key_type);
	int32_t (*add)(void *owner, const own_table *table);
	void *old_fields[3];
	field_functions *fields;
	read_functions *reader;
	write_functions *writer;
} table_functions;

typedef void (*log_function)(void *owner, const char *component, const char *text, uint32_t severity);
typedef const char *(*error_function)(void *owner);

typedef struct {
	const char *config;
	void *owner;
	error_function last_error;
	const table_functions *tables;
	log_function log;
} init_input;

typedef struct {
	void *owner;
	error_function last_error;
	uint32_t count;
	field *fields;
	void *old_reader[4];
	read_functions *reader;
	void *offsets;
} extract_input;

typedef struct {
	void *owner;
	error_function last_error;
	void *old_reader[4], *old_writer[6];
	read_functions *reader;
	write_functions *writer;
} parse_input;

typedef int32_t (*event_function)(void *owner, const record *record, char *error);

typedef struct {
	void *(*subscribe)(void *owner, uint32_t (*work)(void *plugin, void *state), void *state);
	int32_t (*unsubscribe)(void *owner, void *routine);
} routine_functions;

typedef struct {
	void *owner;
	routine_functions *routines;
	read_functions *reader;
	write_functions *writer;
	error_function last_error;
} listen_input;

typedef struct {
	const char *name;
	uint32_t kind;
	union {
		uint32_t u32;
		int32_t s32;
		uint64_t u64;
		double d;
		float f;
	} value;
	uint32_t type;
} metric;

#ifndef API_VERSION
#define API_VERSION "3.12.0"
#endif
EXPORT const char *plugin_get_required_api_version(void) { return API_VERSION; }
EXPORT const char *plugin_get_contact(void) { return "tests"; }
EXPORT const char *plugin_get_version(void) { return "0.4.2"; }
