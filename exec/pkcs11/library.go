//go:build cgo

package pkcs11

/*
#cgo linux freebsd LDFLAGS: -ldl
#include <stdlib.h>
#include <string.h>

// What miekg/pkcs11 does not do: say why a library cannot be loaded, pass a
// null PIN, leave no copy of a PIN behind, and sign in one call. The numbers
// are places in CK_FUNCTION_LIST, whose order the specification fixes.
enum { INIT_TOKEN = 9, INIT_PIN = 10, SET_PIN = 11, LOGIN = 18, SIGN = 43, FUNCTIONS = 68 };

typedef unsigned long rv_t;
typedef unsigned char *bytes_t;

#ifdef _WIN32
#pragma pack(push, 1)
#endif
struct functions {
	unsigned char major, minor;
	void *at[FUNCTIONS];
};
#ifdef _WIN32
#pragma pack(pop)
#endif

typedef rv_t (*get_list_t)(struct functions **);

static struct functions *list;

#ifdef _WIN32
#include <windows.h>
#include <stdio.h>

static void default_signals(void) {}

static char *open_library(const char *path, get_list_t *get) {
	char text[64];
	HMODULE lib = LoadLibraryA(path);
	if (lib == NULL) {
		snprintf(text, sizeof text, "LoadLibrary failed with error %lu", (unsigned long)GetLastError());
		return strdup(text);
	}
	*get = (get_list_t)GetProcAddress(lib, "C_GetFunctionList");
	return NULL;
}
#else
#include <dlfcn.h>
#include <signal.h>

// The Go runtime would answer a crash of the module with a dump of registers
// and an exit code. The plain signal names the crash and shows no PIN.
static void default_signals(void) {
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
	struct sigaction act;
	memset(&act, 0, sizeof act);
	act.sa_handler = SIG_DFL;
	for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
		sigaction(fatal[i], &act, NULL);
}

// RTLD_NOW: a symbol that is missing shall be told at once, and not end the
// process in the middle of a write.
static char *open_library(const char *path, get_list_t *get) {
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL) {
		const char *why = dlerror();
		return strdup(why != NULL ? why : "no reason given");
	}
	*(void **)get = dlsym(lib, "C_GetFunctionList");
	return NULL;
}
#endif

static rv_t get_list(get_list_t get) { return get(&list); }
static int have_list(void) { return list != NULL; }

// The binding keeps two pointers: the library and its function list.
static void take_list(void *binding) { list = ((void **)binding)[1]; }

#define NOT_SUPPORTED 0x54

static rv_t init_token(unsigned long slot, bytes_t pin, unsigned long len, bytes_t label) {
	rv_t (*f)(unsigned long, bytes_t, unsigned long, bytes_t) = list->at[INIT_TOKEN];
	return f == NULL ? NOT_SUPPORTED : f(slot, pin, len, label);
}

static rv_t init_pin(unsigned long session, bytes_t pin, unsigned long len) {
	rv_t (*f)(unsigned long, bytes_t, unsigned long) = list->at[INIT_PIN];
	return f == NULL ? NOT_SUPPORTED : f(session, pin, len);
}

static rv_t set_pin(unsigned long session, bytes_t old, unsigned long old_len, bytes_t new, unsigned long new_len) {
	rv_t (*f)(unsigned long, bytes_t, unsigned long, bytes_t, unsigned long) = list->at[SET_PIN];
	return f == NULL ? NOT_SUPPORTED : f(session, old, old_len, new, new_len);
}

static rv_t login(unsigned long session, unsigned long user, bytes_t pin, unsigned long len) {
	rv_t (*f)(unsigned long, unsigned long, bytes_t, unsigned long) = list->at[LOGIN];
	return f == NULL ? NOT_SUPPORTED : f(session, user, pin, len);
}

static rv_t sign(unsigned long session, bytes_t data, unsigned long len, bytes_t out, unsigned long *out_len) {
	rv_t (*f)(unsigned long, bytes_t, unsigned long, bytes_t, unsigned long *) = list->at[SIGN];
	return f == NULL ? NOT_SUPPORTED : f(session, data, len, out, out_len);
}
*/
import "C"

import (
	"reflect"
	"unsafe"

	"github.com/miekg/pkcs11"

	"inscribe/exec"
	"inscribe/exec/host"
)

const (
	ulongSize   = C.sizeof_ulong
	unavailable = uint(^C.ulong(0)) // CK_UNAVAILABLE_INFORMATION
)

// openLibrary loads the module and finds its function list.
func openLibrary(path string) *host.Failure {
	C.default_signals()
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var get C.get_list_t
	if why := C.open_library(name, &get); why != nil {
		defer C.free(unsafe.Pointer(why))
		return loaderFailure(path, C.GoString(why))
	}
	if get == nil {
		return &host.Failure{
			Message: path + " is not a PKCS#11 module: no C_GetFunctionList",
			Advice:  adviseModule,
		}
	}
	if rv := exec.CKR(C.get_list(get)); rv != exec.CKROK {
		return &host.Failure{CKR: rv}
	}
	if C.have_list() == 0 {
		return &host.Failure{Message: path + " is not a PKCS#11 module: its function list is null", Advice: adviseModule}
	}
	return nil
}

// oneList has the calls here go through the function list of the binding. Some
// modules give another list at each question, p11-kit's client for one, and each
// knows only of its own C_Initialize.
func oneList(binding *pkcs11.Ctx) *host.Failure {
	C.take_list(reflect.ValueOf(binding).Elem().Field(0).UnsafePointer())
	if C.have_list() == 0 {
		return &host.Failure{Message: "the module gives its function list once only", Advice: adviseModule}
	}
	return nil
}

// pinArguments gives pointer and length of a PIN for a call: null for the PIN
// pad, which is not the same as an empty PIN.
func pinArguments(c exec.Credential) (C.bytes_t, C.ulong) {
	if c.PINPad {
		return nil, 0
	}
	return bytesArguments(c.Secret.Reveal())
}

var nothing = []byte{0}

func bytesArguments(b []byte) (C.bytes_t, C.ulong) {
	n := C.ulong(len(b))
	if n == 0 {
		b = nothing
	}
	return C.bytes_t(unsafe.Pointer(&b[0])), n
}

func initToken(slot exec.SlotID, so exec.Credential, label [32]byte) exec.CKR {
	pin, n := pinArguments(so)
	return exec.CKR(C.init_token(C.ulong(slot), pin, n, C.bytes_t(unsafe.Pointer(&label[0]))))
}

func initPIN(session uint, c exec.Credential) exec.CKR {
	pin, n := pinArguments(c)
	return exec.CKR(C.init_pin(C.ulong(session), pin, n))
}

func setPIN(session uint, old, new exec.Credential) exec.CKR {
	oldPIN, oldLen := pinArguments(old)
	newPIN, newLen := pinArguments(new)
	return exec.CKR(C.set_pin(C.ulong(session), oldPIN, oldLen, newPIN, newLen))
}

func login(session uint, user exec.User, c exec.Credential) exec.CKR {
	pin, n := pinArguments(c)
	return exec.CKR(C.login(C.ulong(session), C.ulong(user), pin, n))
}

// sign calls C_Sign with room for the signature of any key that tokens have, so
// that no second call is needed to ask for the length.
func sign(session uint, data []byte) ([]byte, exec.CKR) {
	p, n := bytesArguments(data)
	room := make([]byte, 4096)
	for {
		out, have := bytesArguments(room)
		rv := exec.CKR(C.sign(C.ulong(session), p, n, out, &have))
		if rv == exec.CKRBufferTooSmall && int(have) > len(room) && have <= 1<<20 {
			room = make([]byte, have)
			continue
		}
		if rv != exec.CKROK {
			return nil, rv
		}
		if int(have) > len(room) {
			return nil, exec.CKRGeneralError
		}
		return room[:have], exec.CKROK
	}
}
