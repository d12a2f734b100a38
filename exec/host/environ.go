package host

import (
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
)

// What a module may see of this program's environment. A name that ends in "*"
// stands for all that begin so. Anything else, above all a variable that holds
// a PIN for the description, stays here.
var (
	allowed = []string{
		"PATH", "HOME", "LANG", "LC_*", "XDG_RUNTIME_DIR",
		"SOFTHSM2_CONF", "OPENSC_CONF", "PCSCLITE_CSOCK_NAME", "TPM2_PKCS11_*", "P11_KIT_*",
	}
	// places are those that say which tokens a module finds.
	places           = []string{"SOFTHSM2_CONF", "PCSCLITE_CSOCK_NAME", "TPM2_PKCS11_STORE", "TPM2_PKCS11_TCTI", "P11_KIT_SERVER_ADDRESS"}
	allowedOnWindows = []string{"SystemRoot", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "ProgramFiles*", "TEMP"}
)

// spyPrefix begins the variables of pkcs11-spy, which writes each argument of
// each call, PINs included, to a file.
const spyPrefix = "PKCS11SPY"

// childEnvironment filters parent ("NAME=value") by the allow-list, leaves out what
// is withheld and adds extra, which wins.
func childEnvironment(parent []string, extra map[string]string, withheld []string, allowSpy bool, goos string) []string {
	patterns := slices.Clone(allowed)
	if goos == "windows" {
		patterns = append(patterns, allowedOnWindows...)
	}
	if allowSpy {
		patterns = append(patterns, spyPrefix+"*")
	}
	env := map[string]string{}
	for _, entry := range parent {
		name, value, ok := strings.Cut(entry, "=")
		names := func(p string) bool { return matches(p, name, goos) }
		if ok && !slices.ContainsFunc(withheld, names) && slices.ContainsFunc(patterns, names) {
			env[name] = value
		}
	}
	maps.Copy(env, extra)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
}

// Environment is what a command beside a module sees: the same few variables, and
// extra. See [Options] for what is withheld.
func Environment(extra map[string]string, withheld []string) []string {
	return childEnvironment(os.Environ(), extra, withheld, false, runtime.GOOS)
}

// Reach names what a module sees of this machine's tokens, by the variables that say
// where they are: two programs of one reach may be at one card, and one that asks
// another card daemon, or has another folder of software tokens, is at another card,
// whatever its serial number is. See [Options] for the arguments.
func Reach(extra map[string]string, withheld []string) string {
	reach := []string{"tokens"}
	for _, entry := range Environment(extra, withheld) {
		if name, value, _ := strings.Cut(entry, "="); value != "" && slices.Contains(places, name) {
			reach = append(reach, entry)
		}
	}
	return strings.Join(reach, "\x00")
}

func matches(pattern, name, goos string) bool {
	if goos == "windows" {
		pattern, name = strings.ToUpper(pattern), strings.ToUpper(name)
	}
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == name
}

// spyIn gives the first variable of a spy in env.
func spyIn(env map[string]string) (name string, found bool) {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if strings.HasPrefix(strings.ToUpper(name), spyPrefix) {
			return name, true
		}
	}
	return "", false
}
