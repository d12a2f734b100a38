package host

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"inscribe/exec"
)

func elfHeader(class elf.Class, machine elf.Machine, typ elf.Type) []byte {
	ident := [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(class), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)}
	if class == elf.ELFCLASS32 {
		return encoded(elf.Header32{Ident: ident, Type: uint16(typ), Machine: uint16(machine), Version: 1, Ehsize: 52, Phentsize: 32, Shentsize: 40})
	}
	return encoded(elf.Header64{Ident: ident, Type: uint16(typ), Machine: uint16(machine), Version: 1, Ehsize: 64, Phentsize: 56, Shentsize: 64})
}

func peHeader(machine, flags uint16) []byte {
	b := make([]byte, 64)
	copy(b, "MZ")
	b[0x3c] = 64
	b = append(b, "PE\x00\x00"...)
	b = append(b, encoded(pe.FileHeader{Machine: machine, Characteristics: flags})...)
	return append(b, make([]byte, 64)...)
}

func machoHeader(cpu macho.Cpu, typ macho.Type) []byte {
	return append(encoded(macho.FileHeader{Magic: macho.Magic64, Cpu: cpu, Type: typ}), make([]byte, 4)...)
}

func encoded(v any) []byte {
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestLibraryHeader(t *testing.T) {
	const dll = pe.IMAGE_FILE_DLL
	for _, c := range []struct {
		name         string
		goos, goarch string
		content      []byte
		want         string // empty: accepted
	}{
		{"right", "linux", "amd64", elfHeader(elf.ELFCLASS64, elf.EM_X86_64, elf.ET_DYN), ""},
		{"right arm", "linux", "arm64", elfHeader(elf.ELFCLASS64, elf.EM_AARCH64, elf.ET_DYN), ""},
		{"right 32", "linux", "386", elfHeader(elf.ELFCLASS32, elf.EM_386, elf.ET_DYN), ""},
		{"32 bit", "linux", "amd64", elfHeader(elf.ELFCLASS32, elf.EM_386, elf.ET_DYN), "is a 32-bit x86 library, this process is 64-bit x86"},
		{"x32", "linux", "amd64", elfHeader(elf.ELFCLASS32, elf.EM_X86_64, elf.ET_DYN), "is a 32-bit amd64 library"},
		{"machine", "linux", "amd64", elfHeader(elf.ELFCLASS64, elf.EM_AARCH64, elf.ET_DYN), "is a 64-bit ARM library, this process is 64-bit x86"},
		{"program", "linux", "amd64", elfHeader(elf.ELFCLASS64, elf.EM_X86_64, elf.ET_EXEC), "not a shared library"},
		{"cut", "linux", "amd64", elfHeader(elf.ELFCLASS64, elf.EM_X86_64, elf.ET_DYN)[:20], "is damaged"},
		{"text", "linux", "amd64", []byte("#!/bin/sh\necho Grüße\n"), "is not a shared library (text file)"},
		{"cut text", "linux", "amd64", []byte(strings.Repeat("a", 511) + "ü"), "is not a shared library (text file)"},
		{"empty", "linux", "amd64", nil, "is not a shared library (empty file)"},
		{"noise", "linux", "amd64", []byte{0, 1, 2, 0xff}, "is not a shared library (unknown format)"},
		{"dll", "windows", "amd64", peHeader(pe.IMAGE_FILE_MACHINE_AMD64, dll), ""},
		{"exe", "windows", "amd64", peHeader(pe.IMAGE_FILE_MACHINE_AMD64, 0), "not a shared library"},
		{"dll 32", "windows", "amd64", peHeader(pe.IMAGE_FILE_MACHINE_I386, dll), "is a 32-bit x86 library"},
		{"dll on linux", "linux", "amd64", peHeader(pe.IMAGE_FILE_MACHINE_AMD64, dll), "is in the PE format, this system (linux) loads ELF"},
		{"dylib", "darwin", "arm64", machoHeader(macho.CpuArm64, macho.TypeDylib), ""},
		{"dylib other", "darwin", "arm64", machoHeader(macho.CpuAmd64, macho.TypeBundle), "is a 64-bit x86 library, this process is 64-bit ARM"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "module.so")
			if err := os.WriteFile(path, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			checkLibraryError(t, checkLibrary(path, c.goos, c.goarch), c.want)
		})
	}
	checkLibraryError(t, checkLibrary(t.TempDir(), "linux", "amd64"), "is not a file")
	checkLibraryError(t, checkLibrary("/no/such/module.so", "linux", "amd64"), "/no/such/module.so does not exist")
	checkLibraryError(t, checkLibrary("no-such-module.so", "linux", "amd64"), "")
}

func checkLibraryError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var e *exec.Error
	if !errors.As(err, &e) || e.Kind != exec.Device || e.Advice == "" || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestStartChecksTheFileFirst(t *testing.T) {
	_, err := Start(ctx, Options{Module: "/no/such/module.so", Command: []string{"/no/such/program"}})
	checkLibraryError(t, err, "does not exist")
}

func FuzzLibraryHeader(f *testing.F) {
	f.Add(elfHeader(elf.ELFCLASS64, elf.EM_X86_64, elf.ET_DYN))
	f.Add(peHeader(pe.IMAGE_FILE_MACHINE_AMD64, pe.IMAGE_FILE_DLL))
	f.Add(machoHeader(macho.CpuArm64, macho.TypeDylib))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, goos := range []string{"linux", "windows", "darwin"} {
			if err := checkHeader("/lib/module.so", bytes.NewReader(b), b[:min(len(b), 512)], goos, "amd64"); err != nil {
				checkLibraryError(t, err, "/lib/module.so ")
			}
		}
	})
}
