package host

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"inscribe/exec"
)

// checkLibrary tells from the file's header what the system's loader would not
// say, or not clearly. A bare name is left to the loader, which has a search
// path of its own and does not look in the current folder.
func checkLibrary(path, goos, goarch string) error {
	if bare(path) {
		return nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return unloadable(path, "does not exist", "install the middleware, or correct the path of the module")
	}
	if err != nil {
		return &exec.Error{Kind: exec.Device, Message: "the module cannot be read", Cause: err,
			Advice: "make the file readable for this user"}
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && !st.Mode().IsRegular() {
		return unloadable(path, "is not a file", "give the path of the library itself")
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return &exec.Error{Kind: exec.Device, Message: "the module cannot be read", Cause: err}
	}
	return checkHeader(path, f, head[:n], goos, goarch)
}

func bare(path string) bool { return !strings.ContainsAny(path, `/\`) }

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}

func checkHeader(path string, f io.ReaderAt, head []byte, goos, goarch string) error {
	var format string
	var inspect func(io.ReaderAt) (library, error)
	switch {
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		format, inspect = "ELF", inspectELF
	case bytes.HasPrefix(head, []byte("MZ")):
		format, inspect = "PE", inspectPE
	case isMachO(head):
		format, inspect = "Mach-O", inspectMachO
	case len(head) == 0:
		return unloadable(path, "is not a shared library (empty file)", adviseLibrary)
	case isText(head):
		return unloadable(path, "is not a shared library (text file)", adviseLibrary)
	default:
		return unloadable(path, "is not a shared library (unknown format)", adviseLibrary)
	}
	if want := formatOf(goos); format != want {
		return unloadable(path, fmt.Sprintf("is in the %s format, this system (%s) loads %s", format, goos, want), adviseLibrary)
	}
	lib, err := inspect(f)
	if err != nil {
		return unloadable(path, "is damaged: "+err.Error(), "install the middleware again")
	}
	if !slices.Contains(lib.archs, goarch) {
		return unloadable(path, fmt.Sprintf("is a %s library, this process is %s", describe(lib.archs[0]), describe(goarch)),
			"install the middleware for "+describe(goarch)+", or use a build of this program for the other")
	}
	if !lib.shared {
		return unloadable(path, "is a program or object file, not a shared library", adviseLibrary)
	}
	return nil
}

const adviseLibrary = "give the path of the middleware's PKCS#11 library for this system"

func unloadable(path, what, advice string) error {
	return &exec.Error{Kind: exec.Device, Message: path + " " + what, Advice: advice}
}

// library is what a header tells: the architectures as GOARCH values, and
// whether it is a shared library.
type library struct {
	archs  []string
	shared bool
}

func formatOf(goos string) string {
	switch goos {
	case "windows":
		return "PE"
	case "darwin", "ios":
		return "Mach-O"
	default:
		return "ELF"
	}
}

func describe(goarch string) string {
	switch goarch {
	case "386":
		return "32-bit x86"
	case "amd64":
		return "64-bit x86"
	case "arm":
		return "32-bit ARM"
	case "arm64":
		return "64-bit ARM"
	}
	return goarch
}

func inspectELF(r io.ReaderAt) (library, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return library{}, err
	}
	arch := f.Machine.String()
	switch f.Machine {
	case elf.EM_386:
		arch = "386"
	case elf.EM_X86_64:
		arch = "amd64"
	case elf.EM_ARM:
		arch = "arm"
	case elf.EM_AARCH64:
		arch = "arm64"
	case elf.EM_RISCV:
		arch = "riscv64"
	case elf.EM_LOONGARCH:
		arch = "loong64"
	case elf.EM_S390:
		arch = "s390x"
	case elf.EM_PPC64:
		arch = "ppc64"
		if f.ByteOrder.String() == "LittleEndian" {
			arch = "ppc64le"
		}
	}
	// The x32 ABI has the machine of amd64 and pointers of 32 bits.
	if f.Class == elf.ELFCLASS32 && arch != "386" && arch != "arm" {
		arch = "32-bit " + arch
	}
	return library{[]string{arch}, f.Type == elf.ET_DYN}, nil
}

func inspectPE(r io.ReaderAt) (library, error) {
	f, err := pe.NewFile(r)
	if err != nil {
		return library{}, err
	}
	arch := fmt.Sprintf("machine %#x", f.Machine)
	switch f.Machine {
	case pe.IMAGE_FILE_MACHINE_I386:
		arch = "386"
	case pe.IMAGE_FILE_MACHINE_AMD64:
		arch = "amd64"
	case pe.IMAGE_FILE_MACHINE_ARMNT:
		arch = "arm"
	case pe.IMAGE_FILE_MACHINE_ARM64:
		arch = "arm64"
	}
	return library{[]string{arch}, f.Characteristics&pe.IMAGE_FILE_DLL != 0}, nil
}

func inspectMachO(r io.ReaderAt) (library, error) {
	if fat, err := macho.NewFatFile(r); err == nil {
		lib := library{shared: true}
		for _, a := range fat.Arches {
			lib.archs = append(lib.archs, machoArch(a.Cpu))
			lib.shared = lib.shared && isMachOLibrary(a.Type)
		}
		return lib, nil
	}
	f, err := macho.NewFile(r)
	if err != nil {
		return library{}, err
	}
	return library{[]string{machoArch(f.Cpu)}, isMachOLibrary(f.Type)}, nil
}

func isMachOLibrary(t macho.Type) bool { return t == macho.TypeDylib || t == macho.TypeBundle }

func machoArch(cpu macho.Cpu) string {
	switch cpu {
	case macho.Cpu386:
		return "386"
	case macho.CpuAmd64:
		return "amd64"
	case macho.CpuArm:
		return "arm"
	case macho.CpuArm64:
		return "arm64"
	}
	return cpu.String()
}

func isMachO(head []byte) bool {
	for _, magic := range []string{"\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

func isText(head []byte) bool {
	// The end may cut a character in two.
	for len(head) > 0 && !utf8.RuneStart(head[len(head)-1]) {
		head = head[:len(head)-1]
	}
	if len(head) > 0 && head[len(head)-1] >= utf8.RuneSelf {
		head = head[:len(head)-1]
	}
	return utf8.Valid(head) && !bytes.ContainsRune(head, 0)
}
