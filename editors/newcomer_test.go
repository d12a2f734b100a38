package editors_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The tests of this file set editors up as docs/editors.md says, word by word, in
// an empty home.

// newcomer makes a home with a checkout in it and the program on the path, and
// gives the first block of a language below a heading of the page.
func newcomer(t *testing.T, program, heading, language string) (home, block string) {
	t.Helper()
	home, bin := editor(t, program)
	if err := os.Mkdir(filepath.Join(home, "inscribe"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(absolute(t, "."), filepath.Join(home, "inscribe", "editors")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(bin)+string(os.PathListSeparator)+os.Getenv("PATH"))
	page, err := os.ReadFile("../docs/editors.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(section)
	if m == nil {
		t.Fatalf("%s has no block of %s", heading, language)
	}
	return home, m[1]
}

func TestNeovimByTheBook(t *testing.T) {
	home, block := newcomer(t, "nvim", "Neovim", "lua")
	if err := os.Mkdir(filepath.Join(home, "nvim"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"nvim/init.lua": block, "look.lua": `
vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end, 20)
local lines = { 'filetype ' .. vim.bo.filetype }
for _, d in ipairs(vim.diagnostic.get(0)) do table.insert(lines, d.message) end
vim.fn.writefile(vim.split(table.concat(lines, '\n'), '\n'), 'out')
vim.cmd('qall!')
`} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := session(t, home, "nvim", "--headless", "-i", "NONE", "-n", "card.dsc", "-c", "luafile look.lua")
	has(t, got, "filetype inscribe", "Location=#Sigature means the default slot")
}

func TestVimByTheBook(t *testing.T) {
	home, block := newcomer(t, "vim", "Vim", "vim")
	look := "call writefile(['filetype ' . &filetype, synIDattr(synID(2, 1, 1), 'name')], 'out')\nqall!\n"
	for name, text := range map[string]string{".vimrc": block, "look.vim": look} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := session(t, home, "vim", "-N", "-u", ".vimrc", "-i", "NONE", "-n", "-es", "-S", "look.vim", "card.dsc")
	has(t, got, "filetype inscribe", "inscribeKeyword")
}
