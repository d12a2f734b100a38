package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"inscribe/exec"
)

// nextName puts a number before a name that orders it after all that are in the folder:
// the clock may have been set back since.
func nextName(dir, name string) (string, error) {
	paths, err := journalsIn(dir)
	if err != nil {
		return "", err
	}
	n := 0
	for _, path := range paths {
		number, _, _ := strings.Cut(filepath.Base(path), "-")
		if k, err := strconv.Atoi(number); err == nil && len(number) == nameDigits {
			n = max(n, k)
		}
	}
	return fmt.Sprintf("%0*d-%s", nameDigits, n+1, name), nil
}

// nameDigits are the digits of the number that orders finished runs.
const nameDigits = 6

// read gives the records of a file. A last line that is torn, by a power cut, is
// left out; any other line that cannot be read is an error, beside the records of
// the lines that can.
func read(path string) ([]exec.Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var records []exec.Record
	var damage error
	lines := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return records, damage
		}
		if err != nil {
			return records, err
		}
		var rec exec.Record
		if err := json.Unmarshal(bytes.TrimSpace(line), &rec); err != nil {
			if damage == nil {
				damage = fmt.Errorf("%s:%d: %w", path, n, err)
			}
			continue
		}
		records = append(records, rec)
	}
}

// mended opens a file to append to it, after a torn last line was cut off.
func mended(path string) (*os.File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, local(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, local(err)
	}
	if whole := bytes.LastIndexByte(b, '\n') + 1; whole != len(b) {
		if err := f.Truncate(int64(whole)); err != nil {
			f.Close()
			return nil, local(err)
		}
	}
	return f, nil
}
