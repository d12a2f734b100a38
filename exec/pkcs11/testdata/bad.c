// A PKCS#11 module that misbehaves as the variable BAD says. It has no tokens
// of its own; every function that is not below says "not supported". Where the file
// that BAD_ONCE names is there, it goes, and the module crashes.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long ulong;

static struct {
	unsigned char major, minor;
	void *at[68];
} list = {2, 40, {0}};

static int is(const char *fault) {
	const char *bad = getenv("BAD");
	return bad != NULL && strcmp(bad, fault) == 0;
}

static ulong not_supported(void) { return 0x54; }

static ulong initialize(void *args) {
	(void)args;
	if (is("segfault"))
		*(volatile int *)8 = 1;
	const char *once = getenv("BAD_ONCE");
	if (once != NULL && unlink(once) == 0)
		abort();
	if (is("fails"))
		return 0x80000005;
	return 0;
}

static ulong finalize(void *reserved) {
	(void)reserved;
	while (is("hang in finalize"))
		sleep(1);
	if (is("crash in finalize"))
		abort();
	return 0;
}

static ulong slots(unsigned char present, ulong *out, ulong *n) {
	(void)present;
	while (is("hang"))
		sleep(1);
	if (is("slow"))
		usleep(700000);
	while (is("endless output"))
		puts("noise noise noise noise noise noise noise noise");
	if (is("much output"))
		for (int i = 0; i < 300000; i++)
			puts("noise noise noise noise noise noise noise noise");
	fflush(stdout);
	if (is("blank card") || is("unreadable slot")) {
		if (out != NULL)
			out[0] = 7;
		*n = 1;
		return 0;
	}
	if (is("slots come and go")) {
		// One more slot at each look: the first list is always too short.
		static ulong seen;
		if (out != NULL && *n < 3) {
			seen++;
			return 0x150;
		}
		*n = seen + 1 < 3 ? seen + 1 : 3;
		for (ulong i = 0; out != NULL && i < *n; i++)
			out[i] = i;
		return 0;
	}
	*n = 0;
	return 0;
}

static ulong slot_info(ulong slot, unsigned char *info) {
	(void)slot;
	memset(info, ' ', 96);
	memcpy(info, "Reader", 6);
	memset(info + 64, 0, 32); // a manufacturer padded with NUL
	memcpy(info + 64, "Maker", 5);
	return 0;
}

static ulong token_info(ulong slot, void *info) {
	(void)slot;
	(void)info;
	return is("blank card") ? 0xe1 : 0x30;
}

static ulong open_session(ulong slot, ulong flags, void *app, void *notify, ulong *session) {
	(void)slot; (void)app; (void)notify;
	*session = 1;
	return flags == 6 ? 0 : 0xb4;
}

// How a PIN came: null, empty, or with a length.
static ulong seen(const void *pin, ulong len) {
	if (pin == NULL)
		return 0x80000100 + len;
	return 0x80000200 + len;
}

static ulong login(ulong session, ulong user, char *pin, ulong len) {
	(void)session; (void)user;
	if (is("exit"))
		exit(3);
	if (is("abort"))
		abort();
	if (is("leave a process")) {
		if (fork() == 0) {
			setsid();
			sleep(4);
			_exit(0);
		}
		usleep(50000);
		raise(SIGSEGV);
	}
	if (is("tell")) {
		fprintf(stderr, "login with %.*s\n", (int)len, pin);
		usleep(50000);
		raise(SIGSEGV);
	}
	return seen(pin, len);
}

static ulong init_pin(ulong session, char *pin, ulong len) {
	(void)session;
	return seen(pin, len);
}

static ulong set_pin(ulong session, char *old, ulong old_len, char *new, ulong new_len) {
	(void)session;
	return seen(old, old_len) + (seen(new, new_len) & 0xfff) * 0x1000;
}

static ulong init_token(ulong slot, char *pin, ulong len, char *label) {
	(void)slot;
	if (memcmp(label, "LAB                             ", 32) != 0)
		return 0x7;
	return seen(pin, len);
}

// Two lists, each with a C_Initialize and a C_Login of its own.
static int started[2];
static ulong initialize0(void *args) { started[0] = 1; return 0; }
static ulong initialize1(void *args) { started[1] = 1; return 0; }
static ulong login0(void) { return started[0] ? 0 : 0x190; }
static ulong login1(void) { return started[1] ? 0 : 0x190; }

#ifdef UNDEFINED
ulong nowhere_defined(void);
#endif
#ifdef DEPENDS
ulong absent_function(void);
#endif

#ifndef NO_LIST
ulong C_GetFunctionList(void **out) {
#ifdef UNDEFINED
	nowhere_defined();
#endif
#ifdef DEPENDS
	absent_function();
#endif
	for (int i = 0; i < 68; i++)
		list.at[i] = not_supported;
	list.at[0] = initialize;
	list.at[1] = finalize;
	list.at[4] = slots;
	list.at[5] = slot_info;
	list.at[6] = token_info;
	list.at[9] = init_token;
	list.at[10] = init_pin;
	list.at[11] = set_pin;
	list.at[12] = open_session;
	list.at[18] = login;
	*out = &list;
	if (is("another list each time")) {
		static int n;
		if (n == 2)
			return 5;
		void **copy = malloc(sizeof list);
		memcpy(copy, &list, sizeof list);
		copy[1] = n == 0 ? (void *)initialize0 : (void *)initialize1;
		copy[19] = n == 0 ? (void *)login0 : (void *)login1;
		*out = copy;
		n++;
	}
	return 0;
}
#endif
