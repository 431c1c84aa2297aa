#include "sql/kw.h"

#include <string.h>

const uint16_t kw_flags[KW_COUNT] = {
#define KW_FLAGS(name, flags) [KW_##name] = flags,
	KW_LIST(KW_FLAGS)
#undef KW_FLAGS
};

const char kw_names[KW_COUNT][16] = {
#define KW_NAME(name, flags) [KW_##name] = #name,
	KW_LIST(KW_NAME)
#undef KW_NAME
};

const uint8_t kw_lens[KW_COUNT] = {
#define KW_LEN(name, flags) [KW_##name] = sizeof #name - 1,
	KW_LIST(KW_LEN)
#undef KW_LEN
};

/* A perfect hash of the list: the factors were found by trying random ones until
 * no two words shared a slot.  A test holds every word against it. */
const uint8_t kw_slots[1024] = {
	[2] = KW_PERFORM, [11] = KW_OFFSET, [13] = KW_TYPE, [18] = KW_VACUUM, [20] = KW_RECURSIVE,
	[28] = KW_TABLESAMPLE, [39] = KW_ASOF, [41] = KW_EXTERNAL, [60] = KW_SCHEMA, [68] = KW_EXCEPT,
	[73] = KW_DO, [76] = KW_MATCH_RECOGNIZE, [78] = KW_INDEX, [79] = KW_INTO, [88] = KW_LATERAL,
	[108] = KW_TRIGGER, [113] = KW_BY, [115] = KW_OPEN, [118] = KW_OVERWRITE, [122] = KW_GROUP,
	[130] = KW_UNPIVOT, [135] = KW_JOIN, [158] = KW_UNION, [211] = KW_DISTINCT, [217] = KW_ALL,
	[221] = KW_MINUS, [222] = KW_VIEW, [223] = KW_INHERITS, [228] = KW_INNER, [233] = KW_TEMP,
	[239] = KW_CREATE, [240] = KW_MODEL, [246] = KW_WHILE, [254] = KW_QUERY, [286] = KW_LIMIT,
	[296] = KW_ORDER, [299] = KW_END, [304] = KW_RETURN, [306] = KW_PARTITION, [309] = KW_IF,
	[315] = KW_SNAPSHOT, [327] = KW_HAVING, [330] = KW_RETURNING, [331] = KW_TRUNCATE,
	[332] = KW_REVOKE, [333] = KW_DATA, [337] = KW_GRANT, [340] = KW_CASE, [347] = KW_ON,
	[349] = KW_EACH, [351] = KW_MATERIALIZED, [360] = KW_AGGREGATE, [372] = KW_WITH, [376] = KW_ELSIF,
	[377] = KW_COMMENT, [392] = KW_POLICY, [402] = KW_ELSE, [409] = KW_TO, [416] = KW_USING,
	[420] = KW_ROWS, [425] = KW_EXISTS, [430] = KW_NOT, [437] = KW_ELSEIF, [446] = KW_EXCEPTION,
	[470] = KW_REFRESH, [478] = KW_UNTIL, [491] = KW_COPY, [494] = KW_SET, [496] = KW_REFERENCES,
	[502] = KW_CLUSTER, [504] = KW_ALTER, [512] = KW_INTERSECT, [517] = KW_DROP, [524] = KW_IMMEDIATE,
	[547] = KW_AND, [556] = KW_CORRESPONDING, [566] = KW_LANGUAGE, [588] = KW_VALUES,
	[594] = KW_EXPLAIN, [600] = KW_TEMPORARY, [608] = KW_PREPARE, [616] = KW_BEGIN, [619] = KW_ROW,
	[621] = KW_LOAD, [626] = KW_OUTER, [637] = KW_SYSTEM_TIME, [657] = KW_ARRAY,
	[676] = KW_STRAIGHT_JOIN, [678] = KW_INSERT, [686] = KW_TABLE, [687] = KW_OR, [700] = KW_ASSERT,
	[715] = KW_LOOP, [725] = KW_ANTI, [730] = KW_PROCEDURE, [734] = KW_AS, [738] = KW_ANALYZE,
	[752] = KW_SEQUENCE, [753] = KW_REPLACE, [761] = KW_MERGE, [767] = KW_SELECT, [787] = KW_WHEN,
	[788] = KW_FETCH, [792] = KW_PIVOT, [795] = KW_DELETE, [812] = KW_CLONE, [836] = KW_EXECUTE,
	[841] = KW_ONLY, [853] = KW_REPLICA, [856] = KW_WINDOW, [868] = KW_LOCK, [897] = KW_CROSS,
	[901] = KW_RULE, [902] = KW_IS, [913] = KW_UNNEST, [916] = KW_QUALIFY, [919] = KW_REPEAT,
	[944] = KW_LEFT, [946] = KW_DECLARE, [951] = KW_UPDATE, [958] = KW_FULL, [973] = KW_THEN,
	[976] = KW_FOR, [980] = KW_FROM, [981] = KW_CURSOR, [982] = KW_SEMI, [983] = KW_RIGHT,
	[986] = KW_FOREACH, [988] = KW_NATURAL, [989] = KW_IN, [992] = KW_CALL, [1000] = KW_WHERE,
	[1002] = KW_EXPORT, [1017] = KW_FUNCTION, [1022] = KW_LIKE,
};

