// A PKCS#11 module in front of another one ($SHIM_MODULE), for tests of what no
// real token does on demand:
//
//   SHIM_LOG=FILE        a line for each call that changes something or logs in
//   SHIM_KILL=N:before   end the program that uses us, as a power cut would, at
//   SHIM_KILL=N:after    the Nth of these calls: before it, or after it is done
//   SHIM_SLOW=MS         a key pair takes that long
//   SHIM_FLAGS=0x…       flags that each token shows beside its own
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long ulong;
// Each argument of a PKCS#11 call is a number or a pointer, one register wide,
// and no call has more than eight.
typedef ulong call(ulong, ulong, ulong, ulong, ulong, ulong, ulong, ulong);

static struct list {
	unsigned char major, minor;
	call *at[68];
} list, *real;

static int calls;

static void die_with_parent(void) {
	kill(getppid(), SIGKILL);
	for (;;)
		pause();
}

static ulong watched(const char *name, int index, ulong a, ulong b, ulong c, ulong d, ulong e, ulong f, ulong g, ulong h) {
	const char *point = getenv("SHIM_KILL"), *log = getenv("SHIM_LOG"), *slow = getenv("SHIM_SLOW");
	int here = 0, before = 0;
	calls++;
	if (log != NULL) {
		FILE *file = fopen(log, "a");
		if (file == NULL)
			abort();
		fprintf(file, "%s\n", name);
		fclose(file);
	}
	if (point != NULL) {
		here = atoi(point) == calls;
		before = strstr(point, "before") != NULL;
	}
	if (here && before)
		die_with_parent();
	if (slow != NULL && strcmp(name, "C_GenerateKeyPair") == 0)
		usleep(1000 * atoi(slow));
	ulong rv = real->at[index](a, b, c, d, e, f, g, h);
	if (here)
		die_with_parent();
	return rv;
}

#define WATCH(index, name)                                                                             \
	static ulong watch_##name(ulong a, ulong b, ulong c, ulong d, ulong e, ulong f, ulong g, ulong h) { \
		return watched("C_" #name, index, a, b, c, d, e, f, g, h);                                       \
	}
WATCH(9, InitToken)
WATCH(10, InitPIN)
WATCH(11, SetPIN)
WATCH(18, Login)
WATCH(20, CreateObject)
WATCH(22, DestroyObject)
WATCH(25, SetAttributeValue)
WATCH(43, Sign)
WATCH(59, GenerateKeyPair)

static ulong token_info(ulong slot, ulong info, ulong c, ulong d, ulong e, ulong f, ulong g, ulong h) {
	ulong rv = real->at[6](slot, info, c, d, e, f, g, h);
	const char *flags = getenv("SHIM_FLAGS");
	// CK_TOKEN_INFO: texts of 32, 32, 16 and 16 bytes, then the flags.
	if (rv == 0 && flags != NULL)
		*(ulong *)(info + 96) |= strtoul(flags, NULL, 0);
	return rv;
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
	list.at[9] = watch_InitToken;
	list.at[10] = watch_InitPIN;
	list.at[11] = watch_SetPIN;
	list.at[18] = watch_Login;
	list.at[20] = watch_CreateObject;
	list.at[22] = watch_DestroyObject;
	list.at[25] = watch_SetAttributeValue;
	list.at[43] = watch_Sign;
	list.at[59] = watch_GenerateKeyPair;
	*out = &list;
	return 0;
}
