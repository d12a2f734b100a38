// A PKCS#11 module in front of another one ($SHIM_MODULE), for tests of what no
// real token does on demand:
//
//   SHIM_LOG=FILE        a line for each call that changes something or logs in
//   SHIM_KILL=N:before   end the program that uses us, as a power cut would, at
//   SHIM_KILL=N:after    the Nth of these calls: before it, or after it is done
//   SHIM_TRACE=FILE      a line for each call whatever, C_GetFunctionList too
//   SHIM_FAULT=N:before:kill    the same as SHIM_KILL, counted over all calls
//   SHIM_FAULT=N:before:0x…     answer the Nth of all calls with this CKR, and do
//   SHIM_FAULT=N:after:0x…      not make it; or make it, and lose its answer
//   SHIM_FAULT=N:within=US:kill end the program that uses us so many microseconds after
//                               the Nth call began, which goes on, or when it is done
//   SHIM_LOSE=NAME       make each call of that name, and lose its answer
//   SHIM_OPEN=FILE       a line for each descriptor of the process, and what it is, as
//                        C_Initialize finds them
//   SHIM_WRONG=FILE      a line for each call that the token answers with a wrong
//                        PIN: a try that was spent
//   SHIM_CUT=N           a label has no more than N bytes, and what is more is lost
//   SHIM_SLOW=MS         a key pair takes that long
//   SHIM_FLAGS=0x…       flags that each token shows beside its own
//   SHIM_FREE=N          bytes that each token says are free, public and private
//   SHIM_TURN=FILE       one call at a time of all programs with that file, so that
//                        none is in the middle of one when another is ended; then
//                        none begins any more, but ends, until FILE.over is removed
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

typedef unsigned long ulong;
// Each argument of a PKCS#11 call is a number or a pointer, one register wide,
// and no call has more than eight.
typedef ulong call(ulong, ulong, ulong, ulong, ulong, ulong, ulong, ulong);

static struct list {
	unsigned char major, minor;
	call *at[68];
} list, *real;

static int changes, calls;

static void await_turn(int fd) {
	char over[4096];
	flock(fd, LOCK_EX);
	snprintf(over, sizeof over, "%s.over", getenv("SHIM_TURN"));
	if (access(over, F_OK) == 0)
		kill(getpid(), SIGKILL);
}

static void die_with_parent(void) {
	if (getenv("SHIM_TURN") != NULL) {
		char over[4096];
		snprintf(over, sizeof over, "%s.over", getenv("SHIM_TURN"));
		fclose(fopen(over, "w"));
	}
	kill(getppid(), SIGKILL);
	kill(getpid(), SIGKILL);
}

static void note(const char *variable, const char *name) {
	const char *path = getenv(variable);
	if (path == NULL)
		return;
	FILE *file = fopen(path, "a");
	if (file == NULL)
		abort();
	fprintf(file, "%s\n", name);
	fclose(file);
}

// note_descriptors says what the process has open, but for what it takes to find out.
static void note_descriptors(void) {
	for (int fd = 0; fd < 1024; fd++) {
		char path[64], line[4200], file[4096] = "";
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (readlink(path, file, sizeof file - 1) < 0)
			continue;
		snprintf(line, sizeof line, "%d %s", fd, file);
		note("SHIM_OPEN", line);
	}
}

// point says whether a variable "N:when…" means call number n, and when.
static int point(const char *variable, int n, const char *when) {
	const char *text = getenv(variable);
	return text != NULL && atoi(text) == n && strstr(text, when) != NULL;
}

static void *die_later(void *us) {
	usleep((ulong)us);
	kill(getppid(), SIGKILL);
	return NULL;
}

// fault is what happens to a call that is due for it.
static int fault(ulong *rv) {
	const char *what = strrchr(getenv("SHIM_FAULT"), ':') + 1;
	if (strcmp(what, "kill") == 0)
		die_with_parent();
	*rv = strtoul(what, NULL, 0);
	return 1;
}

static ulong watch(const char *name, int index, int change, ulong a, ulong b, ulong c, ulong d, ulong e, ulong f, ulong g, ulong h) {
	const char *slow = getenv("SHIM_SLOW"), *flags = getenv("SHIM_FLAGS"), *bytes = getenv("SHIM_FREE");
	ulong rv;
	calls++;
	note("SHIM_TRACE", name);
	if (index == 0 && getenv("SHIM_OPEN") != NULL)
		note_descriptors();
	if (change) {
		changes++;
		note("SHIM_LOG", name);
		if (point("SHIM_KILL", changes, "before"))
			die_with_parent();
	}
	if (point("SHIM_FAULT", calls, "before") && fault(&rv))
		return rv;
	int within = point("SHIM_FAULT", calls, "within=");
	pthread_t thread;
	if (within)
		pthread_create(&thread, NULL, die_later, (void *)strtoul(strchr(getenv("SHIM_FAULT"), '=') + 1, NULL, 0));
	if (slow != NULL && strcmp(name, "C_GenerateKeyPair") == 0)
		usleep(1000 * atoi(slow));
	if (getenv("SHIM_CUT") != NULL && strcmp(name, "C_InitToken") == 0) {
		int kept = atoi(getenv("SHIM_CUT"));
		memset((char *)d + kept, ' ', 32 - kept);
	}
	rv = real->at[index](a, b, c, d, e, f, g, h);
	if (getenv("SHIM_LOSE") != NULL && strcmp(getenv("SHIM_LOSE"), name) == 0)
		return 0x30;
	if (rv == 0xa0)
		note("SHIM_WRONG", name);
	// CK_TOKEN_INFO: texts of 32, 32, 16 and 16 bytes, then the flags.
	if (flags != NULL && rv == 0 && strcmp(name, "C_GetTokenInfo") == 0)
		*(ulong *)(b + 96) |= strtoul(flags, NULL, 0);
	// Eight numbers after the flags: sessions, lengths of PINs, then memory.
	if (bytes != NULL && rv == 0 && strcmp(name, "C_GetTokenInfo") == 0)
		*(ulong *)(b + 160) = *(ulong *)(b + 176) = strtoul(bytes, NULL, 0);
	if (change && point("SHIM_KILL", changes, "after"))
		die_with_parent();
	if (within || point("SHIM_FAULT", calls, "after"))
		fault(&rv);
	return rv;
}

static ulong watched(const char *name, int index, int change, ulong a, ulong b, ulong c, ulong d, ulong e, ulong f, ulong g, ulong h) {
	const char *turn = getenv("SHIM_TURN");
	int fd = turn == NULL ? -1 : open(turn, O_CREAT | O_RDWR, 0600);
	if (turn != NULL)
		await_turn(fd);
	ulong rv = watch(name, index, change, a, b, c, d, e, f, g, h);
	if (turn != NULL)
		close(fd);
	return rv;
}

// The calls that there are, by their place in the list, and which of them change
// something or log in.
#define CALLS                                                                                                \
	X(0, Initialize, 0) X(1, Finalize, 0) X(2, GetInfo, 0) X(4, GetSlotList, 0) X(5, GetSlotInfo, 0)            \
	X(6, GetTokenInfo, 0) X(7, GetMechanismList, 0) X(8, GetMechanismInfo, 0) X(9, InitToken, 1)               \
	X(10, InitPIN, 1) X(11, SetPIN, 1) X(12, OpenSession, 0) X(13, CloseSession, 0) X(14, CloseAllSessions, 0) \
	X(15, GetSessionInfo, 0) X(18, Login, 1) X(19, Logout, 0) X(20, CreateObject, 1) X(21, CopyObject, 1)      \
	X(22, DestroyObject, 1) X(23, GetObjectSize, 0) X(24, GetAttributeValue, 0) X(25, SetAttributeValue, 1)    \
	X(26, FindObjectsInit, 0) X(27, FindObjects, 0) X(28, FindObjectsFinal, 0) X(42, SignInit, 0)              \
	X(43, Sign, 1) X(58, GenerateKey, 1) X(59, GenerateKeyPair, 1) X(60, WrapKey, 0) X(61, UnwrapKey, 1)       \
	X(62, DeriveKey, 1) X(64, GenerateRandom, 0) X(67, WaitForSlotEvent, 0)

#define X(index, name, change)                                                                          \
	static ulong watch_##name(ulong a, ulong b, ulong c, ulong d, ulong e, ulong f, ulong g, ulong h) { \
		return watched("C_" #name, index, change, a, b, c, d, e, f, g, h);                               \
	}
CALLS
#undef X

ulong C_GetFunctionList(struct list **out) {
	ulong rv;
	calls++;
	note("SHIM_TRACE", "C_GetFunctionList");
	if (point("SHIM_FAULT", calls, "before") && fault(&rv))
		return rv;
	void *library = dlopen(getenv("SHIM_MODULE"), RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return 5;
	ulong (*get)(struct list **) = (ulong(*)(struct list **))dlsym(library, "C_GetFunctionList");
	rv = get(&real);
	if (rv != 0)
		return rv;
	list = *real;
#define X(index, name, change) list.at[index] = watch_##name;
	CALLS
#undef X
	*out = &list;
	if (point("SHIM_FAULT", calls, "after"))
		fault(&rv);
	return rv;
}
