package editors_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNpmPackages wants exact versions, a reason for each in
// docs/dependencies.md, and lock files that name no place to fetch from.
func TestNpmPackages(t *testing.T) {
	page, err := os.ReadFile("../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]bool{}
	row := regexp.MustCompile("(?m)^\\| (`[^|]+`) \\| ([0-9.]+) \\| ")
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		for _, name := range strings.Split(m[1], ", ") {
			reasons[strings.Trim(name, "`")+" "+m[2]] = true
		}
	}
	for _, dir := range []string{"vscode", "../.ci/browser", "../.ci/code-server"} {
		raw, err := os.ReadFile(filepath.Join(dir, "package.json"))
		if err != nil {
			t.Fatal(err)
		}
		var p struct{ Dependencies, DevDependencies, OptionalDependencies map[string]string }
		if err := json.Unmarshal(raw, &p); err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		n := 0
		for _, list := range []map[string]string{p.Dependencies, p.DevDependencies, p.OptionalDependencies} {
			for name, version := range list {
				n++
				if !reasons[name+" "+version] {
					t.Errorf("docs/dependencies.md has no line for %s %s of %s, or the version is not exact", name, version, dir)
				}
			}
		}
		if n == 0 {
			t.Errorf("%s has no dependency", dir)
		}
		lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(lock), `"resolved"`) {
			t.Errorf("%s/package-lock.json says where packages come from; .npmrc forbids it", dir)
		}
	}
}
