// A PKCS#11 module in front of another one ($SHIM_MODULE) that lies as $LIES says,
// a list of words; for tests of what finds the truth out. $LIES_WRONG gets a line for
// each wrong SO PIN.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long ulong;
typedef ulong call(ulong, ulong, ulong, ulong, ulong, ulong, ulong, ulong);
struct attribute {
	ulong type;
	void *value;
	ulong length;
};

static struct list {
	unsigned char major, minor;
	call *at[68];
} list, *real;

static int wrong; // user PINs in a row

static int lie(const char *word) {
	const char *all = getenv("LIES"), *at = all;
	size_t n = strlen(word);
	while (all != NULL && (at = strstr(at, word)) != NULL) {
		if ((at == all || at[-1] == ',') && (at[n] == ',' || at[n] == 0))
			return 1;
		at += n;
	}
	return 0;
}

static int locks(void) { return lie("lock") || lie("honest-lock"); }

static struct attribute *find(ulong attributes, ulong count, ulong type) {
	struct attribute *a = (struct attribute *)attributes;
	for (ulong i = 0; i < count; i++)
		if (a[i].type == type)
			return &a[i];
	return NULL;
}

// C_GetTokenInfo: texts of 32, 32, 16 and 16 bytes, then the flags.
static ulong token_info(ulong slot, ulong info, ulong c, ulong d, ulong e, ulong f, ulong g, ulong h) {
	ulong rv = real->at[6](slot, info, c, d, e, f, g, h);
	ulong *flags = (ulong *)(info + 96);
	if (rv != 0)
		return rv;
	if (lie("user-pin") && (*flags & 0x400))
		*flags |= 0x8;
	if (lie("pin-pad"))
		*flags |= 0x100;
	if (lie("lock"))
		*flags &= ~0x70000ul;
	if (lie("honest-lock")) {
		*flags &= ~0x70000ul;
		*flags |= (wrong >= 1 ? 0x10000 : 0) | (wrong == 2 ? 0x20000 : 0) | (wrong >= 3 ? 0x40000 : 0);
	}
	if (lie("serial") && (*flags & 0x400))
		memset((char *)info + 80, '0', 16);
	return 0;
}

static ulong init_token(ulong slot, ulong pin, ulong n, ulong label, ulong e, ulong f, ulong g, ulong h) {
	char info[512];
	if (lie("reinit") && real->at[6](slot, (ulong)info, 0, 0, 0, 0, 0, 0) == 0 && (*(ulong *)(info + 96) & 0x400))
		return 7;
	return real->at[9](slot, pin, n, label, e, f, g, h);
}

static ulong unfit(const char *pin, ulong n) {
	if (lie("pin-length") && (n < 6 || n > 8))
		return 0xa2;
	for (ulong i = 0; i < n && lie("digits"); i++)
		if (pin[i] < '0' || pin[i] > '9')
			return 0xa1;
	return 0;
}

static ulong init_pin(ulong s, ulong pin, ulong n, ulong d, ulong e, ulong f, ulong g, ulong h) {
	ulong rv = unfit((char *)pin, n);
	if (rv == 0 && !lie("init-pin"))
		rv = real->at[10](s, pin, n, d, e, f, g, h);
	if (rv == 0)
		wrong = 0;
	return rv;
}

static ulong set_pin(ulong s, ulong old, ulong m, ulong pin, ulong n, ulong f, ulong g, ulong h) {
	ulong rv = unfit((char *)pin, n);
	if (rv != 0 || lie("set-pin"))
		return rv;
	if (lie("cut") && n > 16)
		n = 16;
	return real->at[11](s, old, m, pin, n, f, g, h);
}

static ulong login(ulong s, ulong user, ulong pin, ulong n, ulong e, ulong f, ulong g, ulong h) {
	if (user == 1 && locks() && wrong >= 3)
		return 0xa4;
	ulong rv = real->at[18](s, user, pin, n, e, f, g, h);
	if (user == 0 && rv == 0xa0 && getenv("LIES_WRONG") != NULL) {
		FILE *log = fopen(getenv("LIES_WRONG"), "a");
		fprintf(log, "SO\n");
		fclose(log);
	}
	if (user == 1 && rv == 0xa0)
		wrong++;
	if (user == 1 && rv == 0)
		wrong = 0;
	return rv;
}

static ulong create(ulong s, ulong attributes, ulong n, ulong object, ulong e, ulong f, ulong g, ulong h) {
	struct attribute *class = find(attributes, n, 0);
	if (lie("import") && class != NULL && *(ulong *)class->value == 3) {
		*(ulong *)object = 4711;
		return 0;
	}
	if (lie("data") && class != NULL && *(ulong *)class->value == 0)
		return 0xd1;
	return real->at[20](s, attributes, n, object, e, f, g, h);
}

static ulong read_attributes(ulong s, ulong o, ulong attributes, ulong n, ulong e, ulong f, ulong g, ulong h) {
	ulong rv = real->at[24](s, o, attributes, n, e, f, g, h);
	struct attribute *a = find(attributes, n, 0x103);
	if (lie("sensitive") && a != NULL && a->value != NULL && a->length == 1)
		*(char *)a->value = 0;
	return rv;
}

static ulong write_attributes(ulong s, ulong o, ulong attributes, ulong n, ulong e, ulong f, ulong g, ulong h) {
	if (lie("id") && find(attributes, n, 0x102) != NULL || lie("label") && find(attributes, n, 3) != NULL)
		return 0;
	return real->at[25](s, o, attributes, n, e, f, g, h);
}

static ulong generate(ulong s, ulong mechanism, ulong public, ulong n, ulong private, ulong m, ulong g, ulong h) {
	struct attribute *bits = find(public, n, 0x121), *curve = find(public, n, 0x180), *always = find(private, m, 0x202);
	if (lie("rsa") && bits != NULL && *(ulong *)bits->value > 2048)
		return 0x62;
	if (lie("curves") && curve != NULL && curve->length != 10)
		return 0x130;
	if (lie("always") && always != NULL)
		*(char *)always->value = 0;
	if (lie("derive") && find(private, m, 0x10c) != NULL)
		return 0x12;
	return real->at[59](s, mechanism, public, n, private, m, g, h);
}

ulong C_GetFunctionList(struct list **out) {
	void *library = dlopen(getenv("SHIM_MODULE"), RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return 5;
	ulong (*get)(struct list **) = (ulong(*)(struct list **))dlsym(library, "C_GetFunctionList");
	ulong rv = get(&real);
	if (rv != 0)
		return rv;
	list = *real;
	list.at[6] = token_info;
	list.at[9] = init_token;
	list.at[10] = init_pin;
	list.at[11] = set_pin;
	list.at[18] = login;
	list.at[20] = create;
	list.at[24] = read_attributes;
	list.at[25] = write_attributes;
	list.at[59] = generate;
	*out = &list;
	return 0;
}
